"""Signals (n, k), one a column, of which micro-expressions are read: resampled, calmed, and what is brief in them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sampled(even: Array, times: Array, values: NDArray[np.float32]) -> Array:
    """Return the signals at even times, interpolated."""
    return np.stack([np.interp(even, times, column) for column in values.T.astype(np.float64)], axis=1)


def calm(values: Array, sigma: float) -> Array:
    """Return the signals with a Gaussian low pass of `sigma` rows."""
    if sigma < 0.3:
        return values
    return np.asarray(
        cv2.GaussianBlur(values, (1, 0x1 | 2 * round(3 * sigma)), 0.1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    )


def tophat(values: Array, length: float) -> Array:
    """Return what is above the opening over `length` rows; past its ends the signal goes on as it came, turned over."""
    reach = min(round(length) + 1, len(values) - 1)
    before, after = 2 * values[:1] - values[reach:0:-1], 2 * values[-1:] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, values, after])
    kernel = np.ones((max(3, 2 * round(length / 2) + 1), 1), np.uint8)
    opened = cv2.dilate(cv2.erode(padded, kernel), kernel)
    return np.asarray((padded - opened)[reach : reach + len(values)])


def dilated(values: Array, reach: float) -> Array:
    """Return the largest value within `reach` rows of each row."""
    return np.asarray(cv2.dilate(values, np.ones((2 * round(reach) + 1, 1), np.uint8)))


def spread_within(values: Array, length: float) -> Array:
    """Return from the lowest to the highest value of the `length` rows around each row."""
    kernel = np.ones((max(3, 2 * round(length / 2) + 1), 1), np.uint8)
    return np.asarray(cv2.dilate(values, kernel) - cv2.erode(values, kernel))


def level(values: Array, rank: float, time_s: Array, around_s: float) -> Array:
    """Return the quantile of each column, of all rows or of those around each, sampled every quarter second."""
    if around_s <= 0:
        return np.broadcast_to(np.quantile(values, rank, axis=0), values.shape)
    knots = np.arange(time_s[0], time_s[-1] + 0.25, 0.25)
    edges = np.searchsorted(time_s, [knots - around_s, knots + around_s])
    rows = [np.quantile(values[start:stop], rank, axis=0) for start, stop in edges.T.tolist()]
    return np.stack([np.interp(time_s, knots, column) for column in np.array(rows).T], axis=1)


def turns(values: list[float], size: float) -> list[int]:
    """Return the rows at which values turn back, having gone at least `size` before and after."""
    found: list[int] = []
    low = high = 0
    way = 0
    for row, value in enumerate(values):
        high = row if value > values[high] else high
        low = row if value < values[low] else low
        if way >= 0 and values[high] - value >= size:
            found += [high] if way else []
            way, low = -1, row
            high = row
        elif way <= 0 and value - values[low] >= size:
            found += [low] if way else []
            way, high = 1, row
            low = row
    return found
