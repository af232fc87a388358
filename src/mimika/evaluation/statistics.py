"""What every evaluation reports with: confidence intervals by bootstrap, ROC AUC, numbers for JSON and TOML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def interval(
    values: NDArray[Any], statistic: Callable[[NDArray[Any]], Any] = np.mean, repeats: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a statistic of (n,) or (n, k) values, resampled by row.

    Source: Efron & Tibshirani, "An introduction to the bootstrap", 1993.
    """
    rng = np.random.default_rng(seed)
    draws = [float(statistic(values[rng.integers(0, len(values), len(values))])) for _ in range(repeats)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def roc_auc(positive: NDArray[Any], negative: NDArray[Any]) -> float:
    """Return the area under the ROC curve: the chance that a positive scores above a negative, ties counted half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    not_above = np.searchsorted(ordered, positive, side="right")
    return float((below + not_above).mean() / 2 / len(negative))


def plain(value: Any) -> Any:
    """Turn numpy numbers into Python's, rounded to four digits after the point, for JSON and TOML."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return round(float(value), 4) if isinstance(value, (float, np.floating)) else value
