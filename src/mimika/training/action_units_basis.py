"""The action units as displacements of the mesh, left and right apart, from the named movements of a morphable face.

Source of what each unit looks like: Ekman, Friesen, Hager, "Facial Action Coding System: the manual", 2002.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RBFInterpolator

from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.training.faces_model import Array, FaceModel

SIDED_RECIPES: dict[str, dict[str, float]] = {
    "AU1": {"browInnerUp": 1.0},
    "AU2": {"browOuterUp": 1.0},
    "AU4": {"browDown": 1.0},
    "AU5": {"eyeWide": 1.0},
    "AU6": {"cheekRaiser": 1.0, "eyeSquint": 0.3},
    "AU7": {"eyeSquint": 1.0},
    "AU9": {"noseSneer": 1.0},
    "AU10": {"mouthUpperUp": 1.0},
    "AU12": {"mouthSmile": 1.0},
    "AU14": {"mouthDimple": 1.0},
    "AU15": {"mouthFrown": 1.0},
    "AU16": {"mouthLowerDown": 1.0},
    "AU20": {"mouthStretch": 1.0},
    "AU43": {"eyeBlink": 1.0},
}
"""Movements, each with its side's ending `_L` or `_R`, that make up a unit at its maximum."""
WHOLE_RECIPES: dict[str, dict[str, float]] = {
    "AU17": {"mouthShrugLower": 1.0, "mouthShrugUpper": 1.0},
    "AU18": {"mouthPucker": 1.0},
    "AU22": {"mouthFunnel": 1.0},
    "AU24": {"mouthPress_L": 1.0, "mouthPress_R": 1.0},
    "AU25": {"mouthLowerDown_L": 0.7, "mouthLowerDown_R": 0.7, "mouthUpperUp_L": 0.2, "mouthUpperUp_R": 0.2},
    "AU26": {"jawOpen": 0.5},
    "AU27": {"jawOpen": 0.5},
    "AU28": {"mouthRollLower": 1.0, "mouthRollUpper": 1.0},
}
"""Movements of units without sides; AU27 goes on where AU26 is at its maximum."""

_OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_STILL = (2, 97, 326, 98, 327, 164, 167, 393, 57, 287, 43, 273, 106, 335, 182, 406, 83, 313, 18, 200, 199, 152)
_STILL_FAR = (50, 280, 205, 425, 207, 427, 216, 436, 212, 432, 1, 4, 33, 263, 10, 234, 454, 172, 397, 6)
_THINNER, _NARROWER = 0.45, 0.10
"""Shares by which the red of the lips loses height, and the mouth width, at the maximum of AU23."""


def unit_displacements(model: FaceModel) -> Array:
    """Return (23, 2, 478, 3) displacements at intensity 5, in inter-ocular distances: the subject's left, then right.

    A unit without sides has half of its movement in each row, so that the sum over all units and sides, each times its
    intensity over 5, is the displacement of a face.
    """
    basis = np.zeros((len(ACTION_UNITS), 2, *model.neutral.shape))
    thin = lips_tightened(model.neutral, _NARROWER)
    for row, unit in enumerate(ACTION_UNITS):
        if unit in SIDED_UNITS:
            for side, ending in enumerate(("_L", "_R")):
                parts = SIDED_RECIPES[unit].items()
                basis[row, side] = sum((share * model.movement(name + ending) for name, share in parts), 0.0)
        else:
            whole = sum(
                (share * model.movement(name) for name, share in WHOLE_RECIPES.get(unit, {}).items()),
                np.zeros_like(model.neutral),
            )
            if unit == "AU23":
                whole = thin
            elif unit == "AU24":
                whole = whole + 0.6 * lips_tightened(model.neutral, 0.0)
            basis[row] = whole / 2
    return basis


def lips_tightened(neutral: Array, narrower: float) -> Array:
    """Return the displacement (478, 3) of lips whose red part thins, and whose mouth narrows by a share.

    The morphable face has no such movement. The outer edge of the lips moves towards the inner one; what lies around
    follows smoothly, nose and chin stay.
    """
    outer, inner = neutral[list(_OUTER_LIPS)], neutral[list(_INNER_LIPS)]
    towards = _THINNER * (inner - outer) * (0.0, 1.0, 0.3)
    centre = neutral[[13, 14], 0].mean()
    inwards_outer = np.stack([-narrower * (outer[:, 0] - centre), *np.zeros((2, len(outer)))], axis=1)
    inwards_inner = np.stack([-narrower * (inner[:, 0] - centre), *np.zeros((2, len(inner)))], axis=1)
    still = list(_STILL + _STILL_FAR)
    places = np.concatenate([outer, inner, neutral[still]])
    moves = np.concatenate([towards + inwards_outer, inwards_inner, np.zeros((len(still), 3))])
    # Upper and lower inner lips touch in the neutral, and equal places would make the fit singular.
    places, first = np.unique(places.round(6), axis=0, return_index=True)
    displacement = RBFInterpolator(places, moves[first], kernel="linear")(neutral)
    near = np.exp(-np.maximum(np.linalg.norm(neutral - outer.mean(axis=0), axis=1) - 0.45, 0) / 0.1)
    return np.asarray(displacement * near[:, None])
