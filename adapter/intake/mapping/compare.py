"""What another version of a mapping makes of the same stays: what comes, goes or changes (映射比较)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.intake.mapping.engine import MappedStay

_PLACED = re.compile(r"\[([^\]#]*)#\d+\]")

#: So many examples are kept of each element.
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Example:
    """One element before and after; None where it is not there."""

    element: str
    before: Any
    after: Any


@dataclass(slots=True)
class ElementChange:
    """What becomes of one element, over all resources: how often it is added, removed, changed."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """Two mappings over one sample.

    Attributes:
        stays: stays looked at; ``touched``: those of which anything changes.
        added, removed, changed: resources by type.
        elements: by element path, list places left out (``ChargeItem.code.coding.code``).
        issues: by code, how many the first mapping finds and how many the second.
        observed: settlements of the HIS that are read otherwise.
    """

    stays: int = 0
    touched: int = 0
    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    elements: defaultdict[str, ElementChange] = field(default_factory=lambda: defaultdict(ElementChange))
    issues: dict[str, tuple[int, int]] = field(default_factory=dict)
    observed: int = 0

    @property
    def same(self) -> bool:
        """Whether the second mapping makes exactly what the first one makes, issues included."""
        differs = any(before != after for before, after in self.issues.values())
        return not (self.touched or self.observed or differs)


def compare(stays: Iterable[tuple[MappedStay | None, MappedStay | None]]) -> Comparison:
    """Compare stay by stay; None where a mapping does not see the stay at all."""
    found = Comparison()
    before_codes: Counter[str] = Counter()
    after_codes: Counter[str] = Counter()
    for before, after in stays:
        found.stays += 1
        one, other = _resources(before), _resources(after)
        before_codes.update(issue.code for issue in (before.issues if before else ()))
        after_codes.update(issue.code for issue in (after.issues if after else ()))
        found.observed += (before.observed if before else ()) != (after.observed if after else ())
        found.touched += one != other
        for element in one.keys() | other.keys():
            _compare_resource(found, element, one.get(element), other.get(element))
    codes = sorted(before_codes.keys() | after_codes.keys())
    found.issues = {code: (before_codes[code], after_codes[code]) for code in codes}
    return found


def _resources(stay: MappedStay | None) -> dict[str, dict[str, Any]]:
    resources = stay.resources if stay is not None else ()
    return {f"{each['resourceType']}/{each['id']}": each for each in resources}


def _compare_resource(
    found: Comparison, element: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    kind = element.partition("/")[0]
    if before == after:
        return
    if before is None or after is None:
        (found.added if before is None else found.removed)[kind] += 1
        return
    found.changed[kind] += 1
    one, other = dict(_leaves(before, kind)), dict(_leaves(after, kind))
    for path in sorted(one.keys() | other.keys()):
        was, now = one.get(path), other.get(path)
        if was == now:
            continue
        change = found.elements[_without_places(path)]
        if was is None:
            change.added += 1
        elif now is None:
            change.removed += 1
        else:
            change.changed += 1
        if len(change.examples) < EXAMPLES:
            change.examples.append(Example(element, was, now))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every plain value with its path; entries of a list by what names them, so that a new one moves no other."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}")
    elif isinstance(value, list):
        met: Counter[str] = Counter()
        for each in value:
            name = _name(each)
            met[name] += 1
            yield from _leaves(each, f"{path}[{name}#{met[name]}]")
    else:
        yield path, value


def _name(entry: Any) -> str:
    """An extension goes by its url, an identifier or coding by its system."""
    if isinstance(entry, dict):
        for key in ("url", "system"):
            if isinstance(entry.get(key), str):
                return str(entry[key]).rpartition("/")[2]
    return ""


def _without_places(path: str) -> str:
    """``identifier[patient#1].value`` → ``identifier[patient].value``; a place without a name goes altogether."""
    return _PLACED.sub(lambda place: f"[{place[1]}]" if place[1] else "", path)
