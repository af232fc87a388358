"""How right and how honest class probabilities are. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32] | NDArray[np.float64]


def cross_entropy(logits: Array, targets: Array, temperature: float = 1.0) -> float:
    """Return the mean cross-entropy, in nats, of (n, k) logits to (n, k) target distributions."""
    scaled = np.asarray(logits, np.float64) / temperature
    top = scaled.max(1, keepdims=True)
    logs = scaled - top - np.log(np.exp(scaled - top).sum(1, keepdims=True))
    return float(-(np.asarray(targets) * logs).sum(1).mean())


def best_temperature(logits: Array, targets: Array) -> float:
    """Return the temperature, 0.25 to 4, whose cross-entropy to the target distributions is least.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    low, high = np.log(0.25), np.log(4.0)
    ratio = (np.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        first, second = high - ratio * (high - low), low + ratio * (high - low)
        if cross_entropy(logits, targets, float(np.exp(first))) < cross_entropy(logits, targets, float(np.exp(second))):
            high = second
        else:
            low = first
    return float(np.exp((low + high) / 2))


def calibration_error(probabilities: Array, targets: Array, bins: int = 15) -> float:
    """Return the expected calibration error of the best class: mean gap of confidence and truth over equal bins.

    `targets` (n, k) are one-hot labels, so that the truth is accuracy, or the shares of votes for each class.
    """
    confidence, best = np.asarray(probabilities).max(1), np.asarray(probabilities).argmax(1)
    right = np.take_along_axis(np.asarray(targets), best[:, None], axis=1)[:, 0]
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(float(right[place == bin_].mean()) - float(confidence[place == bin_].mean()))
        * float((place == bin_).mean())
        for bin_ in range(bins)
        if (place == bin_).any()
    ]
    return float(sum(gaps))


def confusion(truth: NDArray[np.int64], guess: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return the (classes, classes) counts, truth in rows."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, guess), 1)
    return table


def macro_f1(table: NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that occur in the truth of a confusion table."""
    hits = np.diag(table)
    f1 = 2 * hits / np.maximum(table.sum(0) + table.sum(1), 1)
    return float(f1[table.sum(1) > 0].mean())
