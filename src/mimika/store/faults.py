"""The one translation of the database's errors into ours; no password ever gets into a text."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from mimika.data.errors import MimikaError, OutputError, OutputFull, StoreBusy, StoreError, StoreUnreachable

_SQLITE = {
    "SQLITE_FULL": (OutputFull, "no space left on the device"),
    "SQLITE_READONLY": (OutputFull, "the place is read-only"),
    "SQLITE_IOERR": (OutputError, "cannot be read or written (disk error)"),
    "SQLITE_CANTOPEN": (OutputError, "cannot be opened here"),
    "SQLITE_PERM": (OutputError, "no permission to use it"),
}
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


@contextmanager
def told(place: str) -> Iterator[None]:
    """Run a piece of work with the database at `place` (a path, or host, port and name).

    Raises:
        OutputError: OutputFull where no space is left.
        StoreError: StoreUnreachable, StoreBusy, or with the reason as the database gives it.
    """
    try:
        yield
    except DBAPIError as error:
        raise _ours(place, error) from None
    except SQLAlchemyError as error:
        if isinstance(error, StatementError) and isinstance(error.orig, MimikaError):
            # A value that our own column types refused.
            raise error.orig from None
        raise StoreError(f"{place}: {_line(str(error))}") from error


def _ours(place: str, error: DBAPIError) -> MimikaError:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(place, cause)
    state = getattr(cause, "sqlstate", None) or ""
    if state == "53100":
        return OutputFull(place, "no space left on the database server")
    if state.startswith(("08", "28", "3D", "57P")) or error.connection_invalidated or not state:
        return StoreUnreachable(f"{place}: cannot be reached ({_line(str(cause))})")
    if state in ("55P03", "40001", "40P01"):
        return StoreBusy(f"{place}: another process holds it; try again")
    return StoreError(f"{place}: {_line(str(cause))}")


def _of_sqlite(place: str, cause: sqlite3.Error) -> MimikaError:
    name = getattr(cause, "sqlite_errorname", None) or ""
    if name.startswith(_BUSY):
        return StoreBusy(f"{place}: another process holds it; try again")
    if name.startswith(_DAMAGED):
        return StoreError(f"{place}: is damaged or not a database of mimika")
    for start, (kind, reason) in _SQLITE.items():
        if name.startswith(start):
            return kind(place, reason)
    return StoreError(f"{place}: {_line(str(cause))}")


def _line(text: str) -> str:
    """Return the first line that says something, without anything that looks like a password."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
    return re.sub(r"(password\s*=\s*|://[^:/@\s]*:)[^@\s]+", r"\1***", first)[:300]
