"""One face of one picture, with names instead of arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.facs import by_name, codes, letters, sides_of
from mimika.data.labels import FERPLUS
from mimika.data.observation import Observation
from mimika.data.opinion import Opinion


@dataclass(frozen=True, slots=True, repr=False)
class Face:
    """One face of one picture.

    `box` x, y, width, height and `mesh` (478, 3) in pixels of the upright picture; `pitch`, `yaw`, `roll` in degrees,
    signs as in `Measurements`; `probabilities` by expression name, 0..1, together 1; `label` the most likely one or
    "unsure", `confidence` its probability; `valence` and `arousal` -1..1, what the probabilities lead one to expect;
    `action_units` 0..5 by name, "AU12_l" and "AU12_r" for the subject's left and right, "AU25" without sides, and
    their `letters` A to E, "" below a trace; `asymmetry` -1..1 of each unit with sides, + where the left is stronger;
    `facs` the same in one code, "6B+L12D+R12C+25A", None where units were not measured;
    `eye_openness` left, right, 0 closed, about 1 open; `gaze` yaw, pitch of the eyes in the head, degrees.
    `opinion` is the second opinion that is mixed into the probabilities, if there is one; `origin` "local" or its own.
    """

    id: int
    box: tuple[float, float, float, float]
    score: float
    presence: float
    pitch: float
    yaw: float
    roll: float
    label: str
    confidence: float
    valence: float
    arousal: float
    probabilities: dict[str, float]
    action_units: dict[str, float]
    letters: dict[str, str]
    asymmetry: dict[str, float]
    facs: str | None
    eye_openness: tuple[float, float]
    gaze: tuple[float, float]
    mesh: NDArray[np.float32]
    opinion: Opinion | None = None

    @property
    def origin(self) -> str:
        """Where the expression comes from: "local", or "cloud:" and the name of the model asked too."""
        return self.opinion.origin if self.opinion is not None else "local"

    def __repr__(self) -> str:
        x, y, width, height = self.box
        place = f"({x:.0f}, {y:.0f}) {width:.0f}×{height:.0f}"
        turned = f"pitch {self.pitch:+.0f}°, yaw {self.yaw:+.0f}°, roll {self.roll:+.0f}°"
        return f"Face {self.id}: {self.label} {self.confidence:.2f} at {place}, {turned}"


def face_of(observation: Observation, row: int) -> Face:
    """Return row `row` of an observation."""
    faces, measured, shown = observation.faces, observation.measurements, observation.expressions
    x, y, width, height = faces.boxes[row].tolist()
    pitch, yaw, roll = measured.angles[row].tolist()
    units = measured.action_units[row : row + 1]
    return Face(
        id=int(faces.ids[row]),
        box=(x, y, width, height),
        score=float(faces.scores[row]),
        presence=float(measured.presence[row]),
        pitch=pitch,
        yaw=yaw,
        roll=roll,
        label=shown.labels[row],
        confidence=float(shown.confidences[row]),
        valence=float(shown.valence[row]),
        arousal=float(shown.arousal[row]),
        probabilities=dict(zip(FERPLUS, shown.probabilities[row].tolist(), strict=True)),
        action_units={name: float(value[0]) for name, value in by_name(units).items()},
        letters={name: str(value[0]) for name, value in by_name(letters(units)).items()},
        asymmetry={name: float(value[0]) for name, value in sides_of(units).items()},
        facs=codes(units)[0],
        eye_openness=(float(measured.eye_openness[row, 0]), float(measured.eye_openness[row, 1])),
        gaze=(float(measured.gaze[row, 0]), float(measured.gaze[row, 1])),
        mesh=measured.meshes[row],
        opinion=observation.opinions[row] if observation.opinions else None,
    )
