"""What a special conversion is, and the small moves that they share (特殊转换的共用部分)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapter.fhir.r5.carried import Item, items
from adapter.fhir.r5.losses import Why
from adapter.fhir.r5.plan import Step, steps
from adapter.fhir.schema.compiled import Version

Json = dict[str, Any]
Value = Mapping[str, Any]


class Carrying(Protocol):
    """A walk from one version to the other."""

    towards: Version

    def complex(self, value: Value, here: str, there: str, path: str) -> Json:
        """An object in the other version."""
        ...

    def beside(self, value: Any, path: str) -> Any:
        """What stands beside a primitive, in the other version."""
        ...

    def carry(self, step: Step, found: Sequence[Item], path: str, why: Why) -> list[Json]:
        """Extensions that carry an element; the loss is written down."""
        ...


@dataclass(frozen=True, slots=True)
class Special:
    """How some elements of a type go together into others.

    Attributes:
        takes: elements that it reads; nothing else looks at them.
        gives: elements of the other version that it writes, for the report.
        run: makes the members; under ``extension`` what carries the rest.
    """

    towards: Version
    takes: frozenset[str]
    gives: tuple[str, ...]
    run: Callable[[Carrying, Value, str], Json]


Named = tuple[str, Special]


def both(
    here: str,
    there: str,
    old: Sequence[str],
    new: Sequence[str],
    to_r5: Callable[[Carrying, Value, str], Json],
    to_r4: Callable[[Carrying, Value, str], Json],
) -> tuple[Named, Named]:
    """A special conversion with its way back.

    Args:
        here, there: the definition in R4 and in R5.
        old, new: its elements in R4 and in R5.
    """
    return (
        (here, Special("R5", frozenset(old), tuple(new), to_r5)),
        (there, Special("R4", frozenset(new), tuple(old), to_r4)),
    )


def carried(walk: Carrying, value: Value, here: str, name: str, path: str, why: Why = Why.NARROWER) -> list[Json]:
    """Extensions that carry an element of the value as a whole."""
    step = steps(here, here, walk.towards)[name]
    return walk.carry(step, items(value.get(name), value.get(f"_{name}")), f"{path}.{name}", why)


def same(walk: Carrying, value: Any, kind: str, path: str) -> Json:
    """A value of a data type that both versions have."""
    return walk.complex(value, kind, kind, path)


def listed(value: Any) -> list[Any]:
    """The entries of an element, one or several."""
    return value if isinstance(value, list) else [] if value is None else [value]


def clean(**members: Any) -> Json:
    """The members that hold something; a trailing underscore belongs to the keyword, not to the name."""
    return {name.removesuffix("_"): value for name, value in members.items() if value}
