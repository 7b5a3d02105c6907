"""The office in a test: a ledger of its own, the fixture hospital's stays, and whichever endpoints a test wants.

with office(tmp_path, endpoints=fake_payers()) as tools:
    take_in(tools, tmp_path, "300010004")
    settle_case("300010004", tools)
"""

from __future__ import annotations

import copy
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from adapter.cases import dispatch, settle
from adapter.cases.intake import Taken, ingest
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import CaseRow
from adapter.model.case import Actor
from adapter.model.dates import Clock, SystemClock
from adapter.model.settlement import Payer, Settlement
from adapter.payers.delivery.endpoint import Endpoint
from adapter.payers.delivery.retry import RetryPolicy
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.load import load_book
from adapter.wiring import INDEXER, feeds
from bench.synthetic.story import read_story, write_export

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "qingshi_county"
FACILITY = "H99990100001"
CLERK = Actor("clerk-07", "operator")
MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

Story = dict[str, Any]


@dataclass
class TestClock:
    """A clock that a test sets; by itself it goes on by a millisecond each time that somebody looks."""

    __test__ = False
    moment: datetime = MORNING

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment


def case_id(stay: str) -> str:
    return f"{SOURCE}-{stay}"


@cache
def policy_book() -> PolicyBook:
    return load_book(ROOT / "mappings")


@cache
def _story() -> Mapping[str, Any]:
    return read_story(ROOT / "fixtures" / "his" / "bsoft_phis" / SOURCE / "stays.yaml")


def story(*stays: str) -> Story:
    """The fixture hospital with only these stays, to be changed at will."""
    found: Story = copy.deepcopy(dict(_story()))
    found["stays"] = [stay for stay in found["stays"] if not stays or stay["key"] in stays]
    return found


@cache
def _fixture_feed() -> Callable[[str], Any]:
    return feeds(ROOT / "mappings", ROOT / "fixtures" / "reference")


def feed_from(reference: Path) -> Callable[[str], Any]:
    """Feeds with dated facts of another folder: ``<reference>/<source>/*.csv``."""
    return feeds(ROOT / "mappings", reference)


def copy_of_reference(folder: Path) -> Path:
    """The fixture hospital's dated facts, to be changed at will."""
    shutil.copytree(ROOT / "fixtures" / "reference", folder)
    return folder


@contextmanager
def office(
    folder: Path,
    endpoints: Mapping[str, Endpoint],
    *,
    clock: Clock | None = None,
    feed: Callable[[str], Any] | None = None,
    name: str = "adapter.db",
    worker: str = "worker",
    retry: RetryPolicy | None = None,
    lease_seconds: int = 2,
) -> Iterator[Tools]:
    """Tools over ``<folder>/<name>``; the same file may be opened again."""
    with Ledger.open(f"sqlite:///{folder / name}", indexer=INDEXER) as ledger:
        yield Tools(
            ledger=ledger,
            book=policy_book(),
            feed=feed or _fixture_feed(),
            endpoints=endpoints,
            clock=clock or SystemClock(),
            retry=retry or RetryPolicy(first=0.1, most=1.0, limit=12),
            lease_seconds=lease_seconds,
            worker=worker,
        )


def act(tools: Tools, reason: str = "test") -> Act:
    return tools.act(CLERK, reason)


def take_in(tools: Tools, folder: Path, *stays: str, changed: Callable[[Story], None] = lambda _: None) -> Taken:
    """Write an export of these stays and take it in."""
    told = story(*stays)
    changed(told)
    export = folder / f"export-{time.monotonic_ns()}"
    write_export(told, export)
    return ingest(SOURCE, [export], tools, act(tools, "export"))


def work(tools: Tools, seconds: float = 20, pace: float = 10) -> bool:
    """Be the worker until nothing is due; True when it came to that. A clock that stands still is set forward.

    ``pace``: how many times longer than asked each wait is.
    """
    rounds = 0

    def wait(gap: float) -> None:
        if isinstance(tools.clock, TestClock):
            tools.clock.moment += timedelta(seconds=pace * gap)
        else:
            time.sleep(min(gap, 0.1))

    def heard(done: dispatch.Delivered) -> None:
        nonlocal rounds
        rounds += done.sent
        assert rounds < 100, "the worker goes round in circles"

    return dispatch.work_until_idle(
        tools, wait=wait, give_up_at=tools.clock.now() + timedelta(seconds=seconds), heard=heard
    )


def try_case(stay: str, tools: Tools) -> None:
    settle.start_trial(case_id(stay), tools, act(tools, "trial"))
    assert work(tools)


def settle_case(stay: str, tools: Tools) -> None:
    """Trial, then settlement, each to the end of what goes by itself."""
    try_case(stay, tools)
    settle.start_settlement(case_id(stay), tools, act(tools, "settlement"))
    assert work(tools)


def row_of(stay: str, tools: Tools) -> CaseRow:
    with tools.ledger.reading() as tx:
        found = tx.case(case_id(stay))
    assert found is not None
    return found


def settlement_of(stay: str, tools: Tools, version: int = 1) -> Settlement:
    with tools.ledger.reading() as tx:
        found = tx.settlement(case_id(stay), version)
    assert found is not None
    return found


def shares_of(stay: str, tools: Tools, version: int = 1) -> dict[Payer, str]:
    return {share.payer: share.amount.text for share in settlement_of(stay, tools, version).shares}


def codes(found: Any) -> list[str]:
    """The issue codes of a case row, an error or a list of issues."""
    return [issue.code for issue in getattr(found, "issues", found)]


def settled_on(stay: str, tools: Tools, version: int = 1) -> date:
    return settlement_of(stay, tools, version).on
