"""Recordings: adding, finding, changing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, and_, delete, insert, or_, select, update

from mimika.data._check import one_of
from mimika.data.errors import OptionError, StoreError
from mimika.data.purpose import MODES, Purpose
from mimika.store import tables
from mimika.store.database import Database, checked_id, missing, text
from mimika.store.records import KINDS, STATUSES, Recording, known
from mimika.store.values import plain_json

TABLE = tables.recordings
TEXTS = ("name", "notes", "model")
NUMBERS = ("duration_s", "fps")
COUNTS = ("width", "height", "frames", "faces")
FIELDS = frozenset(
    (*TEXTS, *NUMBERS, *COUNTS, "kind", "started_at", "labels", "mode", "purpose", "person", "keep_media")
) | {"media_path", "expires_at", "retention_days", "status", "summary"}
LIMIT = 200
"""No page of a list holds more."""

_EMPTY: dict[str, Any] = {
    **dict.fromkeys(TEXTS, ""),
    **dict.fromkeys(NUMBERS, 0.0),
    **dict.fromkeys(COUNTS, 0),
    **{"rows": 0, "face_ids": [], "labels": {}, "valence_sum": 0.0, "arousal_sum": 0.0, "valued_rows": 0},
    **{"kind": "video", "mode": "expressions", "purpose": None, "person": None, "keep_media": False},
    **{"media_path": None, "expires_at": None, "status": "open", "summary": {}},
}


class Recordings(Database):
    """The part of the memory that knows recordings; their rows and findings are kept elsewhere."""

    def add_recording(self, owner: str, **fields: Any) -> Recording:
        """Remember a new recording; fields as in `Recording`, and `retention_days` instead of `expires_at`.

        Raises:
            OptionError: for a field that does not exist or a value out of range.
            StoreMissing: if `person` is no profile of the owner.
        """
        known("recording", fields, FIELDS)
        moment = self.clock()
        row = _EMPTY | {"started_at": moment} | values_of(fields, moment)
        row |= {"id": uuid4().hex, "owner": text(owner), "created_at": moment}
        row["search"] = searchable(row["name"], row["notes"])
        with self.writing() as connection:
            check_person(connection, owner, row["person"])
            connection.execute(insert(TABLE).values(row))
            put_labels(connection, row["id"], row["labels"])
        return self.recording(owner, row["id"])

    def recording(self, owner: str, recording: str) -> Recording:
        """Return one recording.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
        """
        with self.reading() as connection:
            return as_recording(own_row(connection, owner, recording))

    def recordings(
        self,
        owner: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        person: str | None = None,
        label: str | None = None,
        kind: str | None = None,
        text: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> tuple[list[Recording], str | None]:
        """Return the newest recordings that fit all that is given, and from where the next page goes on, or None.

        `since` <= started_at < `until`; `person` a profile's id; `label` appears in at least one row; `text` is part
        of the name or the notes, in any case; `after` is what the page before gave.

        Raises:
            OptionError: for a limit outside 1..200 or an `after` that no page gave.
        """
        if not 1 <= limit <= LIMIT:
            raise OptionError(f"limit: expected 1..{LIMIT}, received {limit}")
        wanted = select(TABLE).where(TABLE.c.owner == owner)
        for condition in _conditions(since, until, person, kind, text):
            wanted = wanted.where(condition)
        if label:
            wanted = wanted.join(tables.labels, tables.labels.c.recording == TABLE.c.id)
            wanted = wanted.where(tables.labels.c.label == label, tables.labels.c.rows > 0)
        wanted = _after(wanted, after).order_by(TABLE.c.started_at.desc(), TABLE.c.id.desc()).limit(limit + 1)
        with self.reading() as connection:
            found = [as_recording(row) for row in connection.execute(wanted)]
        more = len(found) > limit
        return found[:limit], _cursor(found[limit - 1]) if more else None

    def abandoned(self, quiet_s: float) -> list[Recording]:
        """Return the live recordings of all owners that are open though nothing was added for so many seconds.

        The server that made them was killed.
        """
        latest = self.clock() - timedelta(seconds=quiet_s)
        wanted = select(TABLE).where(TABLE.c.kind == "live", TABLE.c.status == "open", TABLE.c.started_at < latest)
        with self.reading() as connection:
            found = [as_recording(row) for row in connection.execute(wanted)]
        return [each for each in found if each.started_at + timedelta(seconds=each.duration_s) < latest]

    def update_recording(self, owner: str, recording: str, **fields: Any) -> Recording:
        """Change fields of a recording; `retention_days=None` keeps it for ever.

        Raises:
            OptionError: for a field that does not exist or a value out of range.
            StoreMissing: if there is none of this id, or it or `person` is another owner's.
        """
        known("recording", fields, FIELDS)
        changes = values_of(fields, self.clock())
        with self.writing() as connection:
            row = own_row(connection, owner, recording, lock=True)
            if "person" in changes:
                check_person(connection, owner, changes["person"])
            if changes.keys() & {"name", "notes"}:
                changes["search"] = searchable(changes.get("name", row.name), changes.get("notes", row.notes))
            if changes:
                connection.execute(update(TABLE).where(TABLE.c.id == recording).values(changes))
            if "labels" in changes:
                put_labels(connection, recording, changes["labels"])
        return self.recording(owner, recording)


def own_row(connection: Connection, owner: str, recording: str, lock: bool = False) -> Row[Any]:
    """Return the row of an owner's recording; `lock` keeps others from changing it until the transaction ends.

    Raises:
        StoreMissing: if there is none of this id, or it is another owner's.
    """
    checked_id("recording", recording)
    wanted = select(TABLE).where(TABLE.c.id == recording, TABLE.c.owner == owner)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise missing("recording", recording)
    return row


def check_person(connection: Connection, owner: str, person: str | None) -> None:
    """Check that a profile is there and the owner's own; None is nobody.

    Raises:
        StoreMissing: if it is not.
    """
    if person is None:
        return
    checked_id("profile", person)
    table = tables.profiles
    if connection.execute(select(table.c.id).where(table.c.id == person, table.c.owner == owner)).first() is None:
        raise missing("profile", person)


def put_labels(connection: Connection, recording: str, counts: Mapping[str, int]) -> None:
    """Keep how many rows have each label where the search for a label finds it."""
    table = tables.labels
    connection.execute(delete(table).where(table.c.recording == recording))
    if counts:
        rows = [{"recording": recording, "label": label, "rows": count} for label, count in counts.items()]
        connection.execute(insert(table), rows)


def values_of(fields: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """Return checked fields as the table holds them."""
    values: dict[str, Any] = dict(fields)
    if "retention_days" in values:
        days = values.pop("retention_days")
        if days is not None and not 0 <= days <= 36_500:
            raise OptionError(f"retention_days: expected 0..36500, received {days}")
        values["expires_at"] = None if days is None else moment + timedelta(days=days)
    for name, allowed in {"kind": KINDS, "mode": MODES, "status": STATUSES}.items():
        if name in values:
            one_of(name, values[name], allowed)
    for name in (*NUMBERS, *COUNTS):
        if name in values and not 0 <= values[name] < 2**31:
            raise OptionError(f"{name}: expected 0 or more, received {values[name]}")
    values |= {name: text(values[name]) for name in TEXTS if name in values}
    if isinstance(values.get("purpose"), Purpose):
        values["purpose"] = values["purpose"].as_json()
    if values.get("media_path") is not None:
        values["media_path"] = str(values["media_path"])
    if "labels" in values:
        values["labels"] = {text(label)[:64]: int(count) for label, count in values["labels"].items()}
    if "summary" in values:
        values["summary"] = plain_json(values["summary"])
    if values.get("started_at", moment) is None:
        values["started_at"] = moment
    for name in ("started_at", "expires_at"):
        if not isinstance(values.get(name), datetime | None):
            raise OptionError(f"{name}: expected a time, received {values[name]!r}")
    return values


def searchable(name: str, notes: str) -> str:
    """Return what a search looks through; folded here, for SQLite knows upper and lower case only of ASCII."""
    return f"{name}\n{notes}".casefold()


def as_recording(row: Row[Any]) -> Recording:
    """Return the record of a row."""
    found = {name: getattr(row, name) for name in Recording.__dataclass_fields__}
    return Recording(**found | {"purpose": None if row.purpose is None else Purpose.from_json(row.purpose)})


def _conditions(
    since: datetime | None, until: datetime | None, person: str | None, kind: str | None, wanted: str | None
) -> list[Any]:
    found: list[Any] = []
    if since is not None:
        found.append(TABLE.c.started_at >= since)
    if until is not None:
        found.append(TABLE.c.started_at < until)
    if person is not None:
        found.append(TABLE.c.person == text(person))
    if kind is not None:
        found.append(TABLE.c.kind == one_of("kind", kind, KINDS))
    if wanted:
        found.append(TABLE.c.search.contains(text(wanted).casefold(), autoescape=True))
    return found


def _cursor(last: Recording) -> str:
    return f"{last.started_at.astimezone(UTC).isoformat(timespec='microseconds')}_{last.id}"


def _after(wanted: Select[Any], after: str | None) -> Select[Any]:
    if not after:
        return wanted
    moment, _, recording = after.partition("_")
    try:
        when = datetime.fromisoformat(moment)
        checked_id("recording", recording)
    except (ValueError, StoreError):
        when = None
    if when is None or when.tzinfo is None:
        raise OptionError("after: expected what the page before gave as next")
    earlier = and_(TABLE.c.started_at == when, TABLE.c.id < recording)
    return wanted.where(or_(TABLE.c.started_at < when, earlier))
