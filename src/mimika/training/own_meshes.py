"""What our own mesh network says of labelled faces: where the next stage starts from, and how it errs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimika.data.options import Options
from mimika.stages.faces.align import MESH_CROP, matrices_from_meshes
from mimika.stages.measure.mesh import MeshNet
from mimika.training.kept import Arrays, kept
from mimika.training.pictures import LabelledFaces


def own_meshes(faces: LabelledFaces, cache: Path | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return our network's meshes (n, 478, 3), NaN where none, and presence (n,), started at the teacher's points.

    `cache` is an .npz file in which they are kept.
    """
    found = _measured(faces) if cache is None else kept(cache, ["mesh"], lambda: _measured(faces))
    return found["points"], found["presence"]


def _measured(faces: LabelledFaces) -> Arrays:
    net = MeshNet(Options())
    meshes = np.full((len(faces), 478, 3), np.nan, np.float32)
    presence = np.zeros(len(faces), np.float32)
    for row in np.flatnonzero(faces.found).tolist():
        start = matrices_from_meshes(faces.points[row : row + 1], MESH_CROP)
        found, sure = net.settle(faces.picture(row), start, np.array([True]), 1)
        meshes[row], presence[row] = found[0], sure[0]
    return {"points": meshes, "presence": presence}
