"""One face at one moment: what the indicators are computed from, live or out of a timeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.circumplex import valence_arousal
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.observation import Observation
from mimika.data.timeline import Timeline

_HAPPY = FERPLUS.index("happiness")
_HOSTILE = [FERPLUS.index(name) for name in ("anger", "disgust", "contempt")]
_UNITS = {name: column for column, name in enumerate(ACTION_UNITS)}


@dataclass(frozen=True, slots=True)
class Moment:
    """What was measured of one face in one frame.

    `probabilities` (8,), `valence` -1..1, `openness` of the eyes (0 closed .. about 1), `pitch`, `yaw` of the head and
    `gaze_pitch`, `gaze_yaw` of the eyes relative to it in degrees, `units` (23,) intensities 0..5 of the stronger
    side. NaN where nothing was measured.
    """

    time_s: float
    probabilities: NDArray[np.float64]
    valence: float
    openness: float
    pitch: float
    yaw: float
    gaze_pitch: float
    gaze_yaw: float
    units: NDArray[np.float64]

    def unit(self, name: str) -> float:
        """Return the intensity of an action unit, such as "AU12"."""
        return float(self.units[_UNITS[name]])

    @property
    def happy(self) -> float:
        """The probability of happiness, 0..1."""
        return float(self.probabilities[_HAPPY])

    @property
    def hostile(self) -> float:
        """The probability of anger, disgust or contempt, 0..1."""
        return float(self.probabilities[_HOSTILE].sum())


def of_observation(observation: Observation) -> list[Moment]:
    """Return the moment of each face of a frame, in the order of its rows."""
    measured, shown = observation.measurements, observation.expressions
    return _moments(
        *(np.full(len(observation), observation.frame.time_s), shown.probabilities, measured.angles),
        *(measured.eye_openness, measured.gaze, measured.action_units),
    )


def of_timeline(timeline: Timeline, chunk: int = 4096) -> Iterator[Moment]:
    """Yield the moments of a timeline, in the order of time."""
    for start in range(0, len(timeline), chunk):
        part = timeline.take(slice(start, start + chunk))
        arrays = (part.probabilities, part.angles, part.eye_openness, part.gaze, part.action_units)
        yield from _moments(part.time_s, *arrays)


def _moments(
    time_s: NDArray[np.float64],
    probabilities: NDArray[np.float32],
    angles: NDArray[np.float32],
    eyes: NDArray[np.float32],
    gaze: NDArray[np.float32],
    units: NDArray[np.float32],
) -> list[Moment]:
    if not len(time_s):
        return []
    chances = probabilities.astype(np.float64)
    valence = valence_arousal(probabilities)[:, 0].astype(np.float64)
    numbers = np.column_stack([valence, eyes.mean(axis=1), angles[:, :2], gaze[:, ::-1]]).astype(np.float64)
    strongest = units.max(axis=2).astype(np.float64)
    rows = zip(time_s.tolist(), chances, numbers.tolist(), strongest, strict=True)
    return [Moment(now, chance, *_six(row), intensities) for now, chance, row, intensities in rows]


def _six(row: list[float]) -> tuple[float, float, float, float, float, float]:
    valence, openness, pitch, yaw, gaze_pitch, gaze_yaw = row
    return valence, openness, pitch, yaw, gaze_pitch, gaze_yaw
