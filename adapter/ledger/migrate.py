"""Bring a store's schema up to date, whoever else is starting at the same moment. 结构升级。"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from adapter.ledger import issues as said
from adapter.ledger.tables import SCHEMA
from adapter.model.issues import AdapterError

MIGRATIONS = Path(__file__).parent / "migrations"

#: PostgreSQL's advisory lock for migrating.
_MIGRATING = 4_104_200_002


def upgrade(engine: Engine) -> None:
    """Run the missing migrations in one transaction; others wait for it and then find nothing to do.

    Raises:
        AdapterError: LED-402, a newer program has been here.
    """
    with engine.begin() as connection:  # SQLite: BEGIN IMMEDIATE, one writer at a time
        wait_for_others(connection)
        found = _found(connection)
        if found == SCHEMA:
            return
        config = alembic_config(connection)
        known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
        if found is not None and found not in known:
            raise AdapterError(said.store_newer(found, SCHEMA))
        command.upgrade(config, "head")


def wait_for_others(connection: Connection) -> None:
    """Be the only one who brings the store up to date until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings without a file: our migrations, on this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _found(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return MigrationContext.configure(connection).get_current_revision()
