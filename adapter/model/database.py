"""A hospital's database as a source: which views are read, and how far reading has come (数据库视图)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class MarkKind(StrEnum):
    """What a watermark column holds; its values are compared as that."""

    TIME = "time"  # a date or time type of the database
    INTEGER = "integer"  # a counter, a row version as a number
    TEXT = "text"  # texts of equal length: times written alike, hexadecimal row versions


@dataclass(frozen=True, slots=True)
class ViewQuery:
    """One table of the shape as a query of the hospital's database.

    Attributes:
        table: name in the shape.
        query: as the source file has it; with a watermark it names the parameter ``:since``.
        watermark: column that grows when a row is new or changed; empty: the table is read whole each time.
        kind: what that column holds.
        overlap: how far before the highest watermark the next read begins: a time, or a number for counters.
        start: watermark of the first read; empty for everything.
    """

    table: str
    query: str
    watermark: str = ""
    kind: MarkKind = MarkKind.TIME
    overlap: timedelta | int = 0
    start: str = ""


@dataclass(frozen=True, slots=True)
class SourceDatabase:
    """The database of one source.

    Attributes:
        url: SQLAlchemy URL without a password.
        password_env: environment variable that holds the password; empty where none is needed.
        every: seconds from the end of one read to the beginning of the next.
        zone: times that carry a zone are turned into this one, the hospital's.
        views: by table.
    """

    url: str
    views: Mapping[str, ViewQuery]
    zone: str
    password_env: str = ""
    every: int = 60
