"""What the regressors of action units see of a face: its shape without pose, distances, and how its skin looks."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.measurements import APPEARANCE
from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure.appearance import FEATURES, mirror_places
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

_EYES = np.array(
    [
        [362, 263, 473, 474, 475, 476, 477, 386, 385, 387, 374, 380, 373],
        [133, 33, 468, 469, 470, 471, 472, 159, 158, 160, 145, 153, 144],
    ]
)
"""Both corners, middle and rim of the iris, upper and lower lid: the subject's left eye, then the right."""
_EYE_NUMBERS = 9
_ANGLE_UNIT = 30.0
_REGIONS: dict[str, tuple[int, float, float]] = {"upper": (0, -9.0, 0.1), "lower": (1, -0.35, 9.0)}
"""Which of the appearance's regions it is, and the heights in the mean face between which points belong to it."""
_OWN_SIDE = -0.03
"""Points of the mean face further right than this belong to the subject's left half; a strip of the middle is in it."""


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

    `upright` (n, 478, 3) from `upright_of`; `angles` (n, 3); `seen` (n, 192) from `AppearanceNet`, or None where no
    regressor that looks at it will be asked.
    """
    n = len(upright)
    table = _table()
    lengths = _lengths_between(upright[:, table.ends])
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
    own = _lengths_between(calm[:, table.ends])
    first = moved.shape[1]
    moved = np.concatenate([moved, numbers[:, first : first + len(table.ends)] - own], axis=1)
    return np.concatenate([_both(moved, table.moved), _both(numbers, table.beside)], axis=1)


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


def _both(numbers: Array, view: _View) -> Array:
    """Return the numbers of faces that a regressor sees, then those of their mirror pictures."""
    return np.concatenate([numbers[:, view.places], numbers[:, view.mirrored] * view.signs])


def _eyes(upright: Array) -> Array:
    """Return (n, 18) where each iris and each lid is in its eye, also in radii of the iris; left, then right."""
    points = upright[:, _EYES]
    radius = _lengths(points[:, :, 3:7] - points[:, :, 2:3]).sum(axis=-1) / 4 + np.float32(1e-3)
    result = points.reshape(*radius.shape, -1) @ _eye_sums()
    result[..., 4:6] = result[..., 2:4] / radius[..., None]
    result[..., 6] = radius
    return np.asarray(result.reshape(len(upright), -1), np.float32)


@lru_cache(maxsize=1)
def _eye_sums() -> Array:
    """Return (39, 9), what adds up the points of an eye: 0 where a number is no sum of coordinates."""
    points = np.eye(3 * _EYES.shape[1], dtype=np.float32).reshape(-1, _EYES.shape[1], 3)
    between, iris, flat = points[:, :2].mean(axis=1), points[:, 2], np.zeros((len(points), 1), np.float32)
    lids = np.stack([-points[:, 7:10, 1].mean(axis=1), points[:, 10:, 1].mean(axis=1)], axis=1)
    signs = np.array([1, -1], np.float32)
    gaps, places = lids + iris[:, 1:2] * signs, lids + between[:, 1:2] * signs
    return np.concatenate([(iris - between)[:, :2], gaps, flat, flat, flat, places], axis=1)


def _lengths_between(ends: Array) -> Array:
    return _lengths(ends[..., 0, :] - ends[..., 1, :])


def _lengths(vectors: Array) -> Array:
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=-1)), np.float32)


class _View(NamedTuple):
    """The (k,) places of what a regressor sees; of the mirror picture it is the numbers at other places, with signs."""

    places: NDArray[np.intp]
    mirrored: NDArray[np.intp]
    signs: Array


class _Table:
    """Where each number stands, which are whose mirror picture, and which ones each regressor sees.

    `rows` of points, `ends` (m, 2) of distances. `alone` is what one sees that looks at the shape of a face, `moved`
    how it differs from the neutral, `beside` all of the shape but the points, `regions` what those see that look at
    a region.
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
        mirror += [turn, turn + 1, *(turn + 2 + mirror_places())]
        sign = np.ones(len(mirror), np.float32)
        sign[0 : 3 * points : 3] = -1
        sign[[eyes, eyes + _EYE_NUMBERS, turn + 1]] = -1
        assert len(mirror) == turn + 2 + skin

        def view(places: NDArray[np.intp]) -> _View:
            return _View(places, np.array(mirror, np.intp)[places], sign[places])

        self.alone, self.moved = view(np.arange(turn + 2)), view(np.arange(eyes))
        self.beside = view(np.arange(3 * points, turn + 2))
        self.regions = {name: view(self._region(name, eyes, turn)) for name in _REGIONS}

    def _region(self, name: str, eyes: int, turn: int) -> NDArray[np.intp]:
        number, top, bottom = _REGIONS[name]
        mean = mean_face()[self.rows]
        inside = (mean[:, 0] > _OWN_SIDE) & (mean[:, 1] > top) & (mean[:, 1] < bottom)
        own = np.flatnonzero(inside)
        spans = 3 * len(self.rows) + np.flatnonzero(np.isin(self.ends, self.rows[own]).all(axis=1))
        skin = turn + 2 + FEATURES * number + np.arange(FEATURES)
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
