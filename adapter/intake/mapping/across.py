"""What several rows of a stay say together, put into the rows before they are mapped (跨行派生).

A column that lists things becomes a row for each; a column may be taken from the row that follows, or from the first or
last row of another table: where a ward move ends, since when an insurance counts. Named ways only, no expressions. What
stands in a row already stays as it is, so doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from adapter.intake.mapping import stay_issues as issues
from adapter.intake.mapping.stay_spec import FromRows, Split, Take
from adapter.model.issues import Issue
from adapter.model.source import SourceRecord, StayRecords

Rows = Sequence[SourceRecord]

_BLANKS = " \t\r\n\u3000"


def split_rows(stay: StayRecords, splits: Mapping[str, Split]) -> StayRecords:
    """The stay with a row for each thing that a column lists; the parts count from 1, empty ones are left out."""
    tables = dict(stay.tables)
    for name, split in splits.items():
        if name in tables:
            tables[name] = tuple(part for row in tables[name] for part in _parts(row, split))
    return replace(stay, tables=tables)


def _parts(row: SourceRecord, split: Split) -> Iterator[SourceRecord]:
    if split.number in row.fields:
        yield row
        return
    text = row.fields.get(split.column, "")
    for mark in split.at[1:]:
        text = text.replace(mark, split.at[0])
    parts = [part.strip(_BLANKS) for part in text.split(split.at[0])]
    for number, part in enumerate([each for each in parts if each] or [""], start=1):
        yield SourceRecord(row.origin, {**row.fields, split.column: part, split.number: str(number)})


def with_columns_of_rows(stay: StayRecords, taken: Mapping[str, Sequence[FromRows]]) -> StayRecords:
    """The stay with the columns that its rows take from other rows; what has no order is an issue (MAP-191)."""
    tables, found = dict(stay.tables), list(stay.issues)
    for name, columns in taken.items():
        for each in columns:
            if name in tables:
                tables[name] = _taken(tables[name], each, stay.tables.get(each.table, ()), found)
    return replace(stay, tables=tables, issues=tuple(found))


def _taken(rows: Rows, spec: FromRows, others: Rows, found: list[Issue]) -> Rows:
    if spec.take in (Take.NEXT, Take.PREVIOUS):
        chain = _in_order(rows, spec, found)
        pairs = list(pairwise(chain)) if spec.take is Take.NEXT else [(b, a) for a, b in pairwise(chain)]
        texts = {id(row): other.fields.get(spec.of, "") for row, other in pairs}
        return tuple(_with(row, spec.column, texts.get(id(row), "")) for row in rows)
    if spec.take is Take.COUNT:
        text = str(sum(_takes_part(spec, row) for row in others))
    else:
        chain = _in_order(others, spec, found)
        end = chain[0 if spec.take is Take.FIRST else -1] if chain else None
        text = end.fields.get(spec.of, "") if end is not None else ""
    return tuple(_with(row, spec.column, text) for row in rows)


def _in_order(rows: Rows, spec: FromRows, found: list[Issue]) -> list[SourceRecord]:
    """The rows that take part, in order; two at one place of it have none."""

    def place(row: SourceRecord) -> tuple[tuple[int, str], ...]:
        return tuple((len(text), text) for text in (row.fields.get(column, "") for column in spec.order))

    chain = sorted((row for row in rows if _takes_part(spec, row)), key=place)
    for before, after in pairwise(chain):
        if place(before) == place(after) and before.fields.get(spec.of) != after.fields.get(spec.of):
            found.append(issues.no_order(after.origin.pointer(spec.order[-1]), before.origin.pointer()))
    return chain


def _with(row: SourceRecord, column: str, text: str) -> SourceRecord:
    if not text or column in row.fields:
        return row
    return SourceRecord(row.origin, {**row.fields, column: text})


def _takes_part(spec: FromRows, row: SourceRecord) -> bool:
    return all(each.holds(row.fields) for each in spec.only)
