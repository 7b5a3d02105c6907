"""Scenario files: real life in parts, each part the faults that one counterpart is to act out. 场景文件。

``fixtures/endpoints/scenarios/<name>.yaml`` says for each part whom it concerns, when it is played and what is
scripted; ``adapter counterparts play`` hands a part to a running counterpart's ``/control/faults``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: Of a fault, what is a number or a flag; all else is text.
_WHOLE = frozenset({"nth", "times", "seconds", "status", "retry_after"})


class ScenarioError(ValueError):
    """The file cannot be used; the text names it."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one counterpart is told at one moment.

    Attributes:
        at: the counterpart: ``bureau``, ``aid``, ``nhsa-bureau``, ``aid-xml``, ``folder``.
        zh, en: when to play it, and what it stands for.
        faults: the script; empty lets the counterpart behave again.
    """

    at: str
    zh: str
    en: str
    faults: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One paragraph of real life.

    Attributes:
        zh, en: what happens to the patient and the hospital.
        ends_zh, ends_en: how it ends, which is what the test checks.
    """

    name: str
    zh: str
    en: str
    ends_zh: str
    ends_en: str
    parts: Mapping[str, Part]


def load_scenario(path: Path) -> Scenario:
    """Read a file. Raises ScenarioError naming it."""
    try:
        content: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - texts only
        return Scenario(
            name=path.stem,
            zh=content["story"]["zh"],
            en=content["story"]["en"],
            ends_zh=content["ends"]["zh"],
            ends_en=content["ends"]["en"],
            parts={name: _part(row) for name, row in (content.get("parts") or {}).items()},
        )
    except (OSError, yaml.YAMLError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error


def _part(row: Mapping[str, Any]) -> Part:
    faults = tuple(_fault(each) for each in row.get("faults") or [])
    return Part(row["at"], row["zh"], row["en"], faults)


def _fault(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _value(name, value) for name, value in row.items() if name != "match"}
    return {**found, "match": {name: _value(name, value) for name, value in row.get("match", {}).items()}}


def _value(name: str, text: Any) -> Any:
    if name in _WHOLE:
        return int(text)
    return text == "yes" if name == "processed" else text
