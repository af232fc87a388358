"""What may be told at all: the purpose that was declared decides."""

from __future__ import annotations

import json
from typing import cast

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from mimika.data.purpose import Purpose
from mimika.web.errors import ApiError, PurposeForbids, PurposeMissing
from mimika.web.schemas import Mode, PurposeIn, PurposeOut
from mimika.web.security import Caller


async def purpose_for(app: FastAPI, who: Caller, given: PurposeIn | None = None) -> Purpose:
    """Return the purpose that holds: the one given with this request, which is noted, or the installation's.

    Raises:
        PurposeMissing: if there is none.
        ApiError: 422 if the given one cannot be used.
    """
    if given is not None:
        purpose = declared(given, who)
        await run_in_threadpool(
            app.state.store.note,
            "purpose.given",
            who.owner,
            kind=purpose.kind,
            ground=purpose.ground,
        )
        return purpose
    known = cast("Purpose | None", await run_in_threadpool(app.state.store.purpose))
    if known is None:
        raise PurposeMissing
    return known


async def mode_for(app: FastAPI, who: Caller, given: PurposeIn | None = None) -> Mode:
    """Return what the purpose allows: "expressions" or "action_units".

    Raises:
        PurposeMissing: if no purpose was declared.
    """
    return mode_of(await purpose_for(app, who, given))


async def need_expressions(app: FastAPI, who: Caller) -> None:
    """Let pass only where expressions may be told.

    Raises:
        PurposeMissing, PurposeForbids: with the reason.
    """
    purpose = await purpose_for(app, who)
    if mode_of(purpose) != "expressions":
        raise PurposeForbids(purpose.kind)


def mode_of(purpose: Purpose) -> Mode:
    """Return what a purpose allows."""
    return cast("Mode", purpose.mode)


def declared(given: PurposeIn, who: Caller) -> Purpose:
    """Return a purpose declared now by this caller.

    Raises:
        OptionError: if it is not a purpose.
    """
    return Purpose(given.kind, ground=given.ground, note=given.note, declared_by=who.owner)


def parsed(text: str | None) -> PurposeIn | None:
    """Read a purpose from the JSON text of a form field; nothing and "" give None.

    Raises:
        ApiError: 422 if it is not one.
    """
    if not text:
        return None
    try:
        return PurposeIn.model_validate(json.loads(text))
    except (ValidationError, ValueError, RecursionError) as error:
        raise ApiError(422, "invalid", 'purpose: expected JSON like {"kind": "research"}') from error


def purpose_out(purpose: Purpose) -> PurposeOut:
    """Return a purpose as it goes over the wire."""
    return PurposeOut(
        kind=purpose.kind,  # type: ignore[arg-type]
        ground=purpose.ground,  # type: ignore[arg-type]
        note=purpose.note,
        declared_by=purpose.declared_by,
        declared_at=purpose.declared_at,
        mode=mode_of(purpose),
    )
