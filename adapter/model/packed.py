"""Rows as bulk conversion carries them: columns named once for thousands of rows, cells in long lists (批量行)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, overload

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
    """

    __slots__ = ("_cells", "layout", "number")

    def __init__(self, layout: Layout, number: int, cells: Sequence[str]) -> None:
        self.layout = layout
        self.number = number
        self._cells = cells

    @property
    def fields(self) -> Mapping[str, str]:
        return self

    @property
    def origin(self) -> Origin:
        return Origin(self.layout.source, self.layout.file, self.layout.table, self.number)

    def get(self, column: str, default: Any = None) -> Any:
        place = self.layout.at.get(column)
        return default if place is None else self._cells[place]

    def __getitem__(self, column: str) -> str:
        return self._cells[self.layout.at[column]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layout.columns)

    def __len__(self) -> int:
        return len(self.layout.columns)

    def __contains__(self, column: object) -> bool:
        return column in self.layout.at

    def __hash__(self) -> int:
        return hash((id(self.layout), self.number))


class _RowOfTable(PackedRow):
    """One row whose texts are decoded when they are asked for: mostly few of them are."""

    __slots__ = ("_encoded",)

    def __init__(self, layout: Layout, number: int, encoded: Sequence[bytes]) -> None:
        super().__init__(layout, number, ())
        self._encoded = encoded

    def get(self, column: str, default: Any = None) -> Any:
        place = self.layout.at.get(column)
        return default if place is None else self._encoded[place].decode()

    def __getitem__(self, column: str) -> str:
        return self._encoded[self.layout.at[column]].decode()


class PackedTable(Sequence[PackedRow]):
    """A stay's rows of one table, all with the same columns: all their cells in one list, in UTF-8 as files hold them.

    Whole columns are taken out of it quickly. A row is made when somebody asks for it, and is the same object then.

    Attributes:
        layouts: one of all rows, or one for each row; their columns are the same.
        numbers: 1-based row within its file, of each row.
        cells: row after row.
    """

    __slots__ = ("_made", "cells", "layouts", "numbers")

    def __init__(self, layouts: Sequence[Layout], numbers: Sequence[int], cells: list[bytes]) -> None:
        self.layouts = layouts
        self.numbers = numbers
        self.cells = cells
        self._made: dict[int, PackedRow] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        return self.layouts[0].columns

    def column(self, name: str) -> list[bytes] | None:
        """The texts of a column, or None where the table does not have it."""
        layout = self.layouts[0]
        place = layout.at.get(name)
        return None if place is None else self.cells[place :: len(layout.columns)]

    def wider(self, layouts: Sequence[Layout], added: Sequence[Sequence[bytes]]) -> PackedTable:
        """The rows with further columns behind their own."""
        before, after = len(self.columns), len(self.columns) + len(added)
        cells = [b""] * (after * len(self.numbers))
        for place in range(before):
            cells[place::after] = self.cells[place::before]
        for place, texts in enumerate(added, start=before):
            cells[place::after] = texts
        return PackedTable(layouts, self.numbers, cells)

    def at(self, places: Sequence[int]) -> PackedTable:
        """Some of the rows."""
        width = len(self.columns)
        cells = [cell for place in places for cell in self.cells[place * width : (place + 1) * width]]
        layouts = [self.layouts[place] for place in places] if len(self.layouts) > 1 else self.layouts
        return PackedTable(layouts, [self.numbers[place] for place in places], cells)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> PackedRow: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[PackedRow]: ...

    def __getitem__(self, place: int | slice) -> PackedRow | Sequence[PackedRow]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        row = self._made.get(at)
        if row is None:
            layout = self.layouts[at] if len(self.layouts) > 1 else self.layouts[0]
            width = len(layout.columns)
            row = self._made[at] = _RowOfTable(layout, self.numbers[at], self.cells[at * width : (at + 1) * width])
        return row


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
