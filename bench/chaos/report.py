"""The page of a run: what was killed where, and what came of it."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.chaos.campaign import Result
from bench.chaos.check import POLL_SECONDS, Kill
from bench.chaos.dialects import LONGEST_DELAY, TIMEOUT
from bench.chaos.hospital import LEASE_SECONDS
from bench.report import percentile, processor

PAGE = Path(__file__).parents[1] / "CHAOS.md"
_KINDS = {"step": "at a named step", "fault": "while a scripted fault had the request", "random": "at any moment"}


def page(results: Sequence[Result], *, command: str, seed: int, load: str, seconds: float) -> str:
    """The whole page."""
    kills = [kill for result in results for kill in result.kills]
    counted = sum(result.counted for result in results)
    lines = [
        "# Chaos",
        "",
        f"`{command}` · seed {seed} · {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, "
        f"{processor()} · load {load} · {seconds / 60:.1f} minutes",
        "",
        "Each hospital has two workers, a service with a worker of its own, and two counterparts with stores of",
        "their own, all of them processes; six stays are tried, settled, reversed and settled anew, half of it by",
        "command and half through the service. Processes die by `kill -9`, most of them by their own hand at a step",
        "named below, and are started again at once. Then everybody is let go on, and the payers' own stores are",
        "compared with the ledger.",
        f"Lease {LEASE_SECONDS} s, longest delay {LONGEST_DELAY} s, answers awaited for {TIMEOUT} s, no breaker.",
        "",
        f"**{counted} kills with a message leased or in flight** ({len(kills)} in all): "
        f"**{sum(len(v.lost) for r in results for v in r.verdicts)} lost, "
        f"{sum(len(v.doubled) for r in results for v in r.verdicts)} doubled**, "
        f"{sum(v.parked.total() for r in results for v in r.verdicts)} parked as unknown for a person.",
        "",
        "| dialect | store | kills | counted | lost | doubled | parked | else wrong | rounds | messages | minutes |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(_row(result) for result in results),
        "",
        "*Counted*: the ledger's journal, or the counterpart's own note, shows a message leased by the process that",
        "died or in its hands. *Rounds*: settlements that were reached. *Parked*: nothing at that counterpart tells",
        "whether the message arrived; it was not sent again, and at most one settlement of each stay stands there.",
        "",
        *_taken_over(kills),
        "",
        *_who_and_how(kills),
        "",
        *_parked(results),
        "",
        *_steps(results),
    ]
    if wrong := [f"{result.dialect} {result.store}: {each}" for result in results for each in result.wrong]:
        lines += ["", "## What was wrong", "", *(f"- {' '.join(each.split())[:500]}" for each in wrong)]
    if late := [f"{result.dialect} {result.store}: {each}" for result in results for each in result.late]:
        lines += ["", "## Taken over late", "", *(f"- {each}" for each in late)]
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    lost, doubled = (sum(len(getattr(v, name)) for v in result.verdicts) for name in ("lost", "doubled"))
    other = len(result.wrong) - lost - doubled
    parked = sum(v.parked.total() for v in result.verdicts)
    told = (result.dialect, result.store, len(result.kills), result.counted, lost, doubled, parked, other)
    messages = sum(v.messages for v in result.verdicts)
    return f"| {' | '.join(map(str, told))} | {result.rounds} | {messages} | {result.seconds / 60:.1f} |"


def _taken_over(kills: Iterable[Kill]) -> list[str]:
    seconds = [each for kill in kills for each in kill.taken_over]
    if not seconds:
        return ["No lease was left behind."]
    most = 2 * LEASE_SECONDS
    within = sum(each <= most for each in seconds)
    return [
        f"Leases left behind by dead workers and services: {len(seconds)}; taken over after "
        f"{percentile(seconds, 0.5):.1f} s (median), {percentile(seconds, 0.99):.1f} s (99 of 100), "
        f"{max(seconds):.1f} s (longest). Within twice the lease, {most} s: {within} of {len(seconds)}; an idle worker "
        f"looks every {POLL_SECONDS:.0f} s, and the load of the machine is on top."
    ]


def _who_and_how(kills: Sequence[Kill]) -> list[str]:
    by = Counter((_role(kill.victim), kill.kind) for kill in kills)
    roles = sorted({who for who, _ in by})
    rows = [f"| {who} | {' | '.join(str(by[who, kind]) for kind in _KINDS)} |" for who in roles]
    return [f"| who died | {' | '.join(_KINDS.values())} |", f"| --- |{' ---: |' * len(_KINDS)}", *rows]


def _parked(results: Sequence[Result]) -> list[str]:
    found = Counter[tuple[str, str]]()
    for result in results:
        for verdict in result.verdicts:
            found.update({(result.dialect, why): number for why, number in verdict.parked.items()})
    if not found:
        return ["Nothing was parked."]
    rows = [f"| {dialect} | {why} | {number} |" for (dialect, why), number in sorted(found.items())]
    return ["| dialect | parked: endpoint, operation, issue | number |", "| --- | --- | ---: |", *rows]


def _steps(results: Sequence[Result]) -> list[str]:
    """How many of the steps that were seen somebody died at, and the kinds of points."""
    rows = []
    for result in results:
        died = {(_role(kill.victim), kill.step) for kill in result.kills if kill.kind == "step"}
        rows.append(f"| {result.dialect} | {result.store} | {len(result.steps)} | {len(died)} |")
    points = Counter(
        kill.step.rpartition(" · ")[2] for result in results for kill in result.kills if kill.kind == "step"
    )
    return [
        "## Steps",
        "",
        "A step is a phase of the work for one kind of message, and a point in it.",
        "",
        "| dialect | store | steps seen | died at |",
        "| --- | --- | ---: | ---: |",
        *rows,
        "",
        "| point | deaths |",
        "| --- | ---: |",
        *(f"| {point} | {number} |" for point, number in sorted(points.items())),
    ]


def _role(name: str) -> str:
    return name.partition("-")[0] if name.startswith("worker") else name
