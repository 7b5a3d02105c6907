"""Rows as bulk conversion carries them: cells in a list, the columns named once for thousands of rows (批量行)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from adapter.model.source import Origin, SourceRecord, StayRecords


class Layout:
    """What rows of one file and one set of columns have in common. Compared by identity.

    Attributes:
        at: place of each column in a row's cells.
    """

    __slots__ = ("at", "columns", "file", "source", "table")

    def __init__(self, source: str, file: str, table: str, columns: Sequence[str]) -> None:
        self.source = source
        self.file = file
        self.table = table
        self.columns = tuple(columns)
        self.at = {column: place for place, column in enumerate(self.columns)}


class PackedRow(Mapping[str, str]):
    """One row. It reads like a ``SourceRecord`` whose fields are the row itself.

    Attributes:
        number: 1-based row within the file.
        cells: texts in the order of the layout's columns.
    """

    __slots__ = ("cells", "layout", "number")

    def __init__(self, layout: Layout, number: int, cells: Sequence[str]) -> None:
        self.layout = layout
        self.number = number
        self.cells = cells

    @property
    def fields(self) -> Mapping[str, str]:
        return self

    @property
    def origin(self) -> Origin:
        return Origin(self.layout.source, self.layout.file, self.layout.table, self.number)

    def get(self, column: str, default: Any = None) -> Any:
        place = self.layout.at.get(column)
        return default if place is None else self.cells[place]

    def __getitem__(self, column: str) -> str:
        return self.cells[self.layout.at[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layout.columns)

    def __len__(self) -> int:
        return len(self.layout.columns)

    def __contains__(self, column: object) -> bool:
        return column in self.layout.at

    def __hash__(self) -> int:
        return hash((id(self.layout), self.number))


def as_records(rows: Sequence[PackedRow]) -> Sequence[SourceRecord]:
    """The rows where records are expected; they have the same ``origin`` and ``fields``."""
    return cast("Sequence[SourceRecord]", rows)


def unpacked(stay: StayRecords) -> StayRecords:
    """The stay with plain records in place of packed rows."""
    tables = {
        name: [SourceRecord(row.origin, dict(row.fields)) if _packed(row) else row for row in rows]
        for name, rows in stay.tables.items()
    }
    return replace(stay, tables=tables)


def _packed(row: object) -> bool:
    return isinstance(row, PackedRow)
