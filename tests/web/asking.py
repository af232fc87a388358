"""A server that asks a provider on loopback for second opinions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig
from tests import provider
from tests.provider import KEY, Injector, Provider, answer_of
from tests.web.running import Running, running


@contextmanager
def asking_server(folder: Path, when: str, evidence: str, workers: int) -> Iterator[tuple[Running, Provider, Injector]]:
    """Start it with its memory in `folder`; the provider says surprise of every face, for the reason `evidence`."""
    with pytest.MonkeyPatch.context() as patch, provider.provided() as (served, injector):
        served.text = lambda _: answer_of("surprise", 0.9, evidence)
        patch.setenv("MIMIKA_CLOUD_URL", injector.url)
        patch.setenv("MIMIKA_CLOUD_KEY", KEY)
        config = ServerConfig(port=0, data_dir=folder, job_workers=workers, second_opinion=when)
        with running(config, Purpose("research")) as server:
            yield server, served, injector
