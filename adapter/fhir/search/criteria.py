"""One search parameter with its values: as a condition on the index, and as a question to a resource (检索条件).

The index proposes, the resource decides: ``matches`` reads the resource itself, so a value that shares its number with
another never makes a wrong answer. What an index cannot tell (``:missing``, ``:contains``) only ``matches`` tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapter.fhir.search import issues
from adapter.fhir.search.parameters import Parameter, parameter_number, value_number
from adapter.fhir.search.terms import Resource, reference_number, values_at
from adapter.fhir.search.values import (
    Range,
    exactly,
    folded,
    number_range,
    reference_of,
    texts_of,
    time_of,
    time_range,
    tokens_of,
)
from adapter.model.issues import Issue
from adapter.model.search import NO_TIME, AnyValue, Condition, InRange, InTime, NoValue, StartsWith

#: Values of one parameter, at most.
MOST_VALUES = 100

_PREFIX = re.compile(r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb|ap)?(?P<rest>.*)", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
#: One value of several, up to a comma; and its part before a bar. A backslash keeps what follows it from being either.
_VALUE = re.compile(r"((?:\\.|[^,])*+)(?:,|\Z)", re.DOTALL)
_SYSTEM = re.compile(r"((?:\\.|[^|])*+)\|(.*)", re.DOTALL)

#: Prefixes that compare with a number exactly as it is written; the others with what it stands for when rounded.
_EXACT = frozenset({"gt", "lt", "ge", "le", "sa", "eb"})

#: How few resources one value of a parameter is expected to find: smaller is fewer. Others: 5, references 3.
_UNLIKELY = {"_id": 0, "identifier": 1, "policy-holder": 2, "code": 6, "type": 8, "status": 9, "use": 9, "class": 9}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of a query.

    Attributes:
        modifier: ``""``, ``not``, ``missing``, ``exact``, ``contains`` or ``identifier``.
        tokens: (system, code) wanted; None as system: any; "" as code: any.
        places: references wanted.
        spans: (prefix, from, to) of times or numbers.
        texts: texts wanted; with ``missing``: ``true`` or ``false``; of quantities the unit of each span, or ``""``.
    """

    parameter: Parameter
    modifier: str
    tokens: tuple[tuple[str | None, str], ...] = ()
    places: tuple[str, ...] = ()
    spans: tuple[tuple[str, int, int], ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """How many values were asked for; a bare id, which may be of many types, counts once."""
        places = len({place.rpartition("/")[2] for place in self.places})
        return max(len(self.tokens), places, len(self.spans), len(self.texts), 1)

    @property
    def told_by_index(self) -> bool:
        """Whether the index alone can tell how many resources answer this."""
        if self.modifier in ("missing", "contains", "exact") or (self.texts and self.spans):
            return False
        if any(place.target for place in self.parameter.places) and self.modifier == "identifier":
            return False
        if not all(code for _, code in self.tokens):
            return False
        return len(self.spans) < 2 and not any(prefix == "ne" for prefix, _, _ in self.spans)

    def conditions(self) -> list[Condition]:
        """What the index can tell of this; no conditions where only the resource can."""
        number = self.parameter.number
        if self.modifier in ("missing", "contains") or not all(code for _, code in self.tokens):
            return []
        if self.modifier == "identifier":
            beside = parameter_number(self.parameter.type, f"{self.parameter.indexed}:identifier")
            return [AnyValue(beside, _token_values(self.tokens), 2)]
        if self.tokens:
            values = _token_values(self.tokens)
            if self.modifier == "not":
                return [NoValue(number, values)]
            return [AnyValue(number, values, _UNLIKELY.get(self.parameter.name, 5))]
        if self.places:
            hashed = reference_number if self.parameter.kind == "reference" else value_number
            return [AnyValue(number, tuple(map(hashed, self.places)), 3)]
        if self.spans:
            return self._span_conditions(number)
        return [StartsWith(number, tuple(folded(text) for text in self.texts))]

    def _span_conditions(self, number: int) -> list[Condition]:
        if len(self.spans) > 1:  # one of several: the index is asked for what holds them all
            return []
        limits = _limits(*self.spans[0])
        if not self.parameter.is_own_time:
            return [InRange(number, *limits)]
        low_from, low_to, high_from, high_to = limits
        return [InTime(low_from, low_to, NO_TIME + 1 if high_from is None else high_from, high_to)]

    def matches(self, resource: Resource) -> bool:
        """Whether the resource itself answers this."""
        values = [value for place in self.parameter.places for value in values_at(resource, place)]
        if self.modifier == "missing":
            return (not values) is (self.texts == ("true",))
        if self.tokens and self.modifier != "identifier":
            found = any(
                _is_token(wanted, token) for value in values for token in tokens_of(value) for wanted in self.tokens
            )
            return found is not (self.modifier == "not")
        return any(self._meets(value) for value in values)

    def _meets(self, value: Any) -> bool:
        match self.parameter.kind:
            case "reference":
                place, beside = reference_of(value)
                if self.modifier == "identifier":
                    return beside is not None and any(_is_token(wanted, beside) for wanted in self.tokens)
                return place in self.places and self._right_type(place)
            case "uri":
                return value in self.places
            case "date":
                return any(
                    _compare(prefix, low, high, span) for span in time_of(value) for prefix, low, high in self.spans
                )
            case "number" | "quantity":
                return self._number_meets(value)
            case _:
                return any(self._text_meets(text) for text in texts_of(value))

    def _right_type(self, place: str | None) -> bool:
        wanted = {each.target for each in self.parameter.places}
        return None in wanted or any(place is not None and f"{target}/" in f"/{place}" for target in wanted)

    def _number_meets(self, value: Any) -> bool:
        inside = value if not isinstance(value, dict) else value.get("value")
        number = exactly(inside)
        if number is None:
            return False
        units = _units(value) if isinstance(value, dict) else set()
        return any(
            _compare(prefix, low, high, (number, number)) and unit in units | {""}
            for (prefix, low, high), unit in zip(self.spans, self.texts or ("",) * len(self.spans), strict=True)
        )

    def _text_meets(self, text: str) -> bool:
        if self.modifier == "exact":
            return text in self.texts
        plain = folded(text)
        if self.modifier == "contains":
            return any(folded(wanted) in plain for wanted in self.texts)
        return any(plain.startswith(folded(wanted)) for wanted in self.texts)


def criterion(parameter: Parameter, modifier: str, value: str, base: str) -> Criterion | Issue:
    """Read the values of one parameter, or say what is wrong with them."""
    values = [each for each in _VALUE.findall(value) if each]
    if not values or "\0" in value or (parameter.kind == "string" and not all(folded(_plain(each)) for each in values)):
        return issues.bad_value(parameter.type, parameter.name, "one value or several with commas between, none blank")
    if len(values) > MOST_VALUES:
        return issues.too_many_values(parameter.type, parameter.name, MOST_VALUES)
    if modifier == "missing":
        if value not in ("true", "false"):
            return issues.bad_value(parameter.type, parameter.name, "true, false")
        return Criterion(parameter, modifier, texts=(value,))
    kind = parameter.kind
    if kind == "token" and modifier in ("", "not"):
        return Criterion(parameter, modifier, tokens=tuple(map(_token, values)))
    if kind == "reference":
        return _reference(parameter, modifier, values, base)
    if kind == "uri" and not modifier:
        return Criterion(parameter, "", places=tuple(map(_plain, values)))
    if kind in ("date", "number", "quantity") and not modifier:
        return _spans(parameter, values)
    if kind == "string" and modifier in ("", "exact", "contains"):
        return Criterion(parameter, modifier, texts=tuple(map(_plain, values)))
    return issues.unknown_modifier(parameter.type, parameter.name)


def _reference(parameter: Parameter, modifier: str, values: list[str], base: str) -> Criterion | Issue:
    if modifier == "identifier":
        return Criterion(parameter, modifier, tokens=tuple(map(_token, values)))
    if modifier and modifier not in parameter.targets:
        return issues.unknown_modifier(parameter.type, parameter.name)
    places: list[str] = []
    for value in map(_plain, values):
        place = value.removeprefix(f"{base}/") if base else value
        if "/" in place or ":" in place:
            places.append(place)
        elif _ID.fullmatch(place):
            places += [f"{target}/{place}" for target in ((modifier,) if modifier else parameter.targets)]
        else:
            return issues.bad_value(parameter.type, parameter.name, "Type/id")
    return Criterion(parameter, "", places=tuple(places))


def _spans(parameter: Parameter, values: list[str]) -> Criterion | Issue:
    spans, units = [], []
    for value in values:
        number, _, unit = value.partition("|") if parameter.kind == "quantity" else (value, "", "")
        found = _PREFIX.fullmatch(number)
        span = None
        if found is not None:
            span = time_range(found["rest"]) if parameter.kind == "date" else _numbers(found["prefix"], found["rest"])
        if found is None or span is None:
            expected = "2021-05-17T08:00:00+08:00" if parameter.kind == "date" else "100.00"
            return issues.bad_value(parameter.type, parameter.name, expected)
        spans.append((found["prefix"] or "eq", *span))
        units.append(_plain(unit.rpartition("|")[2]))
    return Criterion(parameter, "", spans=tuple(spans), texts=tuple(units) if any(units) else ())


def _numbers(prefix: str | None, text: str) -> Range | None:
    """R4: ``100`` stands for 99.5 … 100.5, but ``gt100`` and the like compare with exactly 100."""
    span = number_range(text)
    if span is None or prefix not in _EXACT:
        return span
    number = exactly(Decimal(text))
    return None if number is None else (number, number)


def _token(value: str) -> tuple[str | None, str]:
    found = _SYSTEM.fullmatch(value)
    return (None, _plain(value)) if found is None else (_plain(found[1]), _plain(found[2]))


def _plain(value: str) -> str:
    """A value with the backslashes undone that kept its commas and bars."""
    return re.sub(r"\\([,|$\\])", r"\1", value)


def _token_values(tokens: tuple[tuple[str | None, str], ...]) -> tuple[int, ...]:
    return tuple(value_number(code if system is None else f"{system}|{code}") for system, code in tokens)


def _is_token(wanted: tuple[str | None, str], token: tuple[str, str]) -> bool:
    system, code = wanted
    return (system is None or system == token[0]) and (not code or code == token[1])


def _units(value: dict[str, Any]) -> set[str]:
    return {str(value[name]) for name in ("code", "unit", "currency") if name in value}


def _compare(prefix: str, low: int, high: int, span: Range) -> bool:
    """R4's comparison of a range that was asked for (low … high) with the resource's own."""
    first, last = span
    match prefix:
        case "eq":
            return low <= first and last <= high
        case "ne":
            return not (low <= first and last <= high)
        case "gt":
            return last > high
        case "lt":
            return first < low
        case "ge":
            return last > high or (low <= first and last <= high) or (first <= low and last >= low)
        case "le":
            return first < low or (low <= first and last <= high) or (first <= high and last >= high)
        case "sa":
            return first > high
        case "eb":
            return last < low
        case _:
            return first <= high and last >= low


def _limits(prefix: str, low: int, high: int) -> tuple[int | None, int | None, int | None, int | None]:
    """From and to of a range's beginning, from and to of its end; wider than ``_compare``, never narrower."""
    match prefix:
        case "eq":
            return low, None, None, high
        case "gt":
            return None, None, high + 1, None
        case "lt":
            return None, low - 1, None, None
        case "ge":
            return None, None, low, None
        case "le":
            return None, high, None, None
        case "sa":
            return high + 1, None, None, None
        case "eb":
            return None, None, None, low - 1
        case "ap":
            return None, high, low, None
        case _:
            return None, None, None, None
