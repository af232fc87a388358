"""A person's own neutral face, against which the rest of a recording is measured."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import shaped
from mimika.data.labels import FERPLUS
from mimika.data.measurements import PORTRAIT, blank_portraits

SHAPE_POINTS = 468


def _not_seen() -> NDArray[np.uint8]:
    portrait: NDArray[np.uint8] = blank_portraits(1)[0]
    return portrait


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one face looks like when it does nothing.

    `shape` (468, 3): the pose-free neutral shape, as `ActionUnits.neutral_shape` gives it; `eye_openness` (2,) left
    and right; `rest` (8,) the mean expression probabilities of the calm face. `method` is how it was found ("auto",
    "first", "image"), `frames` from how many frames, `since_s` from which second on it was known; `face` the track id,
    `source` the recording. `portrait` (96, 96): a small grey picture of the calm face, light and contrast evened out,
    blank (all 0) where none was taken.

    Raises:
        ShapeError: if a shape is wrong.
    """

    shape: NDArray[np.float32]
    eye_openness: NDArray[np.float32]
    rest: NDArray[np.float32]
    method: str
    frames: int
    since_s: float
    face: int = -1
    source: str = ""
    portrait: NDArray[np.uint8] = field(default_factory=_not_seen)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", shaped("shape", self.shape, (SHAPE_POINTS, 3), np.float32))
        object.__setattr__(self, "eye_openness", shaped("eye_openness", self.eye_openness, (2,), np.float32))
        object.__setattr__(self, "rest", shaped("rest", self.rest, (len(FERPLUS),), np.float32))
        object.__setattr__(self, "portrait", shaped("portrait", self.portrait, (PORTRAIT, PORTRAIT), np.uint8))

    def as_json(self, shape: bool = True, portrait: bool = False) -> dict[str, Any]:
        """Return it as plain values, rounded; without the shape, 1,404 numbers, if not wanted.

        The `portrait` is a picture of a person and left out unless it is asked for.
        """
        plain: dict[str, Any] = {
            "face": self.face,
            "source": self.source,
            "method": self.method,
            "frames": self.frames,
            "since_s": round(self.since_s, 3),
            "eye_openness": [
                None if not np.isfinite(value) else round(value, 4) for value in self.eye_openness.tolist()
            ],
            "rest": {name: round(value, 5) for name, value in zip(FERPLUS, self.rest.tolist(), strict=True)},
        }
        if shape:
            plain["shape"] = np.round(self.shape.astype(np.float64), 5).tolist()
        if portrait and self.portrait.any():
            plain["portrait"] = base64.b64encode(self.portrait.tobytes()).decode("ascii")
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """Read what `as_json` gave.

        Raises:
            KeyError, TypeError, ValueError: if it is something else.
        """
        eyes = [np.nan if value is None else float(value) for value in plain["eye_openness"]]
        return cls(
            shape=np.array(plain["shape"], np.float32),
            eye_openness=np.array(eyes, np.float32),
            rest=np.array([float(plain["rest"][name]) for name in FERPLUS], np.float32),
            method=str(plain["method"]),
            frames=int(plain["frames"]),
            since_s=float(plain["since_s"]),
            face=int(plain["face"]),
            source=str(plain["source"]),
            portrait=_picture(plain["portrait"]) if "portrait" in plain else _not_seen(),
        )


def _picture(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(text, validate=True), np.uint8).reshape(PORTRAIT, PORTRAIT)
