"""Stays with packed rows, as bulk conversion reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapter.model.packed import Layout, PackedRow, PackedTable, as_records
from adapter.model.source import SourceRecord, StayRecords

Layouts = dict[tuple[str, ...], Layout]


def packed(stay: StayRecords, layouts: Layouts) -> StayRecords:
    """The stay with every table packed whose rows have the same columns; rows of other tables are packed one by one."""
    tables = {name: as_records(_packed(rows, layouts)) for name, rows in stay.tables.items()}
    return replace(stay, tables=tables)


def _packed(rows: Sequence[SourceRecord], layouts: Layouts) -> Sequence[PackedRow]:
    of_rows = [_layout(row, layouts) for row in rows]
    if len({layout.columns for layout in of_rows}) != 1 or not of_rows[0].columns:
        both = zip(of_rows, rows, strict=True)
        return [PackedRow(layout, row.origin.row, list(row.fields.values())) for layout, row in both]
    shared = of_rows[:1] if len(set(of_rows)) == 1 else of_rows
    cells = [text.encode() for row in rows for text in row.fields.values()]
    return PackedTable(shared, [row.origin.row for row in rows], cells)


def _layout(row: SourceRecord, layouts: Layouts) -> Layout:
    origin = row.origin
    name = (origin.file, origin.table, *row.fields)
    return layouts.setdefault(name, Layout(origin.source, origin.file, origin.table, tuple(row.fields)))


def changed(stay: StayRecords, table: str, place: int, fields: Mapping[str, str | None]) -> StayRecords:
    """The stay with some columns of a row changed, or taken away where they are None."""
    rows = list(stay.tables[table])
    row = rows[place]
    kept = {**row.fields, **fields}
    rows[place] = SourceRecord(row.origin, {name: text for name, text in kept.items() if text is not None})
    return replace(stay, tables={**stay.tables, table: rows})
