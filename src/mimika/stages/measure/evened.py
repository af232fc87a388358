"""Pictures whose light and contrast are evened out, as the networks see them that measure muscles."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MIDDLE, GAIN = 128.0, 40.0
"""Grey level of the surroundings in an evened picture, and grey levels of their standard deviation."""
_FLOOR = 6.0
"""Grey levels that count as noise."""


def evened(cut: NDArray[np.uint8] | NDArray[np.float32], window: int) -> NDArray[np.uint8]:
    """Return a picture (h, w) whose grey levels are deviations from their surroundings, 40 to a standard deviation.

    The surroundings are `window` pixels wide, an odd number.
    """
    grey, size = np.asarray(cut, np.float32), (window, window)
    mean = np.asarray(cv2.blur(grey, size), np.float32)
    spread = np.asarray(cv2.sqrBoxFilter(grey, cv2.CV_32F, size), np.float32)
    spread -= mean * mean
    np.sqrt(np.maximum(spread, 0, out=spread), out=spread)
    spread += np.float32(_FLOOR)
    result = grey - mean
    result /= spread
    result *= np.float32(GAIN)
    result += np.float32(MIDDLE)
    np.minimum(np.maximum(result, 0, out=result), 255, out=result)
    return np.asarray(result, np.uint8)


def half_of(pictures: NDArray[np.uint8], side: int, width: int) -> NDArray[np.float32]:
    """Return the left halves (side 0) of (..., h, w) evened pictures, or right ones (1) mirrored, as deviations."""
    return deviations(pictures[..., width - 1 :: -1] if side else pictures[..., -width:])


def deviations(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return evened pictures as standard deviations from their surroundings, the sizes as they were."""
    return np.asarray((pictures.astype(np.float32) - np.float32(MIDDLE)) / np.float32(GAIN), np.float32)
