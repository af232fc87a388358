"""The real server on a free port of this machine, in a thread; the networks, decoders and store are the real ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import httpx
import numpy as np

from mimika.data.purpose import Purpose
from mimika.web.app import create_app
from mimika.web.config import ServerConfig
from mimika.web.serving import bind, server_of
from tests.films import portrait


@dataclass
class Running:
    """A server that runs; `client` asks it without a token."""

    app: Any
    port: int
    client: httpx.Client

    @property
    def store(self) -> Any:
        return self.app.state.store

    def token(self, name: str = "somebody", scopes: tuple[str, ...] = ("read", "analyze")) -> str:
        """Make a token and return its secret."""
        return self.store.create_token(name, set(scopes))[1]

    def bearer(self, name: str = "somebody", scopes: tuple[str, ...] = ("read", "analyze")) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(name, scopes)}"}


@contextmanager
def running(config: ServerConfig, purpose: Purpose | None = None) -> Iterator[Running]:
    """Run a server until the block ends; `config.data_dir` must be a folder of the test's own."""
    app = create_app(config)
    if purpose is not None:
        app.state.store.declare(purpose)
    socket = bind(config)
    port = socket.getsockname()[1]
    server = server_of(app, config)
    server.config.log_config = None
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield Running(app, port, client)
    finally:
        server.should_exit = True
        thread.join(30)


def picture(width: int = 512, suffix: str = ".jpg") -> bytes:
    """Return the smiling astronaut as a file."""
    bgr = cv2.resize(np.ascontiguousarray(portrait()[..., ::-1]), (width, width), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(suffix, bgr)[1])


def empty_picture() -> bytes:
    """Return a picture without a face."""
    return bytes(cv2.imencode(".png", np.full((64, 64), 90, np.uint8))[1])
