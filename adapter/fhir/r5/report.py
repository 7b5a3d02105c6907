"""What becomes of every element on the way to the other version, from the tables alone: the report (差异报告)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from adapter.fhir.r5.plan import Kind, Step, members, other, stem, steps
from adapter.fhir.r5.special import specials
from adapter.fhir.schema.compiled import Version

#: Elements that every type has and both versions say alike.
_COMMON = frozenset({"id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension"})


class How(StrEnum):
    """What becomes of an element."""

    RENAMED = "renamed"  # 改名
    REBUILT = "rebuilt"  # 换了结构
    TYPED = "typed"  # 换了类型
    NARROWER = "narrower"  # 装得下的变少
    CARRIED = "carried"  # 只能用扩展携带


@dataclass(frozen=True, slots=True)
class Row:
    """One element that is not said as it was.

    Attributes:
        element: its path, choices with ``[x]``.
        there: where it goes; empty where an extension carries it.
        note: types, codes, or targets that matter.
    """

    element: str
    there: str
    how: How
    note: str = ""


def rows(kind: str, towards: Version) -> tuple[Row, ...]:
    """Every element of a type that the other version says otherwise, or not at all."""
    return tuple(dict.fromkeys(_rows(kind, kind, towards, set())))


def _rows(here: str, there: str, towards: Version, seen: set[str]) -> Iterator[Row]:
    seen.add(here)
    source = other(towards)
    taken = {name: special for special in specials(here, towards) for name in special.takes}
    for name, step in steps(here, there, towards).items():
        element = f"{here}.{_shown(here, name, source)}"
        if name in _COMMON:
            continue
        if name in taken:
            gives = dict.fromkeys(_shown(there, each, towards) for each in taken[name].gives)
            yield Row(element, ", ".join(f"{there}.{each}" for each in gives), How.REBUILT)
            if "." in step.kind.name and members(step.kind.name, towards) and step.kind.name not in seen:
                yield from _rows(step.kind.name, step.kind.name, towards, seen)
        elif step.to is None or step.to_kind is None:
            yield Row(element, "", How.CARRIED)
        else:
            found = f"{there}.{_shown(there, step.to, towards)}"
            yield from _moved(element, found, step, step.to_kind)
            if "." in step.kind.name and "." in step.to_kind.name and step.kind.name not in seen:
                yield from _rows(step.kind.name, step.to_kind.name, towards, seen)


def _moved(element: str, found: str, step: Step, target: Kind) -> Iterator[Row]:
    lost = sorted(set(step.kind.targets) - set(target.targets)) if target.targets else []
    codes = sorted(step.kind.codes - target.codes) if target.codes else []
    if step.kind.family != target.family and not ("." in step.kind.name and "." in target.name):
        yield Row(element, found, How.TYPED, f"{_kind(step.kind)} → {_kind(target)}")
    elif element != found:
        yield Row(element, found, How.RENAMED)
    if lost:
        yield Row(element, found, How.NARROWER, f"Reference({', '.join(lost)})")
    if codes:
        said = [f"{code} → {step.codes[code]}" if code in step.codes else code for code in codes]
        yield Row(element, found, How.NARROWER, "; ".join(said))
    if step.kind.repeats and not target.repeats:
        yield Row(element, found, How.NARROWER, "0..* → 0..1")


def _kind(kind: Kind) -> str:
    return f"{kind.name}*" if kind.repeats else kind.name


def _shown(here: str, name: str, version: Version) -> str:
    shared = stem(here, name, version)
    return name if shared == name else f"{shared}[x]"
