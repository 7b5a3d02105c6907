"""Ten thousand messages wait for an endpoint that does not answer: what that costs the messages of another one."""

from __future__ import annotations

import logging
import shutil
import statistics
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from adapter.cases import dispatch
from adapter.ledger.ledger import Ledger
from adapter.payers.delivery.traffic import TrafficRules
from bench.queued import enqueue, office, open_cases
from bench.report import Bench, Figure, load_now

QUEUED = 10_000
SENT = 500  # to the endpoint that answers, in each round
ROUNDS = 7
BAR = 0.9
AT_ONCE = 500  # messages that are queued in one transaction
#: After so many failures nothing is sent for so many seconds; then one message tries.
RULES = TrafficRules(breaker_failures=5, breaker_seconds=60)


def prepare(place: Path, queued: int, sent: int) -> None:
    """A store with messages for both endpoints, those of the dead one first."""
    with closing(Ledger.open(f"sqlite:///{place}")) as ledger:
        open_cases(ledger)
        for endpoint, count in (("dead", queued), ("live", sent)):
            for first in range(0, count, AT_ONCE):
                enqueue(ledger, endpoint, first, min(AT_ONCE, count - first))


def measure(prepared: Path, sent: int) -> tuple[float, float]:
    """Seconds by the clock, and of processor time, until the last message of the live endpoint is answered."""
    with TemporaryDirectory(prefix="bench-") as folder:
        store = Path(folder) / "ledger.sqlite"
        shutil.copyfile(prepared, store)
        with closing(Ledger.open(f"sqlite:///{store}")) as ledger:
            tools, answered = office(ledger, dead=["dead"], rules=RULES), 0
            busy, start = time.process_time(), time.perf_counter()
            while answered < sent:
                answered += dispatch.work_once(tools).accepted
            return time.perf_counter() - start, time.process_time() - busy


def run(queued: int = QUEUED, sent: int = SENT, rounds: int = ROUNDS) -> Bench:
    """With the queue and without it by turns, every round on a fresh copy of the store."""
    load = load_now()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    walls: dict[str, list[float]] = {"with": [], "without": []}
    busy: dict[str, list[float]] = {"with": [], "without": []}
    with TemporaryDirectory(prefix="bench-") as folder:
        places = {"with": Path(folder) / "with.sqlite", "without": Path(folder) / "without.sqlite"}
        prepare(places["with"], queued, sent)
        prepare(places["without"], 0, sent)
        for _ in range(rounds):
            for name, place in places.items():
                wall, worked = measure(place, sent)
                walls[name].append(wall)
                busy[name].append(worked)
    by_clock = statistics.median(walls["without"]) / statistics.median(walls["with"])
    by_work = min(busy["without"]) / min(busy["with"])
    return Bench(
        name="a dead endpoint beside a live one",
        command="python -m bench dead_endpoint",
        how=f"{queued:,} messages wait for an endpoint to which no connection can be made, {sent:,} behind them for "
        f"one that answers at once, in this process; one worker on SQLite, {rounds} rounds with the queue and "
        f"without it by turns. After {RULES.breaker_failures} failures the worker leaves the dead one alone for "
        f"{RULES.breaker_seconds} seconds; those failures are part of the time. The bar is held against processor "
        "time, the best round of each: that is what a queue costs.",
        figures=(
            Figure("live messages beside the queue", _rate(sent, walls["with"])),
            Figure("live messages without it", _rate(sent, walls["without"])),
            Figure("with ÷ without, medians by the clock", f"{by_clock:.2f}"),
            Figure("with ÷ without, processor time", f"{by_work:.2f}", f"at least {BAR}", by_work >= BAR),
        ),
        load=load,
    )


def _rate(sent: int, walls: list[float]) -> str:
    return f"{sent / statistics.median(walls):,.0f} a second (best {sent / min(walls):,.0f})"
