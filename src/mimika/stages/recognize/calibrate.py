"""Making probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats

_GOLDEN = (5**0.5 - 1) / 2


def softmax(logits: Floats, temperature: float = 1.0) -> NDArray[np.float32]:
    """Turn (n, k) logits into (n, k) probabilities whose rows sum to 1; a temperature above 1 makes them less sure.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def fit_temperature(logits: Floats, targets: Floats, low: float = 0.2, high: float = 5.0) -> float:
    """Return the temperature at which the probabilities of (n, k) logits fit best to (n, k) target distributions.

    `targets` are votes divided by their sum, or one-hot. Best is the least cross-entropy, searched between `low` and
    `high` to within 0.1 %; it has a single minimum there.
    """
    logits, targets = np.asarray(logits, np.float64), np.asarray(targets, np.float64)

    def loss(log_temperature: float) -> float:
        scaled = logits * np.exp(-log_temperature)
        top = scaled.max(axis=1, keepdims=True)
        spread = np.log(np.exp(scaled - top).sum(axis=1, keepdims=True)) + top
        return float((targets * (spread - scaled)).sum(axis=1).mean())

    left, right = float(np.log(low)), float(np.log(high))
    while right - left > 1e-3:
        a, b = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
        if loss(a) <= loss(b):
            right = b
        else:
            left = a
    return float(np.exp((left + right) / 2))
