"""Videos: uploaded, kept only as long as they are analysed, and answered with a job."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from mimika.data.options import Options
from mimika.data.purpose import Purpose
from mimika.web.answers import UploadOut, job_out, recording_out
from mimika.web.choices import choice_of
from mimika.web.errors import ApiError, Overloaded
from mimika.web.gate import parsed, purpose_for
from mimika.web.photos import options_of
from mimika.web.routes.images import REFUSALS, flag
from mimika.web.security import Caller, caller
from mimika.web.uploads import Upload, receive

router = APIRouter(tags=["videos"])

WAITING = 100
"""So many videos of one owner may wait."""
SUFFIXES = {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".3gp"}
_FIELDS = {"name", "person", "notes", "keep_media", "retention_days", "options", "purpose"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "one video"},
                        "name": {"type": "string", "description": "instead of the file's own name"},
                        "person": {"type": "string", "description": "id of a profile"},
                        "notes": {"type": "string"},
                        "keep_media": {"type": "boolean", "description": "keep the video itself"},
                        "retention_days": {"type": "number", "description": "delete everything after so many days"},
                        "options": {
                            "type": "string",
                            "description": 'JSON, such as {"fps": 10, "smooth": "viterbi", "baseline": "auto"}',
                        },
                        "purpose": {"type": "string", "description": "a purpose as JSON, for this recording only"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/videos", status_code=202, response_model=UploadOut, responses=REFUSALS, openapi_extra=_BODY,
    summary="Analyse a video",
)  # fmt: skip
async def videos(request: Request, who: Annotated[Caller, Depends(caller("analyze"))]) -> UploadOut:
    """Take a video and analyse it in the background; the answer names the job and the recording it fills.

    The video itself is deleted at the end of its analysis unless `keep_media` is set.
    """
    app: FastAPI = request.app
    waiting = await run_in_threadpool(app.state.store.waiting, who.owner)
    if waiting >= WAITING:
        raise Overloaded(f"{waiting} videos are waiting already; try again when some are done", 60.0)
    folder = app.state.store.data_dir / "spool"
    upload = await receive(request, folder, app.state.config.limits.upload_bytes)
    try:
        if upload.path is None:
            raise ApiError(422, "invalid", "file: expected a video, received none")
        purpose = await purpose_for(app, who, parsed(upload.fields.get("purpose")))
        return await run_in_threadpool(_queue, app, who, upload, purpose)
    finally:
        upload.discard()


def _queue(app: FastAPI, who: Caller, upload: Upload, purpose: Purpose) -> UploadOut:
    """Make the recording and its job; the file moves into the recording's own folder."""
    store, fields = app.state.store, upload.fields
    strange = sorted(set(fields) - _FIELDS)
    if strange:
        raise ApiError(422, "invalid", f"{strange[0][:40]}: there is no such field")
    chosen = _json(fields.get("options"))
    base = options_of(app.state.config)
    choice = choice_of(chosen, base, live=False)
    person = fields.get("person") or None
    if choice.profile and (person is None or store.profile(who.owner, person).baseline is None):
        raise ApiError(422, "invalid", "options: baseline: profile needs a person whose profile has a baseline")
    keep = flag(fields["keep_media"]) if "keep_media" in fields else app.state.config.keep_media
    days = _days(fields.get("retention_days")) or app.state.config.retention_days
    recording = store.add_recording(
        who.owner,
        name=(fields.get("name") or upload.name)[:200],
        kind="video",
        mode=purpose.mode,
        purpose=purpose,
        person=person,
        notes=fields.get("notes", "")[:20_000],
        keep_media=keep,
        model=base.model,
        **({"retention_days": days} if days is not None else {}),
    )
    assert upload.path is not None
    suffix = PurePath(upload.name).suffix.lower()
    path: Path = store.folder(who.owner, recording.id) / f"upload{suffix if suffix in SUFFIXES else '.bin'}"
    upload.path.replace(path)
    if keep:
        recording = store.update_recording(who.owner, recording.id, media_path=str(path))
    limits = app.state.config.limits
    told = {"pixels": limits.pixels, "seconds": limits.seconds, "frames": limits.frames}
    job = store.add_job(
        who.owner, recording.id, str(path), {"choice": chosen, "limits": told, "base": _different(base)}
    )
    store.note("video.upload", who.owner, recording.id, bytes=path.stat().st_size, mode=recording.mode)
    if app.state.jobs is not None:
        app.state.jobs.wake()
    return UploadOut(job=job_out(job), recording=recording_out(recording))


def _different(options: Options) -> dict[str, Any]:
    """Return what the server itself decided beside the defaults."""
    plain = asdict(Options())
    return {name: value for name, value in asdict(options).items() if value != plain[name]}


def _json(text: str | None) -> dict[str, Any]:
    try:
        plain = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict):
        raise ApiError(422, "invalid", 'options: expected JSON like {"fps": 10}')
    return plain


def _days(text: str | None) -> float | None:
    if not text:
        return None
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 < days <= 36_500:
        raise ApiError(422, "invalid", "retention_days: expected more than 0 and at most 36500")
    return days
