"""Persons masked in everything that a report shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from json.encoder import encode_basestring
from typing import Any

from adapter.counterparts.conformance.play import Exchange
from adapter.model.person import masked

_PERSONAL = frozenset({"name", "telecom", "address", "birthDate", "gender", "photo", "contact", "subscriberId"})
_PERSONS = frozenset({"Patient", "RelatedPerson", "Person"})
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{17}[0-9Xx]|1[3-9][0-9]{9})(?![0-9A-Za-z])")
_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class Mask:
    """Hides test persons by their numbers, and whoever else an answer may name."""

    persons: tuple[str, ...]
    hidden: frozenset[str] = frozenset({"subscriberId"})

    @classmethod
    def of(cls, persons: Iterable[str], hidden: Iterable[str] = ("subscriberId",)) -> Mask:
        """``hidden``: fields of JSON and elements of XML whose text is never shown."""
        return cls(tuple(sorted(set(persons), key=len, reverse=True)), frozenset(hidden))

    def exchange(self, exchange: Exchange) -> Exchange:
        """What may be shown of an exchange: both bodies as text, JSON indented, long ones cut off."""
        return replace(
            exchange,
            address=self.text(exchange.address),
            sent=self._body(exchange.sent),
            got=self._body(exchange.got),
        )

    def text(self, text: str) -> str:
        for person in self.persons:
            text = text.replace(person, masked(person))
        return _NUMBERS.sub(lambda found: masked(found.group()), text)

    def _body(self, body: bytes) -> bytes:
        try:
            # numbers stay the texts that they are, so that indenting changes no digit
            found = json.loads(body, parse_float=_Number, parse_int=_Number)
            text = _shown(_without_persons(found, self.hidden))
        except (ValueError, RecursionError):
            text = self._elements(body.decode("utf-8", "replace"))
        text = self.text(text)
        return (text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …").encode()

    def _elements(self, text: str) -> str:
        """Text that is no JSON: what stands between the tags of hidden elements, or after their name, is left out."""
        names = "|".join(map(re.escape, sorted(self.hidden)))
        text = re.sub(rf"(<(?:[\w.-]+:)?(?:{names})(?:\s[^>]*)?>)[^<]*", r"\1***", text)
        return re.sub(rf'("(?:{names})"\s*:\s*)"[^"]*"?', r'\1"***"', text)


class _Number(str):
    """A number as it was written."""


def _without_persons(value: Any, hidden: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_without_persons(each, hidden) for each in value]
    if not isinstance(value, dict):
        return value
    person = str(value.get("resourceType")) in _PERSONS
    return {
        name: "***" if (person and name in _PERSONAL) or name in hidden else _without_persons(each, hidden)
        for name, each in value.items()
    }


def _shown(value: Any, indent: str = "") -> str:
    """Indented JSON with every number as it came."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    deeper = f"{indent}  "
    if isinstance(value, dict) and value:
        rows = ",\n".join(f"{deeper}{encode_basestring(name)}: {_shown(v, deeper)}" for name, v in value.items())
        return f"{{\n{rows}\n{indent}}}"
    if isinstance(value, list) and value:
        rows = ",\n".join(f"{deeper}{_shown(each, deeper)}" for each in value)
        return f"[\n{rows}\n{indent}]"
    return json.dumps(value)
