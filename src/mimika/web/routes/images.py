"""Photos: sent as files or as base64, answered with their faces."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Coroutine, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from mimika.data.errors import InputCorrupt, InputError
from mimika.web.errors import ApiError, code_of
from mimika.web.gate import mode_for, parsed
from mimika.web.photos import form_of, observed, safe_name
from mimika.web.schemas import ErrorBody, ErrorOut, ImageOut, ImagesIn, ImagesOut, Mode, PurposeIn, face_out, schema_of
from mimika.web.second import refined
from mimika.web.security import Caller, address_of, caller

router = APIRouter(tags=["images"])

M = TypeVar("M", bound=BaseModel)
Picture = tuple[str, bytes | InputError]
_AT_ONCE = 4
"""So many pictures of one request may be in memory, being measured or waiting for second opinions."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorOut, "description": text}
    for code, text in (
        (400, "the request cannot be read"),
        (401, "no token, or not a valid one"),
        (403, "not allowed"),
        (404, "there is none, or it belongs to somebody else"),
        (408, "the request came too slowly"),
        (409, "no purpose was declared"),
        (413, "too large"),
        (415, "not a kind that is understood"),
        (422, "a value is not valid"),
        (429, "too often, or the server is busy; see Retry-After"),
    )
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "JPEG, PNG, WebP, AVIF, GIF (its first picture), TIFF or BMP",
                        },
                        "mesh": {"type": "boolean", "default": False},
                        "purpose": {"type": "string", "description": "a purpose as JSON, for this request only"},
                    },
                }
            },
            "application/json": {
                "schema": schema_of(ImagesIn),
                "example": {"images": [{"name": "portrait.jpg", "data": "/9j/4AAQSkZJRgABAQ…"}], "mesh": False},
            },
        },
    }
}


@router.post("/images", response_model=ImagesOut, responses=REFUSALS, openapi_extra=_BODY, summary="Analyse photos")
async def images(request: Request, who: Annotated[Caller, Depends(caller("analyze"))]) -> ImagesOut:
    """Find the faces of each photo, measure them and say what their expressions resemble; nothing is kept.

    A photo that cannot be used has its own `error` and does not spoil the others.
    """
    pictures, mesh, purpose = await _sent(request)
    mode = await mode_for(request.app, who, purpose)
    told = _Told(request.app, mode, mesh, who.owner)
    with request.app.state.pool.admitted(who.token_id or address_of(request)):
        found = await _all([told.answer(name, data) for name, data in pictures])
    request.app.state.tally.add(who.owner, mode, len(found))
    return ImagesOut(mode=mode, images=found)


async def _all(answers: Sequence[Coroutine[Any, Any, ImageOut]]) -> list[ImageOut]:
    """Wait for all; where one raises, or nobody waits any more, the others end."""
    tasks = [asyncio.ensure_future(one) for one in answers]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


class _Told:
    """Answers the pictures of one request: one is measured while those before wait for second opinions."""

    def __init__(self, app: FastAPI, mode: Mode, mesh: bool, owner: str) -> None:
        self._app, self._mode, self._mesh, self._owner = app, mode, mesh, owner
        self._turn, self._room = asyncio.Lock(), asyncio.Semaphore(_AT_ONCE)

    async def answer(self, name: str, data: bytes | InputError) -> ImageOut:
        """Return what is found in one picture, or what is wrong with it."""
        try:
            if isinstance(data, InputError):
                raise data
            async with self._room:
                async with self._turn:
                    seen = await observed(self._app, data, name)
                observation = await refined(self._app, seen, self._mode, self._owner)
        except InputError as error:
            told = ErrorBody(code=code_of(error), message=str(error))
            return ImageOut(name=name, width=0, height=0, faces=[], error=told)
        faces = [face_out(observation, row, self._mode, self._mesh) for row in range(len(observation))]
        return ImageOut(name=name, width=observation.frame.width, height=observation.frame.height, faces=faces)


async def _sent(request: Request) -> tuple[Sequence[Picture], bool, PurposeIn | None]:
    """Return names and bytes of the pictures, whether meshes are wanted, and the purpose that came along."""
    most = request.app.state.config.limits.files
    if request.headers.get("content-type", "").lower().partition(";")[0].strip() == "application/json":
        body = await read_json(request, ImagesIn)
        _check_count(len(body.images), most)
        return (
            [(safe_name(one.name), unpacked(one.data, safe_name(one.name))) for one in body.images],
            body.mesh,
            body.purpose,
        )
    async with form_of(request, most) as form:
        files = [part for part in form.getlist("files") if isinstance(part, UploadFile)]
        _check_count(len(files), most)
        pictures = [(safe_name(part.filename), await part.read()) for part in files]
        return pictures, flag(form.get("mesh")), parsed(_text(form.get("purpose")))


async def read_json(request: Request, model: type[M]) -> M:
    """Read a JSON body.

    Raises:
        ApiError: 400 if it is not JSON, 422 if it does not fit.
    """
    try:
        # pydantic reads a large body several times faster than json does, and holds up the others less.
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise ApiError(400, "bad_request", "the body is not JSON") from error
        place = ".".join(map(str, first["loc"]))
        raise ApiError(422, "invalid", f"{place or 'body'}: {first['msg']}") from error


def unpacked(text: str, name: str) -> bytes | InputError:
    """Return the bytes behind base64, with or without a data address before it; or the error of this one picture."""
    packed = text.partition(";base64,")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(packed.split()), validate=True)
    except (binascii.Error, ValueError):
        return InputCorrupt(name, "is not base64")


def flag(value: Any) -> bool:
    """Read a yes or no of a form.

    Raises:
        ApiError: 422 for anything else.
    """
    known = {"": False, "false": False, "0": False, "no": False, "true": True, "1": True, "yes": True, "on": True}
    text = "" if value is None else str(value).lower() if isinstance(value, str) else "?"
    if text not in known:
        raise ApiError(422, "invalid", "mesh: expected true or false")
    return known[text]


def _check_count(count: int, most: int) -> None:
    if not count:
        raise ApiError(422, "invalid", "files: expected at least one picture")
    if count > most:
        raise ApiError(413, "too_large", f"a request may have {most} pictures, received {count}")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
