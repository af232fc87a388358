"""How well action units that were found agree with the true ones, or with what expressions hold of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS
from mimika.training.action_units_data import PROTOTYPES, UNITS

Array = NDArray[np.float32]


def agreement(found: Array, truth: Array) -> dict[str, Any]:
    """Return Pearson's r of each unit, mean of both sides, and the mean over units."""
    units = {}
    for row, unit in enumerate(ACTION_UNITS):
        sides = [np.corrcoef(found[:, row, side], truth[:, row, side])[0, 1] for side in (0, 1)]
        units[unit] = round(float(np.nan_to_num(np.mean(sides))), 3)
    sided = [row for row, unit in enumerate(ACTION_UNITS) if unit in SIDED_UNITS]
    gaps = [each[:, sided, 0] - each[:, sided, 1] for each in (found, truth)]
    return {
        "mean": round(float(np.mean(list(units.values()))), 3),
        "left_minus_right": round(float(np.corrcoef(gaps[0].ravel(), gaps[1].ravel())[0, 1]), 3),
        "units": units,
    }


def area(scores: NDArray[np.floating[Any]], positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; ties count half."""
    order = np.argsort(scores, kind="stable")
    _, index, counts = np.unique(scores[order], return_inverse=True, return_counts=True)
    ranks = np.empty(len(scores))
    ends = np.cumsum(counts)
    ranks[order] = (ends - (counts - 1) / 2)[index]
    hits = int(positive.sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(scores) - hits)))


def prototypes(found: Array, votes: NDArray[np.float64]) -> dict[str, Any]:
    """Return, for each expression, how well the mean of its units tells its faces from all others, and each unit."""
    table: dict[str, Any] = {}
    kind = votes.argmax(axis=1)
    for name, units in PROTOTYPES.items():
        shown = kind == FERPLUS.index(name)
        each = {unit: found[:, UNITS[unit]].mean(axis=1) for unit in units}
        table[name] = {
            "faces": int(shown.sum()),
            "auc": round(area(np.mean(list(each.values()), axis=0), shown), 3),
            "units": {unit: round(area(value, shown), 3) for unit, value in each.items()},
        }
    return table
