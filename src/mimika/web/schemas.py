"""What goes over the wire: the models behind the OpenAPI, and observations turned into them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.labels import FERPLUS, UNSURE
from mimika.data.observation import Observation
from mimika.face import face_of

Mode = Literal["expressions", "action_units"]
Share = Annotated[float, Field(ge=0, le=1)]
PurposeKind = Literal["research", "user_research", "clinical", "safety", "education", "workplace", "personal", "other"]


class ErrorBody(BaseModel):
    """A code for programs and a line for people."""

    code: str = Field(examples=["input_corrupt"])
    message: str = Field(examples=["photo.jpg: picture is damaged or truncated"])


class ErrorOut(BaseModel):
    """Every error looks like this."""

    error: ErrorBody


class PoseOut(BaseModel):
    """Degrees: pitch + when the face looks up, yaw + to the subject's left, roll + clockwise in the picture."""

    pitch: float | None
    yaw: float | None
    roll: float | None


class FaceOut(BaseModel):
    """One face of one picture; what concerns expressions is null where the purpose allows action units only."""

    id: int = Field(examples=[0])
    box: list[float] = Field(
        description="x, y, width, height in pixels of the upright picture", examples=[[10, 20, 80, 96]]
    )
    score: float = Field(description="how sure the detector is, 0..1")
    presence: float = Field(description="how sure the mesh network is that a whole face is there, 0..1")
    pose: PoseOut
    label: str | None = Field(description="the most likely expression, or unsure", examples=["happiness"])
    resembles: str | None = Field(description="what the expression resembles most, sure or not", examples=["happiness"])
    unsure: bool | None
    confidence: float | None = Field(description="probability of the most likely expression, 0..1")
    probabilities: dict[str, float] | None = Field(
        description="the eight expressions; together 1", examples=[{"neutral": 0.05, "happiness": 0.95}]
    )
    valence: float | None = Field(description="-1 unpleasant .. 1 pleasant, expected from the probabilities")
    arousal: float | None = Field(description="-1 calm .. 1 roused, expected from the probabilities")
    action_units: dict[str, float | None] = Field(
        description="0..5; _l and _r are the subject's own left and right", examples=[{"AU12_l": 2.4, "AU12_r": 2.3}]
    )
    letters: dict[str, str] = Field(
        description="FACS letters A to E of the units that reach a trace", examples=[{"AU12_l": "B", "AU12_r": "B"}]
    )
    asymmetry: dict[str, float | None] = Field(
        description="-1..1 of each unit with sides: + where the subject's left is stronger", examples=[{"AU12": 0.04}]
    )
    eye_openness: list[float | None] = Field(description="left, right; 0 closed, about 1 calmly open")
    gaze: list[float | None] = Field(description="yaw, pitch of the eyes in the head, degrees")
    mesh: list[list[float]] | None = Field(None, description="478 points x, y, z in pixels, only when asked for")
    indicators: dict[str, float | None] | None = Field(
        None, description="what is told of a face over time; null in photos"
    )
    second_opinion: dict[str, Any] | None = Field(
        None,
        description="what a cloud model says, if asked; `local` is this machine alone, the face holds both",
    )


class ImageOut(BaseModel):
    """What was found in one picture, or why it could not be read."""

    name: str
    width: int
    height: int
    faces: list[FaceOut]
    error: ErrorBody | None = None


class ImagesOut(BaseModel):
    """The answers to the pictures, in their order."""

    mode: Mode
    images: list[ImageOut]


class PurposeIn(BaseModel):
    """What the analysis is for; education and workplace need a ground and a note that says which."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "research", "note": "study 12"}]}
    )

    kind: PurposeKind
    ground: Literal["", "medical", "safety"] = ""
    note: str = Field("", max_length=2000)


class PurposeOut(PurposeIn):
    """A declared purpose, and what it allows."""

    model_config = ConfigDict(extra="ignore")

    declared_by: str = ""
    declared_at: str = ""
    mode: Mode = Field(description="expressions, or action_units: nothing of expressions or states is told")


class ImageIn(BaseModel):
    """One picture as base64, with or without ``data:image/…;base64,`` before it."""

    name: str = Field("image", max_length=255)
    data: str = Field(description="base64", examples=["/9j/4AAQSkZJRgABAQ…"])


class ImagesIn(BaseModel):
    """Pictures as JSON."""

    model_config = ConfigDict(extra="forbid")

    images: list[ImageIn] = Field(min_length=1)
    mesh: bool = False
    purpose: PurposeIn | None = None


def face_out(observation: Observation, row: int, mode: Mode, mesh: bool = False) -> FaceOut:
    """Return face `row` of an observation as it goes over the wire.

    In mode "action_units" nothing of expression or state is in it. Numbers are rounded to what they mean; NaN is null.
    """
    face = face_of(observation, row)
    told = _expression(face.label, face.probabilities, face.confidence, face.valence, face.arousal)
    over_time = _indicators(observation, row)
    opinion = observation.opinions[row] if observation.opinions and mode == "expressions" else None
    if mode != "expressions":
        told, over_time = dict.fromkeys(told), None
    return FaceOut(
        id=face.id,
        box=[round(value, 2) for value in face.box],
        score=_share(face.score),
        presence=_share(face.presence),
        pose=PoseOut(pitch=number(face.pitch, 2), yaw=number(face.yaw, 2), roll=number(face.roll, 2)),
        **told,
        action_units={name: number(value, 2) for name, value in face.action_units.items()},
        letters={name: letter for name, letter in face.letters.items() if letter},
        asymmetry={name: number(value, 2) for name, value in face.asymmetry.items()},
        eye_openness=[number(value, 3) for value in face.eye_openness],
        gaze=[number(value, 2) for value in face.gaze],
        mesh=observation.measurements.meshes[row].astype(float).round(2).tolist() if mesh else None,
        indicators=over_time,
        second_opinion=opinion.as_json() if opinion is not None else None,
    )


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a model whole in itself, for bodies that FastAPI does not read and so does not list."""
    whole = model.model_json_schema()
    parts = whole.pop("$defs", {})

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return filled(parts[value["$ref"].rpartition("/")[2]])
        return {key: filled(one) for key, one in value.items()}

    return dict(filled(whole))


def number(value: float, digits: int) -> float | None:
    """Round a number; None where it is not finite."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None


def _expression(
    label: str, probabilities: dict[str, float], confidence: float, valence: float, arousal: float
) -> dict[str, Any]:
    return {
        "label": label,
        "resembles": max(FERPLUS, key=lambda name: probabilities[name]),
        "unsure": label == UNSURE,
        "confidence": _share(confidence),
        "probabilities": {name: _share(value) for name, value in probabilities.items()},
        "valence": number(valence, 4),
        "arousal": number(arousal, 4),
    }


def _indicators(observation: Observation, row: int) -> dict[str, float | None] | None:
    values = observation.indicators[row].tolist()
    known = {name: number(value, 3) for name, value in zip(INDICATOR_NAMES, values, strict=True)}
    return known if any(value is not None for value in known.values()) else None


def _share(value: float) -> float:
    return round(float(value), 5) + 0.0
