"""The points that other tools write, read off our mesh: 68 landmarks of the face, 28 of each eye, seven expressions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import FER2013, FERPLUS

LANDMARKS68 = (
    *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # jaw, from the image's left
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows, from the image's left
    *(168, 197, 5, 4, 98, 97, 2, 326, 327),  # bridge of the nose downwards, then the nostrils
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes: corner, upper lid, corner, lower lid
    *(61, 40, 37, 0, 267, 270, 291, 321, 405, 17, 181, 91),  # outer lip, from the image's left, clockwise
    *(78, 81, 13, 311, 308, 402, 14, 178),  # inner lip, likewise
)
"""Mesh vertex of each of the 68 landmarks, in their usual order.

The jaw line of a mesh lies on the skin whichever way the head is turned, that of the 68 landmarks moves to the visible
outline: on turned heads points 0..16 differ.
Source of the order: Sagonas et al., "300 faces in-the-wild challenge", ICCV workshops 2013.
"""

_LID_PAIRS = np.array(
    [
        [33, 33], [246, 161], [160, 160], [159, 159], [158, 158], [157, 173],
        [133, 133], [155, 154], [153, 153], [145, 145], [144, 144], [163, 7],
        [362, 362], [398, 384], [385, 385], [386, 386], [387, 387], [388, 466],
        [263, 263], [249, 390], [373, 373], [374, 374], [380, 380], [381, 382],
    ]
).reshape(2, 12, 2)  # fmt: skip
"""Twelve lid points an eye, the image's left eye first, clockwise from its left corner; each is the mean of two."""
_IRISES = np.array([[469, 470, 471, 472], [474, 475, 476, 477]])
"""Four points around each iris in the order of their angle."""
EYE_POINTS = 28
_HIDDEN_PUPIL = 8

_SEVEN = [FERPLUS.index(name) for name in FER2013]


def landmarks68(meshes: Floats) -> NDArray[np.float64]:
    """Return the (n, 68, 3) landmarks of (n, 478, 3) meshes."""
    return np.asarray(meshes, np.float64)[:, LANDMARKS68]


def eyes56(meshes: Floats) -> NDArray[np.float64]:
    """Return (n, 56, 3) eye landmarks of (n, 478, 3) meshes: 28 of the eye left in the image, then 28 of the other.

    Of each: 0..7 around the iris clockwise from the image's left, 8..19 along the lids clockwise from the image's left
    corner, 20..27 around the pupil, which the mesh does not see: NaN.
    """
    points = np.asarray(meshes, np.float64)
    lids = points[:, _LID_PAIRS].mean(axis=3)
    quarters = points[:, _IRISES]
    centres = quarters.mean(axis=2, keepdims=True)
    spokes = quarters - centres
    # Halfway between two quarters of an ellipse lies their sum over the square root of two.
    between = (spokes + np.roll(spokes, -1, axis=2)) / np.sqrt(2)
    ring = centres + np.stack([spokes, between], axis=3).reshape(len(points), 2, 8, 3)
    ring = _clockwise_from_left(ring, centres)
    pupils = np.full((len(points), 2, _HIDDEN_PUPIL, 3), np.nan)
    return np.concatenate([ring, lids, pupils], axis=2).reshape(len(points), 2 * EYE_POINTS, 3)


def _clockwise_from_left(ring: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sort ring points (n, 2, 8, 3) by their angle in the picture, beginning with the leftmost direction."""
    across, down = ring[..., 0] - centres[..., 0], ring[..., 1] - centres[..., 1]
    # With y downwards a growing angle goes clockwise; the point within half a step of the left becomes the first.
    turned = np.mod(np.arctan2(-down, -across) + np.pi / 8, 2 * np.pi)
    return np.take_along_axis(ring, turned.argsort(axis=2)[..., None], axis=2)


def seven(probabilities: Floats) -> NDArray[np.float64]:
    """Return (n, 7) probabilities in the order of `labels.FER2013` from (n, 8) of `labels.FERPLUS`.

    Tools with seven expressions know no contempt: its share is left out and the others are scaled to sum to 1.
    """
    kept = np.asarray(probabilities, np.float64).reshape(-1, len(FERPLUS))[:, _SEVEN]
    return np.asarray(kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-12), np.float64)
