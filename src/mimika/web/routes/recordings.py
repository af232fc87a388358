"""Recordings: found again, looked at, exported, changed, deleted."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from mimika.data.labels import LANGUAGES
from mimika.web.answers import RecordingChange, RecordingOut, RecordingsOut, recording_out
from mimika.web.errors import ApiError
from mimika.web.exports import FORMATS, Export, export
from mimika.web.findings import findings_out, opinion_out
from mimika.web.routes.images import REFUSALS
from mimika.web.security import Caller, caller
from mimika.web.timelines import frames, timeline

router = APIRouter(tags=["recordings"], responses={**REFUSALS, 404: REFUSALS[422] | {"description": "there is none"}})

Reader = Annotated[Caller, Depends(caller("read"))]
Writer = Annotated[Caller, Depends(caller("analyze"))]
Seconds = Annotated[float, Query(ge=0, le=1e7, allow_inf_nan=False)]
_LONGEST = 1e7
_PAGE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
"""A report is one page with all in it; it runs nothing and loads nothing."""


@router.get("/recordings", response_model=RecordingsOut, summary="Find recordings")
def find(
    request: Request,
    who: Reader,
    since: datetime | None = None,
    until: datetime | None = None,
    person: Annotated[str | None, Query(max_length=64)] = None,
    label: Annotated[str | None, Query(max_length=64)] = None,
    kind: Literal["video", "live", "photo"] | None = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> RecordingsOut:
    """Return the newest recordings that fit all that is given; `label` is one that at least one row resembles."""
    found, following = request.app.state.store.recordings(
        who.owner, since=_utc(since), until=_utc(until), person=person, label=label, kind=kind, text=text,
        limit=limit, after=after,
    )  # fmt: skip
    return RecordingsOut(recordings=[recording_out(each) for each in found], next=following)


@router.get("/recordings/{recording}", response_model=RecordingOut, summary="One recording")
def one(request: Request, recording: str, who: Reader) -> RecordingOut:
    """Return a recording with its summary."""
    return recording_out(request.app.state.store.recording(who.owner, recording))


@router.patch("/recordings/{recording}", response_model=RecordingOut, summary="Change a recording")
def change(request: Request, recording: str, change: RecordingChange, who: Writer) -> RecordingOut:
    """Change name, notes, person or how long it is kept; what is not named stays."""
    given = change.model_dump(include=change.model_fields_set)
    for name in ("name", "notes"):
        if name in given and given[name] is None:
            raise ApiError(422, "invalid", f"{name}: expected a text, received null")
    return recording_out(request.app.state.store.update_recording(who.owner, recording, **given))


@router.delete("/recordings/{recording}", status_code=204, summary="Delete a recording")
def delete(request: Request, recording: str, who: Writer) -> Response:
    """Delete a recording with its rows, episodes, events, job and files; a running analysis of it stops."""
    request.app.state.store.delete_recording(who.owner, recording)
    return Response(status_code=204)


@router.get(
    "/recordings/{recording}/frames", summary="Frames for the overlay", response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}, "description": "times, and the faces at each"}},
)  # fmt: skip
def frames_of(
    request: Request, recording: str, who: Reader, start: Seconds = 0.0, end: Seconds = _LONGEST, mesh: bool = False
) -> StreamingResponse:
    """Return `{"time_s": […], "faces": [[{"id", "box", "label", "confidence", "origin"?, "mesh"?}]]}`.

    Of start <= time < end; `origin` where a second opinion is mixed into the label.
    """
    store = request.app.state.store
    found = store.recording(who.owner, recording)
    return _streamed(frames(store, found, start, end, mesh))


@router.get("/recordings/{recording}/timeline", summary="Lines to be drawn")
def timeline_of(
    request: Request,
    recording: str,
    who: Reader,
    start: Seconds = 0.0,
    end: Seconds = _LONGEST,
    points: Annotated[int, Query(ge=2, le=20_000)] = 1500,
) -> Response:
    """Return what each face did, thinned to `points`: means, but the largest action units and smallest openness."""
    store = request.app.state.store
    found = store.recording(who.owner, recording)
    return _json(timeline(store, found, start, end, points))


@router.get("/recordings/{recording}/episodes", summary="Episodes")
def episodes(request: Request, recording: str, who: Reader) -> Response:
    """Return episodes (expressions, action units, micro-expressions, states), transitions and mixed expressions."""
    return _json(findings_out(request.app.state.store.findings(who.owner, recording)))


@router.get("/recordings/{recording}/events", summary="Events")
def events(request: Request, recording: str, who: Reader) -> Response:
    """Return what the rules told."""
    store = request.app.state.store
    return _json({"events": [event.as_json() for event in store.events(who.owner, recording)]})


@router.get("/recordings/{recording}/opinions", summary="Second opinions")
def opinions(request: Request, recording: str, who: Reader) -> Response:
    """Return what a cloud model was asked about single faces, and what it and this machine alone said of each."""
    found = request.app.state.store.opinions(who.owner, recording)
    return _json({"opinions": [opinion_out(one) for one in found]})


@router.get("/recordings/{recording}/summary", summary="Summary")
def summary(request: Request, recording: str, who: Reader) -> Response:
    """Return a few numbers of each face."""
    return _json(request.app.state.store.recording(who.owner, recording).summary)


@router.get(
    "/recordings/{recording}/export", summary="Export", response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the file"}},
)  # fmt: skip
def export_of(
    request: Request,
    recording: str,
    who: Reader,
    format: Annotated[str, Query(max_length=40, description=", ".join(FORMATS))] = "csv",
    language: Literal["en", "ru", "uk", "kk"] = LANGUAGES[0],  # type: ignore[assignment]
) -> StreamingResponse:
    """Return the recording as a file in one of mimika's formats or another tool's."""
    if format not in FORMATS:
        raise ApiError(422, "option_invalid", f"format: expected one of {', '.join(FORMATS)}")
    store = request.app.state.store
    found = export(store, store.recording(who.owner, recording), format, language)
    store.note("recording.export", who.owner, recording, format=format)
    return _file(found, "attachment")


@router.get(
    "/recordings/{recording}/report", summary="Report", response_class=StreamingResponse,
    responses={200: {"content": {"text/html": {}}, "description": "one page, complete in itself"}},
)  # fmt: skip
def report(request: Request, recording: str, who: Reader) -> StreamingResponse:
    """Return a page about the recording, to be read, printed or sent; faces are drawn by their outlines."""
    store = request.app.state.store
    found = export(store, store.recording(who.owner, recording), "report")
    answer = _file(found, "inline")
    answer.headers["Content-Security-Policy"] = _PAGE
    return answer


@router.get("/recordings/{recording}/media", summary="The video itself", response_class=FileResponse)
def media(request: Request, recording: str, who: Reader) -> FileResponse:
    """Return the uploaded video, if it was to be kept; parts of it on request (Range)."""
    path = request.app.state.store.recording(who.owner, recording).media_path
    if path is None or not Path(path).is_file():
        raise ApiError(404, "not_found", "the video itself was not kept")
    kind = mimetypes.guess_type(path)[0] or ""
    return FileResponse(path, media_type=kind if kind.startswith("video/") else "application/octet-stream")


def _file(found: Export, disposition: str) -> StreamingResponse:
    name = found.name.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_").replace("?", "_")
    answer = StreamingResponse(found.pieces, media_type=found.media_type)
    answer.headers["Content-Disposition"] = (
        f"{disposition}; filename=\"{name}\"; filename*=UTF-8''{_quoted(found.name)}"
    )
    return answer


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _streamed(pieces: Iterator[str]) -> StreamingResponse:
    return StreamingResponse(pieces, media_type="application/json")


def _json(value: Any) -> Response:
    """Return plain values as they are; checking ten thousand numbers against a model would take seconds."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text, media_type="application/json")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
