"""Jobs: a queue that several processes share and that survives each of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, and_, case, insert, or_, select, update

from mimika.data._check import one_of
from mimika.store import tables
from mimika.store.database import Database, checked_id, missing, text
from mimika.store.recordings import own_row
from mimika.store.records import JOB_STATUSES, Job
from mimika.store.values import plain_json

TABLE = tables.jobs
ATTEMPTS = 10
"""A job whose worker has died so often is given up: it may be what kills them."""


class Jobs(Database):
    """The part of the memory that hands out work."""

    def add_job(
        self, owner: str, recording: str, input_path: str, options: dict[str, Any] | None = None, frames_total: int = 0
    ) -> Job:
        """Queue the analysis of a file into a recording.

        Raises:
            StoreMissing: if there is no such recording of the owner.
        """
        values: dict[str, Any] = {"id": uuid4().hex, "owner": text(owner), "recording": recording, "status": "queued"}
        values |= {"input_path": str(input_path), "options": plain_json(options or {}), "frames_total": frames_total}
        values |= {"frames_done": 0, "time_s": 0.0, "attempts": 0, "created_at": self.clock()}
        with self.writing() as connection:
            own_row(connection, owner, recording)
            connection.execute(insert(TABLE).values(values))
        return self.job(owner, values["id"])

    def job(self, owner: str, job: str) -> Job:
        """Return one job.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
        """
        checked_id("job", job)
        with self.reading() as connection:
            row = connection.execute(select(TABLE).where(TABLE.c.id == job, TABLE.c.owner == owner)).one_or_none()
        if row is None:
            raise missing("job", job)
        return as_job(row)

    def jobs(self, owner: str, limit: int = 100) -> list[Job]:
        """Return the newest jobs of an owner."""
        wanted = select(TABLE).where(TABLE.c.owner == owner).order_by(TABLE.c.created_at.desc(), TABLE.c.id)
        with self.reading() as connection:
            return [as_job(row) for row in connection.execute(wanted.limit(limit))]

    def waiting(self, owner: str | None = None) -> int:
        """Return how many jobs are queued or running, of all owners or one."""
        wanted = select(TABLE.c.id).where(TABLE.c.status.in_(("queued", "running")))
        if owner is not None:
            wanted = wanted.where(TABLE.c.owner == owner)
        with self.reading() as connection:
            return len(connection.execute(wanted).all())

    def claim_job(self, worker: str, lease_s: float) -> Job | None:
        """Take the oldest job that nobody holds, or whose holder let its lease run out; None if there is none.

        No two workers are given the same job. One that was taken `ATTEMPTS` times without an end is failed instead.
        """
        with self.writing() as connection:
            while (row := _free(connection, self.clock())) is not None:
                if row.attempts < ATTEMPTS:
                    return as_job(_taken(connection, row, worker, self.clock(), lease_s))
                reason = f"given up after {row.attempts} attempts: each time the worker died"
                _end(connection, row.id, "failed", reason, self.clock())
        return None

    def beat_job(
        self,
        job: str,
        worker: str,
        lease_s: float,
        *,
        frames_done: int | None = None,
        frames_total: int | None = None,
        time_s: float | None = None,
    ) -> bool:
        """Tell how far the work is and hold the job for `lease_s` more; False if it was cancelled, lost or deleted.

        A job that goes forward starts counting its attempts anew: it is not what kills its workers.
        """
        told = {"frames_done": frames_done, "frames_total": frames_total, "time_s": time_s}
        values: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
        held = and_(TABLE.c.id == job, TABLE.c.worker == worker, TABLE.c.status == "running")
        values["lease_until"] = self.clock() + timedelta(seconds=lease_s)
        if time_s is not None:
            values["attempts"] = case((TABLE.c.time_s < time_s, 1), else_=TABLE.c.attempts)
        with self.writing() as connection:
            return connection.execute(update(TABLE).where(held).values(values)).rowcount == 1

    def release_job(self, job: str, worker: str) -> bool:
        """Give a job back unfinished, for a server that is stopped in order; another goes on with it at once."""
        held = and_(TABLE.c.id == job, TABLE.c.worker == worker, TABLE.c.status == "running")
        values = {"status": "queued", "worker": None, "lease_until": None, "attempts": TABLE.c.attempts - 1}
        with self.writing() as connection:
            return connection.execute(update(TABLE).where(held).values(values)).rowcount == 1

    def finish_job(self, job: str, status: str, error: str | None = None, worker: str | None = None) -> bool:
        """End a job; False if it had ended before (cancelled, or by another), or is no longer held by `worker`.

        Raises:
            OptionError: for an unknown status.
        """
        one_of("status", status, JOB_STATUSES[2:])
        with self.writing() as connection:
            return _end(connection, job, status, error, self.clock(), worker)

    def cancel_job(self, owner: str, job: str) -> Job:
        """Cancel a job that waits or runs; one that has ended stays as it is.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
        """
        self.job(owner, job)
        with self.writing() as connection:
            _end(connection, job, "cancelled", None, self.clock())
        return self.job(owner, job)


def as_job(row: Row[Any]) -> Job:
    """Return the record of a row."""
    return Job(**{name: getattr(row, name) for name in Job.__dataclass_fields__})


def _free(connection: Connection, moment: datetime) -> Row[Any] | None:
    lost = and_(TABLE.c.status == "running", TABLE.c.lease_until < moment)
    wanted = select(TABLE).where(or_(TABLE.c.status == "queued", lost)).order_by(TABLE.c.created_at, TABLE.c.id)
    # PostgreSQL passes over rows that another worker is just taking; in SQLite there is one writer at a time.
    return connection.execute(wanted.limit(1).with_for_update(skip_locked=True)).one_or_none()


def _taken(connection: Connection, row: Row[Any], worker: str, moment: datetime, lease_s: float) -> Row[Any]:
    until = moment + timedelta(seconds=lease_s)
    values = {"status": "running", "worker": worker, "lease_until": until, "attempts": row.attempts + 1}
    values["started_at"] = row.started_at or moment
    connection.execute(update(TABLE).where(TABLE.c.id == row.id).values(values))
    return connection.execute(select(TABLE).where(TABLE.c.id == row.id)).one()


def _end(
    connection: Connection, job: str, status: str, error: str | None, moment: datetime, worker: str | None = None
) -> bool:
    going = and_(TABLE.c.id == job, TABLE.c.status.in_(("queued", "running")))
    if worker is not None:
        going = and_(going, TABLE.c.worker == worker)
    values = {"status": status, "error": None if error is None else text(error), "finished_at": moment}
    changed = connection.execute(update(TABLE).where(going).values(lease_until=None, **values))
    return changed.rowcount == 1
