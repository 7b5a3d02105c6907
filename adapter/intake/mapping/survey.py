"""What a sample shows beyond the columns themselves: examples, the work list of codes by money, coverage (样本概览).

A code that no table knows holds money up: that of its own fee line, or of the whole stay where it stands elsewhere. So
the work list begins with what is worth most.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from adapter.intake.mapping.draft.profile import picture, profile
from adapter.intake.mapping.private import personal_columns
from adapter.intake.mapping.spec import Column, Condition, Const, Each, Field, Mapping_, ResourceSpec
from adapter.intake.mapping.transforms import decimal
from adapter.model.person import masked
from adapter.model.source import SourceRecord, StayRecords

if TYPE_CHECKING:
    from adapter.intake.mapping.engine import Mapper

#: So many values of a column are looked at for its example.
_LOOKED_AT = 2000
_SHORT_CODE = 12


@dataclass(frozen=True, slots=True)
class UnmappedCode:
    """One code that its table does not know.

    Attributes:
        column: ``ZY_FYMX.FYXM``.
        code: as it stands in the export; masked when it is too long to be one.
        table: the code table that wants a row.
        rows: how often it stands in the sample.
        money: yuan of the fee lines, or of the stays, that it stands on.
    """

    column: str
    code: str
    table: str
    rows: int
    money: Decimal


@dataclass(frozen=True, slots=True)
class ResourceCoverage:
    """One resource file over the sample.

    Attributes:
        rows: rows of its table; stays, where it has none.
        made: resources that were made of them.
        elements: elements that come from columns.
        empty: those that no row of the sample fills.
    """

    name: str
    to: str
    rows: int
    made: int
    elements: int
    empty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """Examples by table and column (masked), the work list in order of money, coverage by resource file."""

    examples: Mapping[str, Mapping[str, str]]
    work: tuple[UnmappedCode, ...]
    coverage: tuple[ResourceCoverage, ...]


def survey(mapper: Mapper, stays: Iterable[StayRecords]) -> Survey:
    """Look through a sample once."""
    mapping = mapper.mapping
    coded, amounts = _coded(mapping), _amount_columns(mapping)
    values: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    rows: Counter[str] = Counter()
    made: Counter[str] = Counter()
    filled: set[tuple[str, str]] = set()
    found: Counter[tuple[str, str, str]] = Counter()
    money: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for stay in stays:
        rows[""] += 1
        mapped = mapper.map(stay)
        made.update(each.spec.name for each in mapped.trace.traced())
        total = sum((_amount(row, amounts) for each in stay.tables.values() for row in each), Decimal(0))
        met: set[tuple[str, str, str]] = set()
        for table, records in stay.tables.items():
            rows[table] += len(records)
            of_lines = table in amounts
            for record in records:
                for column, text in record.fields.items():
                    if text:
                        filled.add((table, column))
                    if len(values[table, column]) < _LOOKED_AT:
                        values[table, column].append(text)
                for column, file in _unknown(record, coded.get(table, ())):
                    key = (f"{table}.{column}", record.fields[column], file)
                    found[key] += 1
                    if of_lines:
                        money[key] += abs(_amount(record, amounts))
                    elif key not in met:
                        money[key] += total
                    met.add(key)
    work = (
        UnmappedCode(c, _shown(code), file, count, money[c, code, file]) for (c, code, file), count in found.items()
    )
    return Survey(
        examples=_examples(mapping, values),
        work=tuple(sorted(work, key=lambda each: (-each.money, -each.rows, each.column, each.code))),
        coverage=tuple(_coverage(mapping, spec, rows, made, filled) for spec in mapping.resources),
    )


def _examples(mapping: Mapping_, values: Mapping[tuple[str, str], Sequence[str]]) -> Mapping[str, Mapping[str, str]]:
    """The form of a typical value, or codes that many rows share; of personal columns the form alone."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for (table, column), texts in values.items():
        if column in personal_columns(mapping, table):
            found[table][column] = picture(max(texts, key=len))
        else:
            found[table][column] = profile(column, texts).example
    return dict(found)


def _coverage(
    mapping: Mapping_, spec: ResourceSpec, rows: Counter[str], made: Counter[str], filled: set[tuple[str, str]]
) -> ResourceCoverage:
    own = spec.table or mapping.shape.stay_table
    columns = list(_columns(spec.fields, own, mapping.shape.stay_table))
    empty = [
        entry.path
        for table, column, entry in columns
        if not any((table, base) in filled for base in mapping.bases(table, column.column))
    ]
    count = rows[""] if spec.table is None else rows[own]
    return ResourceCoverage(spec.name, spec.to, count, made[spec.name], len(columns), tuple(empty))


def _columns(fields: Iterable[Field], table: str, stay_table: str) -> Iterator[tuple[str, Column, Field]]:
    for entry in fields:
        value = entry.value
        if isinstance(value, Column):
            yield (stay_table if value.of_stay else table, value, entry)
        elif isinstance(value, Each):
            yield from _columns(value.fields, value.table, stay_table)


#: A column whose values a table must know: its name, the codes, texts that mean nothing, the table's file.
_Coded = tuple[str, frozenset[str], str]


def _coded(mapping: Mapping_) -> Mapping[str, Sequence[_Coded]]:
    """By table, the coded columns of fields and conditions, each once for each code table."""
    found: defaultdict[str, dict[tuple[str, str], frozenset[str]]] = defaultdict(dict)
    for spec in mapping.resources:
        own = spec.table or mapping.shape.stay_table
        for table, column, absent, condition in _conditions_and_columns(spec, own, mapping.shape.stay_table):
            codes = condition.codes
            if codes is not None:
                known = found[table].get((column, codes.file), frozenset(codes.rows))
                found[table][column, codes.file] = known | absent
    return {
        table: tuple((column, known, file) for (column, file), known in columns.items())
        for table, columns in found.items()
    }


def _conditions_and_columns(
    spec: ResourceSpec, own: str, stay_table: str
) -> Iterator[tuple[str, str, frozenset[str], Condition | Column]]:
    if spec.only is not None:
        yield own, spec.only.column, frozenset(), spec.only

    def inside(fields: Iterable[Field], table: str) -> Iterator[tuple[str, str, frozenset[str], Condition | Column]]:
        for entry in fields:
            value = entry.value
            if isinstance(value, Each):
                yield from inside(value.fields, value.table)
                if value.only is not None:
                    yield value.table, value.only.column, frozenset(), value.only
            if isinstance(value, Column):
                yield stay_table if value.of_stay else table, value.column, value.absent, value
            if isinstance(value, Column | Const) and value.when is not None:
                yield table, value.when.column, frozenset(), value.when

    yield from inside(spec.fields, own)


def _unknown(record: SourceRecord, coded: Sequence[_Coded]) -> Iterator[tuple[str, str]]:
    for column, known, file in coded:
        text = record.fields.get(column, "")
        if text and text not in known:
            yield column, file


def _amount_columns(mapping: Mapping_) -> Mapping[str, tuple[str, ...]]:
    """By table of fee lines, the columns of their amount."""
    found: dict[str, tuple[str, ...]] = {}
    for spec in mapping.resources:
        if spec.to == "ChargeItem" and spec.table is not None:
            named = (
                e.value.column for e in spec.fields if e.path == "priceOverride.value" and isinstance(e.value, Column)
            )
            column = next(named, spec.amount_check.amount if spec.amount_check is not None else "")
            found[spec.table] = mapping.bases(spec.table, column) if column else ()
    return found


def _amount(record: SourceRecord, amounts: Mapping[str, Sequence[str]]) -> Decimal:
    """Yuan of a fee line; nothing where it is none, is worked out from others, or cannot be read."""
    columns = amounts.get(record.origin.table, ())
    if len(columns) != 1:
        return Decimal(0)
    try:
        return decimal(record.fields.get(columns[0], ""))
    except ValueError:
        return Decimal(0)


def _shown(code: str) -> str:
    return code if len(code) <= _SHORT_CODE else masked(code)
