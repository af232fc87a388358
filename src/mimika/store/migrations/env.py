"""What Alembic runs: the revisions that are missing, in the transaction of the one who opened the database."""

from __future__ import annotations

from alembic import context

from mimika.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
