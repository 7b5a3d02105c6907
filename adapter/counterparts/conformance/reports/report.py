"""The result of a run, as every form of report tells it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from adapter.counterparts.conformance.play import Exchange, Result


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the kit.

    Attributes:
        suite: what was tried (``fhir/insurance``).
        target: address or source of the tested party.
        at: when it began.
    """

    suite: str
    target: str
    at: datetime
    results: tuple[Result, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of the scenarios that failed."""
        return tuple(result.scenario.name for result in self.results if not result.passed)

    @property
    def milliseconds(self) -> int:
        return sum(result.milliseconds for result in self.results)


def heard(exchange: Exchange) -> str:
    """What came back, or why nothing did."""
    return exchange.status or f"no answer: {exchange.failure}"


#: Where an answer of any dialect says why: a member of JSON, an element of XML, the third field of an HL7 MSA.
_WHY = re.compile(
    r'"(?:diagnostics|text|disposition|err_msg|message|msg|error|error_description|detail|reason|returnCodeDes)"\s*:\s*'
    r'(?P<json>"(?:[^"\\]|\\.)+")'
    r"|<(?:\w+:)?(?:returnCodeDes|message|msg|faultstring|reason)\b[^>]*>(?P<xml>[^<]+)<"
    r"|^MSA\|[^|\r\n]*\|[^|\r\n]*\|(?P<hl7>[^|\r\n]+)",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST = 300


def party_words(result: Result) -> str:
    """What the party itself said to the step that failed: its status and its own reasons, as far as it gave any.

    Returns:
        One line of at most 300 characters; empty where the scenario passed, or nothing was exchanged.
    """
    if result.passed or not result.steps or not result.steps[-1].exchanges:
        return ""
    last = result.steps[-1].exchanges[-1]
    said = "; ".join(dict.fromkeys(_reasons(last.got.decode("utf-8", "replace"))))
    return " ".join(f"{heard(last)}: {said}".split())[:_LONGEST] if said else heard(last)


def _reasons(body: str) -> Iterator[str]:
    for found in _WHY.finditer(body.replace("\r", "\n")):
        if found["json"] is None:
            yield unescape(found["xml"] or found["hl7"])
            continue
        try:
            yield json.loads(found["json"], strict=False)
        except ValueError:  # no JSON after all: as it stands
            yield found["json"]


def told(result: Result) -> str:
    """The findings of a scenario with the clause that is broken and the exchange that broke it, as text."""
    clause = result.scenario.clause
    lines = [f"{clause.where}", clause.zh, clause.en, ""]
    lines += [f"- {finding.zh}\n  {finding.en}" for finding in result.findings]
    lines += ["", f"对方答复 the party said: {words}"] if (words := party_words(result)) else []
    for exchange in result.steps[-1].exchanges if result.steps else ():
        lines += ["", f"> {exchange.address}", exchange.sent.decode("utf-8", "replace")]
        lines += ["", f"< {heard(exchange)}", exchange.got.decode("utf-8", "replace")]
    return "\n".join(lines)
