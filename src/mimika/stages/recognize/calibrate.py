"""Making probabilities mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats


def softmax(logits: Floats, temperature: float = 1.0) -> NDArray[np.float32]:
    """Turn (n, k) logits into (n, k) probabilities whose rows sum to 1; a temperature above 1 makes them less sure.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)
