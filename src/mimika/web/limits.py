"""How much and how often: token buckets for callers, and a watch over request bodies while they come in."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mimika.web.config import MIB, Limits
from mimika.web.errors import ApiError, Overloaded, error_body, plain_answer

_KEPT = 10_000
_SMALL = MIB
_PICTURES = ("/v1/images", "/detect_image", "/detect_frame", "/analyze")


class Buckets:
    """One token bucket a caller: `burst` at once, then `rate` a second; the 10,000 latest callers are remembered.

    Source: Turner, "New directions in communications (or which way to the information age?)", 1986 (leaky bucket).
    """

    def __init__(self, rate: float, burst: float, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._what, self._clock = rate, burst, what, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, key: str) -> None:
        """Raise unless there is something left, and take nothing.

        Raises:
            ApiError: 429 with Retry-After.
        """
        self._refuse(self._now(key)[0])

    def spend(self, key: str) -> None:
        """Take one.

        Raises:
            ApiError: 429 with Retry-After if nothing is left.
        """
        left, now = self._now(key)
        self._refuse(left)
        self._left[key] = (left - 1, now)
        self._left.move_to_end(key)
        if len(self._left) > _KEPT:
            self._left.popitem(last=False)

    def _now(self, key: str) -> tuple[float, float]:
        now = self._clock()
        left, then = self._left.get(key, (self._burst, now))
        return min(self._burst, left + (now - then) * self._rate), now

    def _refuse(self, left: float) -> None:
        if left < 1:
            wait = max(1, round((1 - left) / self._rate))
            raise ApiError(429, "too_many", f"too many {self._what}; wait a little", {"Retry-After": str(wait)})


class BodyGuard:
    """Refuses bodies that are too large, too slow, or too many at once, before and while they are read.

    Raises nothing: it answers 413, 408 or 429 itself, whatever the application made of the broken body.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch over one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = most_bytes(scope["path"], self._limits)
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if declared.isdigit() and int(declared) > most:
            await _refuse(scope, send, _too_large(most))
            return
        watch = _Watch(self, receive, send, most, scope)
        try:
            await self._app(scope, watch.receive, watch.send)
        except _Stopped:
            await watch.settle()
        finally:
            self.in_flight -= watch.counted


class _Stopped(Exception):
    """The body was given up."""


class _Watch:
    def __init__(self, guard: BodyGuard, receive: Receive, send: Send, most: int, scope: Scope) -> None:
        self._guard, self._receive, self._send, self._most, self._scope = guard, receive, send, most, scope
        self._limits = guard._limits
        self._began = time.monotonic()
        self._refusal: ApiError | None = None
        self._answered = self._complete = False
        self._received = self.counted = 0
        self._in_memory = most <= self._limits.request_bytes

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        if self._refusal is not None:
            raise _Stopped
        allowed = self._limits.body_s + self._received / self._limits.body_rate
        try:
            message = await asyncio.wait_for(self._receive(), allowed - (time.monotonic() - self._began))
        except TimeoutError:
            self._stop(ApiError(408, "too_slow", "the request came too slowly", {"Connection": "close"}))
        if message["type"] == "http.request":
            self._count(len(message.get("body", b"")))
            self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self._refusal is not None and not self._answered:
            await self.settle()
        elif self._refusal is None:
            self._answered = True
            await self._send(message)

    async def settle(self) -> None:
        if not self._answered:
            assert self._refusal is not None
            self._answered = True
            await _refuse(self._scope, self._send, self._refusal)

    def _count(self, size: int) -> None:
        self._received += size
        if self._in_memory:
            self.counted += size
            self._guard.in_flight += size
        if self._received > self._most:
            self._stop(_too_large(self._most))
        if self._in_memory and self._guard.in_flight > self._limits.in_flight_bytes:
            self._stop(Overloaded("too much is being sent at once; try again in a moment"))

    def _stop(self, refusal: ApiError) -> None:
        self._refusal = refusal
        raise _Stopped


def most_bytes(path: str, limits: Limits) -> int:
    """Return how many bytes a request to this path may bring."""
    if path == "/v1/videos":
        return limits.upload_bytes + _SMALL
    pictures = path in _PICTURES or path.endswith("/baseline")
    return limits.request_bytes if pictures else _SMALL


def _too_large(most: int) -> ApiError:
    return ApiError(413, "too_large", f"a request may have {most >> 20} MiB", {"Connection": "close"})


async def _refuse(scope: Scope, send: Send, error: ApiError) -> None:
    await plain_answer(scope, send, error.status, error_body(error.code, str(error)), error.headers)
