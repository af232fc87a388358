"""Calmer probabilities: what a face shows does not change 25 times a second, though a network's answer may."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mimika.data.methods import Smoothing
from mimika.data.observation import Observation
from mimika.data.timeline import Timeline
from mimika.stages.timeline.paths import StatePath, led_by, state_path

Row = NDArray[np.float64]

_STEPS_KEPT = 31
_LONGEST_CELL = 3.0
"""A row speaks for at most so many usual steps; before that the face was away."""
_FORGET_S = 60.0


class Calmer(Protocol):
    """Smooths one face without knowing its future."""

    def update(self, time_s: float, row: Row) -> Row:
        """Take in the newest probabilities (k,) and return the smoothed ones, which sum to 1 as well."""


def smoothed(timeline: Timeline, smoothing: Smoothing) -> Timeline:
    """Return the timeline with smoothed probabilities, made with the whole recording in view.

    "window" is a centred mean over its length in seconds; "viterbi" follows the most likely path of `state_path` and
    gives each stretch its mean; "ema" looks back only, here as well as live. Each row weighs as long as it stands, so
    that a variable frame rate gives the same result in seconds.
    """
    if smoothing.method == "none" or not len(timeline):
        return timeline
    rows = timeline.probabilities.astype(np.float64)
    if smoothing.method == "viterbi":
        result = _stretches(rows, timeline.seconds(), state_path(timeline.time_s, rows))
    elif smoothing.method == "window":
        result = np.empty_like(rows)
        length = smoothing.seconds or smoothing.frames * timeline.step_s
        for piece in timeline.pieces():
            result[piece] = centred_mean(timeline.time_s[piece], rows[piece], length, timeline.step_s)
    else:
        calmer = open_calmer(smoothing)
        pairs = zip(timeline.time_s.tolist(), rows, strict=True)
        result = np.array([calmer.update(time_s, row) for time_s, row in pairs])
    return replace(timeline, probabilities=result.astype(np.float32))


def centred_mean(time_s: NDArray[np.float64], rows: Row, length_s: float, step_s: float) -> Row:
    """Return the mean of (n, k) rows over `length_s` seconds around each.

    Each row stands for the time from half-way to the row before to half-way to the next, the first and the last for
    the usual step `step_s`; the mean is over time. At a constant frame rate a window of N frames is their plain mean.
    """
    if len(rows) < 2 or length_s <= 0:
        return rows
    middles = (time_s[1:] + time_s[:-1]) / 2
    edges = np.concatenate([[time_s[0] - step_s / 2], middles, [time_s[-1] + step_s / 2]])
    area = np.zeros((len(edges), rows.shape[1]))
    np.cumsum(rows * np.diff(edges)[:, None], axis=0, out=area[1:])
    low = np.clip(time_s - length_s / 2, edges[0], edges[-1])
    high = np.clip(time_s + length_s / 2, edges[0], edges[-1])
    inside = np.column_stack(
        [np.interp(high, edges, column) - np.interp(low, edges, column) for column in area.T]
    )  # fmt: skip
    seconds = high - low
    usable = seconds > 1e-9
    return np.where(usable[:, None], inside / np.where(usable, seconds, 1.0)[:, None], rows)


class LiveSmoother:
    """Smooths what is seen now from what was seen before, each face for itself.

    `apply` gives the observation with smoothed probabilities; faces that come back after a minute begin anew.
    """

    def __init__(self, smoothing: Smoothing) -> None:
        self._smoothing = smoothing
        self._faces: dict[int, tuple[float, Calmer]] = {}

    def reset(self, face: int | None = None) -> None:
        """Forget one face, or all."""
        if face is None:
            self._faces.clear()
        else:
            self._faces.pop(face, None)

    def apply(self, observation: Observation) -> Observation:
        """Return the observation with smoothed probabilities."""
        if self._smoothing.method == "none":
            return observation
        now, shown = observation.frame.time_s, observation.expressions
        for face in [face for face, (seen, _) in self._faces.items() if not 0 <= now - seen <= _FORGET_S]:
            self.reset(face)
        calm = shown.probabilities.copy()
        for index, face in enumerate(observation.faces.ids.tolist()):
            calmer = self._faces[face][1] if face in self._faces else open_calmer(self._smoothing)
            self._faces[face] = now, calmer
            calm[index] = calmer.update(now, shown.probabilities[index].astype(np.float64))
        return replace(observation, expressions=replace(shown, probabilities=calm))


def open_calmer(smoothing: Smoothing) -> Calmer:
    """Return what smooths one face causally; see `LiveSmoother` for all faces of a picture."""
    makers: dict[str, Callable[[], Calmer]] = {
        "ema": lambda: _Ema(smoothing.seconds),
        "window": lambda: _Window(smoothing),
        "viterbi": _LiveStates,
    }
    return makers[smoothing.method]()


class _Ema:
    """Exponential mean: what was seen t seconds ago weighs exp(-t / seconds)."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._time_s, self._mean = 0.0, np.zeros(0)

    def update(self, time_s: float, row: Row) -> Row:
        if not len(self._mean):
            self._mean = row
        else:
            share = 1 - np.exp(-max(time_s - self._time_s, 0.0) / self._seconds)
            self._mean = (1 - share) * self._mean + share * row
        self._time_s = time_s
        return self._mean


class _Window:
    """Mean over the last so many seconds; each row stands for the time since the one before."""

    def __init__(self, smoothing: Smoothing) -> None:
        self._smoothing = smoothing
        self._steps: deque[float] = deque(maxlen=_STEPS_KEPT)
        self._rows: deque[tuple[float, Row]] = deque()

    def update(self, time_s: float, row: Row) -> Row:
        if self._rows:
            self._steps.append(time_s - self._rows[-1][0])
        self._rows.append((time_s, row))
        step = float(np.median(self._steps)) if self._steps else 0.0
        length = self._smoothing.seconds or self._smoothing.frames * step
        while len(self._rows) > 1 and self._rows[0][0] <= time_s - length - _LONGEST_CELL * step:
            self._rows.popleft()
        times = np.array([time for time, _ in self._rows])
        begins = np.concatenate([[times[0] - step], times[:-1]])
        begins = np.maximum(begins, times - _LONGEST_CELL * step)
        weights = np.clip(times - np.maximum(begins, time_s - length), 0, None)
        if weights.sum() <= 1e-9:
            return row
        return np.asarray(weights @ np.array([past for _, past in self._rows]) / weights.sum(), np.float64)


class _LiveStates:
    """The path that is most likely up to now; gives the mean since it last changed its state."""

    def __init__(self) -> None:
        self._path = StatePath()
        self._state, self._time_s = -1, 0.0
        self._sum, self._seconds = np.zeros(0), 0.0

    def update(self, time_s: float, row: Row) -> Row:
        state = self._path.update(time_s, row)
        lasted = max(time_s - self._time_s, 1e-3) if self._state >= 0 else 1e-3
        if state != self._state:
            self._state, self._sum, self._seconds = state, np.zeros(len(row)), 0.0
        self._sum, self._seconds, self._time_s = self._sum + lasted * row, self._seconds + lasted, time_s
        return led_by(self._sum / self._seconds, state)


def _stretches(rows: Row, seconds: NDArray[np.float64], path: NDArray[np.int64]) -> Row:
    """Give every stretch of one state its mean over time, with that state in the lead."""
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    result = np.empty_like(rows)
    for start, stop in pairwise(edges):
        weights = np.maximum(seconds[start:stop], 1e-6)
        result[start:stop] = led_by(weights @ rows[start:stop] / weights.sum(), int(path[start]))
    return result
