"""Second opinions on the server: off unless whoever runs it has turned them on and agreed that faces are sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from mimika import second, settings
from mimika.data.cloud import When
from mimika.data.errors import OptionError
from mimika.data.observation import Observation
from mimika.data.opinion import Opinion
from mimika.data.options import Options
from mimika.stages.recognize.budget import Breaker
from mimika.stages.recognize.hybrid import SecondOpinion
from mimika.stages.recognize.sending import Picture
from mimika.web.config import ServerConfig
from mimika.web.remote import terms
from mimika.web.runner import Asking
from mimika.web.schemas import Mode

_MENDED_S = 600.0
"""After a wrong key or a missing model the endpoint is asked again so much later."""


class Cloud:
    """What the server asks with: one client, one budget and one rate for all callers, a note for each of them.

    Raises:
        OptionError: if the extra `cloud`, the key, the price or the consent is missing.
    """

    def __init__(self, config: ServerConfig, audit: Any) -> None:
        known = settings.load()
        options = Options(
            second_opinion=config.second_opinion,
            budget_usd=config.budget_usd,
            budget_usd_minute=config.budget_usd_minute,
            language=known.language,
        )
        cloud = second.cloud_options(known, mask=config.mask_background)
        if not (cloud.stays_here or config.send_faces):
            raise OptionError(f"second opinion: nobody agreed that faces are sent to {cloud.host}")
        router = second.open_second(options, cloud, known, audit)
        self._asker, self._fusion = router.asker, router.fusion
        self._asker.breaker = Breaker(mended_s=_MENDED_S)  # type: ignore[attr-defined]
        self._when, self._told = When.parse(config.second_opinion), config.second_opinion

    def close(self) -> None:
        """End waiting tries."""
        self._asker.close()

    def opened(self, owner: str) -> SecondOpinion:
        """Return a router for one request or session of an owner."""
        return SecondOpinion(self._asker.for_owner(owner), self._when, self._fusion)  # type: ignore[attr-defined]

    def asking(self) -> Asking:
        """Return how the processes that analyse uploaded videos ask."""

        def ask(owner: str, picture: Picture, subject: str) -> Opinion:
            return self._asker.for_owner(owner).opinion(picture, subject)  # type: ignore[attr-defined, no-any-return]

        options = self._asker.options
        return Asking(terms(self._told, options, self._fusion), ask, options.parallel)

    def refined(self, observation: Observation, owner: str) -> Observation:
        """Ask about the faces of a photo and wait for the answers."""
        with self.opened(owner) as router:
            router.see(observation)
            router.settle()
            return router.refine(observation)


async def refined(app: FastAPI, observation: Observation, mode: Mode, owner: str) -> Observation:
    """Return a photo's observation with second opinions where they are turned on and the purpose allows expressions."""
    cloud: Cloud | None = app.state.cloud
    if cloud is None or mode != "expressions" or not len(observation):
        return observation
    return await run_in_threadpool(cloud.refined, observation, owner)
