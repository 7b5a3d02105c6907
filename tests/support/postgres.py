"""A PostgreSQL server of our own for tests, from PyPI's ``pgserver``; each test gets a database of its own.

A machine without it skips those tests, except where ADAPTER_REQUIRE_POSTGRES=1 (CI): there they fail.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from adapter.ledger.ledger import Ledger

_numbers = count(1)


class PostgresServer:
    """A running server, and databases on it."""

    def __init__(self, admin: URL) -> None:
        self._admin = create_engine(admin, isolation_level="AUTOCOMMIT")
        self._url = admin
        self._migrated: str | None = None

    def empty(self) -> str:
        """A database without any table."""
        return self._address(self._create("template0"))

    def migrated(self) -> str:
        """A database with the ledger's tables; copied, so that it costs little."""
        if self._migrated is None:
            self._migrated = self._create("template0")
            Ledger.open(self._address(self._migrated)).close()
        return self._address(self._create(self._migrated))

    def close(self) -> None:
        self._admin.dispose()

    def _create(self, template: str) -> str:
        name = f"t{os.getpid()}_{next(_numbers)}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY file_copy"))
        return name

    def _address(self, name: str) -> str:
        return self._url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's server, stopped and removed at its end."""
    try:
        import pgserver
        import psycopg  # noqa: F401
    except ImportError as missing:
        if os.environ.get("ADAPTER_REQUIRE_POSTGRES") == "1":
            pytest.fail(f"PostgreSQL is required here: {missing}")
        pytest.skip(f"no PostgreSQL on this machine: {missing}")
    folder = Path(tempfile.mkdtemp(prefix="adapter-pg-"))  # short: the socket's path has a limit of 107 bytes
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        databases = PostgresServer(make_url(server.get_uri()).set(drivername="postgresql+psycopg"))
        yield databases
        databases.close()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
