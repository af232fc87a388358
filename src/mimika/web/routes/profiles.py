"""Profiles: persons who are followed over several recordings, each with a neutral face of their own."""

from __future__ import annotations

import shutil
import warnings
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.datastructures import UploadFile

from mimika.data.baseline import Baseline
from mimika.data.errors import InputMissing
from mimika.data.options import Options
from mimika.stages.measure.action_units import ActionUnits
from mimika.stages.timeline.baseline import of_photo
from mimika.web.answers import ProfileChange, ProfileIn, ProfileOut, ProfilesOut, SpanIn, profile_out
from mimika.web.errors import ApiError
from mimika.web.exports import pieces_of, scratch
from mimika.web.gate import purpose_for
from mimika.web.photos import form_of, observed, safe_name
from mimika.web.routes.images import REFUSALS, read_json
from mimika.web.security import Caller, caller
from mimika.web.series import EYES, MESH, PROBABILITIES, matrix, meshes_of, with_faces

router = APIRouter(tags=["profiles"], responses={**REFUSALS, 404: REFUSALS[422] | {"description": "there is none"}})

Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("analyze"))]
_FEWEST = 5
_LONGEST_S = 600.0
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary", "description": "a photo"}},
                }
            },
            "application/json": {"schema": SpanIn.model_json_schema(ref_template="#/components/schemas/{model}")},
        },
    }
}


@router.get("/profiles", response_model=ProfilesOut, summary="All profiles")
def profiles(request: Request, who: Reader) -> ProfilesOut:
    """Return all profiles by name."""
    return ProfilesOut(profiles=[profile_out(each) for each in request.app.state.store.profiles(who.owner)])


@router.post("/profiles", response_model=ProfileOut, status_code=201, summary="A new profile")
def add(request: Request, profile: ProfileIn, who: Writer) -> ProfileOut:
    """Remember a person."""
    return profile_out(request.app.state.store.add_profile(who.owner, profile.name, profile.notes))


@router.get("/profiles/{profile}", response_model=ProfileOut, summary="One profile")
def one(request: Request, profile: str, who: Reader) -> ProfileOut:
    """Return a profile."""
    return profile_out(request.app.state.store.profile(who.owner, profile))


@router.patch("/profiles/{profile}", response_model=ProfileOut, summary="Change a profile")
def change(request: Request, profile: str, change: ProfileChange, who: Writer) -> ProfileOut:
    """Change name or notes; what is not named stays."""
    given = {name: value for name, value in change.model_dump().items() if value is not None}
    return profile_out(request.app.state.store.update_profile(who.owner, profile, **given))


@router.delete("/profiles/{profile}", status_code=204, summary="Delete a profile")
def delete(request: Request, profile: str, who: Writer, recordings: bool = False) -> Response:
    """Delete a person; with `recordings` all recordings of the person too."""
    request.app.state.store.delete_profile(who.owner, profile, recordings=recordings)
    return Response(status_code=204)


@router.put(
    "/profiles/{profile}/baseline", response_model=ProfileOut, openapi_extra=_BODY, summary="The neutral face"
)  # fmt: skip
async def baseline(request: Request, profile: str, who: Writer) -> ProfileOut:
    """Save how this person looks when the face does nothing: from a photo, or from a stretch of a recording."""
    app: FastAPI = request.app
    await run_in_threadpool(app.state.store.profile, who.owner, profile)
    await purpose_for(app, who)
    if request.headers.get("content-type", "").lower().partition(";")[0].strip() == "application/json":
        span = await read_json(request, SpanIn)
        found = await run_in_threadpool(_of_span, app, who.owner, span)
    else:
        found = await _of_picture(request)
    return profile_out(await run_in_threadpool(app.state.store.update_profile, who.owner, profile, baseline=found))


@router.delete("/profiles/{profile}/baseline", response_model=ProfileOut, summary="Forget the neutral face")
def forget(request: Request, profile: str, who: Writer) -> ProfileOut:
    """Take the neutral face away."""
    return profile_out(request.app.state.store.update_profile(who.owner, profile, baseline=None))


@router.get(
    "/profiles/{profile}/export", summary="Everything on one person", response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "a zip file"}},
)  # fmt: skip
def export(request: Request, profile: str, who: Reader) -> StreamingResponse:
    """Return everything that is kept on one person, as a zip file."""
    store = request.app.state.store
    store.profile(who.owner, profile)
    folder = scratch(store)
    try:
        store.export_person(who.owner, profile, folder / "person.zip")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    headers = {"Content-Disposition": f'attachment; filename="person-{profile}.zip"'}
    return StreamingResponse(pieces_of(folder / "person.zip"), media_type="application/zip", headers=headers)


async def _of_picture(request: Request) -> Baseline:
    async with form_of(request, 1) as form:
        part = form.get("file")
        if not isinstance(part, UploadFile):
            raise ApiError(422, "invalid", "file: expected one photo")
        name, data = safe_name(part.filename), await part.read()
    with request.app.state.pool.admitted():
        observation = await observed(request.app, data, name)
    return of_photo(observation, ActionUnits(Options()))


def _of_span(app: FastAPI, owner: str, span: SpanIn) -> Baseline:
    """Return the median of what a face looked like in a stretch of a recording."""
    store = app.state.store
    if not 0 < span.end_s - span.start_s <= _LONGEST_S:
        raise ApiError(422, "invalid", f"end_s: expected up to {_LONGEST_S:g} s more than start_s")
    recording = store.recording(owner, span.recording)
    columns = ["frame", "time_s", "face_id", "box_x", "box_y", "box_w", "box_h", "pitch", "yaw", "roll"]
    columns += [*EYES, *PROBABILITIES, MESH]
    table = with_faces(
        store.rows(owner, span.recording, start_s=span.start_s, end_s=span.end_s, face=span.face, columns=columns)
    )
    if not table.num_rows:
        raise InputMissing(recording.name, "shows no face in this time")
    if len(set(table.column("face_id").to_pylist())) > 1:
        raise ApiError(422, "invalid", "face: there are several faces in this time; say which")
    if MESH not in table.column_names or table.column(MESH).null_count:
        raise ApiError(409, "mesh_missing", "a neutral face needs meshes, and this recording was kept without them")
    if table.num_rows < _FEWEST:
        raise InputMissing(recording.name, f"shows the face in {table.num_rows} frames of this time; 5 are needed")
    angles = matrix(table, ("pitch", "yaw", "roll")).astype(np.float32)
    shapes = ActionUnits(Options()).neutral_shape(meshes_of(table), angles)
    rest = np.nan_to_num(matrix(table, PROBABILITIES).mean(axis=0))
    with warnings.catch_warnings():
        # Eyes that were never measured are NaN in a baseline.
        warnings.simplefilter("ignore", RuntimeWarning)
        eyes = np.nanmedian(matrix(table, EYES), axis=0)
    return Baseline(
        np.median(shapes, axis=0).astype(np.float32),
        eyes.astype(np.float32),
        (rest if rest.sum() > 0 else np.eye(1, len(PROBABILITIES))[0]).astype(np.float32),
        "first",
        table.num_rows,
        0.0,
        source=recording.name,
    )
