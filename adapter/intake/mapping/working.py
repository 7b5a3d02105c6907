"""What closures work on: the stay at hand, conditions on its rows, and row keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.intake.mapping import issues, transforms
from adapter.intake.mapping.spec import Condition
from adapter.model.issues import Issue
from adapter.model.person import masked
from adapter.model.source import SourceRecord

Fields = Mapping[str, str]

_SHOWN_LENGTH = 24
_SHOWN_DIGITS = 14


@dataclass(slots=True)
class Working:
    """One stay on its way through the mapping.

    Attributes:
        root: the stay's own row; ``record`` is the row being mapped, ``row_key`` its key.
        references: ``Type/id`` by mapping file, for what this stay has one of.
        keys_of: row keys by mapping file, for those that lines of other tables name.
        failed: the resource being built lacks something required.
        unmapped: a code of the resource being built is in no table.
        private: issue texts show no value.
    """

    root: SourceRecord
    tables: Mapping[str, Sequence[SourceRecord]]
    record: SourceRecord
    row_key: str = ""
    references: dict[str, str] = field(default_factory=dict)
    keys_of: dict[str, frozenset[str]] = field(default_factory=dict)
    failed: bool = False
    unmapped: bool = False
    private: bool = False
    issues: list[Issue] = field(default_factory=list)

    def shown(self, text: str) -> str:
        """A value as an issue may print it: short codes and numbers as they are, all else masked."""
        digits = sum(map(str.isdigit, text))
        plain = len(text) <= _SHOWN_LENGTH and text.isascii() and digits <= _SHOWN_DIGITS
        return text if plain and not self.private else masked(text)


Build = Callable[[Fields, Working], Any]
Test = Callable[[Fields, Working], bool]
KeyOf = Callable[[Fields], str | None]


@dataclass(frozen=True, slots=True)
class Scope:
    """What compiling depends on beside the field itself.

    Attributes:
        to: resource type, for messages.
        context: what transforms may need; formats are added per field.
        keys: by mapping file: resource type and how its row key is made, for those with a row of their own.
        order: puts rows of a table in their order of output.
        private: the resource is about a person; none of its texts is kept for the next one.
    """

    source: str
    to: str
    context: transforms.Context
    keys: Mapping[str, tuple[str, KeyOf]]
    order: Callable[[str, Sequence[SourceRecord]], list[SourceRecord]]
    private: bool = False


def compile_condition(condition: Condition) -> Test:
    """A closure for a condition; a code that its table does not know is noted and counts as not fulfilled."""
    column, values, negated = condition.column, condition.values, condition.negated
    if condition.starts:
        beginnings = tuple(values)
        return lambda fields, _: fields.get(column, "").startswith(beginnings)
    if condition.codes is None:

        def plain(fields: Fields, _: Working) -> bool:
            return (fields.get(column, "") in values) is not negated

        return plain
    table = condition.codes
    rows = table.rows

    def coded(fields: Fields, work: Working) -> bool:
        text = fields.get(column, "")
        row = rows.get(text)
        if row is None:
            if text:
                pointer = work.record.origin.pointer(column)
                work.issues.append(issues.unknown_code(pointer, work.shown(text), table.file, True))
            return False
        return (row.code in values) is not negated

    return coded


def compile_key(columns: Sequence[str]) -> KeyOf:
    """A closure for the row key: the columns' texts joined by ``:``, or None when one is empty."""
    if len(columns) == 1:
        only = columns[0]

        def single(fields: Fields) -> str | None:
            return fields.get(only) or None

        return single
    names = tuple(columns)

    def several(fields: Fields) -> str | None:
        parts = [fields.get(name, "") for name in names]
        return ":".join(parts) if all(parts) else None

    return several
