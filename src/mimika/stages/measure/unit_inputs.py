"""What the regressors of action units see of a face: its shape without pose, distances, and how its skin looks."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.measurements import APPEARANCE
from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure import appearance
from mimika.stages.measure.pose import Fit, fit_mean_face

Array = NDArray[np.float32]

SHAPE_POINTS = 468
UPPER_UNITS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU43")
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

_CORNERS, _IRISES = np.array([[362, 263], [133, 33]]), np.array([473, 468])
_LIDS = np.array([[[386, 385, 387], [374, 380, 373]], [[159, 158, 160], [145, 153, 144]]])
_RIMS = np.array([[474, 475, 476, 477], [469, 470, 471, 472]])
"""Corners, middle of the iris, upper and lower lid, rim of the iris: the subject's left eye, then the right."""
_EYE_NUMBERS = 9
_ANGLE_UNIT = 30.0
_REGIONS: dict[str, tuple[slice, float, float]] = {
    "upper": (slice(0, 5), -9.0, 0.1),
    "lower": (slice(3, 8), -0.35, 9.0),
}
"""Rows of cells of the aligned crop, and the heights in the mean face between which points belong to a region."""
_OWN_SIDE = -0.03
"""Points of the mean face further right than this belong to the subject's left half; a strip of the middle is in it."""
_OWN_CELLS = 3


def upright_of(meshes: Floats, fit: Fit | None = None) -> Array:
    """Return (n, 478, 3) meshes pose-free: upright, frontal, in units of the mean face; `fit` if it is known."""
    points = np.asarray(meshes, np.float32)
    if not len(points):
        return np.zeros(points.shape, np.float32)
    rotations, scales, origins = fit_mean_face(points) if fit is None else fit
    linear = (rotations / np.maximum(scales, 1e-9)[:, None, None]).astype(np.float32)
    return np.asarray((points - origins[:, None].astype(np.float32)) @ linear, np.float32)


def shape_of(meshes: Floats) -> Array:
    """Return pose-free shapes (n, 468, 3) of (n, 478, 3) meshes, without the irises: what a baseline stores."""
    return upright_of(meshes)[:, :SHAPE_POINTS]


def numbers_of(upright: Array, angles: Floats, seen: Array | None = None) -> Array:
    """Return (n, k) all that any regressor looks at.

    `upright` (n, 478, 3) from `upright_of`; `angles` (n, 3); `seen` (n, 576) from `appearance`, or None where no
    regressor that looks at it will be asked.
    """
    n = len(upright)
    table = _table()
    lengths = _lengths(upright[:, table.ends[:, 0]] - upright[:, table.ends[:, 1]])
    skin = np.zeros((n, 0), np.float32) if seen is None else np.asarray(seen, np.float32)
    turn = np.asarray(angles, np.float32)[:, :2] / np.float32(_ANGLE_UNIT)
    points = upright[:, table.rows].reshape(n, -1)
    return np.concatenate([points, lengths, _eyes(upright), turn, skin], axis=1)


def inputs_alone(numbers: Array) -> Array:
    """Return what the regressor without a neutral sees of faces, then of their mirror pictures, (2n, k)."""
    return _both(numbers, _table().alone)


def inputs_compared(numbers: Array, shapes: Floats, neutrals: Floats) -> Array:
    """Return what the regressor with a neutral sees of faces, then of their mirror pictures, (2n, k).

    `numbers` from `numbers_of`; `shapes`, `neutrals` (n, 468, 3): how points and distances differ from the person's own
    is put before what the face shows by itself.
    """
    table = _table()
    now, calm = np.asarray(shapes, np.float32), np.asarray(neutrals, np.float32)
    moved = (now - calm)[:, table.rows].reshape(len(now), -1)
    own = _lengths(calm[:, table.ends[:, 0]] - calm[:, table.ends[:, 1]])
    first = moved.shape[1]
    moved = np.concatenate([moved, numbers[:, first : first + len(table.ends)] - own], axis=1)
    return np.concatenate([_both(moved, table.moved), _both(numbers, table.alone[first:])], axis=1)


def inputs_changed(compared: Array, shares: Array) -> Array:
    """Return what the regressor with a neutral and both pictures sees of faces, then of their mirror pictures, (2n, k).

    `compared` from `inputs_compared`; `shares` (n, 23, 2) from `changes.ChangeNet`.
    """
    both = np.concatenate([shares, shares[..., ::-1]])
    return np.concatenate([compared, both.reshape(len(both), 2 * shares.shape[1])], axis=1)


def inputs_seen(numbers: Array, region: str) -> Array:
    """Return what a regressor with appearance sees of left halves of a region, then of right ones mirrored, (2n, k)."""
    return _both(numbers, _table().regions[region])


@lru_cache(maxsize=1)
def unit_file() -> dict[str, NDArray[Any]]:
    """Return the shipped arrays: displacements, triangles, points that move, weights."""
    with resources.files("mimika.models").joinpath("action_units.npz").open("rb") as file, np.load(file) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _both(numbers: Array, chosen: NDArray[np.intp]) -> Array:
    """Return the chosen numbers of faces, then those of their mirror pictures."""
    table = _table()
    mirrored = numbers[:, table.mirror[chosen]] * table.sign[chosen]
    return np.concatenate([numbers[:, chosen], mirrored])


def _eyes(upright: Array) -> Array:
    """Return (n, 18) where each iris and each lid is in its eye, also in radii of the iris; left, then right."""
    corners, irises, rims = upright[:, _CORNERS], upright[:, _IRISES], upright[:, _RIMS]
    lids = upright[:, _LIDS, 1].sum(axis=-1) / 3
    between = (corners[:, :, 0] + corners[:, :, 1]) / 2
    radius = _lengths(rims - irises[:, :, None]).sum(axis=-1)[..., None] / 4 + np.float32(1e-3)
    signs = np.array([-1, 1], np.float32)
    gaps = (lids - irises[..., 1:2]) * signs
    away = (irises - between)[..., :2]
    parts = [away, gaps, gaps / radius, radius, (lids - between[..., 1:2]) * signs]
    return np.concatenate(parts, axis=-1).reshape(len(upright), -1)


def _lengths(vectors: Array) -> Array:
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=-1)), np.float32)


class _Table:
    """Where each number stands, which are whose mirror picture, and which ones each regressor sees.

    `rows` of points, `ends` (m, 2) of distances; `mirror` and `sign`: a number of the mirror picture is that number of
    the face, times the sign. `alone`, `moved`, `regions`: places of what the regressors see.
    """

    def __init__(self) -> None:
        swap = mirror_map().astype(np.intp)
        self.rows = np.asarray(unit_file()["rows"], np.intp)
        self.ends = _closed(SPANS, swap)
        points, spans, skin = self.rows.size, len(self.ends), APPEARANCE
        place = {int(row): 3 * number for number, row in enumerate(self.rows)}
        pairs = {tuple(sorted(pair)): number for number, pair in enumerate(self.ends.tolist())}
        eyes, turn = 3 * points + spans, 3 * points + spans + 2 * _EYE_NUMBERS
        mirror = [place[int(swap[row])] + axis for row in self.rows for axis in range(3)]
        mirror += [3 * points + pairs[tuple(sorted(swap[pair].tolist()))] for pair in self.ends]
        mirror += [eyes + (number + _EYE_NUMBERS) % (2 * _EYE_NUMBERS) for number in range(2 * _EYE_NUMBERS)]
        mirror += [turn, turn + 1, *(turn + 2 + appearance.mirror_places())]
        sign = np.ones(len(mirror), np.float32)
        sign[0 : 3 * points : 3] = -1
        sign[[eyes, eyes + _EYE_NUMBERS, turn + 1]] = -1
        assert len(mirror) == turn + 2 + skin
        self.mirror, self.sign = np.array(mirror, np.intp), sign
        self.alone, self.moved = np.arange(turn + 2), np.arange(eyes)
        self.regions = {name: self._region(name, eyes, turn) for name in _REGIONS}

    def _region(self, name: str, eyes: int, turn: int) -> NDArray[np.intp]:
        cells, top, bottom = _REGIONS[name]
        mean = mean_face()[self.rows]
        inside = (mean[:, 0] > _OWN_SIDE) & (mean[:, 1] > top) & (mean[:, 1] < bottom)
        own = np.flatnonzero(inside)
        spans = 3 * len(self.rows) + np.flatnonzero(np.isin(self.ends, self.rows[own]).all(axis=1))
        side, each = appearance.CELLS, appearance.DIRECTIONS + 1
        skin = turn + 2 + np.arange(side * side * each).reshape(side, side, each)[cells, _OWN_CELLS:].ravel()
        lids = np.arange(eyes, eyes + _EYE_NUMBERS) if name == "upper" else np.zeros(0, np.intp)
        points = (3 * own[:, None] + np.arange(3)).ravel()
        return np.concatenate([skin, points, spans, lids, [turn, turn + 1]]).astype(np.intp)


@lru_cache(maxsize=1)
def _table() -> _Table:
    return _Table()


def _closed(pairs: tuple[tuple[int, int], ...], swap: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return pairs of points (m, 2) with those that their mirror pictures need, each once."""
    known = {tuple(sorted(pair)) for pair in pairs}
    missing = {tuple(sorted((int(swap[a]), int(swap[b])))) for a, b in pairs} - known
    return np.array([*pairs, *sorted(missing)], np.intp)
