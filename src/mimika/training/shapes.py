"""The shape of a face in a few numbers, as a second thing to learn: what the mesh does, without where it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import transform
from mimika.stages.faces.align import EXPRESSION_CROP, mirror_map


def shape_targets(
    points: NDArray[np.float32], found: NDArray[np.bool_], matrices: NDArray[np.float64], size: int = 40
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the principal components (n, size) of meshes (n, 478, 3) in their crops, and of the mirrored meshes.

    Components have unit spread; faces that were not `found` get zeros. A network that has to name these numbers
    learns lids, brows and mouth from every face, also from those whose label is doubtful.
    """
    crops = transform(matrices, points[..., :2].astype(np.float64)) / EXPRESSION_CROP.side - 0.5
    mirrored = crops[:, mirror_map().astype(np.intp)] * np.array([-1.0, 1.0])
    flat = crops[found].reshape(int(found.sum()), -1)
    both = np.concatenate([flat, mirrored[found].reshape(len(flat), -1)])
    mean = both.mean(0)
    values, vectors = np.linalg.eigh(np.cov((both - mean).T))
    basis = vectors[:, ::-1][:, :size] / np.sqrt(np.maximum(values[::-1][:size], 1e-12))
    seen = found[:, None]
    plain, turned = (((each.reshape(len(points), -1) - mean) @ basis) * seen for each in (crops, mirrored))
    return plain.astype(np.float32), turned.astype(np.float32)
