"""The result of a run, as every form of report tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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


def told(result: Result) -> str:
    """The findings of a scenario with the clause that is broken and the exchange that broke it, as text."""
    clause = result.scenario.clause
    lines = [f"{clause.where}", clause.zh, clause.en, ""]
    lines += [f"- {finding.zh}\n  {finding.en}" for finding in result.findings]
    for exchange in result.steps[-1].exchanges if result.steps else ():
        lines += ["", f"> {exchange.address}", exchange.sent.decode("utf-8", "replace")]
        lines += ["", f"< {heard(exchange)}", exchange.got.decode("utf-8", "replace")]
    return "\n".join(lines)
