"""Alembic's way in: run on the connection, and in the transaction, that migrate.py hands over."""

from __future__ import annotations

from alembic import context

from adapter.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
