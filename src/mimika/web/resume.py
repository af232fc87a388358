"""Going on where a killed analysis stopped: no frame twice, none missing, each face with the id it had."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.frame import Frame
from mimika.data.geometry import iou
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.stages.capture.clock import Picker
from mimika.stages.capture.video import VideoCapture

WARM_S = 8.0
"""Of so many stored seconds at most the faces are looked at again."""
_BACK_S = 10.0
_SAME_PLACE = 0.5
_SAME_TIME_S = 1e-3


@dataclass(frozen=True, slots=True)
class Before:
    """One stored frame: its time, and its faces' boxes (n, 4), ids (n,) and movement (n, 35)."""

    time_s: float
    boxes: NDArray[np.float32]
    ids: NDArray[np.int64]
    movement: NDArray[np.float32]


@dataclass(slots=True)
class Known:
    """What an earlier attempt stored: `number` and `time_s` of the latest frame, `frames` the last seconds by number.

    `free` is the first id that no face has.
    """

    number: int
    time_s: float
    free: int
    frames: dict[int, Before] = field(default_factory=dict)

    @classmethod
    def of(cls, observations: Iterable[Observation], warm_s: float) -> Known | None:
        """Gather it from what was stored; None if there is nothing."""
        found: Known | None = None
        for observation in observations:
            frame, ids = observation.frame, observation.faces.ids
            found = found or cls(frame.number, frame.time_s, 0)
            found.number, found.time_s = frame.number, frame.time_s
            found.free = max(found.free, int(ids.max(initial=-1)) + 1)
            moved = observation.measurements.movement
            found.frames[frame.number] = Before(frame.time_s, observation.faces.boxes, ids, moved)
            for number in [n for n, old in found.frames.items() if old.time_s < frame.time_s - warm_s]:
                del found.frames[number]
        return found


class Renamer:
    """Gives the faces of a pipeline that began anew the ids and movements that they had before."""

    def __init__(self, known: Known) -> None:
        self._known, self._free = known, known.free
        self._votes: dict[int, Counter[int]] = {}
        self._names: dict[int, int] = {}
        self._shifts: dict[int, NDArray[np.float32]] = {}

    def learn(self, observation: Observation) -> None:
        """Compare a frame that was stored with how it looks to the new pipeline."""
        before = self._known.frames[observation.frame.number]
        if not len(before.ids) or not len(observation):
            return
        shared = iou(observation.faces.boxes, before.boxes)
        for row, face in enumerate(observation.faces.ids.tolist()):
            best = int(shared[row].argmax())
            if shared[row, best] >= _SAME_PLACE:
                self._votes.setdefault(face, Counter())[int(before.ids[best])] += 1
                self._shifts[face] = before.movement[best] - observation.measurements.movement[row]

    def apply(self, observation: Observation) -> Observation:
        """Return a frame that was not stored yet with the ids that count."""
        ids = np.array([self._name(face) for face in observation.faces.ids.tolist()], np.int64)
        moved = observation.measurements.movement.copy()
        for row, face in enumerate(observation.faces.ids.tolist()):
            shift = self._shifts.get(face)
            if shift is not None and np.isfinite(shift).all():
                moved[row] += shift
        measured = replace(observation.measurements, movement=moved)
        return replace(observation, faces=replace(observation.faces, ids=ids), measurements=measured)

    def _name(self, face: int) -> int:
        if face not in self._names:
            taken = set(self._names.values())
            wanted = [name for name, _ in self._votes.get(face, Counter()).most_common() if name not in taken]
            self._names[face] = wanted[0] if wanted else self._free
            self._free = max(self._free, self._names[face] + 1)
        return self._names[face]


class _Different(Exception):
    """Passing over packets led to other times than before; the file has to be decoded from its start."""


def frames_after(path: Path, name: str, options: Options, known: Known | None) -> Iterator[Frame]:
    """Give the frames of a video that are to be analysed.

    Those of `known.frames` come first, to be looked at again, then all that follow the latest one. Numbers and times
    are those of an analysis without a break.

    Raises:
        InputError: as `VideoCapture` does.
    """
    if known is None:
        with VideoCapture(path, options, name=name) as capture:
            yield from capture
        return
    skipped = known.time_s - _BACK_S
    if skipped > (options.start_s or 0.0) + _BACK_S:
        with suppress(_Different):
            yield from _after(path, name, options, known, skipped)
            return
    yield from _after(path, name, options, known, options.start_s)


def _after(path: Path, name: str, options: Options, known: Known, start_s: float | None) -> Iterator[Frame]:
    """Decode from `start_s` on; raises `_Different`, before the first frame, where times are not those of before."""
    picker, checked = Picker(options), start_s == options.start_s
    picker.wants(known.number, known.time_s)
    with VideoCapture(path, replace(options, start_s=start_s, every=1, fps=None), name=name) as capture:
        for frame in capture:
            before = known.frames.get(frame.number)
            if not checked and before is not None:
                checked = abs(before.time_s - frame.time_s) <= _SAME_TIME_S
            if not checked and (before is not None or frame.number > known.number):
                raise _Different
            if frame.number > known.number:
                if picker.wants(frame.number, frame.time_s):
                    yield frame
            elif before is not None:
                yield frame


class Journal:
    """Observations of a first look at a recording, without pictures; each add survives a killed process.

    It lies in the server's own folder. What a killed process left half-written is cut off on reading.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Iterator[Observation]:
        """Give what was kept."""
        if not self.path.exists():
            return
        whole = 0
        with self.path.open("rb") as file:
            while True:
                try:
                    (number, time_s, source), parts = pickle.load(file)
                except (EOFError, pickle.UnpicklingError, ValueError, AttributeError, IndexError):
                    break
                whole = file.tell()
                yield Observation(Frame(np.zeros((1, 1), np.uint8), time_s, number, source), *parts)
        os.truncate(self.path, whole)

    def add(self, observation: Observation) -> None:
        """Keep one more frame."""
        frame = observation.frame
        parts: Any = (observation.faces, observation.measurements, observation.expressions)
        line = pickle.dumps(((frame.number, frame.time_s, frame.source), parts), protocol=pickle.HIGHEST_PROTOCOL)
        with self.path.open("ab") as file:
            file.write(line)

    def remove(self) -> None:
        """Let it go."""
        self.path.unlink(missing_ok=True)
