"""The tables, as SQLAlchemy knows them; `migrations/` makes them, and a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from mimika.data.errors import OptionError


class Utc(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database; SQLite, which knows no zones, keeps the bare UTC text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any zone into UTC; a moment without a zone is refused, for it could be any of 38."""
        if value is not None and value.tzinfo is None:
            raise OptionError(f"time: expected a time with its zone, received {value.isoformat()}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

ID = String(32)
PLAIN = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def _needed(name: str, kind: Any, **more: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **more)


def _recording_key(primary: bool = False) -> Column[Any]:
    link = ForeignKey("recordings.id", ondelete="CASCADE")
    return Column("recording", ID, link, nullable=False, primary_key=primary)


profiles = Table(
    "profiles",
    metadata,
    Column("id", ID, primary_key=True),
    _needed("owner", Text),
    _needed("name", Text),
    _needed("notes", Text),
    _needed("created_at", Utc),
    Column("baseline", PLAIN),
    Index(None, "owner", "name"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", ID, primary_key=True),
    _needed("owner", Text),
    _needed("name", Text),
    _needed("search", Text),
    _needed("kind", String(16)),
    _needed("created_at", Utc),
    _needed("started_at", Utc),
    _needed("duration_s", Float),
    _needed("width", Integer),
    _needed("height", Integer),
    _needed("fps", Float),
    _needed("frames", BigInteger),
    _needed("faces", Integer),
    _needed("rows", BigInteger),
    _needed("face_ids", PLAIN),
    _needed("labels", PLAIN),
    _needed("valence_sum", Float),
    _needed("arousal_sum", Float),
    _needed("valued_rows", BigInteger),
    _needed("model", Text),
    _needed("mode", String(16)),
    Column("purpose", PLAIN),
    Column("person", ID, ForeignKey("profiles.id", ondelete="SET NULL")),
    _needed("notes", Text),
    _needed("keep_media", Boolean),
    Column("media_path", Text),
    Column("expires_at", Utc),
    _needed("status", String(16)),
    _needed("summary", PLAIN),
    Index(None, "owner", "started_at", "id"),
    Index(None, "expires_at"),
    Index(None, "person"),
)

labels = Table(
    "labels",
    metadata,
    _recording_key(primary=True),
    Column("label", String(64), primary_key=True),
    _needed("rows", BigInteger),
    Index(None, "label", "recording"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _recording_key(),
    _needed("number", Integer),
    _needed("rows", Integer),
    _needed("start_s", Float),
    _needed("end_s", Float),
    _needed("last_frame", BigInteger),
    _needed("bytes", Integer),
    _needed("data", LargeBinary),
    Column("wide", LargeBinary),
    UniqueConstraint("recording", "number"),
)

episodes = Table(
    "episodes",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _recording_key(),
    _needed("kind", String(16)),
    _needed("label", Text),
    _needed("side", String(8)),
    _needed("onset_s", Float),
    _needed("apex_s", Float),
    _needed("offset_s", Float),
    Column("peak", Float),
    Column("confidence", Float),
    _needed("face", Integer),
    Column("more", PLAIN),
    Index(None, "recording", "kind"),
)

events = Table(
    "events",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _recording_key(),
    _needed("rule", Text),
    _needed("phase", String(8)),
    _needed("face", Integer),
    _needed("time_s", Float),
    _needed("more", PLAIN),
    Index(None, "recording"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", ID, primary_key=True),
    _needed("owner", Text),
    _recording_key(),
    _needed("status", String(16)),
    _needed("input_path", Text),
    _needed("options", PLAIN),
    _needed("frames_done", BigInteger),
    _needed("frames_total", BigInteger),
    _needed("time_s", Float),
    Column("error", Text),
    _needed("created_at", Utc),
    Column("started_at", Utc),
    Column("finished_at", Utc),
    Column("worker", Text),
    Column("lease_until", Utc),
    _needed("attempts", Integer),
    Index(None, "status", "created_at"),
    Index(None, "owner", "created_at"),
    Index(None, "recording"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", ID, primary_key=True),
    _needed("name", Text),
    _needed("owner", Text),
    _needed("scopes", PLAIN),
    _needed("hash", String(64), unique=True),
    _needed("created_at", Utc),
    Column("revoked_at", Utc),
)

purposes = Table(
    "purposes",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("kind", String(32)),
    _needed("ground", String(16)),
    _needed("note", Text),
    _needed("declared_by", Text),
    _needed("declared_at", Utc),
)

audit = Table(
    "audit",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("at", Utc),
    _needed("action", Text),
    _needed("owner", Text),
    _needed("subject", Text),
    _needed("details", PLAIN),
)

exports = Table(
    "exports",
    metadata,
    Column("id", ID, primary_key=True),
    _needed("path", Text),
    _needed("created_at", Utc),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("hash", String(64), primary_key=True),
    _needed("deleted_at", Utc),
)
