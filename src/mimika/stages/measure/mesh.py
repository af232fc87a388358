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
        """Measure all faces, then the `fresh` (n,) ones `passes` times more, each time on the crop of their own mesh.

        Five detector points give a rougher crop than a mesh does, so a face that was just detected is looked at again.
        Arguments and results as in `measure`.
        """
        meshes, presence = self.measure(luma, matrices)
        rows = np.flatnonzero(fresh)
        for _ in range(passes if len(rows) else 0):
            meshes[rows], presence[rows] = self.measure(luma, matrices_from_meshes(meshes[rows], MESH_CROP))
        return meshes, presence
