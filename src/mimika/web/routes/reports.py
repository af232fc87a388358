"""Reports over many recordings, and the audit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from mimika.web.routes.images import REFUSALS
from mimika.web.security import Caller, caller

router = APIRouter(tags=["reports"], responses=REFUSALS)

Month = Annotated[str | None, Query(pattern=r"^(19[7-9]\d|[2-8]\d{3})-(0[1-9]|1[0-2])$", examples=["2026-11"])]


@router.get("/reports/monthly", summary="A month of recordings")
def monthly(request: Request, who: Annotated[Caller, Depends(caller("read"))], month: Month = None) -> Response:
    """Return what this caller recorded in a month of UTC, this one by default: sums by day, kind, person, label."""
    chosen = month or datetime.now(UTC).strftime("%Y-%m")
    found = request.app.state.store.monthly_report(who.owner, int(chosen[:4]), int(chosen[5:]))
    return Response(json.dumps(found, ensure_ascii=False), media_type="application/json")


@router.get("/audit", summary="Who did what")
def audit(
    request: Request,
    who: Annotated[Caller, Depends(caller("admin"))],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int | None, Query(ge=0, le=1 << 62)] = None,
) -> Response:
    """Return the newest entries of the audit, which can only grow; `after` goes on with those before an id."""
    entries = request.app.state.store.audit(limit, after)
    return Response(json.dumps({"entries": [each.as_json() for each in entries]}), media_type="application/json")
