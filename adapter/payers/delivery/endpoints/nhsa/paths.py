"""Paths into FHIR resources, to read and to write: ``Patient.identifier[id-card].value`` (路径).

A step in square brackets chooses: a number by place, a name by the system or url that ``systems`` of the mapping gives
it. Values are never changed on the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"(?P<name>[A-Za-z]+)(\[(?P<choice>[a-z0-9-]+)\])?\Z")
#: Elements that stand in lists, whatever is chosen of them. An identifier does only where one is chosen: in a reference
#: it is one object.
_LISTS = frozenset({"coding", "extension", "name", "insurance", "telecom", "location", "participant"})


@dataclass(frozen=True, slots=True)
class Step:
    """One element, and which one where there are several: by place, or by system or url."""

    name: str
    place: int | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A resource type and the steps below it."""

    text: str
    type: str
    steps: tuple[Step, ...]


def path_of(text: str, systems: Mapping[str, str]) -> Path:
    """Read a path. Raises ValueError for a form or a system that is not known."""
    kind, *names = text.split(".")
    steps = []
    for name in names:
        match = _STEP.match(name)
        if match is None:
            raise ValueError(f"not a path: {text}")
        choice = match["choice"]
        if choice is None:
            steps.append(Step(match["name"]))
        elif choice.isdigit():
            steps.append(Step(match["name"], place=int(choice)))
        elif choice in systems:
            steps.append(Step(match["name"], system=systems[choice]))
        else:
            raise ValueError(f"no such system: {choice}")
    return Path(text, kind, tuple(steps))


def read(resource: Mapping[str, Any], path: Path, source: str) -> Any:
    """The value at a path, or None.

    Args:
        source: the hospital's feed; its name stands for ``{source}`` in systems.
    """
    here: Any = resource
    for step in path.steps:
        if not isinstance(here, Mapping):
            return None
        here = here.get(step.name)
        if step.system is not None:
            here = _chosen(here, step.system.replace("{source}", source))
        elif step.place is not None or isinstance(here, list | tuple):
            place = step.place or 0
            here = here[place] if isinstance(here, Sequence) and len(here) > place else None
    return here


def write(resource: dict[str, Any], path: Path, value: Any, source: str) -> None:
    """Put a value where the path leads, making what is not there yet."""
    here = resource
    for step in path.steps[:-1]:
        here = _entered(here, step, source)
    here[path.steps[-1].name] = value


def _entered(here: dict[str, Any], step: Step, source: str) -> dict[str, Any]:
    if step.system is None and step.place is None and step.name not in _LISTS:
        inner: dict[str, Any] = here.setdefault(step.name, {})
        return inner
    rows: list[dict[str, Any]] = here.setdefault(step.name, [])
    if step.system is not None:
        system = step.system.replace("{source}", source)
        for row in rows:
            if system in (row.get("system"), row.get("url")):
                return row
        rows.append({"url" if step.name == "extension" else "system": system})
        return rows[-1]
    while len(rows) <= (step.place or 0):
        rows.append({})
    return rows[step.place or 0]


def _chosen(rows: Any, system: str) -> Any:
    if not isinstance(rows, list | tuple):
        return None
    return next((each for each in rows if system in (each.get("system"), each.get("url"))), None)
