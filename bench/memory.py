"""Peak resident memory of ``adapter convert`` on exports of 10,000 lines up to a gibibyte, every process by itself."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.convert import as_csv
from bench.prepared import MAPPINGS, SOURCE
from bench.report import Bench, Figure, load_now
from bench.synthetic.hospital import Plan, write_hospital

LINES = 200
SIZES = (10_000, 100_000, 1_000_000)
GIBIBYTE = 1 << 30
BYTES_OF_A_LINE = {"XML": 485, "CSV": 176}  # rather too few than too many
JOBS = 2
MOST = 120  # MiB of any process
FLAT = 10  # MiB that 1,000,000 lines may take beyond 10,000


def convert_peaks(export: Path, mappings: Path, out: Path) -> tuple[Mapping[str, float], float]:
    """Convert in processes of their own. Returns MiB by process at their peak, and the seconds it took."""
    env = {**os.environ, "ADAPTER_MAPPINGS": str(mappings)}
    words = ["convert", SOURCE, str(export), "--out", str(out), "--jobs", str(JOBS)]
    before = time.monotonic()
    command = subprocess.Popen([sys.executable, "-m", "adapter", *words], env=env, stdout=subprocess.DEVNULL)
    peaks: dict[int, float] = {}
    while True:
        for pid in (command.pid, *_children(command.pid)):
            peaks[pid] = max(peaks.get(pid, 0), _peak(pid))
        pid, status, usage = os.wait4(command.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.02)
    command.returncode = os.waitstatus_to_exitcode(status)
    if command.returncode:
        raise ValueError(f"adapter convert ended with {command.returncode}")
    workers = sorted((peaks[pid] for pid in peaks if pid != command.pid), reverse=True)
    named = {"command": peaks[command.pid], **{f"worker {n + 1}": peak for n, peak in enumerate(workers)}}
    named["the largest of them, as the kernel counted"] = usage.ru_maxrss / 1024
    return named, time.monotonic() - before


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def _written(lines: int, format_: str, home: Path) -> tuple[Path, Path]:
    """An export of so many lines, and the mappings folder for it."""
    write_hospital(Plan(seed=1, stays=lines // LINES, lines=LINES, spread=0), home)
    if format_ == "XML":
        return home / "export", MAPPINGS
    mappings = as_csv(home / "export", home / "csv", home / "mappings")
    shutil.rmtree(home / "export")
    return home / "csv", mappings


def run() -> Bench:
    """Each size is written, converted and removed before the next."""
    load = load_now()
    figures: list[Figure] = []
    for format_, of_a_line in BYTES_OF_A_LINE.items():
        peaks: list[float] = []
        for lines in (*SIZES, -(-GIBIBYTE // of_a_line // LINES) * LINES):
            with TemporaryDirectory(prefix="bench-") as folder:
                home = Path(folder)
                export, mappings = _written(lines, format_, home)
                size = sum(path.stat().st_size for path in export.iterdir())
                named, seconds = convert_peaks(export, mappings, home / "out")
            peaks.append(max(named.values()))
            shown = ", ".join(f"{name} {peak:.0f}" for name, peak in named.items())
            what = f"{format_}, {lines:,} lines, {size / (1 << 20):,.0f} MiB, {seconds:.0f} s"
            figures.append(Figure(what, f"{shown} MiB", f"at most {MOST} MiB", peaks[-1] <= MOST))
            print(f"  {what}: {shown} MiB", file=sys.stderr, flush=True)
        grown = peaks[len(SIZES) - 1] - peaks[0]
        figures.append(
            Figure(
                f"{format_}: 1,000,000 lines beyond 10,000", f"{grown:+.0f} MiB", f"flat (≤ {FLAT} MiB)", grown <= FLAT
            )
        )
    return Bench(
        name="memory of bulk conversion",
        command="python -m bench memory",
        how=f"`adapter convert --jobs {JOBS}` of synthetic exports in a folder outside the tree; stays of {LINES} fee "
        f"lines. Peak resident memory (VmHWM) of the command and each worker; pages of {resource.getpagesize():,} B.",
        figures=tuple(figures),
        load=load,
    )
