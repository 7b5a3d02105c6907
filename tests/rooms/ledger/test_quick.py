"""The short way to the driver says and understands what the long way does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from adapter.ledger import quick
from adapter.ledger.engine import engine_for
from adapter.ledger.tables import Moment

THINGS = Table(
    "things",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("number", Integer),
    Column("right", Boolean),
    Column("at", Moment),
    Column("day", Date),
    Column("body", LargeBinary),
)
BY_NAME = select(THINGS).where(THINGS.c.name == bindparam("name"))
RIGHT_ONES = select(THINGS.c.name, THINGS.c.number).where(THINGS.c.right.is_(True), THINGS.c.number > 1)
ALL = select(THINGS).order_by(THINGS.c.name)
PUT = insert(THINGS)
MOVE = update(THINGS).where(THINGS.c.name == bindparam("old")).values(number=bindparam("new"))
AT = datetime(2021, 3, 19, 8, 30, 0, 120, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"name": "a", "number": 1, "right": True, "at": AT, "day": AT.date(), "body": b"\x00\xff"},
    {"name": "b", "number": 2, "right": True, "at": None, "day": None, "body": None},
    {"name": "丙 50%", "number": 3, "right": False, "at": AT, "day": AT.date(), "body": b""},
]


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    engine = engine_for(url)
    with engine.connect() as opened, opened.begin():
        THINGS.create(opened)
        quick.write_all(opened, PUT, ROWS)
        yield opened
    engine.dispose()


def test_rows_are_what_the_long_way_finds(connection: Connection) -> None:
    long = [tuple(row) for row in connection.execute(ALL)]
    short = quick.rows(connection, ALL, {})
    assert [tuple(row) for row in short] == long == [tuple(row.values()) for row in ROWS]
    assert [type(cell) for row in short for cell in row] == [type(cell) for row in long for cell in row]
    assert (short[0].name, short[0].at, short[2].body) == ("a", AT, b"")


def test_values_in_the_statement_and_beside_it(connection: Connection) -> None:
    assert [tuple(row) for row in quick.rows(connection, RIGHT_ONES, {})] == [("b", 2)]
    assert quick.rows(connection, BY_NAME, {"name": "丙 50%"})[0].number == 3
    assert quick.first(connection, BY_NAME, {"name": "nobody"}) is None


def test_a_write_tells_how_many_rows_it_touched(connection: Connection) -> None:
    assert quick.write(connection, MOVE, {"old": "a", "new": 7}) == 1
    assert quick.write(connection, MOVE, {"old": "nobody", "new": 7}) == 0
    assert quick.write(connection, PUT, {"name": "d", "right": True}) == 1
    assert tuple(quick.rows(connection, BY_NAME, {"name": "d"})[0]) == ("d", None, True, None, None, None)
    assert quick.rows(connection, BY_NAME, {"name": "a"})[0].number == 7


def test_a_missing_value_is_told(connection: Connection) -> None:
    with pytest.raises(KeyError):
        quick.rows(connection, BY_NAME, {})


@pytest.mark.parametrize("many", [False, True])
def test_the_drivers_error_is_told_as_the_long_way_tells_it(connection: Connection, many: bool) -> None:
    with pytest.raises(IntegrityError) as told, connection.begin_nested():
        if many:
            quick.write_all(connection, PUT, [{"name": "丙 50%", "number": 41_023}])
        else:
            quick.write(connection, PUT, {"name": "丙 50%", "number": 41_023})
    assert isinstance(told.value, DBAPIError)
    assert "41023" not in str(told.value)


def test_whoever_listens_hears_everything(connection: Connection) -> None:
    heard: list[str] = []

    def hear(_c: Connection, _k: object, statement: str, _p: object, _x: object, _m: object) -> None:
        heard.append(statement.split()[0])

    event.listen(connection.engine, "before_cursor_execute", hear)
    quick.rows(connection, BY_NAME, {"name": "a"})
    quick.write(connection, MOVE, {"old": "a", "new": 5})
    quick.write_all(connection, PUT, [{"name": "e"}, {"name": "f"}])
    event.remove(connection.engine, "before_cursor_execute", hear)
    assert heard == ["SELECT", "UPDATE", "INSERT"]
    quick.rows(connection, BY_NAME, {"name": "a"})
    assert len(heard) == 3
