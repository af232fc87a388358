"""The register of exports, by which a deletion reaches into the files that were made before it.

An export is a zip: `manifest.json`, `recordings/ID/…`, `profiles/ID.json`, `purposes.json`, `audit.jsonl`.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from mimika.data.errors import InputCorrupt, InputError, InputMissing, InputUnreadable, OutputError, StoreVersion
from mimika.store import tables
from mimika.store.files import replacing

FORMAT, VERSION = "mimika-store", 1
MANIFEST = "manifest.json"

_OWNED = re.compile(r"(?:recordings|profiles)/([0-9a-f]{32})(?:[./].*)?")


def hashed(identifier: str) -> str:
    """Return what a tombstone keeps of an id."""
    return hashlib.sha256(f"mimika:{identifier}".encode()).hexdigest()


def bury(connection: Connection, ids: Iterable[str], moment: datetime) -> None:
    """Remember that these ids were deleted, by their hashes alone."""
    hashes = {hashed(each) for each in ids}
    new = sorted(hashes - {hashed(each) for each in buried(connection, ids)})
    if new:
        connection.execute(insert(tables.tombstones), [{"hash": each, "deleted_at": moment} for each in new])


def buried(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Return those of some ids that were deleted."""
    by_hash = {hashed(each): each for each in ids}
    table, names, found = tables.tombstones, list(by_hash), set[str]()
    for start in range(0, len(names), 10_000):
        some = names[start : start + 10_000]
        found.update(by_hash[each] for each in connection.scalars(select(table.c.hash).where(table.c.hash.in_(some))))
    return found


def register(connection: Connection, export: str, path: Path, moment: datetime) -> None:
    """Remember where an export lies; whatever was made there before is no longer."""
    table, place = tables.exports, str(path.absolute())
    connection.execute(delete(table).where((table.c.path == place) | (table.c.id == export)))
    connection.execute(insert(table).values(id=export, path=place, created_at=moment))


def manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """Return what an export says of itself.

    Raises:
        InputCorrupt: if it is no export of mimika.
        StoreVersion: if a newer mimika made it.
    """
    try:
        told = json.loads(archive.read(MANIFEST))
        kind, version, export = told["format"], int(told["version"]), str(told["export"])
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise InputCorrupt(str(path), "is not an export of mimika") from error
    if kind != FORMAT or not re.fullmatch("[0-9a-f]{32}", export):
        raise InputCorrupt(str(path), "is not an export of mimika")
    if version > VERSION:
        raise StoreVersion(
            f"{path}: made by a newer mimika (format {version}, this one knows {VERSION}); update mimika"
        )
    return dict(told)


def opened(path: Path) -> zipfile.ZipFile:
    """Open an export for reading.

    Raises:
        InputError: if it is not there, may not be read, or is no zip.
    """
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise InputMissing(str(path), "no such file") from error
    except zipfile.BadZipFile as error:
        raise InputCorrupt(str(path), "is not an export of mimika, or is damaged") from error
    except OSError as error:
        raise InputUnreadable(str(path), error.strerror or str(error)) from error


def ids_in(archive: zipfile.ZipFile) -> set[str]:
    """Return the ids of the recordings and profiles in an export."""
    return {match[1] for name in archive.namelist() if (match := _OWNED.fullmatch(name))}


def cleaned(connection: Connection, export: str, path: Path) -> bool:
    """Rewrite an export without what was deleted since; False if there was nothing to do, or it is no longer there.

    Raises:
        OutputError: if it cannot be rewritten.
    """
    try:
        with opened(path) as archive:
            if manifest(archive, path)["export"] != export:
                return False
            gone = buried(connection, ids_in(archive))
            if gone:
                _rewrite(archive, path, gone)
            return bool(gone)
    except OSError as error:
        raise OutputError(str(path), f"cannot be rewritten ({error.strerror or error})") from error
    except (InputError, StoreVersion):
        # Another file lies there by now; it is not ours to change.
        return False


def _rewrite(archive: zipfile.ZipFile, path: Path, gone: set[str]) -> None:
    with replacing(path) as half, zipfile.ZipFile(half, "w") as new:
        for entry in archive.infolist():
            match = _OWNED.fullmatch(entry.filename)
            if match is None or match[1] not in gone:
                with archive.open(entry) as source, new.open(_like(entry), "w", force_zip64=True) as target:
                    while piece := source.read(1 << 20):
                        target.write(piece)


def _like(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return a new entry of the same name, time and compression; places and sums are of the new file."""
    copy = zipfile.ZipInfo(entry.filename, entry.date_time)
    copy.compress_type, copy.external_attr = entry.compress_type, entry.external_attr
    return copy
