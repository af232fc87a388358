"""Jobs: how far the analysis of a video is, followed as it goes on, and cancelled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from mimika.data.errors import StoreMissing
from mimika.web.answers import JobOut, JobsOut, job_out
from mimika.web.errors import Overloaded
from mimika.web.routes.images import REFUSALS
from mimika.web.security import Caller, caller
from mimika.web.timelines import partial
from mimika.web.worker import tidy

router = APIRouter(tags=["jobs"], responses=REFUSALS)

Reader = Annotated[Caller, Depends(caller("read"))]
FOLLOWERS = 100
"""So many may follow jobs at once: each looks at the memory twice a second."""
_LOOK_S = 0.5
_HEARTBEAT_S = 10.0
_PARTIAL_S = 10.0
"""One message holds at most so many seconds of rows."""
_OVERLAY = ("frame", "time_s", "face_id", "box_x", "box_y", "box_w", "box_h", "label", "confidence", "origin")


@router.get("/jobs", response_model=JobsOut, summary="The newest jobs")
def jobs(request: Request, who: Reader, limit: Annotated[int, Query(ge=1, le=200)] = 100) -> JobsOut:
    """Return the newest jobs of this caller."""
    return JobsOut(jobs=[job_out(job) for job in request.app.state.store.jobs(who.owner, limit)])


@router.get("/jobs/{job}", response_model=JobOut, summary="One job")
def one(request: Request, job: str, who: Reader) -> JobOut:
    """Return how far a job is."""
    return job_out(request.app.state.store.job(who.owner, job))


@router.post("/jobs/{job}/cancel", response_model=JobOut, summary="Cancel a job")
def cancel(request: Request, job: str, who: Annotated[Caller, Depends(caller("analyze"))]) -> JobOut:
    """Stop the analysis of a video within a second or two; the rows that are there stay, the video goes."""
    store = request.app.state.store
    before = store.job(who.owner, job)
    after = store.cancel_job(who.owner, job)
    if not before.ended:
        store.note("job.cancel", who.owner, job)
        if before.status == "queued":
            tidy(store, after)
    return job_out(after)


@router.get(
    "/jobs/{job}/events", summary="Follow a job", response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "the events"}},
)  # fmt: skip
async def events(request: Request, job: str, who: Reader) -> StreamingResponse:
    """Give server-sent events: `progress` (the job), `partial` (new frames), `end` (the job), then nothing more.

    A client that comes back with `Last-Event-ID` gets what it missed.
    """
    await run_in_threadpool(request.app.state.store.job, who.owner, job)
    followers = _followers(request.app)
    if len(followers) >= FOLLOWERS:
        raise Overloaded(f"{FOLLOWERS} clients follow jobs already; ask for the job itself instead", 10.0)
    since = _number(request.headers.get("last-event-id", ""))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    follow = _follow(request.app, who.owner, job, since)
    return StreamingResponse(follow, media_type="text/event-stream", headers=headers)


def _followers(app: FastAPI) -> set[object]:
    """Return who follows jobs of this application now."""
    found: set[object] | None = getattr(app.state, "followers", None)
    if found is None:
        found = app.state.followers = set()
    return found


async def _follow(app: FastAPI, owner: str, job: str, since: float) -> AsyncIterator[str]:
    """Give the events while somebody listens."""
    followers, me = _followers(app), object()
    followers.add(me)
    try:
        async for event in _events(app, owner, job, since):
            yield event
    finally:
        followers.discard(me)


async def _events(app: FastAPI, owner: str, job: str, since: float) -> AsyncIterator[str]:
    """Look at the store twice a second; say something every ten seconds at least."""
    told, quiet = None, 0.0
    while True:
        try:
            now, piece, since, more = await run_in_threadpool(_news, app.state.store, owner, job, since)
        except StoreMissing:
            yield _event("end", {"id": job, "status": "cancelled", "error": "the recording was deleted"}, since)
            return
        if piece is not None:
            yield _event("partial", piece, since)
        if now != told:
            yield _event("progress", now.model_dump(), since)
            told, quiet = now, 0.0
        elif quiet >= _HEARTBEAT_S:
            yield ": still here\n\n"
            quiet = 0.0
        if more:
            continue
        if now.status in ("done", "failed", "cancelled"):
            yield _event("end", now.model_dump(), since)
            return
        await asyncio.sleep(_LOOK_S)
        quiet += _LOOK_S


def _news(store: Any, owner: str, job: str, since: float) -> tuple[JobOut, dict[str, Any] | None, float, bool]:
    """Return the job, the frames after `since` up to a piece's length, until when they go, and if there are more."""
    # The job is read first: rows that are there once it has ended are all there are.
    found = store.job(owner, job)
    last = store.last_time(owner, found.recording)
    if last is None or last <= since:
        return job_out(found), None, since, False
    start = since + 1e-6 if since >= 0 else 0.0
    end = start + _PARTIAL_S
    table = store.rows(owner, found.recording, start_s=start, end_s=end, columns=list(_OVERLAY))
    until = min(end - 1e-6, last)
    piece = None
    if table.num_rows:
        piece = partial(table, store.recording(owner, found.recording).mode) | {"until_s": until}
    return job_out(found), piece, until, until < last


def _event(name: str, value: dict[str, Any], since: float) -> str:
    return f"id: {since!r}\nevent: {name}\ndata: {json.dumps(value, separators=(',', ':'))}\n\n"


def _number(text: str) -> float:
    with suppress(ValueError):
        value = float(text)
        if -1.0 <= value < 1e9:
            return value
    return -1.0
