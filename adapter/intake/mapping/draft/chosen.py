"""The choices that a draft makes for one table: a column per target (取用的列)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.intake.mapping.draft.profile import ColumnProfile, SampleTable
from adapter.intake.mapping.draft.undoing import Undoing


@dataclass(frozen=True, slots=True)
class Choice:
    """A column for a target. ``why`` (zh, en) says what it was told by where its name did not tell."""

    column: str
    why: tuple[str, str] | None = None


@dataclass(slots=True)
class Chosen:
    """The choices of one table: by resource and target; each column at most once.

    Attributes:
        join: the columns that hold the stay key; ``keys``: those that name a row.
        stay_key: the column by which fields take the stay key.
        ignored: reason by column.
        told: by resource and target, what the sample says that codes mean.
        undoing: how refunds are written, of a table of charges.
        doubts: what a person must look at, by column (zh, en).
    """

    table: SampleTable
    join: tuple[str, ...]
    keys: tuple[str, ...]
    stay_key: str
    choices: dict[tuple[str, str], Choice] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    told: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    undoing: Undoing = field(default_factory=lambda: Undoing(0))
    doubts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, resource: str, target: str) -> Choice | None:
        return self.choices.get((resource, target))

    def left(self) -> list[ColumnProfile]:
        """Columns that nobody took; a key column may still say something."""
        taken = {choice.column for choice in self.choices.values()} | self.ignored.keys() | set(self.join)
        return [column for name, column in self.table.columns.items() if name not in taken]

    def unclaimed(self) -> list[ColumnProfile]:
        """Columns that the mapping would not read at all."""
        return [column for column in self.left() if column.name not in self.keys]

    def take(self, resource: str, target: str, column: str, why: tuple[str, str] | None = None) -> None:
        if (resource, target) not in self.choices:
            self.choices[resource, target] = Choice(column, why)
