"""The page's session: a token in a cookie that scripts cannot read and other sites cannot use."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from mimika.web.errors import ApiError
from mimika.web.routes.images import REFUSALS
from mimika.web.security import COOKIE, Caller, caller, caller_of, metered, origin_allowed

router = APIRouter(tags=["session"], responses=REFUSALS)

_WEEK_S = 7 * 24 * 3600


class SessionIn(BaseModel):
    """The token that `mimika token create` showed."""

    token: str = Field(max_length=200, examples=["mk_…"])


class SessionOut(BaseModel):
    """What this caller may do."""

    owner: str
    scopes: list[str]


@router.post("/session", dependencies=[Depends(metered)])
async def begin(request: Request, response: Response, body: SessionIn) -> SessionOut:
    """Begin a session: the token becomes a cookie for a week. Writes with it need the header ``X-Mimika: 1``."""
    if not origin_allowed(request.headers, request.app.state.config):
        raise ApiError(403, "cross_site", "a page of another site may not ask for this")
    who = await caller_of(request, body.token)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, body.token, _WEEK_S, httponly=True, samesite="strict", secure=secure)
    return SessionOut(owner=who.owner, scopes=sorted(who.scopes))


@router.get("/session")
async def read(who: Annotated[Caller, Depends(caller("read"))]) -> SessionOut:
    """Return who is asking and what they may do."""
    return SessionOut(owner=who.owner, scopes=sorted(who.scopes))


@router.delete("/session", status_code=204)
async def end(response: Response) -> None:
    """End the session in this browser; the token itself stays valid."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
