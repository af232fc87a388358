"""The mesh of every face of a frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats, invert, scale_of, transform
from mimika.data.measurements import MESH_POINTS
from mimika.data.options import Options
from mimika.engine.registry import open_session
from mimika.stages.faces.align import MESH_CROP, matrices_from_meshes
from mimika.stages.faces.crops import crop_batch

_SMALLEST_SCALE, _LARGEST_SCALE = 1e-3, 1e3
"""Crop pixels per picture pixel; outside, the points the crop came from have collapsed or flown apart."""
_SETTLED = 0.04
"""A crop that is off by less of its side than this is as good as the mesh's own."""


class MeshNet:
    """The mesh network: aligned crops in, 478 points and a presence score a face out.

    `model` is the shipped network or the path of another .onnx file with a card.

    Raises:
        ModelError: if the network or its card cannot be used.
    """

    def __init__(self, options: Options, model: str = "mesh") -> None:
        _, self._session = open_session(model, options.threads)

    def measure(self, luma: NDArray[np.uint8], matrices: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Measure all faces of a frame in one run.

        `luma` (height, width) picture; `matrices` (n, 2, 3) take picture to `MESH_CROP`. Returns meshes (n, 478, 3) in
        pixels of the picture, z in the same scale, and presence (n,) 0..1, which is 0 where a matrix has no usable
        scale.
        """
        matrices = np.asarray(matrices, np.float64).reshape(-1, 2, 3)
        meshes = np.zeros((len(matrices), MESH_POINTS, 3), np.float32)
        presence = np.zeros(len(matrices), np.float32)
        scale = scale_of(matrices)
        usable = np.flatnonzero((scale > _SMALLEST_SCALE) & (scale < _LARGEST_SCALE))
        if len(usable):
            outputs = self._session.run(crop_batch(luma, matrices[usable], MESH_CROP))
            meshes[usable] = transform(invert(matrices[usable]), outputs["points"])
            presence[usable] = outputs["presence"].reshape(-1)
        return meshes, presence

    def settle(
        self, luma: NDArray[np.uint8], matrices: Floats, fresh: NDArray[np.bool_], passes: int = 1
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Measure all faces, then those again whose crop was not yet their mesh's own, at most `passes` times.

        That is every `fresh` (n,) face, because five detector points give a rougher crop than a mesh does, and every
        face that has moved far since the frame its crop comes from. Arguments and results as in `measure`.
        """
        meshes, presence = self.measure(luma, matrices)
        used = np.array(matrices, np.float64)
        for number in range(passes):
            seen = np.flatnonzero(presence > 0)
            own = matrices_from_meshes(meshes[seen], MESH_CROP)
            again = _shift(used[seen], own) > _SETTLED
            if number == 0:
                again |= fresh[seen]
            rows = seen[again]
            used[rows] = own[again]
            meshes[rows], presence[rows] = self.measure(luma, used[rows])
        return meshes, presence


def _shift(before: Floats, after: Floats) -> NDArray[np.float64]:
    """Return how far (n,) the same spots of the picture lie apart in two crops, as a share of the crop's side."""
    spots = MESH_CROP.side * np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])
    spots = np.broadcast_to(spots, (len(before), 4, 2))
    moved = transform(after, transform(invert(before), spots)) - spots
    return np.asarray(np.hypot(moved[..., 0], moved[..., 1]).mean(axis=1) / MESH_CROP.side, np.float64)
