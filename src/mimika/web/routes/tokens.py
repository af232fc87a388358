"""Tokens over HTTP, for administrators: `mimika token` does the same on the machine itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from mimika.web.routes.images import REFUSALS
from mimika.web.schemas import ErrorOut
from mimika.web.security import Caller, caller

router = APIRouter(tags=["tokens"], responses=REFUSALS)

Admin = Annotated[Caller, Depends(caller("admin"))]


class TokenIn(BaseModel):
    """A token to be made."""

    name: str = Field(min_length=1, max_length=100, examples=["the lab's laptop"])
    scopes: list[Literal["read", "analyze", "admin"]] = Field(min_length=1)
    owner: str | None = Field(None, max_length=100, description="whose recordings it sees; the name, unless given")


class TokenOut(BaseModel):
    """A token without its secret."""

    id: str
    name: str
    owner: str
    scopes: list[str]
    created_at: str
    revoked_at: str | None


class TokenMade(BaseModel):
    """A new token; the secret is shown this once."""

    token: TokenOut
    secret: str


class TokensOut(BaseModel):
    """All tokens."""

    tokens: list[TokenOut]


@router.get("/tokens")
async def tokens(request: Request, who: Admin) -> TokensOut:
    """List the tokens; their secrets are not kept."""
    found: Any = await run_in_threadpool(request.app.state.store.tokens)
    return TokensOut(tokens=[TokenOut.model_validate(token.as_json()) for token in found])


@router.post("/tokens", status_code=201)
async def create(request: Request, body: TokenIn, who: Admin) -> TokenMade:
    """Make a token; its secret is in this answer and nowhere else."""
    store = request.app.state.store
    token, secret = await run_in_threadpool(store.create_token, body.name, set(body.scopes), body.owner)
    return TokenMade(token=TokenOut.model_validate(token.as_json()), secret=secret)


@router.delete("/tokens/{token_id}", status_code=204, responses={404: {"model": ErrorOut}})
async def revoke(request: Request, token_id: str, who: Admin) -> None:
    """Revoke a token at once."""
    await run_in_threadpool(request.app.state.store.revoke_token, token_id)
