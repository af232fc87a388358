"""What moved in a face since it was neutral: two pictures of it compared, where the mesh is too coarse to follow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.data.measurements import PORTRAIT
from mimika.data.options import Options
from mimika.engine.registry import open_session
from mimika.stages.faces.align import MESH_CROP, CropSpec, crop, matrices_from_meshes

HALF = 60
"""Columns of a half: the middle and the cheek of one side, so that both halves see nose and lips whole."""
LAYERS = 4
"""The neutral's picture, what is brighter now, and how far edges seem to have moved, across and down."""
SOFTEST_EDGE = 0.05
"""Added to the squared slope of an edge, so that flat skin does not seem to move."""
FARTHEST = 2.0
"""Pixels that an edge may seem to have moved."""

_CUT = CropSpec(side=128, span=MESH_CROP.span)
MIDDLE, GAIN = 128.0, 40.0
"""Grey level of the surroundings in a portrait, and grey levels of their standard deviation."""
_FLOOR, _WINDOW = 6.0, 25
"""Grey levels that count as noise, and the pixels that are the surroundings."""
WHOLE = np.array([row for row, unit in enumerate(ACTION_UNITS) if unit not in SIDED_UNITS], np.intp)
"""Rows of the units without sides."""

Array = NDArray[np.float32]
Portraits = NDArray[np.uint8]


def portraits(luma: NDArray[np.uint8], meshes: Floats) -> Portraits:
    """Return (n, 96, 96), the pictures of n faces that are compared: upright, light and contrast evened out.

    `luma` (height, width) picture; `meshes` (n, 478, 2 or 3).
    """
    matrices = matrices_from_meshes(meshes, _CUT)
    result = np.empty((len(matrices), PORTRAIT, PORTRAIT), np.uint8)
    for row, matrix in zip(result, matrices, strict=True):
        small = cv2.resize(crop(luma, matrix, _CUT), (PORTRAIT, PORTRAIT), interpolation=cv2.INTER_AREA)
        row[:] = evened(np.asarray(small, np.uint8))
    return result


def evened(cut: NDArray[np.uint8]) -> Portraits:
    """Return a picture (h, w) whose grey levels are deviations from their surroundings, 40 to a standard deviation."""
    grey = cut.astype(np.float32)
    mean = cv2.blur(grey, (_WINDOW, _WINDOW))
    spread = np.sqrt(np.maximum(cv2.blur(grey * grey, (_WINDOW, _WINDOW)) - mean * mean, 0)) + np.float32(_FLOOR)
    return np.asarray(np.clip((grey - mean) / spread * np.float32(GAIN) + np.float32(MIDDLE), 0, 255), np.uint8)


def known(pictures: Portraits) -> NDArray[np.bool_]:
    """Return which (n,) of (n, 96, 96) portraits were taken; the others are blank."""
    return np.asarray(pictures.any(axis=(1, 2)))


def deviations(pictures: Portraits) -> Array:
    """Return portraits as standard deviations from their surroundings, the sizes as they were."""
    return np.asarray((pictures.astype(np.float32) - np.float32(MIDDLE)) / np.float32(GAIN), np.float32)


class ChangeNet:
    """The network that reads action units off two portraits of one person, now and neutral, each half by itself.

    Raises:
        ModelError: if the network or its card cannot be used.
    """

    def __init__(self, options: Options, model: str = "changes") -> None:
        _, self._session = open_session(model, options.threads)

    def measure(self, now: Portraits, calm: Portraits) -> Array:
        """Return (n, 23, 2) shares 0..1 of the intensities of n faces, the subject's left, then right.

        `now`, `calm` (n, 96, 96) from `portraits`. Units without sides have both values alike.
        """
        n = len(now)
        if not n:
            return np.zeros((0, len(ACTION_UNITS), 2), np.float32)
        found = self._session.run(layers(now, calm))["units"].reshape(2, n, len(ACTION_UNITS)).transpose(1, 2, 0)
        result = np.clip(found, 0, 1)
        result[:, WHOLE] = result[:, WHOLE].mean(axis=-1, keepdims=True)
        return np.asarray(result, np.float32)


def layers(now: Portraits, calm: Portraits) -> Array:
    """Return (2n, 4, 96, 60), what the network sees of the left halves of n faces, then of right ones mirrored.

    How far an edge moved across itself is what its pixels gained over their slope. Source: Horn, Schunck, "Determining
    optical flow", Artificial Intelligence 1981.
    """
    n = len(now)
    result = np.empty((2, n, LAYERS, PORTRAIT, HALF), np.float32)
    for row in range(n):
        found = _compare(_halves(now[row]), _halves(calm[row]))
        for layer, values in enumerate(found):
            result[:, row, layer] = values.transpose(2, 0, 1)
    return result.reshape(2 * n, LAYERS, PORTRAIT, HALF)


def _halves(picture: Portraits) -> Array:
    """Return (96, 60, 2) the left half of a portrait and the right one mirrored, as deviations."""
    return deviations(np.stack([picture[:, -HALF:], picture[:, HALF - 1 :: -1]], axis=-1))


def _compare(now: Array, calm: Array) -> tuple[Array, ...]:
    """Return the four layers of both halves, (h, w, 2) each."""
    gained = cv2.blur(now - calm, (3, 3), borderType=cv2.BORDER_CONSTANT)
    both = cv2.blur((now + calm) * np.float32(0.5), (3, 3), borderType=cv2.BORDER_CONSTANT)
    across, down = np.zeros(both.shape, np.float32), np.zeros(both.shape, np.float32)
    np.subtract(both[:, 2:], both[:, :-2], out=across[:, 1:-1])
    np.subtract(both[2:], both[:-2], out=down[1:-1])
    moved = gained / (across * across + down * down + np.float32(SOFTEST_EDGE))
    for slopes in (across, down):
        np.clip(moved * slopes, -FARTHEST, FARTHEST, out=slopes)
    return calm, np.asarray(gained, np.float32), across, down
