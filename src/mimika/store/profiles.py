"""Profiles: the persons an owner follows, with their neutral faces."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from mimika.data.baseline import Baseline
from mimika.data.errors import OptionError
from mimika.store import tables
from mimika.store.database import Database, checked_id, missing, text
from mimika.store.records import Profile, known
from mimika.store.values import plain_json

TABLE = tables.profiles
FIELDS = frozenset(("name", "notes", "baseline"))


class Profiles(Database):
    """The part of the memory that knows persons; deleting one is in `deletion.py`."""

    def add_profile(self, owner: str, name: str, notes: str = "", baseline: Baseline | None = None) -> Profile:
        """Remember a person.

        Raises:
            OptionError: without a name.
        """
        values = _values({"name": name, "notes": notes, "baseline": baseline})
        values |= {"id": uuid4().hex, "owner": text(owner), "created_at": self.clock()}
        with self.writing() as connection:
            connection.execute(insert(TABLE).values(values))
        return self.profile(owner, values["id"])

    def profile(self, owner: str, profile: str) -> Profile:
        """Return one profile.

        Raises:
            StoreMissing: if there is none of this id, or it is another owner's.
        """
        with self.reading() as connection:
            return as_profile(own_profile(connection, owner, profile))

    def profiles(self, owner: str) -> list[Profile]:
        """Return all profiles of an owner by name."""
        wanted = select(TABLE).where(TABLE.c.owner == owner).order_by(TABLE.c.name, TABLE.c.id)
        with self.reading() as connection:
            return [as_profile(row) for row in connection.execute(wanted)]

    def update_profile(self, owner: str, profile: str, **fields: Any) -> Profile:
        """Change name, notes or baseline (None takes it away).

        Raises:
            OptionError: for a field that does not exist, or an empty name.
            StoreMissing: if there is none of this id, or it is another owner's.
        """
        known("profile", fields, FIELDS)
        with self.writing() as connection:
            own_profile(connection, owner, profile)
            if fields:
                connection.execute(update(TABLE).where(TABLE.c.id == profile).values(_values(fields)))
        return self.profile(owner, profile)


def own_profile(connection: Connection, owner: str, profile: str) -> Row[Any]:
    """Return the row of an owner's profile.

    Raises:
        StoreMissing: if there is none of this id, or it is another owner's.
    """
    checked_id("profile", profile)
    wanted = select(TABLE).where(TABLE.c.id == profile, TABLE.c.owner == owner)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise missing("profile", profile)
    return row


def as_profile(row: Row[Any]) -> Profile:
    """Return the record of a row."""
    baseline = None if row.baseline is None else Baseline.from_json(row.baseline)
    return Profile(row.id, row.owner, row.name, row.notes, row.created_at, baseline)


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    values = dict(fields)
    values |= {name: text(values[name]) for name in ("name", "notes") if name in values}
    if "name" in values and not values["name"].strip():
        raise OptionError("name: expected a name for the profile, received nothing")
    if isinstance(values.get("baseline"), Baseline):
        values["baseline"] = plain_json(values["baseline"].as_json())
    return values
