"""Measuring a face against its own neutral state instead of against a face in general."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mimika.data.baseline import Baseline
from mimika.data.errors import InputCorrupt, InputError, InputMissing, InputUnreadable, ShapeError
from mimika.data.geometry import Floats
from mimika.data.labels import FERPLUS
from mimika.data.methods import BaselineChoice
from mimika.data.observation import Observation
from mimika.stages.timeline.neutral import NeutralFinder, Sample

_CALM_NEUTRAL = 0.86
"""A calm face is taken to show neutral at this probability, and the other seven expressions at 0.02 each."""
_FLOOR = 1e-4


Fit = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Rotations, scales and origins of meshes, as `measure.pose.fit_mean_face` gives them."""


class Shapes(Protocol):
    """What measures action units, as `measure.action_units.ActionUnits` does."""

    def measure(
        self,
        meshes: NDArray[np.float32],
        angles: NDArray[np.float32],
        neutrals: NDArray[np.float32] | None = None,
        units: NDArray[np.float32] | None = None,
        *,
        portraits: NDArray[np.uint8] | None = None,
        calm_portraits: NDArray[np.uint8] | None = None,
        fit: Fit | None = None,
    ) -> NDArray[np.float32]:
        """Return (n, 23, 2) intensities, against (n, 468, 3) neutral shapes, and with what the picture gave.

        `portraits`, `calm_portraits` (n, 96, 96) are pictures of the faces and of their neutrals, and `fit` how the
        meshes lie in the picture, where that is known.
        """

    def neutral_shape(self, meshes: NDArray[np.float32], angles: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, 468, 3) pose-free shapes."""


class Baselines:
    """The neutral faces of all people in a recording, and what they change.

    `choice` says where they come from; `known` is the one of an image or a file, which counts for every face.
    `expressions`: take the resting face out of the expression probabilities too, see `without_rest`.

    Live, call `follow` with each observation: it learns and applies what is known by then, without looking ahead. For a
    recording, call `see` with every observation, then `settle`, then `apply` with every observation again.
    """

    def __init__(
        self, choice: BaselineChoice, shapes: Shapes, known: Baseline | None = None, expressions: bool = False
    ) -> None:
        self._choice, self._shapes, self._known, self._expressions = choice, shapes, known, expressions
        self._finders: dict[int, NeutralFinder] = {}
        self._settled: dict[int, Baseline] | None = None

    def reset(self) -> None:
        """Forget the recording."""
        self._finders.clear()
        self._settled = None

    def of(self, face: int) -> Baseline | None:
        """Return what is known of a face now."""
        if self._known is not None:
            return self._known
        if self._settled is not None:
            return self._settled.get(face)
        return self._finders[face].baseline if face in self._finders else None

    def all(self) -> list[Baseline]:
        """Return all that is known, in the order of faces."""
        if self._known is not None:
            return [self._known]
        found = [self.of(face) for face in sorted(self._finders)]
        return [baseline for baseline in found if baseline is not None]

    def see(self, observation: Observation) -> None:
        """Take in a frame."""
        if self._choice.method not in ("auto", "first"):
            return
        now, measured = observation.frame.time_s, observation.measurements
        for row, face in enumerate(observation.faces.ids.tolist()):
            if face not in self._finders:
                self._finders[face] = NeutralFinder(self._choice, face, observation.frame.source)
            finder = self._finders[face]
            if finder.wants(now):
                shape = self._shapes.neutral_shape(measured.meshes[row : row + 1], measured.angles[row : row + 1])
                finder.see(_sample(observation, row, shape[0]))

    def follow(self, observation: Observation, fit: Fit | None = None) -> Observation:
        """Learn from the newest frame, and measure its faces against what is known by now; `fit` as in `apply`."""
        self.see(observation)
        for face in observation.faces.ids.tolist():
            if face in self._finders:
                self._finders[face].look(observation.frame.time_s)
        return self.apply(observation, fit)

    def settle(self) -> None:
        """Estimate every face from all that was seen, for a second look at the recording."""
        found = {face: finder.estimate(0.0) for face, finder in self._finders.items()}
        self._settled = {face: baseline for face, baseline in found.items() if baseline is not None}

    def apply(self, observation: Observation, fit: Fit | None = None) -> Observation:
        """Return the observation with action units, eye openness and, on request, expressions relative to neutral.

        `fit`, how the meshes of all rows lie in the picture, spares finding it again.
        """
        known = [(row, self.of(face)) for row, face in enumerate(observation.faces.ids.tolist())]
        rows = [(row, baseline) for row, baseline in known if baseline is not None]
        if not rows:
            return observation
        measured, chosen = observation.measurements, np.array([row for row, _ in rows])
        units, eyes = measured.action_units.copy(), measured.eye_openness.copy()
        neutrals = np.stack([baseline.shape for _, baseline in rows])
        units[chosen] = self._shapes.measure(
            measured.meshes[chosen],
            measured.angles[chosen],
            neutrals,
            measured.action_units[chosen],
            portraits=measured.portraits[chosen],
            calm_portraits=np.stack([baseline.portrait for _, baseline in rows]),
            fit=None if fit is None else (fit[0][chosen], fit[1][chosen], fit[2][chosen]),
        )
        eyes[chosen] = relative_openness(eyes[chosen], [baseline for _, baseline in rows])
        shown = observation.expressions
        if self._expressions:
            probabilities = shown.probabilities.copy()
            for row, baseline in rows:
                probabilities[row] = without_rest(probabilities[row : row + 1], baseline)[0]
            shown = replace(shown, probabilities=probabilities)
        calm = replace(measured, action_units=units, eye_openness=eyes)
        return replace(observation, measurements=calm, expressions=shown)


def relative_openness(openness: Floats, baselines: list[Baseline]) -> NDArray[np.float32]:
    """Return (n, 2) eye openness as a share of each person's own, 1 being calmly open."""
    own = np.stack([baseline.eye_openness for baseline in baselines])
    usable = np.isfinite(own) & (own > 0.05)
    return np.asarray(np.where(usable, openness / np.where(usable, own, 1), openness), np.float32)


def without_rest(probabilities: Floats, baseline: Baseline) -> NDArray[np.float32]:
    """Take out of (n, 8) probabilities what the resting face shows more than a calm face should.

    Some faces look angry or sad at rest. An expression whose resting probability, relative to neutral, is above that of
    a calm face (0.02 to 0.86) has its odds divided by that excess, in every frame; the others are left as they are.
    """
    rest = np.log(np.maximum(baseline.rest.astype(np.float64), _FLOOR))
    usual = np.log((1 - _CALM_NEUTRAL) / (len(FERPLUS) - 1)) - np.log(_CALM_NEUTRAL)
    excess = np.maximum(rest - rest[0] - usual, 0)
    excess[0] = 0
    rows = np.asarray(probabilities, np.float64) * np.exp(-excess)
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float32)


def of_photo(observation: Observation, shapes: Shapes) -> Baseline:
    """Return the baseline that the largest face of a photo gives.

    Raises:
        InputError: if there is no face.
    """
    source = observation.frame.source
    if not len(observation):
        raise InputError(source, "no face was found in it to take as the neutral one")
    measured = observation.measurements
    shape = shapes.neutral_shape(measured.meshes[:1], measured.angles[:1])[0]
    return Baseline(
        shape,
        measured.eye_openness[0],
        observation.expressions.probabilities[0],
        "image",
        1,
        0.0,
        source=source,
        portrait=measured.portraits[0],
    )


def load(choice: BaselineChoice) -> Baseline:
    """Read a saved baseline: the face that was chosen, else the first of the file.

    Raises:
        InputMissing, InputUnreadable, InputCorrupt: if it cannot be read, or does not hold that face.
    """
    try:
        faces = json.loads(Path(choice.path).read_text("utf-8"))["faces"]
        found = [Baseline.from_json(face) for face in faces]
    except FileNotFoundError:
        raise InputMissing(choice.path, "no such baseline file") from None
    except OSError as error:
        raise InputUnreadable(choice.path, f"the baseline cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, ShapeError) as error:
        raise InputCorrupt(choice.path, "is no baseline that mimika has saved") from error
    wanted = [one for one in found if choice.face in (None, one.face)]
    if not wanted:
        raise InputError(choice.path, f"holds no baseline of face {choice.face}" if found else "holds no baseline")
    return wanted[0]


def as_text(baselines: Iterable[Baseline], portraits: bool = False) -> str:
    """Return the content of a baseline file, the face with the most frames first; pictures of them only if wanted."""
    ordered = sorted(baselines, key=lambda one: -one.frames)
    faces = [one.as_json(portrait=portraits) for one in ordered]
    return json.dumps({"mimika": "baseline", "faces": faces}, ensure_ascii=True) + "\n"


def _sample(observation: Observation, row: int, shape: NDArray[np.float32]) -> Sample:
    measured = observation.measurements
    return Sample(
        time_s=observation.frame.time_s,
        shape=shape.astype(np.float64),
        moved=0.0,
        eyes=measured.eye_openness[row].astype(np.float64),
        probabilities=observation.expressions.probabilities[row].astype(np.float64),
        angles=measured.angles[row].astype(np.float64),
        presence=float(measured.presence[row]),
        portrait=measured.portraits[row],
    )
