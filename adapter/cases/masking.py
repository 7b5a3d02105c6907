"""How values of patients are shown at a terminal: masked, unless somebody asks to see them (掩码显示)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapter.fhir.canonical import encode
from adapter.intake.mapping.explain import Line
from adapter.model.person import masked

#: Resource types that are about a person, and elements that name one elsewhere.
_PERSONS = ("Patient", "RelatedPerson")
_NAMING = ("subscriberId", "telecom", "address", "birthDate")

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """Shows texts and values; ``personal`` columns and private elements are masked unless ``reveal``."""

    personal: frozenset[str]
    reveal: bool

    def text(self, column: str, text: str) -> str:
        """What stands in a column of the source."""
        return masked(text) if column in self.personal and not self.reveal else text

    def other(self, column: str, text: str, why: str) -> str:
        """What stands in a column that became no element: masked, unless a check reads it."""
        return self.text(column, text) if why == "check" or self.reveal else masked(text)

    def value(self, line: Line) -> str:
        """What an element holds, on one line."""
        return _plain(line.value, masking=self._hidden(line))

    def line_json(self, line: Line) -> dict[str, Any]:
        """One line for a pipe."""
        return {
            "element": line.element,
            "path": line.path or None,
            "target": line.target,
            "made": str(line.made),
            "value": self.value(line) if line.path else None,
            "sources": [
                {
                    "pointer": place.pointer,
                    "column": f"{place.table}.{place.column}",
                    "text": self.text(place.column, place.text),
                }
                for place in line.sources
            ],
            "conditions": [place.pointer for place in line.conditions],
            "rule": line.rule,
            "via": line.via,
        }

    def element(self, path: str, value: Any) -> str:
        """The value at a path of a resource; ``—`` where there is none."""
        personal = path.partition(".")[0] in _PERSONS or any(name in path for name in _NAMING)
        plain = path.rpartition(".")[2] in ("system", "reference", "gender")
        return "—" if value is None else _plain(value, masking=personal and not plain and not self.reveal)

    def _hidden(self, line: Line) -> bool:
        if self.reveal or not line.sources:
            return False
        return any(place.column in self.personal for place in line.sources) and line.path.rpartition(".")[2] != "id"


def _plain(value: Any, *, masking: bool) -> str:
    """A value as text, its parts masked one by one, so that the structure can still be seen."""
    if isinstance(value, dict | list):
        text = encode(_masked_parts(value) if masking else value).decode()
        return text if len(text) <= _LONGEST * 3 else f"{text[: _LONGEST * 3]}…"
    text = "true" if value is True else "false" if value is False else str(value)
    return masked(text) if masking else text


def _masked_parts(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: each if name in ("system", "reference", "url") else _masked_parts(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_masked_parts(each) for each in value]
    return masked(str(value))
