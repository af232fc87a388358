"""The application behind a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mimika.data.errors import OptionError
from mimika.web.app import create_app
from mimika.web.config import ServerConfig, is_loopback
from mimika.web.logs import UVICORN

if TYPE_CHECKING:
    from fastapi import FastAPI

    from mimika.store import Store

_KEEP_ALIVE_S = 10
_STOP_S = 10
_SOCKET_BYTES = 8 << 20
_SOCKET_QUEUE = 4


def run(config: ServerConfig, ready: Callable[[str], None], store: Store | None = None) -> None:
    """Serve until a signal ends it; `ready` is told the address once callers are let in.

    Raises:
        OptionError: if the address cannot be bound.
        MimikaError: if the store cannot be opened or a network is damaged.
    """
    bound = bind(config)
    server = server_of(create_app(config, store), config)
    address = bound.getsockname()
    shown = f"[{address[0]}]" if bound.family == socket.AF_INET6 else address[0]

    async def main() -> None:
        serving = asyncio.ensure_future(server.serve([bound]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        if server.started:
            ready(f"http://{shown}:{address[1]}/")
        await serving

    asyncio.run(main())


def server_of(app: FastAPI, config: ServerConfig) -> uvicorn.Server:
    """Return the server of an application, with our limits on slow and many connections."""
    limits = config.limits
    # uvicorn makes the protocol itself, so that the limit has to be on a class.
    protocol = type("Protocol", (PatientProtocol,), {"header_s": limits.header_s})
    settings: dict[str, Any] = {
        "http": protocol,
        "log_config": UVICORN,
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(config.proxies),
        "forwarded_allow_ips": list(config.proxies) or None,
        "limit_concurrency": limits.connections,
        "timeout_keep_alive": _KEEP_ALIVE_S,
        "timeout_graceful_shutdown": _STOP_S,
        "ws": "websockets-sansio",
        "ws_max_size": _SOCKET_BYTES,
        "ws_max_queue": _SOCKET_QUEUE,
        "ws_per_message_deflate": False,
    }
    return uvicorn.Server(uvicorn.Config(app, **settings))


def bind(config: ServerConfig) -> socket.socket:
    """Return a socket bound to the configured address.

    Raises:
        OptionError: if that cannot be done.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((config.host.strip("[]"), config.port))
    except OSError as error:
        bound.close()
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"host, port: cannot listen on {config.host}:{config.port} ({reason})") from error
    return bound


def greeting(config: ServerConfig, address: str) -> str:
    """Return what the person who starts the server is told."""
    lines = [f"mimika is ready: {address}", "It stops with Ctrl-C."]
    if config.tokens_required:
        lines.append("Every caller needs a token: mimika token create NAME --scope read --scope analyze")
    if not is_loopback(config.host):
        lines.append(
            "Tokens and faces cross the network in the clear. Put HTTPS before it: bind to 127.0.0.1, add --name NAME, "
            "and let Caddy forward: caddy reverse-proxy --from NAME --to 127.0.0.1:8460 (see docs/how-to/serve.md)"
        )
    return "\n".join(lines)


class PatientProtocol(H11Protocol):
    """HTTP that closes a connection whose request does not begin in time; uvicorn would wait forever."""

    header_s = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request so long to begin."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is still not whole does not get more time for each of them."""
        waited = self.timeout_keep_alive_task
        due = waited.when() if waited is not None else None
        super().data_received(data)
        if not self._busy() and not self.transport.is_closing() and self.timeout_keep_alive_task is None:
            self._wait(due)

    def _busy(self) -> bool:
        upgraded = self.transport.get_protocol() is not self
        return upgraded or (self.cycle is not None and not self.cycle.response_complete)

    def _wait(self, due: float | None = None) -> None:
        when = self.loop.time() + self.header_s if due is None else due
        self.timeout_keep_alive_task = self.loop.call_at(when, self.timeout_keep_alive_handler)
