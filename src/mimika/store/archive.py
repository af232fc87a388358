"""Exports: everything, or everything on one person, in a zip that can be read without mimika."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
from sqlalchemy import Connection, Row, Table, select

from mimika.data.errors import OutputError, OutputExists
from mimika.store import tables
from mimika.store.blocks import joined
from mimika.store.deletion import Deletion
from mimika.store.exports import FORMAT, MANIFEST, VERSION, cleaned, register
from mimika.store.files import replacing
from mimika.store.profiles import own_profile
from mimika.store.rows import whole_rows

INTERNAL = ("search",)
"""Columns that follow from others and are not exported."""


class Archive(Deletion):
    """The part of the memory that writes exports."""

    def export(self, path: Path | str, force: bool = False) -> dict[str, int]:
        """Write everything but tokens and waiting jobs to a zip; returns how many recordings and profiles it holds.

        The file is registered: what is deleted later is taken out of it too, as long as it lies there.

        Raises:
            OutputError: OutputExists without `force`, OutputFull when the disk is full.
        """
        target, export = _claimed(path, force), uuid4().hex
        with self.reading() as connection:
            recordings = list(connection.scalars(select(tables.recordings.c.id).order_by(tables.recordings.c.id)))
            profiles = list(connection.scalars(select(tables.profiles.c.id).order_by(tables.profiles.c.id)))
        with replacing(target) as half, zipfile.ZipFile(half, "w") as archive:
            counts = self._write(archive, export, recordings, profiles)
            with self.reading() as connection:
                _write_plain(archive, "purposes.json", [_plain(row) for row in _all(connection, tables.purposes)])
                lines = [json.dumps(_plain(row), ensure_ascii=False) for row in _all(connection, tables.audit)]
            archive.writestr("audit.jsonl", "".join(f"{line}\n" for line in lines), zipfile.ZIP_DEFLATED)
        with self.writing() as connection:
            register(connection, export, target, self.clock())
            self._noted(connection, "export", "local", export, **counts)
        with self.reading() as connection:
            # What was deleted while the file was being written.
            cleaned(connection, export, target)
        return counts

    def export_person(self, owner: str, profile: str, path: Path | str, force: bool = False) -> dict[str, int]:
        """Write everything on one person to a zip: profile, recordings with rows and findings, kept media, the audit.

        It is the person's own copy and is not registered: deleting the person later leaves it as it is.

        Raises:
            StoreMissing: if there is no such profile of the owner.
            OutputError: OutputExists without `force`, OutputFull when the disk is full.
        """
        table = tables.recordings
        with self.reading() as connection:
            own_profile(connection, owner, profile)
            of_person = select(table.c.id).where(table.c.owner == owner, table.c.person == profile).order_by(table.c.id)
            recordings = list(connection.scalars(of_person))
        target, export = _claimed(path, force), uuid4().hex
        with replacing(target) as half, zipfile.ZipFile(half, "w") as archive:
            counts = self._write(archive, export, recordings, [profile], person=profile)
            with self.reading() as connection:
                about = tables.audit.c.subject.in_([profile, *recordings])
                lines = [_plain(row) for row in connection.execute(select(tables.audit).where(about))]
            _write_plain(archive, "audit.json", lines)
        self.note("person.export", owner, profile, **counts)
        return counts

    def exports(self) -> list[dict[str, Any]]:
        """Return the registered exports with `path`, `created_at` and whether each is still `there`."""
        table = tables.exports
        with self.reading() as connection:
            found = connection.execute(select(table).order_by(table.c.created_at))
            return [
                {"path": row.path, "created_at": row.created_at.isoformat(), "there": Path(row.path).is_file()}
                for row in found
            ]

    def _write(
        self, archive: zipfile.ZipFile, export: str, recordings: list[str], profiles: list[str], person: str = ""
    ) -> dict[str, int]:
        counts = {"recordings": 0, "profiles": 0}
        for profile in profiles:
            with self.reading() as connection:
                row = _one(connection, tables.profiles, profile)
            if row is not None:
                _write_plain(archive, f"profiles/{profile}.json", _plain(row))
                counts["profiles"] += 1
        for recording in recordings:
            with self.reading() as connection:
                counts["recordings"] += _write_recording(connection, archive, recording)
        told = {"format": FORMAT, "version": VERSION, "export": export, "person": person or None}
        _write_plain(archive, MANIFEST, told | {"created_at": self.clock().isoformat()})
        return counts


def _claimed(path: Path | str, force: bool) -> Path:
    target = Path(path).expanduser().absolute()
    if target.is_dir():
        raise OutputError(str(target), "is a folder, expected a file")
    if target.exists() and not force:
        raise OutputExists(str(target), "exists already; use --force to replace it")
    return target


def _write_recording(connection: Connection, archive: zipfile.ZipFile, recording: str) -> bool:
    """Write one recording; False if it was deleted meanwhile."""
    row = _one(connection, tables.recordings, recording)
    if row is None:
        return False
    folder = f"recordings/{recording}"
    media = Path(row.media_path) if row.keep_media and row.media_path else None
    told = _plain(row) | {"media_path": None}
    if media is not None and media.is_file():
        told["media_path"] = f"media{media.suffix[:10]}"
        # Films and Parquet are compressed already.
        archive.write(media, f"{folder}/{told['media_path']}", zipfile.ZIP_STORED)
    _write_plain(archive, f"{folder}/recording.json", told)
    found = {table.name: _of(connection, table, recording) for table in (tables.episodes, tables.events, tables.jobs)}
    _write_plain(archive, f"{folder}/findings.json", found)
    _write_rows(connection, archive, recording, f"{folder}/rows.parquet")
    return True


def _write_rows(connection: Connection, archive: zipfile.ZipFile, recording: str, name: str) -> None:
    table = tables.blocks
    wanted = select(table.c.data, table.c.wide).where(table.c.recording == recording).order_by(table.c.number)
    parts = [whole_rows(None, *row) for row in connection.execute(wanted)]
    if not parts:
        return
    with tempfile.NamedTemporaryFile(dir=Path(archive.filename or ".").parent, suffix=".parquet.new") as file:
        pq.write_table(joined(parts), file.name, compression="zstd")
        archive.write(file.name, name, zipfile.ZIP_STORED)


def _of(connection: Connection, table: Table, recording: str) -> list[dict[str, Any]]:
    rows = connection.execute(select(table).where(table.c.recording == recording).order_by(table.c.id))
    private = ("id", "recording", "input_path", "worker", "lease_until")
    return [{name: value for name, value in _plain(row).items() if name not in private} for row in rows]


def _one(connection: Connection, table: Table, identifier: str) -> Row[Any] | None:
    return connection.execute(select(table).where(table.c.id == identifier)).one_or_none()


def _all(connection: Connection, table: Table) -> Iterable[Row[Any]]:
    return connection.execute(select(table).order_by(table.c.id))


def _plain(row: Row[Any]) -> dict[str, Any]:
    values = {name: value for name, value in row._mapping.items() if name not in INTERNAL}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _write_plain(archive: zipfile.ZipFile, name: str, value: Any) -> None:
    archive.writestr(name, json.dumps(value, ensure_ascii=False, indent=1) + "\n", zipfile.ZIP_DEFLATED)
