"""The server, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from mimika._version import __version__
from mimika.engine.session import cores
from mimika.stages.write.webhook import Webhook
from mimika.web import errors
from mimika.web.config import ServerConfig
from mimika.web.decoding import Decoders
from mimika.web.housekeeping import Tally, keep_house
from mimika.web.limits import BodyGuard, Buckets
from mimika.web.logs import Observer
from mimika.web.metrics import Metrics
from mimika.web.photos import Photos, options_of
from mimika.web.pool import Pool
from mimika.web.routes import (
    about,
    compat,
    health,
    images,
    jobs,
    live,
    pages,
    profiles,
    purpose,
    recordings,
    reports,
    session,
    tokens,
    videos,
)
from mimika.web.runner import JobLimits, JobRunner
from mimika.web.second import Cloud
from mimika.web.security import Guard

if TYPE_CHECKING:
    from mimika.store import Store

_ABOUT = (
    "Measures what faces do in photos, video and live camera. What is said of an expression is what the face "
    'resembles, not what a person feels. Errors are always `{"error": {"code", "message"}}`.'
)


def create_app(config: ServerConfig | None = None, store: Store | None = None) -> FastAPI:
    """Return the server's application; `store` is opened as the configuration says unless it is given.

    Networks are loaded and decoders started when the application starts.

    Raises:
        MimikaError: if the store cannot be opened.
    """
    config = config if config is not None else ServerConfig()
    app = FastAPI(
        title="mimika",
        version=__version__,
        description=_ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the pages that FastAPI offers load their scripts from elsewhere
        redoc_url=None,
        lifespan=_life,
    )
    _furnish(app, config, store)
    errors.install(app)
    for part in (about, images, purpose, session, tokens, videos, jobs, recordings, profiles, live, reports):
        app.include_router(part.router, prefix="/v1")
    for part in (compat, health, pages):
        app.include_router(part.router)
    # The last one added is the outermost.
    app.add_middleware(BodyGuard, limits=config.limits)
    if config.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(config.origins),
            allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(Guard, config=config)
    app.add_middleware(Observer, metrics=app.state.metrics)
    return app


def _furnish(app: FastAPI, config: ServerConfig, store: Store | None) -> None:
    """Put into the application's state what the routes use."""
    state: Any = app.state
    state.config = config
    state.owns_store = store is None
    state.store = store if store is not None else _open_store(config)
    state.pool = Pool(config.workers or cores(), config.queue)
    state.metrics = Metrics(state.pool)
    state.photos = Photos(options_of(config))
    state.decoders = Decoders(config.limits, max(2, cores()), state.metrics.kills.inc)
    state.rates = Buckets(config.rates.requests, config.rates.burst, "requests")
    state.guesses = Buckets(config.rates.guesses / 60, config.rates.guesses, "wrong tokens")
    state.tally = Tally()
    state.jobs = state.webhook = state.live = state.cloud = None
    if config.second_opinion != "never":
        state.cloud = Cloud(config, state.store)


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Load the networks, start the decoders and the jobs; at the end stop what was started."""
    state: Any = app.state
    await run_in_threadpool(state.decoders.start)
    await run_in_threadpool(_warm, app)
    with ExitStack() as stack:
        if state.owns_store:
            stack.callback(state.store.close)
        stack.callback(state.decoders.close)
        if state.config.webhook:
            state.webhook = stack.enter_context(Webhook(state.config.webhook, state.config.webhook_secret))
        state.jobs = _jobs(state.config, state.store, state.webhook, state.cloud)
        state.jobs.start()
        house = asyncio.create_task(keep_house(state.store, state.tally))
        try:
            yield
        finally:
            house.cancel()
            if state.cloud is not None:
                state.cloud.close()
            if state.live is not None:
                await state.live.close()
            await run_in_threadpool(state.jobs.stop)
            await run_in_threadpool(state.pool.close)
            await run_in_threadpool(state.tally.write, state.store)


def _open_store(config: ServerConfig) -> Store:
    from mimika.store import Store

    return Store.open(config.database, config.data_dir)


def _warm(app: FastAPI) -> None:
    """Let the networks run once, so that the first picture is not the slow one.

    Raises:
        ModelError: if a network is missing or damaged.
    """
    import numpy as np

    from mimika.data.frame import Frame

    app.state.pool.submit(app.state.photos.observe, Frame(np.zeros((64, 64), np.uint8))).result()


def _jobs(config: ServerConfig, store: Store, webhook: Webhook | None, cloud: Cloud | None) -> JobRunner:
    limits = JobLimits(seconds=config.job_seconds, memory=config.job_bytes)
    asking = cloud.asking() if cloud is not None else None
    return JobRunner(store, config.database, store.data_dir, config.job_workers, limits, webhook, asking)
