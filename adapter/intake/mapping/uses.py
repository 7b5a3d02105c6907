"""Where a mapping uses a column at all: keys, values, conditions and checks, by file and line (列的去向)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from adapter.intake.mapping.spec import Column, Condition, Const, Each, Field, Mapping_, ResourceSpec
from adapter.intake.mapping.together import columns_across, columns_of, columns_of_lines


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a column.

    Attributes:
        rule: mapping file and line; the vendor's folder where a column is ignored.
        what: ``value``, ``condition``, ``row key``, ``check`` …
        target: FHIR path in the mapping file, or empty.
    """

    rule: str
    what: str
    target: str


def uses_of(mapping: Mapping_, table: str, column: str) -> tuple[Use, ...]:
    """Every use of a column of the HIS, those through derived columns included; why it is ignored, where it is."""
    named = {
        column,
        *(each.column for each in mapping.derived.get(table, ()) if column in mapping.bases(table, each.column)),
    }
    return tuple(dict.fromkeys(_uses(mapping, table, column, named)))


def _uses(mapping: Mapping_, table: str, column: str, named: set[str]) -> Iterator[Use]:
    vendor = mapping.vendor_of(table)
    shape_file = f"his/{vendor}/shape.yaml"
    shape = mapping.shape.tables.get(table)
    if column == mapping.stay_key_of(table) or (shape is not None and column in shape.join):
        yield Use(shape_file, "stay key", "")
    if shape is not None and column in shape.row_key:
        yield Use(shape_file, "row key", "")
    if table == mapping.shape.stay_table and column == mapping.person:
        yield Use(shape_file, "person key", "")
    for each in mapping.derived.get(table, ()):
        if column in mapping.bases(table, each.column):
            yield Use(shape_file, f"derived {each.column}", "")
    if (table, column) in columns_across(mapping):
        yield Use(shape_file, "other rows", "")
    if (reason := mapping.ignored.get(table, {}).get(column)) is not None:
        yield Use(f"his/{vendor}", f"ignored: {reason}", "")
    if (reason := mapping.ignored_tables.get(table)) is not None:
        yield Use(shape_file, f"ignored: {reason}", "")
    for spec in mapping.resources:
        own = spec.table or mapping.shape.stay_table
        if own == table:
            yield from _of_resource(spec, named)
        if any(each == table and mine in named for each, mine in columns_of_lines(spec)):
            yield Use(str(spec.where), "check covers", spec.to)
        yield from _of_fields(spec, spec.fields, own, table, mapping.shape.stay_table, named)


def _of_resource(spec: ResourceSpec, named: set[str]) -> Iterator[Use]:
    rule = str(spec.where)
    if named & set(spec.row_key):
        yield Use(rule, "row key", f"{spec.to}.id")
    if spec.only is not None and spec.only.column in named:
        yield Use(rule, "condition", spec.to)
    checks: list[tuple[str, Iterable[str]]] = [("expect", [each.column for each in spec.expectations])]
    if (amount := spec.amount_check) is not None:
        checks.append(("amount_check", [amount.quantity, amount.price, amount.amount, amount.factor or ""]))
    if (number := spec.id_check) is not None:
        checks.append(("id_check", [number.number, number.birth, number.sex]))
    if (refunds := spec.refunds) is not None:
        checks.append(("refunds", refunds.columns))
    checks.append(("of several rows", columns_of(spec)))
    for name, columns in checks:
        if named & set(columns):
            yield Use(rule, f"check {name}", spec.to)


def _of_fields(
    spec: ResourceSpec, fields: Iterable[Field], own: str, table: str, stay_table: str, named: set[str]
) -> Iterator[Use]:
    for entry in fields:
        value = entry.value
        rule, target = str(entry.where), f"{spec.to}.{entry.path}"
        when: Condition | None = None
        if isinstance(value, Column):
            if (stay_table if value.of_stay else own) == table and value.column in named:
                yield Use(rule, "value", target)
            when = value.when
        elif isinstance(value, Const):
            when = value.when
        elif isinstance(value, Each):
            if value.only is not None and value.table == table and value.only.column in named:
                yield Use(rule, "condition", target)
            yield from _of_fields(spec, value.fields, value.table, table, stay_table, named)
        if when is not None and own == table and when.column in named:
            yield Use(rule, "condition", target)
