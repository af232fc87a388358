"""The answers that clients of other tools expect; what they may ask for is decided here, not by them.

Source: the answers of the web demonstrations that `fer` users know (`/detect_image`, `/detect_frame`), and deepface's
REST service (`/analyze`).
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from mimika.compat.deepface import FaceNotDetected, answers, emotion_only
from mimika.compat.faces import shares, whole_boxes
from mimika.data.errors import InputError
from mimika.data.observation import Observation
from mimika.web.errors import ApiError
from mimika.web.gate import need_expressions
from mimika.web.photos import form_of, observed, safe_name
from mimika.web.routes.images import REFUSALS, read_json, unpacked
from mimika.web.schemas import schema_of
from mimika.web.security import Caller, address_of, caller

router = APIRouter(tags=["compat"], responses=REFUSALS)

Analyst = Annotated[Caller, Depends(caller("analyze"))]


class FoundOut(BaseModel):
    """One face: its box in whole pixels and one of seven names."""

    x: int
    y: int
    w: int
    h: int
    emotion: str = Field(examples=["Happy"])


class AnalyzeIn(BaseModel):
    """What deepface's clients send; what steers its detectors is taken and changes nothing."""

    img: str | None = Field(None, description="data:image/…;base64,…; paths and addresses are refused")
    img_path: str | None = Field(None, description="an older name of img")
    actions: list[str] | str = Field("emotion", description="emotion, and nothing else")
    enforce_detection: bool = True
    anti_spoofing: bool = False


class AnalyzeOut(BaseModel):
    """One dictionary a face, as `DeepFace.analyze` gives them."""

    results: list[dict[str, Any]]


def _file_body(field: str) -> dict[str, Any]:
    properties = {field: {"type": "string", "format": "binary", "description": "a photo"}}
    schema = {"type": "object", "required": [field], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


_ANALYZE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": schema_of(AnalyzeIn),
                "example": {"img": "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ…", "actions": ["emotion"]},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["img"],
                    "properties": {
                        "img": {"type": "string", "format": "binary"},
                        "actions": {"type": "string"},
                        "enforce_detection": {"type": "boolean"},
                    },
                }
            },
        },
    }
}


@router.post("/detect_image", openapi_extra=_file_body("image"), summary="Faces of a photo, in the short form")
async def detect_image(request: Request, who: Analyst) -> list[FoundOut]:
    """Return box and most likely expression of each face of the photo in the field `image`."""
    return await _detect(request, who, "image")


@router.post("/detect_frame", openapi_extra=_file_body("frame"), summary="Faces of a frame, in the short form")
async def detect_frame(request: Request, who: Analyst) -> list[FoundOut]:
    """Return box and most likely expression of each face of the picture in the field `frame`."""
    return await _detect(request, who, "frame")


@router.post("/analyze", response_model=AnalyzeOut, openapi_extra=_ANALYZE_BODY, summary="deepface's analyze")
async def analyze(request: Request, who: Analyst) -> AnalyzeOut:
    """Answer as deepface's REST service does, for expressions; the server never opens a path or an address."""
    await need_expressions(request.app, who)
    asked, picture, name = await _asked(request)
    emotion_only(asked.actions, asked.anti_spoofing)
    observation = await _observed(request, who, picture, name)
    try:
        return AnalyzeOut(results=answers(observation, asked.enforce_detection))
    except FaceNotDetected as error:
        raise ApiError(400, "face_not_detected", str(error)) from error


async def _detect(request: Request, who: Caller, field: str) -> list[FoundOut]:
    await need_expressions(request.app, who)
    async with form_of(request, 1) as form:
        name, picture = await _picture(form.get(field), field)
    observation = await _observed(request, who, picture, name)
    named = [max(share, key=lambda label: share[label]).capitalize() for share in shares(observation)]
    boxes = whole_boxes(observation)
    return [FoundOut(x=x, y=y, w=w, h=h, emotion=label) for (x, y, w, h), label in zip(boxes, named, strict=True)]


async def _observed(request: Request, who: Caller, picture: bytes | InputError, name: str) -> Observation:
    if isinstance(picture, InputError):
        raise picture
    with request.app.state.pool.admitted(who.token_id or address_of(request)):
        found = await observed(request.app, picture, name)
    request.app.state.tally.add(who.owner, "expressions", 1)
    return found


async def _asked(request: Request) -> tuple[AnalyzeIn, bytes | InputError, str]:
    """Return what deepface's client asks for, its picture and the picture's name."""
    if request.headers.get("content-type", "").lower().partition(";")[0].strip() == "application/json":
        asked = await read_json(request, AnalyzeIn)
        name, picture = await _picture(asked.img or asked.img_path, "img")
        return asked, picture, name
    async with form_of(request, 1) as form:
        name, picture = await _picture(form.get("img") or form.get("img_path"), "img")
        fields = {key: form[key] for key in ("actions", "enforce_detection", "anti_spoofing") if key in form}
    return _from_form(fields), picture, name


def _from_form(fields: dict[str, Any]) -> AnalyzeIn:
    text = str(fields.get("actions", "emotion"))
    try:
        actions = json.loads(text) if text.startswith("[") else text
        return AnalyzeIn.model_validate(fields | {"actions": actions})
    except ValueError as error:
        raise ApiError(422, "invalid", "actions, enforce_detection, anti_spoofing: not what deepface takes") from error


async def _picture(value: Any, field: str) -> tuple[str, bytes | InputError]:
    """Return name and bytes of a picture that was sent as a file or as base64.

    Raises:
        ApiError: 422 if nothing was sent, or a path or an address.
    """
    if isinstance(value, UploadFile):
        return safe_name(value.filename), await value.read()
    if not isinstance(value, str) or not value:
        raise ApiError(422, "invalid", f"{field}: expected a picture")
    if not (value.startswith("data:image/") and ";base64," in value[:100]):
        raise ApiError(
            422,
            "path_refused",
            f"{field}: the server opens no paths or addresses; send a file or data:image/…;base64,…",
        )
    return "image", unpacked(value, "image")
