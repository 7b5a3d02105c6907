"""Which columns say who somebody is, told by what a mapping makes of them (个人信息列)."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.intake.mapping.spec import Column, Mapping_

#: Targets outside private resources that name a person all the same.
_NAMING = ("subscriberId", "telecom", "address", "contact", "name")

#: Words in the reason for which a column is ignored.
_WORDS = ("个人信息", "personal data")


def personal_columns(mapping: Mapping_, table: str) -> frozenset[str]:
    """Columns of a table whose texts are masked wherever they are shown; columns nobody claims are among them."""
    ignored = mapping.ignored.get(table, {})
    of_reason = (name for name, why in ignored.items() if any(word in why for word in _WORDS))
    return frozenset((*_mapped(mapping, table), *of_reason))


def _mapped(mapping: Mapping_, table: str) -> Iterator[str]:
    stay_table = mapping.shape.stay_table
    for spec in mapping.resources:
        for entry in spec.fields:
            value = entry.value
            if not isinstance(value, Column) or value.codes is not None:
                continue
            of = stay_table if value.of_stay else spec.table or stay_table
            naming = spec.to != "Organization" and entry.steps[0][0] in _NAMING
            if of == table and (spec.private or naming):
                yield from mapping.bases(table, value.column)
