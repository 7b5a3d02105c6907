"""Conditions on a list of values whose text stays the same however long the list is.

An ``IN`` with one mark per value is another statement for every length: written anew, and planned anew by the database.
Here the whole list is one parameter, so the statement is made once and goes the short way (``quick``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

Rows = Sequence[Sequence[str]]


class _Listed(TypeDecorator[Rows]):
    """Rows of texts as one value: JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Rows | None, dialect: Dialect) -> str:
        return json.dumps(value, ensure_ascii=False)


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> _Among:
        """As it stands. A comparison with 1, which SQLAlchemy would add for SQLite, keeps it from the index."""
        return self


def among(name: str, *columns: Column[Any]) -> _Among:
    """That the columns, all of texts, have the values of one of the rows that are given as parameter ``name``."""
    return _Among(bindparam(name, type_=_Listed()), *columns)


@compiles(_Among, "postgresql")
def _in_postgresql(element: _Among, compiler: SQLCompiler, **told: Any) -> str:
    listed, *columns = (compiler.process(part, **told) for part in element.clauses)
    values = ", ".join(f"value ->> {place}" for place in range(len(columns)))
    rows = f"SELECT {values} FROM json_array_elements(CAST({listed} AS json))"  # noqa: S608 - names and marks only
    return f"({', '.join(columns)}) IN ({rows})"


@compiles(_Among, "sqlite")
def _in_sqlite(element: _Among, compiler: SQLCompiler, **told: Any) -> str:
    listed, *columns = (compiler.process(part, **told) for part in element.clauses)
    values = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(columns)))
    rows = f"SELECT {values} FROM json_each({listed})"  # noqa: S608 - names and marks only
    return f"({', '.join(columns)}) IN ({rows})"
