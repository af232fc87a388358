"""Opening the database: SQLite in WAL mode or PostgreSQL, brought to the newest tables before anyone uses it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from mimika.data.errors import OptionError, OutputError, StoreMissing
from mimika.store import schema
from mimika.store.faults import told

BUSY_S = 30.0
"""How long a writer waits for another process before it gives up."""
CONNECT_S = 10
FILE_NAME = "mimika.db"

_ID = re.compile("[0-9a-f]{32}")


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class Database:
    """What all parts of the memory share: one pool of connections, the data folder and the clock.

    `place` names the database in messages, without its password. `clock` gives the present moment.
    """

    def __init__(self, engine: Engine, place: str, data_dir: Path, clock: Callable[[], datetime]) -> None:
        self._reader = engine
        self._writer = engine.execution_options(mimika_writes=True)
        self.place, self.data_dir, self.clock = place, data_dir, clock

    @classmethod
    def open(
        cls, url: str | None = None, data_dir: Path | str | None = None, clock: Callable[[], datetime] = now
    ) -> Self:
        """Open the memory and bring its tables up to date.

        `url` is PostgreSQL's or SQLite's; without one, a SQLite file in `data_dir`, which is made if missing; without
        `data_dir`, in the user's own data folder.

        Raises:
            OptionError: for another kind of database.
            StoreError: StoreUnreachable, StoreBusy, StoreVersion for one of a newer mimika.
            OutputError: if the folder or file cannot be made.
        """
        folder = _folder(data_dir)
        address = _address(url, folder)
        place = _place(address)
        if address.drivername.startswith("sqlite"):
            _made(Path(place))
        with told(place):
            database = cls(_engine(address), place, folder, clock)
            try:
                schema.upgrade(database._reader, database._writer, place)
            except BaseException:
                database.close()
                raise
        return database

    def close(self) -> None:
        """Give all connections back; the last one to leave a SQLite file folds its log into it."""
        self._reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def sqlite(self) -> bool:
        """Whether this is a file rather than a server."""
        return self._reader.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database."""
        with told(self.place), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes become true together on leaving, or not at all."""
        with told(self.place), self._writer.begin() as connection:
            yield connection


def checked_id(what: str, value: str) -> str:
    """Return an id that could be one.

    Raises:
        StoreMissing: for anything else, as for an id that is not there.
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise missing(what, value)
    return value


def missing(what: str, value: object) -> StoreMissing:
    """Return the error for what is not there; the same words for what is somebody else's."""
    return StoreMissing(f"{what} {str(value)[:64]!r}: there is none of this id")


def text(value: object) -> str:
    """Return a text that every database takes: without the sign NUL, which PostgreSQL refuses, and stray surrogates."""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _folder(data_dir: Path | str | None) -> Path:
    if data_dir is None:
        from platformdirs import user_data_path

        folder = user_data_path("mimika", appauthor=False)
    else:
        folder = Path(data_dir).expanduser().absolute()
    try:
        # What faces told is nobody else's business on a shared machine.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(folder), f"cannot be made ({error.strerror or error})") from error
    return folder


def _made(file: Path) -> None:
    """Make an empty file that only its user may read; SQLite would make it readable by all."""
    try:
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        raise OutputError(str(file), f"cannot be made ({error.strerror or error})") from error


def _address(url: str | None, folder: Path) -> URL:
    if not url:
        return URL.create("sqlite+pysqlite", database=str(folder / FILE_NAME))
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        # The text is not repeated: it may hold a password.
        raise OptionError("database: expected a URL such as postgresql://user:password@host/name") from None
    kind = address.get_backend_name()
    if kind == "sqlite" and address.database and address.database != ":memory:":
        return address.set(drivername="sqlite+pysqlite")
    if kind in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    raise OptionError(f"database: expected a URL of PostgreSQL or of an SQLite file, received {kind}")


def _place(address: URL) -> str:
    if address.drivername.startswith("sqlite"):
        return str(address.database)
    host = address.host or address.query.get("host") or "localhost"
    port = f":{address.port}" if address.port else ""
    return f"PostgreSQL at {host}{port}, database {address.database or address.username}"


def _engine(address: URL) -> Engine:
    if not address.drivername.startswith("sqlite"):
        options = {"connect_timeout": CONNECT_S, "options": "-c timezone=utc -c lock_timeout=30000"}
        if "options" in address.query:
            options.pop("options")
        return create_engine(address, pool_pre_ping=True, pool_size=5, max_overflow=10, connect_args=options)
    engine = create_engine(address, connect_args={"timeout": BUSY_S}, pool_size=5, max_overflow=10)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    """Set what SQLite forgets between connections."""
    # Transactions are begun by `_begin`; the driver's own habit of beginning late would let two writers collide.
    connection.isolation_level = None
    for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # Two processes that make the same new file at once are told "busy" without the wait.
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("mimika_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
