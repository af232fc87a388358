"""One server for all tests that do not change how it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mimika.data.purpose import Purpose
from mimika.web.config import ServerConfig
from tests.web.running import Running, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server on loopback without tokens, for research."""
    config = ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("server"), job_workers=0)
    with running(config, Purpose("research")) as found:
        yield found


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks for tokens, for research."""
    config = ServerConfig(port=0, data_dir=tmp_path_factory.mktemp("guarded"), job_workers=0, require_token=True)
    with running(config, Purpose("research")) as found:
        yield found
