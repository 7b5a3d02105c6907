"""Several rows, one thing; and one row that is another person's: whom and what rows speak of (同一事物、新生儿)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from adapter.intake.mapping import stay_issues as issues
from adapter.intake.mapping.spec import Column, Mapping_, ResourceSpec
from adapter.intake.mapping.stay_spec import NewbornLines
from adapter.intake.mapping.working import Working, compile_key
from adapter.model.source import SourceRecord

Keyed = Sequence[tuple[str, SourceRecord]]

#: Writes into a resource whose it is.
Whose = Callable[[dict[str, Any], SourceRecord, Working], None]


def once_each(rows: Keyed, spec: ResourceSpec, work: Working, made: dict[str, set[str]]) -> Keyed:
    """The first row of each key, unless another file of the same type made the thing already.

    Rows of one key that differ in what is mapped of them hold the stay (MAP-193): neither is the right one by rank.
    """
    told = [each.value.column for each in spec.fields if isinstance(each.value, Column) and not each.value.of_stay]
    first: dict[str, SourceRecord] = {}
    for key, record in rows:
        known = first.setdefault(key, record)
        differing = next((each for each in told if known.fields.get(each, "") != record.fields.get(each, "")), None)
        if differing is not None:
            work.issues.append(issues.rows_disagree(record.origin.pointer(differing), known.origin.pointer()))
    already = made.setdefault(spec.to, set())
    kept = [(key, record) for key, record in first.items() if key not in already]
    already.update(first)
    return kept


def compile_newborn(spec: NewbornLines, patient: ResourceSpec, id_of: Callable[[str], str]) -> Whose:
    """Makes a newborn the subject of its lines; a newborn that is nowhere registered holds the stay (MAP-190)."""
    column, none, name = spec.column, spec.none, spec.patient
    key_of, prefix = compile_key(spec.key), f"{patient.prefix}:" if patient.prefix else ""

    def whose(resource: dict[str, Any], record: SourceRecord, work: Working) -> None:
        text = record.fields.get(column, "")
        if not text or text in none:
            return
        key, known = key_of(record.fields), work.keys_of.get(name, frozenset())
        if key is None or prefix + key not in known or (spec.only_one and len(known) > 1):
            work.issues.append(issues.newborn_unknown(record.origin.pointer(column), work.shown(text)))
            return
        resource["subject"] = {"reference": f"{patient.to}/{id_of(prefix + key)}"}

    return whose


def columns_of(spec: ResourceSpec) -> Sequence[str]:
    """Every column of the file's own table that these parts of it read."""
    found: list[str] = []
    if spec.newborn is not None:
        found += [spec.newborn.column, *spec.newborn.key]
    if spec.clock is not None:
        found += [each for each in (spec.clock.occurred, spec.clock.booked) if each]
    if spec.covers is not None:
        found += [its for lines in spec.covers.lines for _, its in lines.by]
    return found


def columns_of_lines(spec: ResourceSpec) -> Sequence[tuple[str, str]]:
    """Table and column of the lines that a settlement looks at."""
    lines = spec.covers.lines if spec.covers is not None else ()
    return [
        (each.table, column)
        for each in lines
        for column in (*(mine for mine, _ in each.by), each.amount, *(only.column for only in each.only))
    ]


def columns_across(mapping: Mapping_) -> Iterator[tuple[str, str]]:
    """Table and column of what rows take from one another, and of columns that list several things."""
    for columns in mapping.from_rows.values():
        for each in columns:
            yield from ((each.table, column) for column in (each.of, *each.order) if column)
            yield from ((each.table, only.column) for only in each.only)
    for table, split in mapping.splits.items():
        yield table, split.column
    for table, shape in mapping.shape.tables.items():
        yield from ((table, column) for column in (each.column for each in shape.rows_where))
