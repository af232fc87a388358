"""Where the face lies in a picture that is a face cut out, and which pictures those are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import boxes_of
from mimika.data.options import Options
from mimika.stages.faces.align import EXPRESSION_CROP, MESH_CROP, CropSpec, crop, matrices_from_meshes
from mimika.stages.faces.detect import Detector
from mimika.stages.measure.mesh import MeshNet

TIGHT_CENTRE, TIGHT_EYES = (0.502, 0.554), 0.363
"""Centre of the mean face, and the distance between the eyes, as shares of a tight picture's sides.

Source: medians over the 28,561 training pictures of FER-2013, by the mesh teacher's points.
"""
_PASSES = 2
_CERTAIN, _LARGE = 0.9, 0.5


@dataclass(frozen=True, slots=True)
class Alignment:
    """How our mesh network sees one face cut out.

    `matrix` (2, 3) takes the picture to the crop; `found` whether there is a face, `presence` 0..1 how surely; `box` x,
    y, width, height in pixels of the picture.
    """

    matrix: NDArray[np.float64]
    found: bool
    presence: float
    box: NDArray[np.float32]


def usual_place(picture: NDArray[np.uint8], spec: CropSpec) -> NDArray[np.float64]:
    """Return the (2, 3) matrix from a tight picture to `spec` for a face that lies where they usually do."""
    height, width = picture.shape
    scale = spec.scale / (TIGHT_EYES * (width * height) ** 0.5)
    centre = np.array([TIGHT_CENTRE[0] * width, TIGHT_CENTRE[1] * height])
    return np.column_stack([np.eye(2) * scale, spec.side / 2 - scale * centre])


def tight_view(picture: NDArray[np.uint8], mesh: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Cut the face (478, 3) out of a photo as tight pictures show it: upright, (side, side), in the usual place."""
    spec = CropSpec(side, 1 / TIGHT_EYES)
    matrix = matrices_from_meshes(mesh[None], spec)[0]
    matrix[:, 2] += (np.array(TIGHT_CENTRE) - 0.5) * side
    return crop(picture, matrix, spec)


class Aligner:
    """Finds the face of tight pictures with the mesh network, started from where they usually have it.

    A face that is not found is taken to lie in the usual place. `spec` is the crop that the matrices lead to.
    """

    def __init__(self, spec: CropSpec = EXPRESSION_CROP, threads: int = 1, mesh: str = "mesh") -> None:
        options = Options(threads=threads)
        self._net, self._spec, self._least = MeshNet(options, mesh), spec, options.min_presence

    def align(self, picture: NDArray[np.uint8]) -> Alignment:
        """Align one (height, width) tight picture."""
        start = usual_place(picture, MESH_CROP)
        meshes, presence = self._net.settle(picture, start[None], np.array([True]), _PASSES)
        found = bool(presence[0] >= self._least)
        matrix = matrices_from_meshes(meshes, self._spec)[0] if found else usual_place(picture, self._spec)
        return Alignment(matrix, found, float(presence[0]), boxes_of(meshes)[0])


class CropJudge:
    """Tells pictures that are a face cut out from whole photos.

    A picture is tight when the mesh network, started from where tight pictures have their face, is certain of one
    that covers at least half of the picture's shorter side; and also when the detector finds no face in it.
    """

    def __init__(self, threads: int = 1) -> None:
        self._aligner, self._detector = Aligner(threads=threads), Detector(Options(threads=threads))

    def is_tight(self, picture: NDArray[np.uint8]) -> bool:
        """Judge one (height, width) picture."""
        seen = self._aligner.align(picture)
        if seen.presence >= _CERTAIN and seen.box[2:].max() >= _LARGE * min(picture.shape):
            return True
        return not len(self._detector.detect(picture))
