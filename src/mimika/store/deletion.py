"""Deleting: a recording or a person goes completely, from the tables, the folders and the exports."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import delete, select, text

from mimika.data.errors import MimikaError, OutputError, StoreBusy
from mimika.store import tables
from mimika.store.access import Access
from mimika.store.exports import buried, bury, cleaned
from mimika.store.faults import told
from mimika.store.files import remove
from mimika.store.profiles import own_profile
from mimika.store.recordings import own_row

TABLE = tables.recordings
ORPHAN_S = 3600.0
"""A folder without a recording is left alone for so long: its recording may just be on the way."""

_EMPTIED = ("recordings", "labels", "blocks", "episodes", "events", "jobs", "profiles")


class Deletion(Access):
    """The part of the memory that forgets."""

    @property
    def files(self) -> Path:
        """The folder that holds one folder a recording."""
        return self.data_dir / "recordings"

    def folder(self, owner: str, recording: str) -> Path:
        """Return the folder of a recording's files, made if missing; whatever lies in it is deleted with it.

        Raises:
            StoreMissing: if there is no such recording of the owner.
            OutputError: if it cannot be made.
        """
        with self.reading() as connection:
            own_row(connection, owner, recording)
        folder = self.files / recording
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(str(folder), f"cannot be made ({error.strerror or error})") from error
        return folder

    def delete_recording(self, owner: str, recording: str) -> None:
        """Delete a recording with all that belongs to it; it cannot come back from an export either.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
            OutputError: if a file or export could not be cleaned; all else is deleted, and `sweep` tries again.
        """
        with self.reading() as connection:
            own_row(connection, owner, recording)
        self._forget([(recording, owner)], "recording.delete")

    def delete_profile(self, owner: str, profile: str, recordings: bool = False) -> int:
        """Delete a person; `recordings` deletes the person's recordings too. Returns how many of these went.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
            OutputError: if a file or export could not be cleaned; all else is deleted, and `sweep` tries again.
        """
        with self.reading() as connection:
            own_profile(connection, owner, profile)
            of_person = select(TABLE.c.id).where(TABLE.c.owner == owner, TABLE.c.person == profile)
            found = list(connection.scalars(of_person)) if recordings else []
        self._forget([(recording, owner) for recording in found], "recording.delete", (profile, owner))
        return len(found)

    def sweep(self, moment: datetime | None = None) -> list[str]:
        """Delete the recordings whose time is over, and finish what earlier deletions could not; returns their ids.

        Call it now and then; it costs little when there is nothing to do.

        Raises:
            OutputError: if a file or export could not be cleaned; all else is done.
        """
        over = select(TABLE.c.id, TABLE.c.owner).where(TABLE.c.expires_at <= (moment or self.clock()))
        with self.reading() as connection:
            found = [(row.id, row.owner) for row in connection.execute(over.order_by(TABLE.c.expires_at))]
        if found:
            self._forget(found, "recording.expire")
        self._clean([self._remove_orphans, self._clean_exports, *([self._scrub] if self.sqlite else [])])
        return [recording for recording, _ in found]

    def _forget(self, recordings: list[tuple[str, str]], action: str, profile: tuple[str, str] | None = None) -> None:
        """Delete recordings, and a profile, each given with its owner."""
        files = self._files_of([recording for recording, _ in recordings])
        with self.writing() as connection:
            # The tombstones come in the same transaction: from here on no export brings anything back.
            bury(connection, [each for each, _ in (*recordings, *([profile] if profile else []))], self.clock())
            for recording, owner in recordings:
                connection.execute(delete(TABLE).where(TABLE.c.id == recording))
                self._noted(connection, action, owner, recording)
            if profile:
                connection.execute(delete(tables.profiles).where(tables.profiles.c.id == profile[0]))
                self._noted(connection, "profile.delete", profile[1], profile[0], recordings=len(recordings))
        self._clean([*(partial(remove, path) for path in files), self._clean_exports, self._scrub])

    def _files_of(self, recordings: list[str]) -> list[Path]:
        """Return the folders of recordings, and media and inputs elsewhere in the data folder; nothing beyond it."""
        jobs, named = tables.jobs, list[Path]()
        with self.reading() as connection:
            for recording in recordings:
                media = connection.scalars(select(TABLE.c.media_path).where(TABLE.c.id == recording)).all()
                inputs = connection.scalars(select(jobs.c.input_path).where(jobs.c.recording == recording)).all()
                named += [Path(path).absolute() for path in (*media, *inputs) if path]
        within = [path for path in named if self.data_dir.resolve() in path.resolve().parents]
        return [self.files / recording for recording in recordings] + within

    def _remove_orphans(self) -> None:
        """Remove folders whose recording was deleted by a process that was killed before it came to them."""
        if not self.files.is_dir():
            return
        folders = {path.name: path for path in self.files.iterdir() if re.fullmatch("[0-9a-f]{32}", path.name)}
        with self.reading() as connection:
            gone = buried(connection, folders)
            there = set(connection.scalars(select(TABLE.c.id)))
        for name, path in folders.items():
            if name in gone or (name not in there and time.time() - path.stat().st_mtime > ORPHAN_S):
                remove(path)

    def _clean_exports(self) -> None:
        table = tables.exports
        with self.reading() as connection:
            known = [(row.id, Path(row.path)) for row in connection.execute(select(table.c.id, table.c.path))]
            self._clean([partial(cleaned, connection, export, path) for export, path in known])

    def _scrub(self) -> None:
        """Leave no bytes of what was deleted in the database's own files."""
        if self.sqlite:
            with self.reading() as connection:
                connection.commit()
                busy, *_ = connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:
                raise StoreBusy(f"{self.place}: another process keeps the log from being emptied")
            return
        with told(self.place), self._reader.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"VACUUM {', '.join(_EMPTIED)}"))

    @staticmethod
    def _clean(steps: list[Callable[[], object]]) -> None:
        """Do all steps, and only then tell of the first that failed."""
        failed: list[MimikaError] = []
        for step in steps:
            try:
                step()
            except MimikaError as error:
                failed.append(error)
        if failed:
            reason = f"{failed[0]}; all else is deleted, `mimika store sweep` tries again"
            raise OutputError("deletion", reason) if len(failed) == 1 else OutputError(f"{len(failed)} files", reason)
