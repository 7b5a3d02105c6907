"""Is every source column mapped, or ignored for a stated reason? And which codes has no table? (映射核对)"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from adapter.intake.mapping import issues
from adapter.intake.mapping.spec import Column, Condition, Const, Each, Field, Mapping_, ResourceSpec
from adapter.intake.mapping.together import columns_across, columns_of, columns_of_lines
from adapter.model.issues import Issue
from adapter.model.source import SourceRecord, StayRecords


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a sample shows about a mapping. Table → column everywhere.

    Attributes:
        rows: rows seen, by table.
        mapped: columns that the mapping reads.
        ignored: columns left out, with the reason; ``*`` stands for a whole table.
        unclaimed: columns that are neither, with the number of rows.
        absent: columns that the mapping reads and the sample never has.
        unmapped_codes: codes that their table does not know, with the number of rows, by ``table.column``.
        issues: MAP-113 and MAP-104 for the last two kinds.
    """

    rows: Mapping[str, int]
    mapped: Mapping[str, tuple[str, ...]]
    ignored: Mapping[str, Mapping[str, str]]
    unclaimed: Mapping[str, Mapping[str, int]]
    absent: Mapping[str, tuple[str, ...]]
    unmapped_codes: Mapping[str, Mapping[str, int]]
    issues: tuple[Issue, ...]

    @property
    def complete(self) -> bool:
        """Whether every column and code of the sample is accounted for."""
        return not self.unclaimed and not self.unmapped_codes


def check_mapping(mapping: Mapping_, sample: Iterable[SourceRecord | StayRecords]) -> CheckReport:
    """Compare a sample with the mapping, column by column and code by code."""
    claimed = claimed_columns(mapping)
    coded = _coded_columns(mapping)
    rows: Counter[str] = Counter()
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    unknown: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for record in _records(sample):
        table = record.origin.table
        rows[table] += 1
        seen[table].update(record.fields.keys())
        for column, codes in coded.get(table, ()):
            text = record.fields.get(column, "")
            if text and codes.codes is not None and text not in codes.absent and text not in codes.codes.rows:
                unknown[f"{table}.{column}"][text] += 1
    unclaimed = {
        table: left
        for table, columns in seen.items()
        if table not in mapping.ignored_tables
        and (
            left := {
                c: n for c, n in columns.items() if c not in claimed[table] | mapping.ignored.get(table, {}).keys()
            }
        )
    }
    ignored = {table: dict(mapping.ignored.get(table, {})) for table in rows}
    for table, reason in mapping.ignored_tables.items():
        ignored[table] = {"*": reason}
    return CheckReport(
        rows=dict(rows),
        mapped={table: tuple(sorted(claimed[table] & columns.keys())) for table, columns in seen.items()},
        ignored=ignored,
        unclaimed=unclaimed,
        absent={
            table: missing
            for table, columns in seen.items()
            if (missing := tuple(sorted(claimed[table] - columns.keys())))
        },
        unmapped_codes={name: dict(counts) for name, counts in unknown.items()},
        issues=(
            *(issues.unclaimed_column(f"{t}.{c}", n) for t, columns in unclaimed.items() for c, n in columns.items()),
            *(
                issues.unknown_code(name, code if len(code) <= 12 else "…", _table_file(coded, name), False)
                for name, counts in unknown.items()
                for code in counts
            ),
        ),
    )


def claimed_columns(mapping: Mapping_) -> defaultdict[str, frozenset[str]]:
    """Columns that the mapping reads, by table: for values, keys, conditions and checks."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, shape in mapping.shape.tables.items():
        found[name].update({mapping.stay_key_of(name), *shape.join, *shape.row_key, shape.version} - {""})
    found[mapping.shape.stay_table].add(mapping.person)
    for table, column in columns_across(mapping):
        found[table].add(column)
    for spec in mapping.resources:
        table_name = spec.table or mapping.shape.stay_table
        found[table_name].update(_of_resource(spec))
        for table, column in columns_of_lines(spec):
            found[table].add(column)
        for table, column in _of_fields(spec.fields, table_name, mapping.shape.stay_table):
            found[table].add(column)
    return defaultdict(
        frozenset,
        {
            table: frozenset(base for column in columns for base in mapping.bases(table, column))
            for table, columns in found.items()
        },
    )


def _of_resource(spec: ResourceSpec) -> Iterator[str]:
    yield from spec.row_key
    if spec.only is not None:
        yield spec.only.column
    yield from (each.column for each in spec.expectations)
    if (amount := spec.amount_check) is not None:
        yield from (each for each in (amount.quantity, amount.price, amount.amount, amount.factor) if each)
    if (number := spec.id_check) is not None:
        yield from (number.number, number.birth, number.sex)
    if (refunds := spec.refunds) is not None:
        yield from refunds.columns
    yield from columns_of(spec)


def _of_fields(fields: Iterable[Field], table: str, stay_table: str) -> Iterator[tuple[str, str]]:
    for entry in fields:
        value = entry.value
        when: Condition | None = None
        if isinstance(value, Column):
            yield (stay_table if value.of_stay else table, value.column)
            when = value.when
        elif isinstance(value, Const):
            when = value.when
        elif isinstance(value, Each):
            yield from _of_fields(value.fields, value.table, stay_table)
            if value.only is not None:
                yield (value.table, value.only.column)
        if when is not None:
            yield (table, when.column)


def _coded_columns(mapping: Mapping_) -> dict[str, list[tuple[str, Column]]]:
    found: defaultdict[str, list[tuple[str, Column]]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()

    def gather(fields: Iterable[Field], table: str) -> None:
        for entry in fields:
            value = entry.value
            if isinstance(value, Each):
                gather(value.fields, value.table)
            elif isinstance(value, Column) and value.codes is not None:
                at = mapping.shape.stay_table if value.of_stay else table
                if (at, value.column) not in seen:
                    seen.add((at, value.column))
                    found[at].append((value.column, value))

    for spec in mapping.resources:
        gather(spec.fields, spec.table or mapping.shape.stay_table)
    return dict(found)


def _table_file(coded: Mapping[str, list[tuple[str, Column]]], name: str) -> str:
    table, _, column = name.partition(".")
    found = next(value for each, value in coded[table] if each == column)
    return found.codes.file if found.codes is not None else ""


def _records(sample: Iterable[SourceRecord | StayRecords]) -> Iterator[SourceRecord]:
    for each in sample:
        if isinstance(each, StayRecords):
            for rows in each.tables.values():
                yield from rows
        else:
            yield each
