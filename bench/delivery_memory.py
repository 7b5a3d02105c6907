"""Resident memory of a worker over a hundred thousand messages: it keeps nothing of what it has sent."""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from adapter.cases import dispatch
from adapter.ledger.ledger import Ledger
from bench.queued import enqueue, office, open_cases
from bench.report import Bench, Figure, load_now

MESSAGES = 100_000
FIRST = 10_000  # when the caches are filled
AT_ONCE = 1_000
FLAT = 10.0  # MiB


def resident() -> float:
    """MiB that this process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def work(folder: str, messages: int) -> Mapping[int, float]:
    """Send so many messages; gives MiB resident by the number of messages that were sent and answered."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    held: dict[int, float] = {}
    with closing(Ledger.open(f"sqlite:///{folder}/ledger.sqlite")) as ledger:
        open_cases(ledger)
        tools = office(ledger)
        for first in range(0, messages, AT_ONCE):
            enqueue(ledger, "live", first, AT_ONCE)
            answered = 0
            while answered < AT_ONCE:
                answered += dispatch.work_once(tools).accepted
            sent = first + AT_ONCE
            if sent * 10 % messages == 0:
                gc.collect()
                held[sent] = resident()
                print(f"  {sent:,} messages: {held[sent]:.1f} MiB", file=sys.stderr, flush=True)
    return held


def run(messages: int = MESSAGES) -> Bench:
    """In a process of its own; the store lies in memory where the machine has such a place: no disk is measured."""
    load, start = load_now(), time.monotonic()
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with TemporaryDirectory(prefix="bench-", dir=place) as folder, get_context("spawn").Pool(1) as pool:
        held = pool.apply(work, (folder, messages))
        size = (Path(folder) / "ledger.sqlite").stat().st_size / (1 << 20)
    first = held[FIRST * messages // MESSAGES]
    grown = max(held.values()) - first
    return Bench(
        name="memory of delivery",
        command="python -m bench delivery_memory",
        how=f"One worker, {messages:,} messages to an endpoint in the same process that answers at once: stored "
        f"{AT_ONCE:,} in a transaction, leased, sent, their answers recorded. Resident memory after a collection; "
        f"SQLite, {size:,.0f} MiB at the end, {time.monotonic() - start:,.0f} s.",
        figures=(
            *(Figure(f"{sent:,} messages", f"{mib:.1f} MiB") for sent, mib in held.items()),
            Figure(
                "growth from the first of them to the largest", f"{grown:+.1f} MiB", f"≤ {FLAT:.0f} MiB", grown <= FLAT
            ),
        ),
        load=load,
    )
