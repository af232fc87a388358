"""A closer look at eyes and brows: the mesh of the whole face is too coarse to see a blink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats, invert, scale_of, similarity, transform
from mimika.data.options import Options
from mimika.engine.registry import open_session
from mimika.stages.faces.align import STEADY, CropSpec, mean_face, mirror_map
from mimika.stages.faces.crops import crop_batch

RIM = (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)
"""The lids of the subject's left eye, all around."""
IRIS = (473, 474, 475, 476, 477)
BROW = (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
LEFT_POINTS = RIM + IRIS + BROW
"""What the network sees of a left eye; a right eye is shown to it mirrored."""
EYE_CROP = CropSpec(side=40, span=40 / 36)
_RISE = 0.14
"""Inter-ocular distances by which the crop's centre lies above that of the lids, so that the brow is in it."""
_SMALLEST_SCALE, _LARGEST_SCALE = 1e-3, 1e3


class EyeNet:
    """The eye network: both eyes of every face in one run, 31 points each.

    `model` is the shipped network or the path of another .onnx file with a card.

    Raises:
        ModelError: if the network or its card cannot be used.
    """

    def __init__(self, options: Options, model: str = "eyes") -> None:
        _, self._session = open_session(model, options.threads)

    def refine(self, luma: NDArray[np.uint8], meshes: Floats) -> NDArray[np.float32]:
        """Return the meshes (n, 478, 3) with lids, irises and brows put where they are seen from near.

        `luma` (height, width) picture. Depth stays as it was.
        """
        better = np.array(meshes, np.float32)
        matrices = eye_matrices(better)
        scale = scale_of(matrices.reshape(-1, 2, 3)).reshape(-1, 2).min(axis=1, initial=np.inf)
        usable = np.flatnonzero((scale > _SMALLEST_SCALE) & (scale < _LARGEST_SCALE) & np.isfinite(scale))
        if not len(usable):
            return better
        chosen = matrices[usable].reshape(-1, 2, 3)
        batch = crop_batch(luma, chosen, EYE_CROP)
        batch[1::2] = batch[1::2, ..., ::-1]
        points = self._session.run(batch)["points"].astype(np.float64)
        points[1::2, :, 0] = EYE_CROP.side - 1 - points[1::2, :, 0]
        placed = transform(invert(chosen), points).reshape(len(usable), 2, -1, 2)
        for side, rows in enumerate(point_rows()):
            better[usable[:, None], rows[None], :2] = placed[:, side]
        return better


def eye_matrices(meshes: Floats) -> NDArray[np.float64]:
    """Return the (n, 2, 2, 3) picture-to-crop matrices of the left and the right eye of (n, 478, 2 or 3) meshes."""
    points = np.asarray(meshes, np.float64)[..., :2]
    upright = similarity(points[:, STEADY], mean_face()[STEADY, :2] * EYE_CROP.scale)
    result = np.empty((len(points), 2, 2, 3))
    for side, rows in enumerate(point_rows()):
        matrix = upright.copy()
        centre = transform(upright, points[:, rows[: len(RIM)]]).mean(axis=1)
        matrix[:, :, 2] += EYE_CROP.side / 2 - centre + np.array([0, _RISE * EYE_CROP.scale])
        result[:, side] = matrix
    return result


def point_rows() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the mesh rows of the network's points in a left and in a right eye."""
    left = np.array(LEFT_POINTS, np.intp)
    return left, mirror_map()[left].astype(np.intp)
