"""``Prefer``: how a caller wants to be answered, read in one place for all (调用方偏好).

RFC 7240: several headers are one list with commas; names in any letter case; values bare or in quotes, where a comma or
a semicolon is text; of one that stands twice the first counts; an unknown one, with its parameters, and a value that
makes no sense are passed over. The four that are known here have no parameters, so a known one after a semicolon is
what its writer meant as the next preference, as FHIR's other servers take it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from fastapi import Request

_KNOWN = frozenset({"respond-async", "wait", "return", "handling"})

#: One part up to a separator that stands in no quotes, and the separator; a quote that never ends goes to the end.
_PART = re.compile(r'((?:"(?:\\.?|[^"\\])*+(?:"|\Z)|[^",;])*+)([,;]|\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Return(StrEnum):
    """What an answer holds, as ``return=…`` asks."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"
    OUTCOME = "OperationOutcome"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was said, as far as this server does something about it.

    Attributes:
        respond_async: not to wait for the end of the work.
        wait: seconds to wait for it.
        returning: what the answer is to hold.
        lenient: parameters that are not known are left out instead of refused; ``handling=strict`` is what is done
            where nothing is said.
    """

    respond_async: bool = False
    wait: int | None = None
    returning: Return | None = None
    lenient: bool = False


def preferences(request: Request) -> Preferences:
    """What the headers ``Prefer`` of a request say."""
    return read(request.headers.getlist("prefer"))


def read(headers: Iterable[str]) -> Preferences:
    """What some headers ``Prefer`` say.

    >>> read(['Respond-Async; wait = "5"', "return=minimal"])
    Preferences(respond_async=True, wait=5, returning=<Return.MINIMAL: 'minimal'>, lenient=False)
    """
    said: dict[str, str] = {}
    for name, value in _said(",".join(headers)):
        said.setdefault(name, value)
    wait = said.get("wait", "")
    return Preferences(
        respond_async="respond-async" in said,
        wait=int(wait[:9]) if wait.isascii() and wait.isdigit() else None,
        returning=next((each for each in Return if each.lower() == said.get("return")), None),
        lenient=said.get("handling") == "lenient",
    )


def _said(text: str) -> Iterator[tuple[str, str]]:
    """Known preferences with their values, both in small letters; parameters of unknown ones are left out."""
    first, ours = True, False
    for part, separator in _PART.findall(text):
        name, _, value = (each.strip() for each in part.partition("="))
        name = name.lower()
        if first:
            ours = name in _KNOWN
        if ours and name in _KNOWN:
            yield name, _unquoted(value).lower()
        first = separator != ";"


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    inside = value[1:-1] if len(value) > 1 and value.endswith('"') else value[1:]
    return _ESCAPED.sub(r"\1", inside).strip()
