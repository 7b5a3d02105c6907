"""Two certificates of one bill, amount by amount: then and now (今昔对照)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Parts of a certificate whose amounts are compared; the words, the versions of files and the digest may change.
_PARTS = ("bill", "lines", "standings", "shares", "patient", "accruals")
_STEP = ("amount", "left")
_NO_AMOUNTS = frozenset({"id", "basis", "payer", "authority", "origin", "plan", "cite", "reference"})


@dataclass(frozen=True, slots=True)
class Change:
    """An amount that is not what it was; None where it is not there at all."""

    place: str
    then: str | None
    now: str | None


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Every amount that differs, in the order of the older certificate.

    Steps are compared where both certificates have the same ones: a step that is written out later than before
    changes nothing that anybody pays.
    """
    before, after = dict(_amounts(then)), dict(_amounts(now))
    if [name for name in before if name.startswith("steps.")] != [name for name in after if name.startswith("steps.")]:
        before, after = _without_steps(before), _without_steps(after)
    places = [*before, *(name for name in after if name not in before)]
    return [
        Change(place, before.get(place), after.get(place))
        for place in places
        if before.get(place) != after.get(place) and not _nothing(before.get(place), after.get(place))
    ]


def _nothing(then: str | None, now: str | None) -> bool:
    """Whether one says zero and the other says nothing."""
    return {then, now} == {None, "0.00"}


def _without_steps(amounts: Mapping[str, str]) -> dict[str, str]:
    return {name: amount for name, amount in amounts.items() if not name.startswith("steps.")}


def _amounts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part in _PARTS:
        yield from _below(document[part], part)
    for number, step in enumerate(document["steps"]):
        for name in _STEP:
            yield f"steps.{number}.{step['payer']}.{step['name']}.{name}", step[name]


def _below(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name not in _NO_AMOUNTS:
                yield from _below(each, f"{place}.{name}")
    elif isinstance(value, str):
        yield place, value
    elif isinstance(value, Sequence):
        for number, each in enumerate(value):
            name = each.get("id", each.get("payer", number)) if isinstance(each, Mapping) else number
            yield from _below(each, f"{place}.{name}")
