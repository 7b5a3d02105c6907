"""What bulk conversion knows of the mapping language; whatever else a mapping uses goes the ordinary way (已知特性).

A feature that is added to the language later is not listed here and therefore not taken for known: a mapping file that
uses it is left to the ordinary mapper until somebody has looked at both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from types import MappingProxyType
from typing import Any

from adapter.intake.mapping import spec as language
from adapter.intake.mapping.closures import Member

#: Types whose soundness follows from each member by itself and from which members stand together, as their schema and
#: rules say. tests/rooms/mapping/test_direct.py reads the schema for it.
MEMBERWISE = ("ChargeItem",)

#: By class, the attributes that are understood; any other one must have its default.
_UNDERSTOOD: Mapping[type, frozenset[str]] = MappingProxyType(
    {
        language.Condition: frozenset({"column", "values", "codes", "negated", "starts"}),
        language.Const: frozenset({"value", "when"}),
        language.RowKey: frozenset(),
        language.Column: frozenset(
            {"column", "transform", "formats", "absent", "need", "codes", "form", "local_system", "when"}
        ),
        language.Reference: frozenset({"resource"}),
        language.Expectation: frozenset({"column", "values", "because_zh", "because_en"}),
        language.AmountCheck: frozenset({"quantity", "price", "amount", "factor", "tolerance", "limit"}),
        language.Refunds: frozenset({"kind", "quantity", "item", "price", "day", "link", "no_link"}),
        # refunds and the clock look at the rows before one is written, and are left to the ordinary mapper
        language.ResourceSpec: frozenset(
            {
                *("name", "to", "table", "row_key", "fields", "where", "only", "expectations", "amount_check"),
                *("refunds", "prefix", "clock"),
            }
        ),
    }
)


class Unknown(Exception):
    """The mapping file uses something that is not listed here."""


def known_plan(spec: language.ResourceSpec) -> bool:
    """Whether every attribute of a mapping file is understood; its values are looked at by ``columns_of``."""
    return spec.to in MEMBERWISE and _understood(spec) and all(map(_understood, spec.expectations))


def simple_refunds(refunds: language.Refunds) -> bool:
    """Whether refunds concern their own item and the line that they name, and no other one."""
    return _understood(refunds)


def columns_of(member: Member, of_rows: frozenset[str]) -> tuple[str, ...]:
    """The columns that a member depends on; ``@key`` is the row key, ``@name`` the stay's own resource of that file.

    Args:
        of_rows: mapping files with a row of their own, to which a reference needs more than the stay.

    Raises:
        Unknown: it depends on something else.
    """
    return tuple(dict.fromkeys(column for entry in member.fields for column in _columns(entry, of_rows)))


def check_columns(check: language.AmountCheck) -> tuple[str, ...]:
    """The columns that the check of an amount reads. Raises Unknown."""
    if not _understood(check):
        raise Unknown
    named = (check.quantity, check.price, check.amount)
    return named if check.factor is None else (*named, check.factor)


def _columns(entry: language.Field | language.Const, of_rows: frozenset[str]) -> Iterator[str]:
    value = entry.value if isinstance(entry, language.Field) else entry
    if not _understood(value):
        raise Unknown
    if isinstance(value, language.RowKey):
        yield "@key"
    elif isinstance(value, language.Reference):
        if value.resource in of_rows:
            raise Unknown
        yield f"@{value.resource}"
    elif isinstance(value, language.Column | language.Const):
        if isinstance(value, language.Column):
            yield value.column
        if value.when is not None:
            if not _understood(value.when):
                raise Unknown
            yield value.when.column


def _understood(instance: Any) -> bool:
    names = _UNDERSTOOD.get(type(instance))
    return names is not None and all(
        each.name in names or getattr(instance, each.name) == _default(each) for each in fields(instance)
    )


def _default(attribute: Field[Any]) -> Any:
    if attribute.default_factory is not MISSING:
        return attribute.default_factory()
    return attribute.default
