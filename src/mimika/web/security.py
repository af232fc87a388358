"""Who may ask: tokens, the session of the page, and pages of other origins kept out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mimika.web.config import ServerConfig
from mimika.web.errors import ApiError, error_body, plain_answer

SCOPES = frozenset({"read", "analyze", "admin"})
COOKIE = "mimika_session"
LOCAL = "local"
"""The owner of everything that is done on this machine without a token."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
_SAFE = ("GET", "HEAD", "OPTIONS")
_SLOW_S = 0.25
_bearer = HTTPBearer(auto_error=False, description="`mimika token create` gives one; not needed on this machine alone.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `owner` of what is stored, `scopes` of "read", "analyze", "admin"; `token_id` is None on loopback."""

    owner: str
    scopes: frozenset[str]
    token_id: str | None = None

    def may(self, scope: str) -> bool:
        """Whether this caller may do what needs `scope`; admin may do everything."""
        return scope in self.scopes or "admin" in self.scopes


def caller(scope: str) -> Callable[..., Awaitable[Caller]]:
    """Return a dependency that lets in who may do what needs `scope`, and gives the `Caller`.

    Raises (as answers):
        ApiError: 401 token_missing or token_invalid, 403 scope_missing or cross_site, 429 too_many.
    """

    async def let_in(
        request: Request, _shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None
    ) -> Caller:
        _refuse_cross_site(request)
        who = await caller_of(request)
        request.state.caller = who
        if not who.may(scope):
            raise ApiError(403, "scope_missing", f"the token lacks the scope {scope!r}")
        request.app.state.rates.spend(who.token_id or address_of(request))
        return who

    return let_in


async def metered(request: Request) -> None:
    """Bound how often an open route is asked from one address; a dependency.

    Raises (as answers):
        ApiError: 429 too_many.
    """
    request.app.state.rates.spend(address_of(request))


async def caller_of(connection: HTTPConnection, token: str | None = None) -> Caller:
    """Return who is at the other end of a request or socket.

    `token` is one that came in another way than the headers, such as a socket's first message.

    Raises:
        ApiError: 401 without a valid token where one is needed, 429 after too many wrong ones.
    """
    app: FastAPI = connection.app
    config: ServerConfig = app.state.config
    secret = token or _shown_token(connection)
    if secret is None:
        if config.tokens_required:
            raise ApiError(
                401, "token_missing", "show a token: Authorization: Bearer mk_…", {"WWW-Authenticate": "Bearer"}
            )
        return Caller(LOCAL, SCOPES)
    address = address_of(connection)
    app.state.guesses.check(address)
    known = await run_in_threadpool(_known, app, secret)
    if known is None:
        app.state.guesses.spend(address)
        await asyncio.sleep(_SLOW_S)
        raise ApiError(401, "token_invalid", "this token is not known or was revoked", {"WWW-Authenticate": "Bearer"})
    return known


def origin_allowed(headers: Mapping[str, str], config: ServerConfig) -> bool:
    """Whether a request or socket comes from our own page, from an origin allowed by name, or from no page at all."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    if origin in config.origins:
        return True
    return origin != "null" and urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""


def address_of(connection: HTTPConnection) -> str:
    """Return the address of the other end; IPv6 by its /64, which one person has to themselves."""
    host = connection.client.host if connection.client else "unknown"
    return ":".join(host.split(":")[:4]) if host.count(":") > 3 else host


class Guard:
    """Lets in only requests for our own name, and adds the secure headers to every answer.

    A page of another site whose name was made to point to this machine (DNS rebinding) sends its own name as Host. And
    without tokens nothing is answered that a proxy passed on: behind it could be anybody.
    """

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self._app, self._names, self._direct = app, config.host_names, not config.tokens_required

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check and pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in given]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        refusal = ""
        if self._names and _host_name(scope) not in self._names:
            refusal = "this server is not known under that name; start it with --name to add one"
        elif self._direct and any(name in _FORWARDED for name, _ in scope["headers"]):
            refusal = "this came through a proxy, and the server asks nobody for a token; start it with --name"
        if refusal:
            sending = sealed if scope["type"] == "http" else send
            await plain_answer(scope, sending, 421, error_body("wrong_host", refusal))
            return
        await self._app(scope, receive, sealed if scope["type"] == "http" else send)


def _shown_token(connection: HTTPConnection) -> str | None:
    shown = connection.headers.get("authorization", "")
    kind, _, secret = shown.partition(" ")
    if kind.lower() == "bearer":
        return secret.strip()
    return connection.cookies.get(COOKIE)


def _known(app: FastAPI, secret: str) -> Caller | None:
    found: Any = app.state.store.token_of(secret)
    return Caller(found.owner, frozenset(found.scopes), str(found.id)) if found is not None else None


def _refuse_cross_site(request: Request) -> None:
    """Refuse what a page of another site makes a browser send; programs that show a token are no browsers.

    Source: W3C, "Fetch Metadata Request Headers", 2021: Sec-Fetch-Site says whose page asks, Sec-Fetch-Mode whether it
    is a link that somebody followed.
    """
    headers, config = request.headers, request.app.state.config
    if "authorization" in headers:
        return
    if request.method in _SAFE:
        embedded = headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate"
        if embedded and headers.get("origin") not in config.origins:
            raise ApiError(403, "cross_site", "a page of another site may not ask for this")
        return
    if not origin_allowed(headers, config):
        raise ApiError(403, "cross_site", "a page of another site may not ask for this")
    if COOKIE in request.cookies and request.headers.get("x-mimika") != "1":
        raise ApiError(403, "cross_site", "a request with the session cookie needs the header X-Mimika: 1")


def _host_name(scope: Scope) -> str:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return ""
    name = str(hosts[0].decode("latin-1")).lower()
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
