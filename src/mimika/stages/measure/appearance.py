"""How the skin of a face looks: directions of its edges, cell by cell, where points alone cannot see a muscle act."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.measurements import APPEARANCE
from mimika.stages.faces.align import EXPRESSION_CROP, crop, matrices_from_meshes

CELLS, DIRECTIONS = 8, 8
_FLOOR = 2.0
"""Grey levels under which an edge counts as noise."""


def appearance(luma: NDArray[np.uint8], meshes: Floats) -> NDArray[np.float32]:
    """Return (n, 576) for n faces: in each of 8 × 8 cells of the aligned crop edges of eight directions and their sum.

    `luma` (height, width) picture; `meshes` (n, 478, 2 or 3). Values are relative to the edges round about, so that
    light and contrast matter little.

    Source: Dalal, Triggs, "Histograms of oriented gradients for human detection", CVPR 2005; for action units
    Baltrušaitis et al., "Cross-dataset learning and person-specific normalisation for automatic action unit detection",
    FG 2015.
    """
    matrices = matrices_from_meshes(meshes, EXPRESSION_CROP)
    return of_crops([crop(luma, matrix, EXPRESSION_CROP) for matrix in matrices])


def of_crops(crops: Sequence[NDArray[np.uint8]] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (n, 576) appearance of n crops, (64, 64) grey levels 0..255 each."""
    result = np.empty((len(crops), APPEARANCE), np.float32)
    for row, cut in zip(result, crops, strict=True):
        row[:] = edges(cut).ravel()
    return result


def edges(cut: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (8, 8, 9) edge directions of one (64, 64) crop."""
    grey = np.asarray(cut, np.float32)
    side = len(grey)
    slopes = np.zeros((side, side, 2), np.float32)
    np.subtract(grey[:, 2:], grey[:, :-2], out=slopes[:, 1:-1, 0])
    np.subtract(grey[2:], grey[:-2], out=slopes[1:-1, :, 1])
    # The parts of a slope along opposite directions differ by the slope and add up to its size: four do for eight.
    ways = _ways()
    along = slopes.reshape(-1, 2) @ ways
    size = _pooled(np.abs(along, out=along).reshape(side, side, -1))
    gain = _pooled(slopes).reshape(-1, 2) @ ways
    gain = gain.reshape(size.shape)
    cells = np.concatenate([size + gain, size - gain], axis=-1) / 2
    whole = np.sqrt((cells * cells).sum(axis=-1))
    around = cv2.blur(whole, (3, 3), borderType=cv2.BORDER_REPLICATE) + _FLOOR
    result = np.empty((CELLS, CELLS, DIRECTIONS + 1), np.float32)
    np.sqrt(np.maximum(cells, 0) / around[..., None], out=result[..., :-1])
    np.divide(whole, around, out=result[..., -1])
    return result


def mirror_places() -> NDArray[np.intp]:
    """Return (576,) which of the flat (8, 8, 9) numbers takes each one's place in the mirror picture."""
    places = np.arange(CELLS * CELLS * (DIRECTIONS + 1)).reshape(CELLS, CELLS, DIRECTIONS + 1)
    swap = [(DIRECTIONS // 2 - way) % DIRECTIONS for way in range(DIRECTIONS)] + [DIRECTIONS]
    return places[:, ::-1][..., swap].ravel()


def _pooled(layers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (8, 8, k) means over the cells of (side, side, k) layers."""
    return np.asarray(cv2.resize(layers, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float32)


@lru_cache(maxsize=1)
def _ways() -> NDArray[np.float32]:
    """Return (2, 4) unit vectors of the first four directions, as columns."""
    angles = np.arange(DIRECTIONS // 2) * 2 * np.pi / DIRECTIONS
    return np.stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
