"""Deleting: a recording or a person goes completely, from the tables, the folders and the exports."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, text

from mimika.store import tables
from mimika.store.access import Access
from mimika.store.database import checked_id
from mimika.store.profiles import own_profile
from mimika.store.recordings import own_row

TABLE = tables.recordings
_DELETED = ("recordings", "labels", "blocks", "episodes", "events", "jobs", "profiles")


class Deletion(Access):
    """The part of the memory that forgets."""

    def folder(self, owner: str, recording: str) -> Path:
        """Return the folder of a recording's files, made if missing; whatever lies in it is deleted with it.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        with self.reading() as connection:
            own_row(connection, owner, recording)
        folder = self.files / recording
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def files(self) -> Path:
        """The folder that holds one folder a recording."""
        return self.data_dir / "recordings"

    def delete_recording(self, owner: str, recording: str) -> None:
        """Delete a recording with all that belongs to it; it cannot come back from an export either.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
        """
        with self.reading() as connection:
            own_row(connection, owner, recording)
        self._delete([recording], owner, "recording.delete")

    def delete_profile(self, owner: str, profile: str, recordings: bool = False) -> int:
        """Delete a person; `recordings` deletes the person's recordings too. Returns how many of these there were.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
        """
        with self.reading() as connection:
            own_profile(connection, owner, profile)
            of_person = select(TABLE.c.id).where(TABLE.c.owner == owner, TABLE.c.person == profile)
            found = list(connection.scalars(of_person))
        if recordings:
            self._delete(found, owner, "recording.delete")
        with self.writing() as connection:
            connection.execute(delete(tables.profiles).where(tables.profiles.c.id == profile))
            bury(connection, [profile], self.clock())
        self._scrub()
        self.note("profile.delete", owner, profile, recordings=len(found) if recordings else 0)
        return len(found)

    def sweep(self, moment: datetime | None = None) -> list[str]:
        """Delete the recordings whose time is over, and finish what earlier deletions could not; returns their ids."""
        with self.reading() as connection:
            over = select(TABLE.c.id, TABLE.c.owner).where(TABLE.c.expires_at <= (moment or self.clock()))
            found = [(row.id, row.owner) for row in connection.execute(over)]
        for recording, owner in found:
            self._delete([recording], owner, "recording.expire")
        self._scrub()
        return [recording for recording, _ in found]

    def _delete(self, recordings: list[str], owner: str, action: str) -> None:
        files = self._files_of(recordings)
        with self.writing() as connection:
            # The tombstone comes in the same transaction: from here on no export brings the recording back.
            bury(connection, recordings, self.clock())
            connection.execute(delete(TABLE).where(TABLE.c.id.in_(recordings)))
        for path in files:
            _remove(path)
        self._scrub()
        for recording in recordings:
            self.note(action, owner, recording)

    def _files_of(self, recordings: list[str]) -> list[Path]:
        """Return the folders of recordings, and media and inputs elsewhere in the data folder; nothing beyond it."""
        jobs = tables.jobs
        with self.reading() as connection:
            media = connection.scalars(select(TABLE.c.media_path).where(TABLE.c.id.in_(recordings))).all()
            inputs = connection.scalars(select(jobs.c.input_path).where(jobs.c.recording.in_(recordings))).all()
        named = [Path(path).absolute() for path in (*media, *inputs) if path]
        within = [path for path in named if self.data_dir.resolve() in path.resolve().parents]
        return [self.files / checked_id("recording", recording) for recording in recordings] + within

    def _scrub(self) -> None:
        """Leave no bytes of what was deleted in the database's own files."""
        if self.sqlite:
            with self.reading() as connection:
                connection.commit()
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            return
        with self._reader.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"VACUUM {', '.join(_DELETED)}"))


def bury(connection: Connection, ids: Iterable[str], moment: datetime) -> None:
    """Remember that these ids were deleted, by their hashes alone."""
    hashes = {hashed(each) for each in ids}
    known = set(connection.scalars(select(tables.tombstones.c.hash).where(tables.tombstones.c.hash.in_(hashes))))
    if hashes - known:
        connection.execute(
            insert(tables.tombstones), [{"hash": each, "deleted_at": moment} for each in sorted(hashes - known)]
        )


def hashed(identifier: str) -> str:
    """Return what a tombstone keeps of an id."""
    return hashlib.sha256(f"mimika:{identifier}".encode()).hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
