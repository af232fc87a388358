"""Taking an export back in; what was deleted since stays deleted."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import JSON, Column, Connection, Table, insert, select
from sqlalchemy.exc import StatementError

from mimika.data.errors import InputCorrupt, OptionError, StoreError
from mimika.data.purpose import Purpose
from mimika.store import tables
from mimika.store.archive import INTERNAL, Archive
from mimika.store.blocks import plain_rows
from mimika.store.exports import buried, ids_in, manifest, opened, register
from mimika.store.files import remove, replacing
from mimika.store.profiles import as_profile
from mimika.store.recordings import FIELDS, put_labels, searchable, values_of
from mimika.store.rows import write_blocks
from mimika.store.tables import Utc
from mimika.store.values import plain_json


class Imports(Archive):
    """The part of the memory that reads exports."""

    def import_(self, path: Path | str) -> dict[str, int]:
        """Add what an export holds and this memory does not; one recording is added whole or not at all.

        Returns how many `recordings` and `profiles` were added, and of both together how many were passed over because
        they are `there` already or were `deleted` here. The file is registered, so that later deletions reach it.

        Raises:
            InputError: if it cannot be read, or is damaged; what was added before stays.
            StoreVersion: if a newer mimika made it.
        """
        file = Path(path).expanduser().absolute()
        with opened(file) as archive:
            told = manifest(archive, file)
            with self.writing() as connection:
                register(connection, told["export"], file, self.clock())
            names, counts = archive.namelist(), {"recordings": 0, "profiles": 0, "there": 0, "deleted": 0}
            with _understood(file):
                for kind in ("profiles", "recordings"):
                    for identifier in sorted(ids_in(archive)):
                        if any(name.startswith(f"{kind}/{identifier}") for name in names):
                            counts[self._add(archive, kind, identifier)] += 1
                self._add_purposes(archive)
        with self.writing() as connection:
            self._noted(connection, "import", "local", told["export"], **counts)
        return counts

    def _add(self, archive: zipfile.ZipFile, kind: str, identifier: str) -> str:
        """Add one profile or recording and return as what it counts."""
        table = tables.metadata.tables[kind]
        with self.reading() as connection:
            if buried(connection, [identifier]):
                return "deleted"
            if connection.execute(select(table.c.id).where(table.c.id == identifier)).first() is not None:
                return "there"
        if kind == "profiles":
            with self.writing() as connection:
                row = _row(table, _json(archive, f"profiles/{identifier}.json"), identifier)
                connection.execute(insert(table).values(row))
                # Read once as it will be: a baseline that cannot be read must not get in.
                as_profile(connection.execute(select(table).where(table.c.id == identifier)).one())
            return kind
        self._add_recording(archive, identifier)
        return kind

    def _add_recording(self, archive: zipfile.ZipFile, recording: str) -> None:
        folder = f"recordings/{recording}"
        row = _row(tables.recordings, _json(archive, f"{folder}/recording.json"), recording)
        row["search"] = searchable(row["name"], row["notes"])
        row["status"] = "interrupted" if row["status"] == "open" else row["status"]
        if row["purpose"] is not None:
            Purpose.from_json(row["purpose"])
        values_of({name: row[name] for name in FIELDS & row.keys()}, self.clock())
        row["media_path"] = self._unpacked(archive, folder, row["media_path"], recording)
        try:
            with self.writing() as connection:
                known = select(tables.profiles.c.id).where(tables.profiles.c.id == row["person"])
                if connection.execute(known.where(tables.profiles.c.owner == row["owner"])).first() is None:
                    row["person"] = None
                connection.execute(insert(tables.recordings).values(row))
                put_labels(connection, recording, row["labels"])
                _add_found(connection, archive, f"{folder}/findings.json", recording)
                _add_rows(connection, archive, f"{folder}/rows.parquet", recording)
        except BaseException:
            remove(self.files / recording)
            raise

    def _unpacked(self, archive: zipfile.ZipFile, folder: str, name: str | None, recording: str) -> str | None:
        """Lay kept media beside the database and return its path; the name in the zip decides about nothing."""
        if not name or f"{folder}/{name}" not in archive.namelist():
            return None
        suffix = Path(name).suffix
        target = self.files / recording / f"media{suffix if suffix[1:].isalnum() else ''}"
        with replacing(target) as half, archive.open(f"{folder}/{name}") as source, half.open("wb") as file:
            while piece := source.read(1 << 20):
                file.write(piece)
        return str(target)

    def _add_purposes(self, archive: zipfile.ZipFile) -> None:
        """Take over the purposes, where none was declared here."""
        if "purposes.json" not in archive.namelist() or self.purpose() is not None:
            return
        rows = [_row(tables.purposes, told, None) for told in json.loads(archive.read("purposes.json"))]
        if rows:
            with self.writing() as connection:
                connection.execute(insert(tables.purposes), rows)


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Turn whatever a damaged or foreign file leads to into one error."""
    damaged = (KeyError, TypeError, ValueError, AttributeError, pa.ArrowException, zipfile.BadZipFile, EOFError)
    try:
        yield
    except (OptionError, StatementError, *damaged) as error:
        raise InputCorrupt(str(path), f"is damaged ({str(error).splitlines()[0][:120]})") from error
    except StoreError as error:
        if type(error) is not StoreError:
            raise
        raise InputCorrupt(str(path), "is damaged: it holds what the database does not take") from error


def _json(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    return dict(json.loads(archive.read(name)))


def _row(table: Table, told: dict[str, Any], identifier: str | None) -> dict[str, Any]:
    """Return a row for the table from plain values; each column must be told, and nothing else is taken."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name in INTERNAL or (column.name == "id" and identifier is None):
            continue
        row[column.name] = _value(column, told[column.name])
    return row | ({} if identifier is None else {"id": identifier})


def _value(column: Column[Any], told: Any) -> Any:
    """Return a plain value as the column holds it; SQLite would take any kind of value into any column."""
    if told is None and column.nullable:
        return None
    if isinstance(column.type, Utc):
        return datetime.fromisoformat(told).astimezone(UTC)
    if isinstance(column.type, JSON):
        return plain_json(told)
    wanted = column.type.python_type
    if wanted is float and isinstance(told, int) and not isinstance(told, bool):
        return float(told)
    if not isinstance(told, wanted) or (wanted is int and isinstance(told, bool)):
        raise ValueError(f"{column.name}: expected {wanted.__name__}, received {type(told).__name__}")
    return plain_json(told)


def _add_found(connection: Connection, archive: zipfile.ZipFile, name: str, recording: str) -> None:
    told = _json(archive, name)
    for table in (tables.episodes, tables.events):
        rows = [
            _row(table, row | {"recording": recording}, None) | {"recording": recording} for row in told[table.name]
        ]
        if rows:
            connection.execute(insert(table), rows)


def _add_rows(connection: Connection, archive: zipfile.ZipFile, name: str, recording: str) -> None:
    if name in archive.namelist():
        with archive.open(name) as file:
            write_blocks(connection, recording, None, plain_rows(pq.read_table(pa.BufferReader(file.read()))))
