"""What the regressors of action units see of a face: its shape without pose, distances, and how its skin looks."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure.appearance import CELLS
from mimika.stages.measure.appearance import mirrored as mirrored_appearance
from mimika.stages.measure.pose import fit_mean_face

SHAPE_POINTS = 468
UPPER_UNITS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7")
"""Units of brows, lids and cheeks; their regressor sees nothing below the nose."""

SPANS = (
    *((386, 374), (385, 380), (387, 373), (384, 381), (388, 390), (362, 263)),
    *((159, 145), (158, 153), (160, 144), (157, 154), (161, 163), (133, 33)),
    *((336, 386), (296, 386), (334, 387), (293, 388), (300, 263), (285, 362), (336, 362), (295, 386), (282, 386)),
    *((107, 159), (66, 159), (105, 160), (63, 161), (70, 33), (55, 133), (107, 133), (65, 159), (52, 159)),
    *((336, 107), (285, 55), (336, 168), (107, 168)),
    *((346, 374), (347, 374), (330, 263), (280, 263), (117, 145), (118, 145), (101, 33), (50, 33)),
    *((327, 362), (358, 362), (294, 362), (98, 133), (129, 133), (64, 133), (98, 327), (129, 358), (48, 278)),
    *((61, 291), (78, 308), (291, 263), (61, 33), (291, 327), (61, 98), (291, 1), (61, 1), (291, 152), (61, 152)),
    *((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318)),
    *((0, 13), (37, 82), (267, 312), (14, 17), (87, 84), (317, 314), (2, 0), (2, 13), (17, 152), (14, 152), (2, 152)),
    *((205, 33), (425, 263), (206, 61), (426, 291), (0, 17), (40, 91), (270, 321)),
)
"""Pairs of points whose distance says much about lids, brows, nose, lips and jaw."""

_ANGLE_UNIT = 30.0
_REGIONS: dict[str, tuple[slice, float, float]] = {
    "upper": (slice(0, 5), -9.0, 0.1),
    "lower": (slice(3, 8), -0.35, 9.0),
}
"""Rows of cells of the aligned crop, and the heights in the mean face between which points belong to a region."""
_OWN_SIDE = -0.03
"""Points of the mean face further right than this belong to the subject's left half; a strip of the middle is in it."""
_OWN_CELLS = 3


def shape_of(meshes: Floats) -> NDArray[np.float32]:
    """Return pose-free shapes (n, 468, 3) of (n, 478, 3) meshes: upright, frontal, in units of the mean face."""
    points = np.asarray(meshes, np.float32)
    if not len(points):
        return np.zeros((0, SHAPE_POINTS, 3), np.float32)
    rotations, scales, origins = fit_mean_face(points)
    linear = (rotations / np.maximum(scales, 1e-9)[:, None, None]).astype(np.float32)
    centred = points[:, :SHAPE_POINTS] - origins[:, None].astype(np.float32)
    return np.asarray(centred @ linear, np.float32)


def mirrored(shapes: Floats, angles: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the shapes (n, 468, 3) and angles (n, 3) of the mirror pictures."""
    swapped = np.asarray(shapes, np.float32)[:, mirror_map()[:SHAPE_POINTS].astype(np.intp)]
    flip, turned = np.array([-1, 1, 1], np.float32), np.array([1, -1, -1], np.float32)
    return swapped * flip, np.asarray(angles, np.float32) * turned


def inputs_alone(shapes: Floats, angles: Floats) -> NDArray[np.float32]:
    """Return what the regressor without a neutral sees, (n, k): points that move, distances, pitch and yaw."""
    chosen = np.asarray(shapes, np.float32)
    return np.concatenate([chosen[:, _moving()].reshape(len(chosen), -1), _spans(chosen), _turn(angles)], axis=1)


def inputs_compared(shapes: Floats, angles: Floats, neutrals: Floats) -> NDArray[np.float32]:
    """Return what the regressor with a neutral sees, (n, k): differences, distances now, pitch and yaw."""
    now, calm = np.asarray(shapes, np.float32), np.asarray(neutrals, np.float32)
    moved = (now - calm)[:, _moving()].reshape(len(now), -1)
    spans = _spans(now)
    return np.concatenate([moved, spans - _spans(calm), spans, _turn(angles)], axis=1)


def inputs_seen(shapes: Floats, angles: Floats, seen: NDArray[np.float32], region: str) -> NDArray[np.float32]:
    """Return what a regressor with appearance sees of the subject's left half of a region, (n, k).

    `shapes` (n, 468, 3), `angles` (n, 3), `seen` (n, 8, 8, 9) from `appearance`, `region` "upper" or "lower".
    """
    chosen = np.asarray(shapes, np.float32)
    cells, points, spans = _region(region)
    skin = np.asarray(seen, np.float32)[:, cells, _OWN_CELLS:].reshape(len(chosen), -1)
    ends = np.array(SPANS)[spans]
    lengths = np.linalg.norm(chosen[:, ends[:, 0]] - chosen[:, ends[:, 1]], axis=-1)
    return np.concatenate([skin, chosen[:, points].reshape(len(chosen), -1), lengths, _turn(angles)], axis=1)


def mirrored_seen(seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (n, 8, 8, 9) appearance of the mirror pictures."""
    return mirrored_appearance(seen)


@lru_cache(maxsize=1)
def unit_file() -> dict[str, NDArray[Any]]:
    """Return the shipped arrays: displacements, triangles, points that move, weights."""
    with resources.files("mimika.models").joinpath("action_units.npz").open("rb") as file, np.load(file) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _spans(shapes: NDArray[np.float32]) -> NDArray[np.float32]:
    ends = np.array(SPANS)
    return np.asarray(np.linalg.norm(shapes[:, ends[:, 0]] - shapes[:, ends[:, 1]], axis=-1), np.float32)


def _turn(angles: Floats) -> NDArray[np.float32]:
    return np.asarray(angles, np.float32)[:, :2] / np.float32(_ANGLE_UNIT)


@lru_cache(maxsize=1)
def _moving() -> NDArray[np.intp]:
    return np.asarray(unit_file()["rows"], np.intp)


@lru_cache
def _region(name: str) -> tuple[slice, NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of cells, the points and the places in `SPANS` of a region."""
    cells, top, bottom = _REGIONS[name]
    assert cells.stop <= CELLS
    mean, rows = mean_face(), _moving()
    inside = (mean[rows, 0] > _OWN_SIDE) & (mean[rows, 1] > top) & (mean[rows, 1] < bottom)
    points = rows[inside]
    spans = np.flatnonzero(np.isin(np.array(SPANS), points).all(axis=1))
    return cells, points, spans
