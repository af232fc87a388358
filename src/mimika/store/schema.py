"""Which tables the database has, and the way from there to those of today."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from mimika.data.errors import StoreVersion

REVISIONS = ("0001",)
"""All revisions that this mimika knows, oldest first; each is a file in `migrations/versions/`."""
MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x6D696D696B61
"""The number by which processes that open the same PostgreSQL database at once wait for each other: "mimika"."""


def revision(connection: Connection) -> str | None:
    """Return the revision of the database, None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(reader: Engine, writer: Engine, place: str) -> None:
    """Bring the tables to the newest revision; one process does it, others wait and find it done.

    Raises:
        StoreVersion: if the database has a revision that this mimika does not know.
    """
    with reader.connect() as connection:
        if _is_newest(connection, place):
            return
    with writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        if not _is_newest(connection, place):
            _migrate(connection)


def _is_newest(connection: Connection, place: str) -> bool:
    found = revision(connection)
    if found is not None and found not in REVISIONS:
        raise StoreVersion(
            f"{place}: made by a newer mimika (tables {found}, this one knows {REVISIONS[-1]}); update mimika"
        )
    return found == REVISIONS[-1]


def _migrate(connection: Connection) -> None:
    # Alembic takes a fifth of a second to import, and is needed once in the life of a database.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
