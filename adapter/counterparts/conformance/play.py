"""Playing a scenario: send step by step, check each answer, keep what was sent and got."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from adapter.counterparts.conformance.scenario import Scenario, Step


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the clause demands."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as they were on the wire.

    Attributes:
        address: method and path, or what the form of the way back has instead.
        status: of the answer (``HTTP 200``, ``AA``), empty when none came.
        failure: why no answer came; empty when one did.
        headers: of the answer, names in lower case.
    """

    address: str
    sent: bytes
    status: str = ""
    got: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


Said = TypeVar("Said")


class Player(Protocol[Said]):
    """Who plays the other side in one dialect, for one scenario."""

    def play(self, step: Step, said: Mapping[str, Said]) -> Said:
        """Send a step; ``said`` are the earlier ones by name. Never raises for what the other side does."""
        ...

    def check(self, step: Step, now: Said, said: Mapping[str, Said]) -> Sequence[Finding]:
        """What is wrong with the answer."""
        ...

    def exchanges(self, now: Said) -> Sequence[Exchange]:
        """What a step sent and got, persons masked."""
        ...

    def tidy(self) -> None:
        """Take back what the scenario left behind, as far as the other side lets it."""
        ...


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step."""

    step: Step
    exchanges: tuple[Exchange, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a scenario; the steps after a failed one are not played."""

    scenario: Scenario
    steps: tuple[StepResult, ...]
    milliseconds: int

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for step in self.steps for finding in step.findings)

    @property
    def passed(self) -> bool:
        return not self.findings


def play(scenario: Scenario, player: Player[Said], ticks: Callable[[], int]) -> Result:
    """Play a scenario up to its first failing step, then tidy up.

    Args:
        ticks: a clock in milliseconds that only goes forward.
    """
    began = ticks()
    said: dict[str, Said] = {}
    steps: list[StepResult] = []
    for step in scenario.steps:
        now = player.play(step, said)
        findings = tuple(player.check(step, now, said))
        steps.append(StepResult(step, tuple(player.exchanges(now)), findings))
        if findings:
            break
        said[step.name] = now
    player.tidy()
    return Result(scenario, tuple(steps), ticks() - began)
