"""A hospital's database, opened for reading only: one snapshot for all views where the database has one (数据库连接).

SQLite and PostgreSQL are tested; Oracle and SQL Server are reached by driver name. Nothing that a database says in
words is ever repeated, because its messages hold parameters and values: issues carry its state code at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, Connection, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from adapter.intake.readers import database_issues as issues
from adapter.model.database import SourceDatabase
from adapter.model.issues import AdapterError, Issue

#: Longest wait for a connection, seconds.
_CONNECT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Driver:
    """How one kind of database is opened.

    Attributes:
        package: what to install.
        connect: arguments of the driver.
        prepare: on each new connection of the driver, with the seconds that a statement may take.
        begin: on the connection before anything is read, with seconds and time zone.
    """

    package: str
    connect: Mapping[str, object]
    prepare: Callable[[Any, int], None]
    begin: Callable[[Connection, int, str], None]


def _nothing(_: Any, __: int) -> None:
    """This driver needs no preparing."""


def _sqlite_connection(raw: Any, _: int) -> None:
    raw.isolation_level = None  # the driver would begin no transaction for a SELECT, and so give no snapshot


def _sqlite(connection: Connection, _: int, __: str) -> None:
    connection.exec_driver_sql("BEGIN")


def _postgresql(connection: Connection, seconds: int, zone: str) -> None:
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    setting = text("SELECT set_config('statement_timeout', :ms, true), set_config('TimeZone', :zone, true)")
    connection.execute(setting, {"ms": str(seconds * 1000), "zone": zone})


def _oracle_connection(raw: Any, seconds: int) -> None:
    raw.call_timeout = seconds * 1000


def _oracle(connection: Connection, _: int, __: str) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")  # one snapshot until the end of the transaction


def _sqlserver_connection(raw: Any, seconds: int) -> None:
    raw.timeout = seconds


def _sqlserver(_: Connection, __: int, ___: str) -> None:
    """Read committed: a snapshot must be allowed by whoever runs the database; the overlap makes up for it."""


DRIVERS: Mapping[str, Driver] = MappingProxyType(
    {
        "sqlite": Driver("Python itself", {"timeout": _CONNECT_SECONDS}, _sqlite_connection, _sqlite),
        "postgresql": Driver("psycopg[binary]", {"connect_timeout": _CONNECT_SECONDS}, _nothing, _postgresql),
        "oracle": Driver("oracledb", {"tcp_connect_timeout": _CONNECT_SECONDS}, _oracle_connection, _oracle),
        "mssql": Driver("pyodbc", {"timeout": _CONNECT_SECONDS}, _sqlserver_connection, _sqlserver),
    }
)


@contextmanager
def reading(spec: SourceDatabase, source: str, password: str | None, seconds: float) -> Iterator[Connection]:
    """A connection that only reads, closed at the end.

    Args:
        seconds: most that one statement may take.

    Raises:
        AdapterError: SRC-150 when the database is away, SRC-158 without its driver; inside the block, see ``refusal``.
    """
    url = make_url(spec.url)
    driver = DRIVERS[url.get_backend_name()]
    try:
        engine = create_engine(
            _read_only(url) if password is None else url.set(password=password),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=dict(driver.connect),
        )
    except (ImportError, NoSuchModuleError):
        raise AdapterError(issues.driver_missing(source, url.drivername, driver.package)) from None
    event.listen(engine, "connect", lambda raw, _: driver.prepare(raw, ceil(seconds)))
    try:
        connection = engine.connect()
        driver.begin(connection, ceil(seconds), spec.zone)
    except SQLAlchemyError as error:
        raise AdapterError(issues.database_away(source, state_of(error))) from None
    with connection:
        yield connection


def _read_only(url: URL) -> URL:
    if url.get_backend_name() != "sqlite":
        return url
    return url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})


def refusal(error: Exception, source: str, table: str, seconds: float) -> Issue:
    """What an error met while reading a table means, without its words."""
    state = state_of(error)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return issues.database_away(source, state)
    if state in _SLOW:
        return issues.query_too_slow(source, table, seconds)
    if state in _FORBIDDEN:
        return issues.permission_refused(source, table, state)
    if state.startswith(_AWAY):
        return issues.database_away(source, state)
    return issues.query_failed(source, table, state)


def state_of(error: Exception) -> str:
    """What the database or its driver calls the error (``42501``, ``ORA-00942``, ``SQLITE_BUSY``), or its type.

    A code names no value, so it may be shown.
    """
    raw = (error.orig or error) if isinstance(error, DBAPIError) else error
    found = getattr(raw, "sqlstate", None) or getattr(raw, "sqlite_errorname", None)
    first = raw.args[0] if raw.args else None
    found = found or getattr(first, "full_code", None)
    if not found and isinstance(first, str) and len(first) == 5 and first.isalnum() and len(raw.args) > 1:
        found = first
    return str(found) if found else type(raw).__name__


#: PostgreSQL, SQLite, Oracle's driver and database, ODBC.
_SLOW = frozenset({"57014", "SQLITE_INTERRUPT", "DPY-4024", "ORA-01013", "HYT00", "HYT01"})
_FORBIDDEN = frozenset({"42501", "SQLITE_AUTH", "SQLITE_PERM", "ORA-01031", "ORA-41900"})
_AWAY = ("08", "57P", "53", "SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "DPY-6", "DPY-1001", "DPY-4011", "ORA-03")
