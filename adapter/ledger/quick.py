"""Statements that run again and again: compiled once for each kind of database, then given straight to the driver.

A settlement asks and writes some hundred and fifty times. SQLAlchemy's way from a statement at hand to the driver costs
ten times what SQLite needs to answer it, so the statements of the hot path take this shorter one: same text, same
types, same errors. Whoever listens to what is executed gets the long way, and so hears everything.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

Statement = Select[Any] | UpdateBase
Values = Mapping[str, object]
_Process = Callable[[Any], Any]


def rows(connection: Connection, statement: Select[Any], values: Values) -> Sequence[Any]:
    """All rows that a question finds, with their columns by name and by place.

    Args:
        statement: one that is kept for good; what varies stands in its named parameters. A list needs ``among``.
    """
    if connection.dispatch.before_cursor_execute:
        return connection.execute(statement, values).all()
    made = _made(connection.dialect, statement, values)
    found = _run(connection, made, made.given(values)).fetchall()
    return made.read(found) if found else ()


def first(connection: Connection, statement: Select[Any], values: Values) -> Any | None:
    """The first row that a question finds, or None."""
    found = rows(connection, statement, values)
    return found[0] if found else None


def write(connection: Connection, statement: UpdateBase, values: Values) -> int:
    """Write one row, or change what a statement names; how many rows it touched."""
    if connection.dispatch.before_cursor_execute:
        return connection.execute(statement, values).rowcount
    made = _made(connection.dialect, statement, values)
    return int(_run(connection, made, made.given(values)).rowcount)


def write_all(connection: Connection, statement: UpdateBase, values: Sequence[Values]) -> None:
    """Run a statement for each of several rows that name the same columns."""
    if not values:
        return
    if connection.dispatch.before_cursor_execute:
        connection.execute(statement, values)
        return
    if connection.dialect.name == "postgresql" and isinstance(statement, Insert):
        names = tuple(values[0])  # over a network many rows go in one statement
        write(connection, _of_lists(statement, names), {name: [row[name] for row in values] for name in names})
        return
    made = _made(connection.dialect, statement, values[0])
    give(connection, made.text, [made.given(each) for each in values])


def give(connection: Connection, text: str, values: Sequence[Any]) -> None:
    """Run a statement in the driver's own words, with values as the driver takes them; a list of rows: for each."""
    if connection.dispatch.before_cursor_execute:
        connection.exec_driver_sql(text, values)
        return
    dialect = connection.dialect
    if dialect.loaded_dbapi is None:
        raise TypeError("a dialect without its driver")
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if isinstance(values, list) else cursor.execute)(text, values)
    except dialect.loaded_dbapi.Error as error:
        raise _told(error, text, dialect) from error
    finally:
        cursor.close()


@cache
def _of_lists(statement: Insert, names: tuple[str, ...]) -> Insert:
    """Add rows that are given as a list for each column: the same text for any number of them (PostgreSQL)."""
    columns = statement.table.c
    lists = [bindparam(name, type_=ARRAY(columns[name].type)) for name in names]
    added = func.unnest(*lists).table_valued(*names).render_derived()
    return statement.from_select(list(names), select(*(added.c[name] for name in names)))


@dataclass(frozen=True, slots=True)
class _Made:
    """A statement for one kind of database.

    Attributes:
        names: its parameters in the order in which they stand, with how a value is said to the driver.
        by_place: whether the driver counts them.
        fixed: values that stand in the statement itself.
        out: by place, how a value of the driver is understood, where that differs.
    """

    text: str
    names: tuple[tuple[str, _Process | None], ...]
    by_place: bool
    fixed: Values
    out: tuple[tuple[int, _Process], ...]
    row: Callable[[Sequence[Any]], Any]
    error: type[Exception]
    dialect: Dialect

    def given(self, values: Values) -> Any:
        """The parameters as the driver wants them. Raises KeyError for one that is missing."""
        told = {**self.fixed, **values} if self.fixed else values
        if self.by_place:
            return [told[name] if into is None else into(told[name]) for name, into in self.names]
        return {name: told[name] if into is None else into(told[name]) for name, into in self.names}

    def read(self, found: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """Rows of the driver as rows with names."""
        if not self.out:
            return [self.row(each) for each in found]
        read = []
        for each in found:
            cells = list(each)
            for place, process in self.out:
                cells[place] = process(cells[place])
            read.append(self.row(cells))
        return read


#: By kind of database, statement and columns. Statements are few and live as long as the program.
_MADE: dict[tuple[str, Statement, tuple[str, ...]], _Made] = {}


def _made(dialect: Dialect, statement: Statement, values: Values) -> _Made:
    key = (dialect.name, statement, tuple(values))
    found = _MADE.get(key)
    if found is None:
        found = _MADE[key] = _compiled(dialect, statement, tuple(values))
    return found


def _compiled(dialect: Dialect, statement: Statement, names: tuple[str, ...]) -> _Made:
    columns = None if isinstance(statement, Select) else list(names)
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    if not isinstance(compiled, SQLCompiler) or dialect.loaded_dbapi is None:
        raise TypeError("not a statement that a driver runs")
    into = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    read = list(statement.selected_columns) if isinstance(statement, Select) else []
    out = [
        (place, process)
        for place, column in enumerate(read)
        if (process := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
    row = namedtuple("Row", [str(column.key) for column in read], rename=True)  # type: ignore[misc]  # known when it runs
    text = str(compiled)
    for name, bind in compiled.binds.items():
        if isinstance(bind.type, ARRAY):  # in the binary form, which costs a sixth
            text = text.replace(f"%({name})s", f"%({name})b")
    return _Made(
        text=text,
        names=tuple((name, into[name]) for name in compiled.positiontup or compiled.params),
        by_place=compiled.positional,
        fixed={name: value for name, value in compiled.params.items() if not compiled.binds[name].required},
        out=tuple(out),
        row=row._make,
        error=dialect.loaded_dbapi.Error,
        dialect=dialect,
    )


def _run(connection: Connection, made: _Made, given: Any) -> Any:
    cursor = connection.connection.cursor()
    try:
        cursor.execute(made.text, given)
    except made.error as error:
        raise _told(error, made.text, made.dialect) from error
    return cursor


def _told(error: Exception, text: str, dialect: Dialect) -> BaseException:
    """The driver's error as SQLAlchemy's, without the values: they may be personal data."""
    kind = dialect.loaded_dbapi.Error if dialect.loaded_dbapi is not None else Exception
    return DBAPIError.instance(text, None, error, kind, hide_parameters=True, dialect=dialect)
