"""The first tables: recordings and what was found in them, profiles, jobs, tokens, purposes, the audit."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String(32)
UTC = sa.DateTime(timezone=True)
PLAIN = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the triggers that keep the audit as it was written."""
    _recordings()
    _found()
    _jobs()
    _access()
    seal = _SEAL_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SEAL_SQLITE
    for statement in seal:
        op.execute(statement)


def _column(name: str, kind: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **more)


def _of_recording(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["recording"], ["recordings.id"], name=f"fk_{table}_recording", ondelete="CASCADE")


def _recordings() -> None:
    op.create_table(
        "profiles",
        _column("id", ID),
        _column("owner", sa.Text),
        _column("name", sa.Text),
        _column("notes", sa.Text),
        _column("created_at", UTC),
        sa.Column("baseline", PLAIN),
        sa.PrimaryKeyConstraint("id", name="pk_profiles"),
    )
    op.create_index("ix_profiles_owner_name", "profiles", ["owner", "name"])
    op.create_table(
        "recordings",
        _column("id", ID),
        _column("owner", sa.Text),
        _column("name", sa.Text),
        _column("search", sa.Text),
        _column("kind", sa.String(16)),
        _column("created_at", UTC),
        _column("started_at", UTC),
        _column("duration_s", sa.Float),
        _column("width", sa.Integer),
        _column("height", sa.Integer),
        _column("fps", sa.Float),
        _column("frames", sa.BigInteger),
        _column("faces", sa.Integer),
        _column("rows", sa.BigInteger),
        _column("face_ids", PLAIN),
        _column("labels", PLAIN),
        _column("valence_sum", sa.Float),
        _column("arousal_sum", sa.Float),
        _column("valued_rows", sa.BigInteger),
        _column("model", sa.Text),
        _column("mode", sa.String(16)),
        sa.Column("purpose", PLAIN),
        sa.Column("person", ID),
        _column("notes", sa.Text),
        _column("keep_media", sa.Boolean),
        sa.Column("media_path", sa.Text),
        sa.Column("expires_at", UTC),
        _column("status", sa.String(16)),
        _column("summary", PLAIN),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
        sa.ForeignKeyConstraint(["person"], ["profiles.id"], name="fk_recordings_person", ondelete="SET NULL"),
    )
    op.create_index("ix_recordings_expires_at", "recordings", ["expires_at"])
    op.create_index("ix_recordings_owner_started_at_id", "recordings", ["owner", "started_at", "id"])
    op.create_index("ix_recordings_person", "recordings", ["person"])


def _found() -> None:
    op.create_table(
        "labels",
        _column("recording", ID),
        _column("label", sa.String(64)),
        _column("rows", sa.BigInteger),
        sa.PrimaryKeyConstraint("recording", "label", name="pk_labels"),
        _of_recording("labels"),
    )
    op.create_index("ix_labels_label_recording", "labels", ["label", "recording"])
    op.create_table(
        "blocks",
        _column("id", NUMBER),
        _column("recording", ID),
        _column("number", sa.Integer),
        _column("rows", sa.Integer),
        _column("start_s", sa.Float),
        _column("end_s", sa.Float),
        _column("last_frame", sa.BigInteger),
        _column("bytes", sa.Integer),
        _column("data", sa.LargeBinary),
        sa.Column("wide", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_blocks"),
        _of_recording("blocks"),
        sa.UniqueConstraint("recording", "number", name="uq_blocks_recording_number"),
    )
    op.create_table(
        "episodes",
        _column("id", NUMBER),
        _column("recording", ID),
        _column("kind", sa.String(16)),
        _column("label", sa.Text),
        _column("side", sa.String(8)),
        _column("onset_s", sa.Float),
        _column("apex_s", sa.Float),
        _column("offset_s", sa.Float),
        sa.Column("peak", sa.Float),
        sa.Column("confidence", sa.Float),
        _column("face", sa.Integer),
        sa.Column("more", PLAIN),
        sa.PrimaryKeyConstraint("id", name="pk_episodes"),
        _of_recording("episodes"),
    )
    op.create_index("ix_episodes_recording_kind", "episodes", ["recording", "kind"])
    op.create_table(
        "events",
        _column("id", NUMBER),
        _column("recording", ID),
        _column("rule", sa.Text),
        _column("phase", sa.String(8)),
        _column("face", sa.Integer),
        _column("time_s", sa.Float),
        _column("more", PLAIN),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        _of_recording("events"),
    )
    op.create_index("ix_events_recording", "events", ["recording"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        _column("id", ID),
        _column("owner", sa.Text),
        _column("recording", ID),
        _column("status", sa.String(16)),
        _column("input_path", sa.Text),
        _column("options", PLAIN),
        _column("frames_done", sa.BigInteger),
        _column("frames_total", sa.BigInteger),
        _column("time_s", sa.Float),
        sa.Column("error", sa.Text),
        _column("created_at", UTC),
        sa.Column("started_at", UTC),
        sa.Column("finished_at", UTC),
        sa.Column("worker", sa.Text),
        sa.Column("lease_until", UTC),
        _column("attempts", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        _of_recording("jobs"),
    )
    op.create_index("ix_jobs_owner_created_at", "jobs", ["owner", "created_at"])
    op.create_index("ix_jobs_recording", "jobs", ["recording"])
    op.create_index("ix_jobs_status_created_at", "jobs", ["status", "created_at"])


def _access() -> None:
    op.create_table(
        "tokens",
        _column("id", ID),
        _column("name", sa.Text),
        _column("owner", sa.Text),
        _column("scopes", PLAIN),
        _column("hash", sa.String(64)),
        _column("created_at", UTC),
        sa.Column("revoked_at", UTC),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_table(
        "purposes",
        _column("id", NUMBER),
        _column("kind", ID),
        _column("ground", sa.String(16)),
        _column("note", sa.Text),
        _column("declared_by", sa.Text),
        _column("declared_at", UTC),
        sa.PrimaryKeyConstraint("id", name="pk_purposes"),
    )
    op.create_table(
        "audit",
        _column("id", NUMBER),
        _column("at", UTC),
        _column("action", sa.Text),
        _column("owner", sa.Text),
        _column("subject", sa.Text),
        _column("details", PLAIN),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_table(
        "exports",
        _column("id", ID),
        _column("path", sa.Text),
        _column("created_at", UTC),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
    )
    op.create_table(
        "tombstones",
        _column("hash", sa.String(64)),
        _column("deleted_at", UTC),
        sa.PrimaryKeyConstraint("hash", name="pk_tombstones"),
    )


_SEAL_SQLITE = tuple(
    f"CREATE TRIGGER audit_no_{what} BEFORE {what} ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    for what in ("update", "delete")
)
_SEAL_POSTGRESQL = (
    "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
)
