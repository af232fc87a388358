"""Logs as JSON lines: what was asked and how it went, never images, names, tokens, addresses or query strings."""

from __future__ import annotations

import json
import logging
import time
import traceback
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mimika.data.errors import MimikaError
from mimika.web.errors import code_of, error_body, plain_answer
from mimika.web.metrics import Metrics

log = logging.getLogger("mimika.web")

_QUIET = ("/healthz", "/readyz", "/metrics", "/static/{path:path}")
_FRAMES = 8
UVICORN = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "mimika.web.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "mimika": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
"""The logging configuration of `mimika serve`."""


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event, and the fields given as ``extra={"fields": {…}}``.

    Of an exception its class and the places it came through are told, not its words: they may hold a file's name.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage() if not record.exc_info else str(record.msg).splitlines()[0],
        }
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [
                f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-_FRAMES:]
            ]
        return json.dumps(line, ensure_ascii=False)


class Observer:
    """The outermost layer: logs and counts every request, and answers 500 where the application broke."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, seen = time.perf_counter(), {"status": 0, "bytes": 0}

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            elif message["type"] == "http.response.body":
                seen["bytes"] += len(message.get("body", b""))
            await send(message)

        scope.setdefault("state", {})
        try:
            await self._app(scope, receive, watched)
        except Exception:
            log.exception("request failed", extra={"fields": {"route": _route(scope)}})
            if not seen["status"]:
                await plain_answer(scope, watched, 500, error_body("failed", "the server could not do this"))
        finally:
            self._tell(scope, seen["status"], seen["bytes"], time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        route, method = _route(scope), scope["method"]
        self._metrics.request(method, route, status, seconds)
        if route in _QUIET and status < 400:
            return
        fields = {
            "method": method if method.isalpha() and len(method) < 10 else "?",
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 1),
            "bytes": size,
        }
        caller, error = scope["state"].get("caller"), scope["state"].get("error")
        if caller is not None:
            fields["caller"] = caller.token_id or caller.owner
        if isinstance(error, MimikaError):
            fields["code"] = code_of(error)
        log.info("request", extra={"fields": fields})


def _route(scope: Scope) -> str:
    """Return the template of the route, ``/v1/recordings/{id}``, never the address that was asked for."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return "(none)"
    # A route knows its place within its router only, and all routers of the API lie under /v1.
    return f"/v1{path}" if scope["path"].startswith("/v1/") else path
