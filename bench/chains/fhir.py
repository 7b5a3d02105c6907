"""The ``fhir`` chain of two payers: begun, sent, answered, written; beside the same calls and commits without work."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from adapter.cases.tools import Tools
from adapter.ledger.ledger import Ledger
from adapter.wiring import INDEXER, long_lived
from bench.chains.baseline import ONE_ROW, Commit, Request, commits_kept, no_work, opened
from bench.chains.prepare import CALLS, Hospital, Said, fhir_endpoint, settle_all, simulator
from bench.chains.responder import responder
from bench.chains.stores import Fresh, postgresql, sqlite
from bench.prepared import SOURCE
from bench.report import Bench, Figure, load_now

STAYS = 150
LINES = 50
ROUNDS = 5
IN_FLIGHT = 32
BAR = 3.0
HOW = (
    f"{{stays}} stays of {LINES} fee lines, estimated before; settlements are begun {IN_FLIGHT} at a time, and one "
    "worker goes on until every answer is recorded and every bill is final: Claim/$submit to the bureau, a "
    "transaction and a question about its answer to the civil-affairs office. Both payers are one canned "
    "responder in a process of its own. It gives the answers that the simulated payers, which adjudicate, gave to "
    "the same claims before: it does no work, and its answers are true and are checked like any others. Without "
    "work: the same requests to the same responder with httpx, and the same transactions on the same kind of store, "
    "opened as the ledger opens it: what ours write is kept once, statement by statement, and given straight to the "
    "driver, so that the same rows reach the disk and nothing is read, composed, checked or decided. Beside it as many "
    "transactions that add one row of seven letters each: what is left when a commit has nothing to keep. "
    "One process each; {rounds} rounds, all by turns, every round on a fresh copy of the store; the hospital's "
    "mappings are read before, as a worker has read them. The bar is held against the middle of the rounds' ratios to "
    "the same transactions, by the clock."
)
AIMS = {"SQLite": 100.0, "PostgreSQL": 75.0}


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of each round, by the clock and of this process's processor time."""

    wall: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def timed(self, work: Callable[[], object]) -> None:
        with long_lived():  # as a worker is after its start
            busy, start = time.process_time(), time.perf_counter()
            work()
            self.wall.append(time.perf_counter() - start)
            self.busy.append(time.process_time() - busy)


@dataclass
class Measured:
    """One store: what ours commit, our rounds, those of the same calls and commits, those with commits of one row."""

    commits: Sequence[Commit]
    ours: Spent = field(default_factory=Spent)
    base: Spent = field(default_factory=Spent)
    bare: Spent = field(default_factory=Spent)


def kept(hospital: Hospital, fresh: Fresh, case_ids: Sequence[str], base: str) -> list[Commit]:
    """What our chains commit, on a fresh store."""
    with Ledger.open(fresh(), indexer=INDEXER) as ledger, commits_kept() as commits:
        _settled(_tools(hospital, ledger, base), case_ids)
        return commits


def one_round(hospital: Hospital, fresh: Fresh, case_ids: Sequence[str], said: Said, base: str, into: Measured) -> None:
    """Ours and the same calls without work, on a fresh store each."""
    with Ledger.open(fresh(), indexer=INDEXER) as ledger:
        tools = _tools(hospital, ledger, base)
        into.ours.timed(lambda: _settled(tools, case_ids))
    requests: tuple[tuple[Request, ...], ...] = said.requests(base)
    for spent, commits in ((into.base, into.commits), (into.bare, [ONE_ROW] * len(into.commits))):
        engine = opened(fresh())
        spent.timed(partial(no_work, requests, commits, engine))
        engine.dispose()


def _tools(hospital: Hospital, ledger: Ledger, base: str) -> Tools:
    """An office whose payers are the responder, with the hospital's mappings read."""
    tools = hospital.tools(ledger, {name: fhir_endpoint(name, f"{base}/{call}") for name, call in CALLS.items()})
    tools.feed(SOURCE)
    return tools


def _settled(tools: Tools, case_ids: Sequence[str]) -> None:
    settled = settle_all(case_ids, tools, IN_FLIGHT)
    if settled != len(case_ids):
        raise ValueError(f"{settled} of {len(case_ids)} chains were finalised")


def run(stays: int = STAYS, rounds: int = ROUNDS) -> Bench:
    """Both stores by turns, round after round."""
    load = load_now()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        hospital = Hospital.write(home / "hospital", stays=stays, lines=LINES)
        case_ids: list[str] = []

        def prepare(store: str) -> None:
            with Ledger.open(store, indexer=INDEXER) as ledger:
                case_ids[:] = hospital.take_in(ledger, stays)

        stores: dict[str, Fresh] = {"SQLite": stack.enter_context(sqlite(prepare, home))}
        said = _recorded(hospital, stores["SQLite"], case_ids, home)
        stores["PostgreSQL"] = stack.enter_context(postgresql(prepare))
        base = stack.enter_context(responder(said.answers, home))
        measured = {name: Measured(kept(hospital, fresh, case_ids, base)) for name, fresh in stores.items()}
        for _ in range(rounds):
            for name, fresh in stores.items():
                one_round(hospital, fresh, case_ids, said, base, measured[name])
    calls = sum(map(len, said.sent)) / len(case_ids)
    return Bench(
        name="settlement chains, fhir",
        command="python -m bench chains",
        how=HOW.format(stays=len(case_ids), rounds=rounds),
        figures=tuple(each for name, one in measured.items() for each in _figures(name, one, len(case_ids), calls)),
        load=load,
    )


def _recorded(hospital: Hospital, fresh: Fresh, case_ids: Sequence[str], home: Path) -> Said:
    """What the simulated payers answer to every message of the chains."""
    with ExitStack() as stack:
        ledger = stack.enter_context(Ledger.open(fresh(), indexer=INDEXER))
        seeds = hospital.seeds(ledger, home, ("bureau", "aid"))
        bases = {role: stack.enter_context(simulator(role, seed, home)) for role, seed in seeds.items()}
        payers = {"bureau": bases["bureau"], "civil-affairs": bases["aid"]}
        endpoints = {name: fhir_endpoint(name, f"{address}/fhir") for name, address in payers.items()}
        settled = settle_all(case_ids, hospital.tools(ledger, endpoints))
        if settled != len(case_ids):
            raise ValueError(f"{settled} of {len(case_ids)} chains were finalised while they were recorded")
        return Said.read(ledger, case_ids)


def _figures(store: str, one: Measured, chains: int, calls: float) -> list[Figure]:
    rate = chains / min(one.ours.wall)
    by_clock, by_work = _ratio(one.ours.wall, one.base.wall), _ratio(one.ours.busy, one.base.busy)
    bare = f"{_ratio(one.ours.wall, one.bare.wall):.1f}; {_ratio(one.ours.busy, one.bare.busy):.1f} in processor time"
    of_a_chain = f"{len(one.commits) / chains:.1f} commits, {calls:.0f} HTTP calls"
    return [
        Figure(
            f"{store}: chains", _rates(chains, one.ours.wall), f"aim {AIMS[store]:.0f} a second", rate >= AIMS[store]
        ),
        Figure(f"{store}: the same calls and commits without work", _rates(chains, one.base.wall)),
        Figure(f"{store}: without work ÷ ours", f"{by_clock:.1f}", f"at most {BAR:.0f}", by_clock <= BAR),
        Figure(f"{store}: the same in processor time of the one process", f"{by_work:.1f}"),
        Figure(f"{store}: with commits of one row each ÷ ours", bare),
        Figure(f"{store}: processor time of a chain", f"{min(one.ours.busy) / chains * 1000:.1f} ms; {of_a_chain}"),
    ]


def _ratio(ours: Sequence[float], base: Sequence[float]) -> float:
    return statistics.median(mine / theirs for mine, theirs in zip(ours, base, strict=True))


def _rates(chains: int, seconds: Sequence[float]) -> str:
    every = ", ".join(f"{chains / each:.1f}" for each in seconds)
    return f"{chains / min(seconds):.1f} a second in the best round ({every})"
