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
from mimika.stages.measure.evened import evened, half_of

HALF = 60
"""Columns of a half: the middle and the cheek of one side, so that both halves see nose and lips whole."""
LAYERS = 4
"""The neutral's picture, what is brighter now, and how far edges seem to have moved, across and down."""
SOFTEST_EDGE = 0.05
"""Added to the squared slope of an edge, so that flat skin does not seem to move."""
FARTHEST = 2.0
"""Pixels that an edge may seem to have moved."""

_CUT = CropSpec(side=128, span=MESH_CROP.span)
_WINDOW = 25
"""Pixels that are the surroundings of one."""
_WHOLE = np.array([row for row, unit in enumerate(ACTION_UNITS) if unit not in SIDED_UNITS], np.intp)
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
        row[:] = evened(np.asarray(small, np.uint8), _WINDOW)
    return result


def known(pictures: Portraits) -> NDArray[np.bool_]:
    """Return which (n,) of (n, 96, 96) portraits were taken; the others are blank."""
    return np.asarray(pictures.any(axis=(1, 2)))


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
        return without_sides(np.asarray(np.clip(found, 0, 1), np.float32))


def without_sides(units: Array) -> Array:
    """Give units without sides the mean of what both halves say; changes (n, 23, 2) `units` and returns them."""
    whole = units[:, _WHOLE]
    units[:, _WHOLE] = (whole + whole[..., ::-1]) / 2
    return units


def layers(now: Portraits, calm: Portraits) -> Array:
    """Return (2n, 4, 96, 60), what the network sees of the left halves of n faces, then of right ones mirrored.

    How far an edge moved across itself is what its pixels gained over their slope. Source: Horn, Schunck, "Determining
    optical flow", Artificial Intelligence 1981.
    """
    n = len(now)
    result = np.empty((2, n, LAYERS, PORTRAIT, HALF), np.float32)
    for side in (0, 1):
        for row in range(n):
            _compare(half_of(now[row], side, HALF), half_of(calm[row], side, HALF), result[side, row])
    return result.reshape(2 * n, LAYERS, PORTRAIT, HALF)


def _compare(now: Array, calm: Array, layers: Array) -> None:
    """Fill the (4, h, w) layers of a half."""
    before, gained, across, down = layers
    before[:] = calm
    gained[:] = cv2.blur(now - calm, (3, 3), borderType=cv2.BORDER_CONSTANT)
    both = cv2.blur((now + calm) * np.float32(0.5), (3, 3), borderType=cv2.BORDER_CONSTANT)
    across[:, [0, -1]], down[[0, -1]] = 0, 0
    np.subtract(both[:, 2:], both[:, :-2], out=across[:, 1:-1])
    np.subtract(both[2:], both[:-2], out=down[1:-1])
    moved = gained / (across * across + down * down + np.float32(SOFTEST_EDGE))
    for slopes in (across, down):
        np.clip(moved * slopes, -FARTHEST, FARTHEST, out=slopes)
