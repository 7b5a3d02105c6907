"""The two databases made to behave alike: SQLite and PostgreSQL. 数据库。

Parameters never appear in an error's text (``hide_parameters``): they may be personal data.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from adapter.ledger import issues as said
from adapter.model.issues import AdapterError

#: Execution option that marks a connection as reading only.
READS = "ledger_reads"

#: KiB of pages that a SQLite connection keeps at hand: the upper parts of every tree of a store of some gigabytes.
_CACHE = 16 * 1024

#: How long to wait for others before giving up with LED-403.
BUSY_SECONDS = 30


def engine_for(url: str, *, busy_seconds: int = BUSY_SECONDS) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql://…``. Raises AdapterError LED-401 for anything else."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise AdapterError(said.unknown_store("?")) from None  # the text may hold a password
    backend = "postgresql" if parsed.drivername == "postgres" else parsed.get_backend_name()
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return _sqlite(parsed, busy_seconds)
    if backend == "postgresql":
        return _postgresql(parsed, busy_seconds)
    raise AdapterError(said.unknown_store(parsed.drivername))


def _sqlite(url: URL, busy_seconds: int) -> Engine:
    """WAL, every commit on disk, foreign keys on, and transactions that we begin ourselves."""
    engine = create_engine(url.set(drivername="sqlite"), connect_args={"timeout": busy_seconds}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _on_connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver's own BEGIN is deferred and comes too late
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size=-{_CACHE}"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL, busy_seconds: int) -> Engine:
    """Read committed for writers, who hold what they decide on; one snapshot for readers."""
    options = f"-c lock_timeout={busy_seconds * 1000} -c client_encoding=UTF8"
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"options": options},
        isolation_level="READ COMMITTED",
        hide_parameters=True,
    )
    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows in one statement, not one round trip each

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        if connection.get_execution_options().get(READS, False):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    return engine
