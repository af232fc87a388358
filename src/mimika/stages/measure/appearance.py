"""How the skin of a face looks, where points alone cannot see a muscle act: what a small network makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.measurements import APPEARANCE
from mimika.data.options import Options
from mimika.engine.registry import open_session
from mimika.stages.faces.align import EXPRESSION_CROP, crop, matrices_from_meshes
from mimika.stages.measure.evened import evened, half_of

HALF, REGION = 40, 40
"""Columns of a half, the middle and the cheek of one side; rows of its upper and of its lower region."""
FEATURES = APPEARANCE // 4
"""Numbers that say how a region of a half looks."""
_WINDOW = 19
"""Pixels that are the surroundings of one."""

Array = NDArray[np.float32]
Cuts = Sequence[NDArray[np.uint8]] | NDArray[np.uint8] | NDArray[np.float32]
"""Crops (n, 64, 64) as the expression network has them, grey levels 0..255."""


def cuts_of(luma: NDArray[np.uint8], meshes: Floats) -> NDArray[np.uint8]:
    """Return (n, 64, 64), the faces cut out of a picture (height, width) by their (n, 478, 2 or 3) meshes."""
    matrices = matrices_from_meshes(meshes, EXPRESSION_CROP)
    return np.stack([crop(luma, matrix, EXPRESSION_CROP) for matrix in matrices])


def pictures_of(cuts: Cuts) -> NDArray[np.uint8]:
    """Return crops with light and contrast evened out, (n, 64, 64)."""
    return np.stack([evened(cut, _WINDOW) for cut in cuts])


def halves_of(pictures: NDArray[np.uint8]) -> Array:
    """Return (2n, 1, 64, 40), the left halves of n evened faces, then the right ones mirrored."""
    return np.concatenate([half_of(pictures, side, HALF) for side in (0, 1)])[:, None]


class AppearanceNet:
    """The network that says how the upper and the lower region of each half of a face look, each by itself.

    Raises:
        ModelError: if the network or its card cannot be used.
    """

    def __init__(self, options: Options, model: str = "appearance") -> None:
        _, self._session = open_session(model, options.threads)

    def measure(self, cuts: Cuts) -> Array:
        """Return (n, 192) for n crops: 48 numbers of each region, upper, lower, of the left half, then of the right.

        Of the mirror picture the halves are swapped and nothing else.
        """
        n = len(cuts)
        if not n:
            return np.zeros((0, APPEARANCE), np.float32)
        found = self._session.run(halves_of(pictures_of(cuts)))["appearance"]
        return np.asarray(found.reshape(2, n, -1).transpose(1, 0, 2).reshape(n, APPEARANCE), np.float32)


def mirror_places() -> NDArray[np.intp]:
    """Return (192,) where each number of the mirror picture stands in that of the face."""
    return np.roll(np.arange(APPEARANCE), APPEARANCE // 2)
