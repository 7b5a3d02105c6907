"""``python -m bench.fuzz [READER …] [--minutes 10]``: fuzz the readers both ways and write bench/FUZZ.md."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.fuzz.targets import TARGETS
from bench.report import load_now, processor

PAGE = Path(__file__).parent.with_name("FUZZ.md")
HANG_SECONDS = 10
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run found; ``told`` holds the last lines of what it printed when it found something."""

    reader: str
    way: str
    minutes: float
    tried: int
    told: str

    @property
    def clean(self) -> bool:
        return not self.told


def guided(reader: str, minutes: float, folder: Path) -> Outcome:
    """Coverage-guided bytes."""
    options = [
        f"-max_total_time={int(minutes * 60)}",
        f"-timeout={HANG_SECONDS}",
        f"-artifact_prefix={folder}/",
        "-max_len=6000",
        "-rss_limit_mb=2048",
    ]
    run = _run("bench.fuzz.guided", reader, str(folder / "corpus"), *options)
    done = _DONE.search(run.stderr)
    return Outcome(reader, "coverage-guided", minutes, int(done.group(1)) if done else 0, _told(run))


def shaped(reader: str, minutes: float) -> Outcome:
    """Good exports with one damaged place."""
    run = _run("bench.fuzz.shaped", reader, f"{minutes * 60:.0f}")
    return Outcome(reader, "damaged exports", minutes, int(run.stdout or 0), _told(run))


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)


def _told(run: subprocess.CompletedProcess[str]) -> str:
    return "" if run.returncode == 0 else "\n".join(run.stderr.splitlines()[-25:]) or f"exit {run.returncode}"


def both_ways(reader: str, minutes: float) -> tuple[Outcome, Outcome]:
    """One reader, both ways, one after the other."""
    with TemporaryDirectory(prefix="fuzz-") as name:
        return _heard(shaped(reader, minutes)), _heard(guided(reader, minutes, Path(name)))


def _heard(outcome: Outcome) -> Outcome:
    print(
        f"{outcome.reader} · {outcome.way}: {outcome.tried:,} tried", outcome.told or "nothing found", file=sys.stderr
    )
    return outcome


def page(outcomes: Sequence[Outcome], command: str) -> str:
    """The page of results."""
    lines = [
        "# Fuzzing of the readers 模糊测试",
        "",
        f"`{command}` · {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {processor()}, load {load_now()}",
        "",
        "*Coverage-guided*: Atheris (libFuzzer) changes bytes of small exports; nothing may be raised, nothing may take"
        f" {HANG_SECONDS} seconds, and every row that was read is handed over or named by an issue.",
        "*Damaged exports*: Hypothesis writes a good export, takes bytes out and puts others in at one place; every row"
        " that was not touched arrives as it was written, or its stay is held.",
        "",
        "| reader | way | minutes | exports tried | found |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in outcomes:
        found = "nothing" if each.clean else "see below"
        lines.append(f"| {each.reader} | {each.way} | {each.minutes:g} | {each.tried:,} | {found} |")
    for each in outcomes:
        if not each.clean:
            lines += ["", f"## {each.reader}, {each.way}", "", "```text", each.told, "```"]
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 when nothing was found."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.fuzz",
        description="Fuzz the readers, coverage-guided and with damaged exports; writes bench/FUZZ.md.",
        epilog="python -m bench.fuzz csv --minutes 1",
    )
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(TARGETS)}; all when none is named")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each reader and way (default 10)")
    parser.add_argument("--at-once", type=int, default=1, help="readers at a time (default 1)")
    asked = parser.parse_args(arguments)
    readers = asked.readers or list(TARGETS)
    with ThreadPoolExecutor(asked.at_once) as pool:
        outcomes = [one for both in pool.map(lambda name: both_ways(name, asked.minutes), readers) for one in both]
    named = " ".join(
        ["python -m bench.fuzz", *asked.readers, f"--minutes {asked.minutes:g}", f"--at-once {asked.at_once}"]
    )
    PAGE.write_text(page(outcomes, named), encoding="utf-8")
    print(PAGE)
    return 0 if all(each.clean for each in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
