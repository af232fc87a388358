"""All crops of a frame as one batch for a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.stages.faces.align import CropSpec, crop


def crop_batch(luma: NDArray[np.uint8], matrices: Floats, spec: CropSpec) -> NDArray[np.float32]:
    """Cut n crops and stack them as the networks want them.

    `luma` (height, width) picture; `matrices` (n, 2, 3) picture to crop. Returns (n, 1, side, side), 0..1.
    """
    batch = np.empty((len(matrices), 1, spec.side, spec.side), np.float32)
    for row, matrix in zip(batch, matrices, strict=True):
        row[0] = crop(luma, matrix, spec)
    batch *= np.float32(1 / 255)
    return batch
