"""A picture through the server: decoded apart, analysed by the pool, told as the purpose allows."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI, Request
from starlette.datastructures import FormData

from mimika.data.frame import Frame
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.web.config import ServerConfig
from mimika.web.errors import ApiError

_NAME_LENGTH = 120
_FIELDS = 32
_ADDRESS = 100


class Photos:
    """One pipeline a thread; the networks behind them are shared."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._local = threading.local()

    def observe(self, frame: Frame) -> Observation:
        """Analyse one photo; call it on a thread of the pool.

        Raises:
            ModelError: if a network is missing or damaged.
        """
        pipeline: Pipeline | None = getattr(self._local, "pipeline", None)
        if pipeline is None:
            pipeline = self._local.pipeline = Pipeline(self._options)
        return pipeline.process_photo(frame)


def options_of(config: ServerConfig) -> Options:
    """Return how the server analyses."""
    return replace(Options(), threads=config.threads, model=config.model, pixels_max=config.limits.pixels)


async def observed(app: FastAPI, data: bytes, name: str) -> Observation:
    """Analyse one picture as it was sent; the caller holds a place in the pool (`Pool.admitted`).

    Raises:
        InputError: if it is no picture that can be used.
        Overloaded: if the pool is full.
    """
    frame = await app.state.decoders.frame(data, name)
    observation: Observation = await app.state.pool.run(app.state.photos.observe, frame)
    app.state.metrics.images.inc()
    app.state.metrics.faces.inc(len(observation))
    return observation


def safe_name(name: str | None) -> str:
    """Return the last part of a file's name in one printable line; it is shown and never used as a path."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    shown = "".join(sign for sign in last if sign.isprintable())[:_NAME_LENGTH].strip(". ")
    return shown or "image"


@asynccontextmanager
async def form_of(request: Request, files: int) -> AsyncIterator[FormData]:
    """Give the multipart form of a request; its files are gone afterwards.

    Raises:
        ApiError: 415 if the request is of another kind; HTTPException 400 if the form is broken.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError(415, "unsupported", "send multipart/form-data or application/json")
    # A picture may come as base64 in a plain field, which is four thirds as long.
    longest = request.app.state.config.limits.image_bytes * 4 // 3 + _ADDRESS
    async with request.form(max_files=files, max_fields=_FIELDS, max_part_size=longest) as form:
        yield form
