"""Figures and the page they go to: each stands beside its command, the processor and the load."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value.

    Attributes:
        bar: what it must keep, or aims at, in words; empty where nothing was promised.
        kept: whether the bar was kept; None where there is none.
    """

    what: str
    value: str
    bar: str = ""
    kept: bool | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """The figures of one bench and how they came about."""

    name: str
    command: str
    how: str
    figures: tuple[Figure, ...]
    load: str


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie (nearest rank).

    >>> percentile([3.0, 1.0, 2.0], 0.99)
    3.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def load_now() -> str:
    """One-minute load average beside the number of processors, as text."""
    return f"{os.getloadavg()[0]:.2f} on {os.cpu_count()} processors"


def processor() -> str:
    """The processor's own name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write_results(benches: Sequence[Bench], path: Path = RESULTS) -> None:
    """Write the page: the benches of this run, each in its place; sections of other benches stay as they are."""
    sections = _sections(path)
    sections.update({bench.name: _section(bench) for bench in benches})
    head = (
        "# Results",
        "",
        "Other work on the machine shows in the load: wall-clock figures suffer most from it, processor time less.",
        "",
    )
    path.write_text("\n".join(head) + "\n" + "\n".join(sections.values()), encoding="utf-8")


def _sections(path: Path) -> dict[str, str]:
    """The sections of a page that is there, by name."""
    if not path.exists():
        return {}
    _, *found = path.read_text(encoding="utf-8").split("\n## ")
    return {each.partition("\n")[0]: f"## {each.strip()}\n" for each in found}


def _section(bench: Bench) -> str:
    rows = [
        f"| {each.what} | {each.value} | {each.bar} | {'' if each.kept is None else 'yes' if each.kept else 'no'} |"
        for each in bench.figures
    ]
    measured = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {processor()}"
    lines = (
        f"## {bench.name}",
        "",
        f"`{bench.command}` · {measured} · load {bench.load}",
        "",
        bench.how,
        "",
        "| what | measured | bar | kept |",
        "| --- | --- | --- | --- |",
        *rows,
    )
    return "\n".join(lines) + "\n"
