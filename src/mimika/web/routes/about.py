"""What this server is: its networks, vocabularies and limits."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from mimika._version import __version__
from mimika.data.labels import ACTION_UNITS, FERPLUS, LANGUAGES, SIDED_UNITS
from mimika.engine import registry
from mimika.web.gate import mode_of
from mimika.web.schemas import Mode
from mimika.web.security import metered

router = APIRouter(tags=["about"])


class ModelOut(BaseModel):
    """One network, as its card says."""

    name: str
    version: str
    architecture: str
    sha256: str
    licence: str
    bytes: int
    parameters: int
    scores: dict[str, Any]


class AboutOut(BaseModel):
    """What this server is and allows."""

    version: str = Field(examples=["0.5.0"])
    languages: list[str]
    models: list[ModelOut]
    labels: list[str]
    action_units: list[str]
    sided_units: list[str]
    limits: dict[str, float]
    mode: Mode | None = Field(description="what the declared purpose allows; null before one was declared")
    token_required: bool
    cloud: bool = Field(description="whether a second opinion from outside can be asked for")


@router.get("/about", dependencies=[Depends(metered)])
async def about(request: Request) -> AboutOut:
    """Return version, networks, vocabularies and limits; needs no token."""
    state = request.app.state
    purpose = await run_in_threadpool(state.store.purpose)
    return AboutOut(
        version=__version__,
        languages=list(LANGUAGES),
        models=list(_models()),
        labels=list(FERPLUS),
        action_units=list(ACTION_UNITS),
        sided_units=list(SIDED_UNITS),
        limits=asdict(state.config.limits),
        mode=mode_of(purpose) if purpose is not None else None,
        token_required=state.config.tokens_required,
        cloud=bool(getattr(state, "cloud", None)),
    )


@lru_cache(maxsize=1)
def _models() -> tuple[ModelOut, ...]:
    cards = (registry.card(name) for name in registry.names())
    return tuple(
        ModelOut.model_validate({name: getattr(card, name) for name in ModelOut.model_fields}) for card in cards
    )
