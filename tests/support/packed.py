"""Stays with packed rows, as bulk conversion reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from adapter.model.packed import Layout, PackedRow, as_records
from adapter.model.source import SourceRecord, StayRecords

Layouts = dict[tuple[str, ...], Layout]


def packed(stay: StayRecords, layouts: Layouts) -> StayRecords:
    """The stay with every row packed; rows of the same columns share a layout."""
    tables = {name: as_records([_packed(row, layouts) for row in rows]) for name, rows in stay.tables.items()}
    return replace(stay, tables=tables)


def _packed(row: SourceRecord, layouts: Layouts) -> PackedRow:
    origin, fields = row.origin, dict(row.fields)
    name = (origin.file, origin.table, *fields)
    layout = layouts.setdefault(name, Layout(origin.source, origin.file, origin.table, tuple(fields)))
    return PackedRow(layout, origin.row, list(fields.values()))


def changed(stay: StayRecords, table: str, place: int, fields: Mapping[str, str | None]) -> StayRecords:
    """The stay with some columns of a row changed, or taken away where they are None."""
    rows = list(stay.tables[table])
    row = rows[place]
    kept = {**row.fields, **fields}
    rows[place] = SourceRecord(row.origin, {name: text for name, text in kept.items() if text is not None})
    return replace(stay, tables={**stay.tables, table: rows})
