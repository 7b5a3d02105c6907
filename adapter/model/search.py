"""Search over kept resources: the terms under which each is found, and what a search asks of them (检索).

A term is a number. Parameter names and values are hashed by whoever makes them, so a store compares numbers, keeps no
value twice, and knows nothing of FHIR. Two values may share a number: a store proposes, and whoever asked looks at the
resources themselves before it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: The time of a resource that has none: before all others.
NO_TIME = -(2**53)
#: The end of a period without one.
NO_END = 2**53


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what a resource is found.

    Attributes:
        first, last: its time, by which searches are ordered, in ms since 1970 UTC; NO_TIME twice where it has none.
        values: (parameter, hashed value): codes, identifiers, references; first that under which all of a type stand.
        ranges: (parameter, from, to): other times in ms since 1970 UTC, numbers in millionths; both ends included.
        texts: (parameter, text in search form).
    """

    first: int
    last: int
    values: tuple[tuple[int, int], ...]
    ranges: tuple[tuple[int, int, int], ...] = ()
    texts: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AnyValue:
    """One of these hashed values. ``unlikely`` tells how few resources are expected: smaller is fewer."""

    parameter: int
    values: tuple[int, ...]
    unlikely: int = 5


@dataclass(frozen=True, slots=True)
class NoValue:
    """None of these hashed values."""

    parameter: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InTime:
    """The resource's own time meets these limits; None: open."""

    first_from: int | None = None
    first_to: int | None = None
    last_from: int | None = None
    last_to: int | None = None


@dataclass(frozen=True, slots=True)
class InRange:
    """A further time or number meets these limits; None: open."""

    parameter: int
    low_from: int | None = None
    low_to: int | None = None
    high_from: int | None = None
    high_to: int | None = None


@dataclass(frozen=True, slots=True)
class StartsWith:
    """A text begins with one of these, in search form."""

    parameter: int
    texts: tuple[str, ...]


Condition = AnyValue | NoValue | InTime | InRange | StartsWith


class OrderBy(StrEnum):
    """By what found resources are ordered."""

    TIME = "time"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class Search:
    """One search over one type of resource.

    Attributes:
        everything: the parameter under which every resource of the type is found, with the value 0.
        updated: the parameter of the range that tells when a resource was last written.
        conditions: all of them must hold.
        descending: newest first.
        after: the place in this order after which to go on: (time, number) of the last one seen.
    """

    type: str
    everything: int
    updated: int
    conditions: tuple[Condition, ...] = ()
    order: OrderBy = OrderBy.TIME
    descending: bool = True
    after: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One resource that a store proposes: its id, and its place in the order of the search."""

    id: str
    place: tuple[int, int]
