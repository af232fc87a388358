"""For whoever watches over the server: is it alive, can it work, what did it do."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from mimika.web.errors import ApiError
from mimika.web.schemas import ErrorOut
from mimika.web.security import caller, metered

router = APIRouter(tags=["health"])

_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": ErrorOut, "description": "the memory does not answer"}}


class Health(BaseModel):
    """All is well."""

    status: str = "ok"


@router.get("/healthz")
async def alive() -> Health:
    """Answer as long as the process answers at all."""
    return Health()


@router.get(
    "/readyz",
    dependencies=[Depends(metered)],
    responses={503: {"model": ErrorOut, "description": "the memory does not answer"}},
)
async def ready(request: Request) -> Health:
    """Answer once the networks are loaded and the memory answers."""
    try:
        await run_in_threadpool(request.app.state.store.purpose)
    except Exception as error:  # whatever the database says, the answer is the same
        raise ApiError(503, "not_ready", "the memory does not answer", {"Retry-After": "5"}) from error
    return Health()


@router.get("/metrics", dependencies=[Depends(caller("read"))], response_class=Response)
async def metrics(request: Request) -> Response:
    """Return counters in Prometheus's text format."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
