"""One face of one recording, from its first frame to its last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped
from mimika.data.errors import ShapeError
from mimika.data.expressions import named
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.measurements import MESH_POINTS
from mimika.data.movements import MOVED
from mimika.data.observation import Observation

_GAP_STEPS, _GAP_S = 3.0, 0.3
"""A face was away where two rows lie further apart than so many usual steps, and than so many seconds."""
_CHUNK = 256
"""Frames gathered before they are packed into arrays."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """All rows of one face, n frames in which it was there, in the order of time.

    `time_s` (n,) presentation timestamps in seconds, never decreasing; `numbers` (n,) the frames' numbers, counted from
    0 when not given. The other arrays hold what `Faces`, `Measurements` and `Expressions` hold for one frame, row by
    row: `boxes` (n, 4), `presence` (n,), `probabilities` (n, 8), `angles` (n, 3), `translations` (n, 3),
    `action_units` (n, 23, 2) left and right, `eye_openness` (n, 2), `gaze` (n, 2); NaN where nothing was measured.
    `meshes` (n, 478, 3) or None; `movement` (n, 35), as in `Measurements`, or None where it was not measured.
    `unsure_below` decides about "unsure" as in `Expressions`.

    Raises:
        ShapeError: if a shape is wrong, the lengths differ, or the rows are not in the order of time.
    """

    face: int
    source: str
    time_s: NDArray[np.float64]
    boxes: NDArray[np.float32]
    presence: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    angles: NDArray[np.float32]
    translations: NDArray[np.float32]
    action_units: NDArray[np.float32]
    eye_openness: NDArray[np.float32]
    gaze: NDArray[np.float32]
    meshes: NDArray[np.float32] | None = None
    numbers: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    unsure_below: float = 0.0
    movement: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "time_s", shaped("time_s", self.time_s, (None,), np.float64))
        for name, shape in _SHAPES.items():
            object.__setattr__(self, name, shaped(name, getattr(self, name), (None, *shape), np.float32))
        for name in self._kept():
            value = shaped(name, getattr(self, name), (None, *_OPTIONAL[name]), np.float32)
            object.__setattr__(self, name, value)
        numbers = self.numbers if len(self.numbers) else np.arange(len(self.time_s))
        object.__setattr__(self, "numbers", shaped("numbers", numbers, (None,), np.int64))
        same_length(**{name: getattr(self, name) for name in ("time_s", "numbers", *_SHAPES, *self._kept())})
        if not np.all(np.diff(self.time_s) >= 0):
            raise ShapeError("time_s: expected rows in the order of time, received a step back")

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def labels(self) -> list[str]:
        """The most likely expression of each row, or "unsure"."""
        return named(self.probabilities, self.unsure_below)

    @property
    def step_s(self) -> float:
        """The usual distance of two rows in seconds; 0 with fewer than two."""
        steps = np.diff(self.time_s)
        return float(np.median(steps)) if len(steps) else 0.0

    def pieces(self) -> list[slice]:
        """Return the rows between two absences of the face, one slice each; nothing is said of the time between."""
        if not len(self):
            return []
        breaks = np.flatnonzero(np.diff(self.time_s) > max(_GAP_STEPS * self.step_s, _GAP_S)) + 1
        edges = [0, *breaks.tolist(), len(self)]
        return [slice(start, stop) for start, stop in pairwise(edges)]

    def seconds(self) -> NDArray[np.float64]:
        """Return for how many seconds each row stands, (n,): until the next row, the usual step before an absence."""
        lasting = np.full(len(self), self.step_s)
        for piece in self.pieces():
            lasting[piece.start : piece.stop - 1] = np.diff(self.time_s[piece])
        return lasting

    def take(self, rows: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return the chosen rows, in that order."""
        names = ("time_s", "numbers", *_SHAPES, *self._kept())
        taken: dict[str, Any] = {name: getattr(self, name)[rows] for name in names}
        return replace(self, **taken)

    def _kept(self) -> list[str]:
        """Return the names of the optional arrays that are there."""
        return [name for name in _OPTIONAL if getattr(self, name) is not None]

    @classmethod
    def collect(cls, observations: Iterable[Observation], meshes: bool = False) -> list[Self]:
        """Gather what each face did, one timeline a face, in the order of their ids.

        A row takes about 320 bytes (140 more where micro-expressions are looked for), and 5.7 kB more with `meshes`:
        an hour of one face at 25 frames/s is 29 MB (42 MB) without.
        """
        collector = Collector(meshes)
        for observation in observations:
            collector.add(observation)
        return [cls(**arrays) for arrays in collector.arrays()]


_SHAPES: dict[str, tuple[int, ...]] = {
    "boxes": (4,),
    "presence": (),
    "probabilities": (len(FERPLUS),),
    "angles": (3,),
    "translations": (3,),
    "action_units": (len(ACTION_UNITS), 2),
    "eye_openness": (2,),
    "gaze": (2,),
}
_OPTIONAL: dict[str, tuple[int, ...]] = {"meshes": (MESH_POINTS, 3), "movement": (MOVED,)}
MEASURED = tuple(_SHAPES)
"""The names of the float arrays that every timeline has, one row a frame."""


class Collector:
    """Gathers observations one by one into timelines; for sinks, which are given one observation at a time.

    Rows are packed into arrays every few hundred frames, so that a long film takes little memory.
    """

    def __init__(self, meshes: bool = False) -> None:
        self._source, self._unsure_below = "", 0.0
        self._names: tuple[str, ...] = ("ids", "time_s", "numbers", *_SHAPES, *(("meshes",) if meshes else ()))
        self._loose: list[dict[str, NDArray[Any]]] = []
        self._packed: list[dict[str, NDArray[Any]]] = []

    def add(self, observation: Observation) -> None:
        """Take in one frame."""
        self._source = self._source or observation.frame.source
        if not len(observation):
            return
        self._unsure_below = observation.expressions.unsure_below
        if not self._loose and not self._packed and np.isfinite(observation.measurements.movement).any():
            self._names += ("movement",)
        self._loose.append(_rows(observation, self._names))
        if len(self._loose) >= _CHUNK:
            self._pack()

    def timelines(self) -> list[Timeline]:
        """Return what has been gathered so far, one timeline a face, in the order of their ids."""
        return [Timeline(**arrays) for arrays in self.arrays()]

    def arrays(self) -> list[dict[str, Any]]:
        """Return the same as arguments of a `Timeline`."""
        self._pack()
        table = {name: _joined(name, self._packed) for name in self._names}
        found = []
        for face in np.unique(table["ids"]).tolist():
            rows = np.flatnonzero(table["ids"] == face)
            rows = rows[np.argsort(table["time_s"][rows], kind="stable")]
            own: dict[str, Any] = {name: table[name][rows] for name in table if name != "ids"}
            found.append({"face": int(face), "source": self._source, "unsure_below": self._unsure_below, **own})
        return found

    def _pack(self) -> None:
        if self._loose:
            self._packed.append({name: _joined(name, self._loose) for name in self._names})
            self._loose = []


def _rows(observation: Observation, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return one row a face of everything that a timeline holds."""
    frame, n = observation.frame, len(observation)
    measured = observation.measurements
    found: dict[str, NDArray[Any]] = {
        "ids": observation.faces.ids,
        "time_s": np.full(n, frame.time_s),
        "numbers": np.full(n, frame.number),
        "boxes": observation.faces.boxes,
        "probabilities": observation.expressions.probabilities,
    }
    for measure in fields(measured):
        if measure.name in names:
            found[measure.name] = getattr(measured, measure.name)
    for name in names:
        if name not in found:
            found[name] = np.full((n, *_SHAPES[name]), np.nan, np.float32)
    return {name: found[name] for name in names}


def _joined(name: str, parts: list[dict[str, NDArray[Any]]]) -> NDArray[Any]:
    if not parts:
        return np.zeros((0, *(_SHAPES | _OPTIONAL).get(name, ())))
    return np.concatenate([part[name] for part in parts])
