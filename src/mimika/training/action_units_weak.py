"""Real expressions as hints for action units: which units an expression usually holds.

An expression, voted on by people or read by the expression network, says little about one face's units, but much about
a thousand faces'. A regressor that sees one region of one half of the face cannot tell the expression from elsewhere,
and learns what that region does.

Source: Ruiz, Van de Weijer, Binefa, "From emotions to action units with hidden and semi-hidden-task learning", ICCV
2015; the shares follow the prototypes in Ekman, Friesen, Hager, "FACS: the investigator's guide", 2002, and Du, Tao,
Martinez, "Compound facial expressions of emotion", PNAS 2014.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import ACTION_UNITS, FERPLUS

SHARES: dict[str, dict[str, float]] = {
    "neutral": {},
    "happiness": {"AU6": 0.6, "AU12": 1.0, "AU25": 0.8},
    "surprise": {"AU1": 1.0, "AU2": 1.0, "AU5": 0.66, "AU25": 0.9, "AU26": 0.9, "AU27": 0.2},
    "sadness": {"AU1": 1.0, "AU4": 1.0, "AU15": 1.0, "AU17": 0.67},
    "anger": {"AU4": 1.0, "AU7": 1.0, "AU10": 0.26, "AU17": 0.52, "AU23": 0.29, "AU24": 1.0},
    "disgust": {"AU4": 0.31, "AU9": 1.0, "AU10": 1.0, "AU17": 0.8, "AU24": 0.26},
    "fear": {"AU1": 1.0, "AU2": 0.57, "AU4": 1.0, "AU5": 0.63, "AU20": 1.0, "AU25": 0.9, "AU26": 0.33},
    "contempt": {"AU12": 0.2, "AU14": 0.7},
}
"""How often a unit acts in an expression; AU1 in sadness as in the guide's prototype (Du et al. counted it in 0.6)."""

HINTED = tuple(sorted({unit for shares in SHARES.values() for unit in shares}, key=ACTION_UNITS.index))


def hinted_units(votes: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return (n, 23) expected shares 0..1 of the units, given (n, 8) votes in the order of `labels.FERPLUS`."""
    table = np.array([[SHARES[name].get(unit, 0.0) for unit in ACTION_UNITS] for name in FERPLUS])
    return np.asarray(votes / votes.sum(axis=1, keepdims=True) @ table, np.float32)


def balance(votes: NDArray[np.float64], power: float = 0.7) -> NDArray[np.float32]:
    """Return (n,) weights, mean 1, by which faces are drawn so that rare expressions count."""
    kind = votes.argmax(axis=1)
    weights = 1.0 / np.maximum(np.bincount(kind, minlength=votes.shape[1]), 1)[kind] ** power
    return np.asarray(weights / weights.mean(), np.float32)
