"""Errors as the server's clients see them: always ``{"error": {"code", "message"}}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Message, Scope, Send

from mimika.data import errors as known
from mimika.data.errors import InputError, MimikaError

_STATUS: dict[type[MimikaError], int] = {
    known.OptionError: 422,
    known.ShapeError: 422,
    known.InputTooLarge: 413,
    known.InputUnsupported: 415,
    known.InputMissing: 422,
    known.InputError: 422,
    known.OutputFull: 507,
    known.StoreMissing: 404,
    known.StoreUnreachable: 503,
    known.StoreBusy: 503,
}
_CODES = {
    400: "bad_request", 401: "token_missing", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    408: "too_slow", 413: "too_large", 415: "unsupported", 421: "wrong_host", 422: "invalid", 429: "too_many",
}  # fmt: skip


class ApiError(MimikaError):
    """A refusal with its HTTP status, a code for programs and a line for people.

    `headers` are sent with it, such as Retry-After.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.headers = status, code, dict(headers or {})


class Overloaded(ApiError):
    """More is asked for than can be answered now; `after_s` says when to come back."""

    def __init__(self, message: str, after_s: float = 1.0) -> None:
        seconds = max(1, round(after_s))
        super().__init__(429, "overloaded", message, {"Retry-After": str(seconds)})


class PurposeMissing(ApiError):
    """Nobody has declared yet what the analysis is for."""

    def __init__(self) -> None:
        super().__init__(
            409, "purpose_missing", "declare first what the analysis is for: PUT /v1/purpose, or on the page"
        )


class PurposeForbids(ApiError):
    """The declared purpose does not allow expressions to be read."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            403,
            "purpose_forbids",
            f"the declared purpose ({kind}) has no medical or safety ground: only action units, head pose and eyes are "
            "measured, and this answer would tell an expression",
        )


def code_of(error: MimikaError) -> str:
    """Return the code of an error: its class name with underscores, ``input_corrupt``."""
    if isinstance(error, ApiError):
        return error.code
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    return {"mimika_error": "failed", "option_error": "option_invalid", "shape_error": "shape_invalid"}.get(name, name)


def status_of(error: MimikaError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, ApiError):
        return error.status
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


def error_body(code: str, message: str) -> dict[str, Any]:
    """Return the body of an error answer."""
    return {"error": {"code": code, "message": message}}


def answer(error: MimikaError) -> JSONResponse:
    """Return the answer that tells an error; what went wrong inside of the server is not told."""
    status = status_of(error)
    headers = error.headers if isinstance(error, ApiError) else None
    message = str(error) if status < 500 or isinstance(error, ApiError) else "the server could not do this"
    return JSONResponse(error_body(code_of(error), message), status, headers)


def install(app: FastAPI) -> None:
    """Let every error of the application be answered in our shape."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, MimikaError)
        request.state.error = error
        return answer(error)

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "failed")
        return JSONResponse(error_body(code, str(error.detail)), error.status_code, error.headers)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return JSONResponse(error_body("invalid", _first(error)), 422)

    app.add_exception_handler(MimikaError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def input_error(kind: str, source: str, reason: str) -> InputError:
    """Return the input error of that class name; an unknown name gives InputCorrupt."""
    found = getattr(known, kind, known.InputCorrupt)
    fits = isinstance(found, type) and issubclass(found, InputError)
    return found(source, reason) if fits else known.InputCorrupt(source, reason)


def _first(error: RequestValidationError) -> str:
    """Say what is wrong with the first field, without repeating what was sent."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path"))
    message = str(first.get("msg", "is not valid")).replace("\n", " ")
    return f"{place}: {message}" if place else message


async def plain_answer(
    scope: Scope, send: Send, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> None:
    """Answer from outside of the application; a socket that is not open yet is closed."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": str(body["error"]["code"])})
        return

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    await JSONResponse(body, status, headers)(scope, nothing, send)
