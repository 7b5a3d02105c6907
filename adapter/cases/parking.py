"""Parked stays: rows that could not become a case yet, kept as they came and replayed when the cause is fixed."""

from __future__ import annotations

from adapter.fhir.canonical import decode, encode
from adapter.ledger.rows import ParkedRow
from adapter.model.source import Origin, SourceRecord, StayRecords


def packed(records: StayRecords) -> bytes:
    """The rows of a stay as bytes: fields and places, nothing interpreted."""
    tables = {
        table: [{"file": row.origin.file, "row": row.origin.row, "fields": dict(row.fields)} for row in rows]
        for table, rows in records.tables.items()
    }
    return encode({"stay_key": records.stay_key, "tables": tables})


def unpacked(parked: ParkedRow) -> StayRecords:
    """The rows as they were read; the issues of reading are gone with the file that had them."""
    kept = decode(parked.body)
    return StayRecords(
        stay_key=kept["stay_key"],
        tables={
            table: tuple(
                SourceRecord(Origin(parked.source, row["file"], table, row["row"]), row["fields"]) for row in rows
            )
            for table, rows in kept["tables"].items()
        },
    )
