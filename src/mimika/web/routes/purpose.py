"""What the analysis is for: declared once for the installation, and changed as openly."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from mimika.web.errors import ApiError
from mimika.web.gate import declared, purpose_out
from mimika.web.routes.images import REFUSALS
from mimika.web.schemas import ErrorOut, PurposeIn, PurposeOut
from mimika.web.security import Caller, caller

router = APIRouter(tags=["purpose"], responses=REFUSALS)


@router.get("/purpose", responses={404: {"model": ErrorOut, "description": "none was declared yet"}})
async def read(request: Request, who: Annotated[Caller, Depends(caller("read"))]) -> PurposeOut:
    """Return the purpose that was declared last, and what it allows."""
    known = await run_in_threadpool(request.app.state.store.purpose)
    if known is None:
        raise ApiError(404, "purpose_missing", "no purpose was declared yet")
    return purpose_out(known)


@router.put("/purpose")
async def declare(request: Request, body: PurposeIn, who: Annotated[Caller, Depends(caller("admin"))]) -> PurposeOut:
    """Declare what the analysis is for; it holds until another is declared, and stands in the audit log.

    Workplace and education allow expressions to be read only on a medical or safety ground, with a note that says
    which (EU AI Act, article 5(1)(f)); else action units, head pose and eyes are told and nothing more.
    """
    purpose = declared(body, who)
    await run_in_threadpool(request.app.state.store.declare, purpose)
    return purpose_out(purpose)
