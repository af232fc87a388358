"""A command line without networks, and a provider of second opinions on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import provider
from tests.provider import KEY, Injector, Provider, answer_of
from tests.steady import SteadyPipeline


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let commands use a pipeline without networks, an empty folder and a memory of their own."""
    monkeypatch.setattr("mimika.jobs.Pipeline", SteadyPipeline)
    monkeypatch.setattr("mimika.pipeline.Pipeline", SteadyPipeline)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MIMIKA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MIMIKA_DATA_DIR", str(tmp_path / "memory"))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Provider, Injector]]:
    """A provider on loopback with an injector before it, named in the settings."""
    with provider.provided() as (served, injector):
        served.text = lambda _: answer_of("surprise", 0.97, "The brows are raised.")
        monkeypatch.setenv("MIMIKA_CLOUD_URL", injector.url)
        monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
        yield served, injector
