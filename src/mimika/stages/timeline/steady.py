"""A mesh and a head that do not tremble: the one-euro filter."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mimika.data.observation import Observation

_SLOWEST_HZ = 1.0
"""What hardly moves is averaged over about 1 / (2 pi) of a second."""
OPENING = {"meshes": 12.0, "angles": 0.4, "translations": 4.0}
"""By how many hertz the filter opens for each unit of speed: inter-ocular distances, degrees, inter-ocular distances, a
second."""
_SPEED_HZ = 1.0
_FORGET_S = 1.0
_EYE_CORNERS = (33, 263)


@dataclass(slots=True)
class OneEuro:
    """The one-euro filter of k points of d coordinates: slow things are calmed, fast things followed.

    `opening`: hertz of cut-off a unit of speed. All coordinates of a point share its speed, so that its path is not
    bent.

    Source: Casiez, Roussel, Vogel, "1€ filter: a simple speed-based low-pass filter for noisy input in interactive
    systems", CHI 2012.
    """

    opening: float
    slowest_hz: float = _SLOWEST_HZ
    _value: NDArray[np.float64] | None = None
    _speed: NDArray[np.float64] | None = None
    _time_s: float = 0.0

    def update(self, time_s: float, value: NDArray[np.float64], unit: float = 1.0) -> NDArray[np.float64]:
        """Take in the newest (k, d) values and return the calm ones; speeds count in `unit`."""
        step = time_s - self._time_s
        if self._value is None or self._speed is None or step > _FORGET_S or step < 0:
            self._value, self._speed = value, np.zeros_like(value)
        elif step > 0:
            self._speed += _share(_SPEED_HZ, step) * ((value - self._value) / step - self._speed)
            pace = np.linalg.norm(self._speed, axis=-1, keepdims=True) / unit
            self._value = self._value + _share(self.slowest_hz + self.opening * pace, step) * (value - self._value)
        self._time_s = time_s
        return self._value


class Steady:
    """Calms the meshes and head poses of all faces, each for itself and without looking ahead.

    The speed of a mesh counts relative to the size of its face. What is read off a mesh before (action units, eyes,
    expressions) is left as it is. Faces away for more than a second begin anew.
    """

    def __init__(self) -> None:
        self._faces: dict[int, dict[str, OneEuro]] = {}
        self._seen: dict[int, float] = {}

    def reset(self, face: int | None = None) -> None:
        """Forget one face, or all."""
        for kept in (self._faces, self._seen):
            if face is None:
                kept.clear()
            else:
                kept.pop(face, None)

    def apply(self, observation: Observation) -> Observation:
        """Return the observation with calm meshes, angles, translations, and the boxes around the calm meshes."""
        now, measured = observation.frame.time_s, observation.measurements
        for face in [face for face, seen in self._seen.items() if not 0 <= now - seen <= _FORGET_S]:
            self.reset(face)
        calm = {name: getattr(measured, name).copy() for name in ("meshes", "angles", "translations")}
        boxes = observation.faces.boxes.copy()
        for index, face in enumerate(observation.faces.ids.tolist()):
            filters = self._faces.setdefault(face, {name: OneEuro(opening) for name, opening in OPENING.items()})
            self._seen[face] = now
            mesh = calm["meshes"][index].astype(np.float64)
            size = max(float(np.linalg.norm(mesh[_EYE_CORNERS[0]] - mesh[_EYE_CORNERS[1]])), 1e-6)
            calm["meshes"][index] = filters["meshes"].update(now, mesh, size)
            calm["angles"][index] = _turned(filters["angles"], now, measured.angles[index])
            place = measured.translations[index].astype(np.float64)[None]
            calm["translations"][index] = filters["translations"].update(now, place)[0]
            low, high = calm["meshes"][index, :, :2].min(axis=0), calm["meshes"][index, :, :2].max(axis=0)
            boxes[index] = np.concatenate([low, high - low])
        faces = replace(observation.faces, boxes=boxes)
        return replace(observation, faces=faces, measurements=replace(measured, **calm))


def _turned(angles: OneEuro, now: float, degrees: NDArray[np.float32]) -> NDArray[np.float64]:
    """Filter angles (3,), each with its own speed, without turning the long way round at ±180°."""
    newest = degrees.astype(np.float64)[:, None]
    before = angles._value
    if before is not None:
        newest = before + (newest - before + 180) % 360 - 180
    calm = angles.update(now, newest)[:, 0]
    return np.asarray((calm + 180) % 360 - 180, np.float64)


def _share(cutoff_hz: NDArray[np.float64] | float, step_s: float) -> NDArray[np.float64]:
    """Return how much of a new value is taken in by a low-pass filter of first order."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * np.asarray(cutoff_hz) * step_s)), np.float64)
