"""How each action unit moves the regions of a face, and which expression it belongs to."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import SIDED_UNITS
from mimika.data.movements import NAMES

TABLE: dict[str, dict[str, tuple[float, float]]] = {
    "AU1": {"inner_brow": (0.0, -1.0), "outer_brow": (0.0, -0.3)},
    "AU2": {"inner_brow": (0.0, -0.5), "outer_brow": (-0.3, -1.0)},
    "AU4": {"inner_brow": (0.8, 0.8), "outer_brow": (1.0, 0.7)},
    "AU6": {"cheek": (0.2, -1.0), "fold": (-0.2, -0.7), "lip_corner": (-0.2, -0.3)},
    "AU9": {
        **{"inner_brow": (0.0, 0.4), "cheek": (0.0, -0.7), "nose_wing": (0.0, -0.8), "fold": (0.2, -1.0)},
        **{"lip_corner": (0.0, -0.8), "upper_lip": (0.0, -1.0)},
    },
    "AU10": {
        **{"cheek": (0.0, -0.3), "nose_wing": (-0.2, -0.6), "fold": (0.0, -0.7), "lip_corner": (0.0, -0.7)},
        **{"upper_lip": (-0.2, -1.0)},
    },
    "AU12": {
        **{"cheek": (-0.2, -0.3), "fold": (-0.5, -0.6), "lip_corner": (-0.7, -1.0), "upper_lip": (-0.5, -0.5)},
        **{"lower_lip": (0.0, -0.5), "chin": (0.0, -0.4)},
    },
    "AU14": {
        **{"cheek": (-0.2, -0.3), "fold": (-0.6, -0.4), "lip_corner": (-0.7, -0.8), "upper_lip": (-0.7, 0.0)},
        **{"lower_lip": (0.0, -1.0), "chin": (0.0, -0.6)},
    },
    "AU15": {"fold": (0.0, 0.6), "lip_corner": (-0.4, 1.0), "upper_lip": (0.0, 0.4)},
    "AU17": {"upper_lip": (0.0, -0.4), "lower_lip": (0.0, -0.7), "chin": (0.0, -1.0)},
    "AU20": {"fold": (-0.4, 0.0), "lip_corner": (-1.0, 0.4), "upper_lip": (-0.4, 0.2), "chin": (0.0, -0.4)},
    "AU25": {"fold": (0.0, -0.3), "upper_lip": (0.0, -0.4), "lower_lip": (0.0, 1.0), "chin": (0.0, 0.9)},
    "AU26": {"lip_corner": (0.0, 0.3), "lower_lip": (0.0, 1.0), "chin": (0.0, 1.0)},
}
"""Where a unit takes the regions of the subject's right side, which lies left in the picture: x to the picture's right,
y down, the largest near 1. The left side mirrors it.

Source: `stages.measure.action_units.displacements()` averaged over the regions, rounded, what is small left out.
"""

EXPRESSIONS: dict[str, dict[str, float]] = {
    "happiness": {"AU12": 1.0, "AU6": 1.0},
    "surprise": {"AU2": 1.0, "AU1": 0.6, "AU26": 0.6, "AU25": 0.3},
    "anger": {"AU4": 1.0},
    "disgust": {"AU9": 1.0, "AU10": 1.0},
    "sadness": {"AU15": 1.0, "AU17": 0.8, "AU1": 0.7, "AU4": 0.2},
    "fear": {"AU20": 1.0, "AU25": 0.2, "AU1": 0.3, "AU4": 0.2},
    "contempt": {"AU14": 0.9},
}
"""How much a unit speaks for an expression.

Source: the prototypes of Ekman, Friesen, "EMFACS-7", 1983, single units weighed by how few expressions share them.
"""

PATTERNS: tuple[tuple[str, str], ...] = tuple(
    (unit, side) for unit in TABLE for side in (("both", "right", "left") if unit in SIDED_UNITS else ("",))
)
"""What is looked for: units, and of those with sides each side on its own too."""
UPPER_UNITS = ("AU1", "AU2", "AU4", "AU6")
"""Those that a blink pulls at."""


@lru_cache(maxsize=1)
def templates() -> NDArray[np.float64]:
    """Return (p, 16, 2) where each of `PATTERNS` takes each region."""
    found = np.zeros((len(PATTERNS), len(NAMES), 2))
    for row, (unit, side) in enumerate(PATTERNS):
        for region, (x, y) in TABLE[unit].items():
            if region in NAMES:
                found[row, NAMES.index(region)] = (0.0, y)
                continue
            if side != "left":
                found[row, NAMES.index(f"{region}_right")] = (x, y)
            if side != "right":
                found[row, NAMES.index(f"{region}_left")] = (-x, y)
    return found


def expression(units: tuple[str, ...]) -> str:
    """Return the expression for which units, strongest first, speak most."""
    weights = {
        name: sum(own.get(unit, 0.0) / (1 + rank) for rank, unit in enumerate(units))
        for name, own in EXPRESSIONS.items()
    }
    return max(weights, key=lambda name: weights[name])
