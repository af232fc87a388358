"""How the skin of a face looks: directions of its edges, cell by cell, where points alone cannot see a muscle act."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.stages.faces.align import EXPRESSION_CROP, crop, matrices_from_meshes

CELLS, DIRECTIONS = 8, 8
_FLOOR = 2.0
"""Grey levels under which an edge counts as noise."""


def appearance(luma: NDArray[np.uint8], meshes: Floats) -> NDArray[np.float32]:
    """Return (n, 8, 8, 9) for n faces: in each cell of the aligned crop the edges of eight directions and their sum.

    `luma` (height, width) picture; `meshes` (n, 478, 2 or 3). Values are relative to the edges round about, so that
    light and contrast matter little.

    Source: Dalal, Triggs, "Histograms of oriented gradients for human detection", CVPR 2005; for action units
    Baltrušaitis et al., "Cross-dataset learning and person-specific normalisation for automatic action unit detection",
    FG 2015.
    """
    matrices = matrices_from_meshes(meshes, EXPRESSION_CROP)
    result = np.empty((len(matrices), CELLS, CELLS, DIRECTIONS + 1), np.float32)
    for row, matrix in zip(result, matrices, strict=True):
        row[:] = edges(crop(luma, matrix, EXPRESSION_CROP))
    return result


def edges(cut: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (8, 8, 9) edge directions of one (64, 64) crop."""
    grey = cut.astype(np.float32)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    down[1:-1] = grey[2:] - grey[:-2]
    ways, pool = _tables(len(grey))
    strength = np.maximum(ways[:, 0, None, None] * across + ways[:, 1, None, None] * down, 0)
    cells = (pool @ strength @ pool.T).transpose(1, 2, 0)
    whole = np.sqrt((cells**2).sum(axis=-1))
    edge = np.pad(whole, 1, mode="edge")
    rows = edge[:-2] + edge[1:-1] + edge[2:]
    around = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9 + _FLOOR
    parts = np.sqrt(cells / around[..., None])
    return np.asarray(np.concatenate([parts, (whole / around)[..., None]], axis=-1), np.float32)


def mirrored(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (n, 8, 8, 9) appearance of the mirror pictures."""
    swap = [(DIRECTIONS // 2 - way) % DIRECTIONS for way in range(DIRECTIONS)] + [DIRECTIONS]
    return np.asarray(seen[:, :, ::-1][..., swap], np.float32)


@lru_cache(maxsize=1)
def _tables(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    pool = np.kron(np.eye(CELLS), np.full(side // CELLS, CELLS / side)).astype(np.float32)
    return ways, np.asarray(pool, np.float32)
