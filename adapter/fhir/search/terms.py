"""The terms under which a resource is found, worked out from the resource alone (检索项).

Written with each version of a resource, so this is a hot path: the places of a type are grouped by the first name of
their path, and a resource is walked only where it has something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

import msgspec
from msgspec.structs import astuple

from adapter.fhir.canonical import reread
from adapter.fhir.posted import kind_of
from adapter.fhir.search.parameters import (
    Where,
    parameter_number,
    parameters_of,
    searched_types,
    value_number,
)
from adapter.fhir.search.values import exactly, folded, reference_of, texts_of, time_of, tokens_of
from adapter.model.search import NO_TIME, Terms

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One place that is read for the index."""

    number: int
    beside: int  # of references: the identifier's own number
    kind: str
    own_time: bool
    rest: tuple[str, ...]
    place: Where


@dataclass(slots=True)
class _Gathered:
    """Terms while they are gathered; what stands twice counts once."""

    values: dict[tuple[int, int], None] = field(default_factory=dict)
    ranges: dict[tuple[int, int, int], None] = field(default_factory=dict)
    texts: dict[tuple[int, str], None] = field(default_factory=dict)
    first: int = NO_TIME
    last: int = NO_TIME


@lru_cache(maxsize=65536)
def token_numbers(system: str, code: str) -> tuple[int, int]:
    """Numbers of a token: by its code alone, by system and code. By its system alone nobody finds few enough."""
    return value_number(code), value_number(f"{system}|{code}")


@lru_cache(maxsize=65536)
def reference_number(place: str) -> int:
    """The number of a reference."""
    return value_number(place)


def terms_of(resource: Resource) -> Terms | None:
    """What a resource is found under; None for a type that cannot be searched."""
    kind = str(resource.get("resourceType"))
    plan = _plan(kind)
    if not plan:
        return None
    found = _Gathered()
    found.values[(parameter_number(kind, ""), 0)] = None
    for name, readings in plan.items():
        if (inside := resource.get(name)) is None:
            continue
        for reading in readings:
            for value in _at(inside, reading.rest):
                _gather(found, reading, value)
    return Terms(found.first, found.last, tuple(found.values), tuple(found.ranges), tuple(found.texts))


def terms_of_kept(kind: str, body: bytes, at: datetime) -> Terms | None:
    """As ``terms_of``, of a resource that was kept at a moment, from its JSON."""
    space, kind = kind, kind_of(kind)  # what a hospital posted is found under the same terms, beside the cases'
    if kind not in _SEARCHED:
        return None
    terms = _terms(kind, _said(kind, body))
    if terms is None:
        return None
    everything = (parameter_number(space, ""), 0)  # but all of one and all of the other are walked along apart
    return replace(terms, values=(everything, *terms.values[1:]), ranges=(*terms.ranges, _written(kind, at)))


def moved_of_kept(
    kind: str, was: bytes, then: datetime, now: bytes, at: datetime
) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    """The ranges of two versions' own moments, where the newer says what the older said wherever it is searched."""
    kind = kind_of(kind)
    if kind not in _SEARCHED or then == at or _said(kind, was) != _said(kind, now):
        return None
    return _written(kind, then), _written(kind, at)


def _written(kind: str, at: datetime) -> tuple[int, int, int]:
    moment = (at - _EPOCH) // _MS
    return parameter_number(kind, "_lastUpdated"), moment, moment


def _said(kind: str, body: bytes) -> tuple[bytes, ...]:
    """What a resource says where it is searched, unread."""
    return tuple(map(bytes, astuple(_searched(kind).decode(body))))


@lru_cache(maxsize=4096)
def _terms(kind: str, said: tuple[bytes, ...]) -> Terms | None:
    """The terms of what a resource says where it is searched; resources that stays share say the same each time."""
    named = zip(_plan(kind), said, strict=True)
    return terms_of({"resourceType": kind, **{name: _read(kind, name, value) for name, value in named if value}})


def _read(kind: str, name: str, value: bytes) -> Any:
    """An element, with no more than is searched in it: the items of a claim are long, and little of them is."""
    beneath = _beneath(kind, name)
    if beneath is not None:
        try:
            return msgspec.to_builtins(beneath.decode(value))
        except msgspec.ValidationError:  # of another shape than FHIR's; what a hospital posts may be kept like that
            pass
    return reread(value)


@cache
def _beneath(kind: str, name: str) -> msgspec.json.Decoder[Any] | None:
    """Reads the places below an element that are searched; None where the element itself is."""
    rests = [reading.rest for reading in _plan(kind)[name]]
    return None if () in rests else msgspec.json.Decoder(_shape(rests), float_hook=Decimal)


def _shape(rests: Sequence[tuple[str, ...]]) -> Any:
    """The type that takes these paths from an object, or from each object of a list, and passes over the rest."""
    if () in rests:
        return Any
    heads = dict.fromkeys(rest[0] for rest in rests)
    inside = {head: [rest[1:] for rest in rests if rest[0] == head] for head in heads}
    names = {f"at_{place}": head for place, head in enumerate(inside)}
    fields = [(place, _shape(inside[head]) | msgspec.UnsetType, msgspec.UNSET) for place, head in names.items()]
    one: Any = msgspec.defstruct("Searched", fields, rename=names, omit_defaults=True)
    return one | list[one]


@cache
def _searched(kind: str) -> msgspec.json.Decoder[msgspec.Struct]:
    """Takes from JSON the elements that the plan of a type looks at, unread, and passes over the rest."""
    names = {f"at_{place}": name for place, name in enumerate(_plan(kind))}
    fields = [(place, msgspec.Raw, msgspec.Raw(b"")) for place in names]
    return msgspec.json.Decoder(msgspec.defstruct(f"{kind}Searched", fields, rename=names))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


_SEARCHED = frozenset(searched_types())


@cache
def _plan(kind: str) -> Mapping[str, Sequence[_Reading]]:
    plan: dict[str, list[_Reading]] = {}
    for parameter in parameters_of(kind).values():
        if parameter.indexed != parameter.name or parameter.name == "_lastUpdated":
            continue  # when a resource was written, its keeper knows
        beside = parameter_number(kind, f"{parameter.name}:identifier")
        for place in parameter.places:
            reading = _Reading(parameter.number, beside, parameter.kind, parameter.is_own_time, place.path[1:], place)
            plan.setdefault(place.path[0], []).append(reading)
    return plan


def _at(value: Any, rest: tuple[str, ...]) -> Iterator[Any]:
    """Every value at the end of a path; lists on the way are walked."""
    if isinstance(value, list):
        for each in value:
            yield from _at(each, rest)
    elif not rest:
        yield value
    elif isinstance(value, dict) and (inside := value.get(rest[0])) is not None:
        yield from _at(inside, rest[1:])


def values_at(resource: Resource, place: Where) -> Iterator[Any]:
    """Every value of a resource that a parameter reads at a place."""
    for value in _at(resource, place.path):
        if place.only is None or (isinstance(value, dict) and value.get(place.only[0]) == place.only[1]):
            yield value


def _gather(found: _Gathered, reading: _Reading, value: Any) -> None:
    place = reading.place
    if place.only is not None and not (isinstance(value, dict) and value.get(place.only[0]) == place.only[1]):
        return
    _GATHER[reading.kind](found, reading, value)


def _token(found: _Gathered, reading: _Reading, value: Any) -> None:
    for system, code in tokens_of(value):
        for number in token_numbers(system, code):
            found.values[(reading.number, number)] = None


def _reference(found: _Gathered, reading: _Reading, value: Any) -> None:
    place, beside = reference_of(value)
    target = reading.place.target
    if place is not None and (target is None or place.startswith(f"{target}/") or f"/{target}/" in place):
        found.values[(reading.number, reference_number(place))] = None
    if beside is not None:
        for number in token_numbers(*beside):
            found.values[(reading.beside, number)] = None


def _uri(found: _Gathered, reading: _Reading, value: Any) -> None:
    if isinstance(value, str):
        found.values[(reading.number, value_number(value))] = None


def _date(found: _Gathered, reading: _Reading, value: Any) -> None:
    for low, high in time_of(value):
        if reading.own_time:
            if found.first == NO_TIME and found.last == NO_TIME:
                found.first, found.last = low, high
            else:
                found.first, found.last = min(found.first, low), max(found.last, high)
        else:
            found.ranges[(reading.number, low, high)] = None


def _number(found: _Gathered, reading: _Reading, value: Any) -> None:
    number = exactly(value.get("value") if isinstance(value, dict) else value)
    if number is not None:
        found.ranges[(reading.number, number, number)] = None


def _string(found: _Gathered, reading: _Reading, value: Any) -> None:
    for text in texts_of(value):
        if plain := folded(text):
            found.texts[(reading.number, plain)] = None


_GATHER = {
    "token": _token,
    "reference": _reference,
    "uri": _uri,
    "date": _date,
    "number": _number,
    "quantity": _number,
    "string": _string,
}
