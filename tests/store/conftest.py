"""The memory in both databases: a test that takes `store` or `place` runs once in SQLite and once in PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from mimika.store import Store
from tests.programs import needed
from tests.store import postgres


@dataclass(frozen=True)
class Place:
    """Where a memory lies: `url` None means SQLite's file in the folder."""

    url: str | None
    folder: Path

    def open(self) -> Store:
        return Store.open(self.url, self.folder)


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """The socket folder of a running PostgreSQL with an empty, ready memory as template."""
    if postgres.programs() is None:
        needed("initdb")
    with postgres.server() as home:
        Store.open(postgres.create(home, "ready"), home / "unused").close()
        yield home


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, ready memory as one file, to be copied."""
    folder = tmp_path_factory.mktemp("ready")
    Store.open(data_dir=folder).close()
    return folder / "mimika.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, sqlite_file: Path) -> Iterator[Place]:
    """A new, empty memory."""
    if request.param == "sqlite":
        (tmp_path / "data").mkdir()
        shutil.copy(sqlite_file, tmp_path / "data")
        yield Place(None, tmp_path / "data")
        return
    home, name = request.getfixturevalue("postgres_home"), f"m{uuid4().hex}"
    yield Place(postgres.create(home, name, "ready"), tmp_path / "data")
    postgres.drop(home, name)


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """A new, empty memory, open."""
    with place.open() as opened:
        yield opened
