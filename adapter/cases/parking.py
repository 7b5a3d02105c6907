"""Parked stays: rows that could not become a case yet, kept as they came and replayed when the cause is fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.canonical import decode, encode
from adapter.ledger.rows import ParkedRow
from adapter.model.source import Origin, SourceRecord, StayRecords


def packed(records: StayRecords) -> bytes:
    """The rows of a stay as bytes: fields and places, nothing interpreted."""
    return encode(rows_of(records))


def rows_of(records: StayRecords) -> dict[str, object]:
    """The rows of a stay as plain JSON values."""
    tables = {table: [_packed_row(row) for row in rows] for table, rows in records.tables.items()}
    return {"stay_key": records.stay_key, "tables": tables}


def _packed_row(row: SourceRecord) -> dict[str, object]:
    kept: dict[str, object] = {"file": row.origin.file, "row": row.origin.row, "fields": dict(row.fields)}
    return kept if row.origin.parts is None else {**kept, "parts": dict(row.origin.parts)}


def unpacked(parked: ParkedRow) -> StayRecords:
    """The rows as they were read; the issues of reading are gone with the file that had them."""
    return unpacked_from(decode(parked.body), parked.source)


def unpacked_from(kept: Mapping[str, Any], source: str) -> StayRecords:
    """The rows of a stay from what ``packed`` wrote, decoded."""
    return StayRecords(
        stay_key=kept["stay_key"],
        tables={
            table: tuple(
                SourceRecord(Origin(source, row["file"], table, row["row"], row.get("parts")), row["fields"])
                for row in rows
            )
            for table, rows in kept["tables"].items()
        },
    )
