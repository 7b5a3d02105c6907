"""Everything real: both payers, a ledger on disk, workers as processes that can be killed, and the final count."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.cases import reconcile
from adapter.cases.tools import Tools
from adapter.ledger.engine import engine_for
from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState
from adapter.model.dates import Clock, SystemClock
from adapter.model.money import Money
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from tests.rooms.ledger.test_journal import dump
from tests.support.counterparts import Counterpart
from tests.support.office import FACILITY, SOURCE, act, case_id, office, row_of, settle_case, work
from tests.support.terminal import Process, start
from tests.support.terminal import run as run_command

TWO_CALLS, ONE_CALL = "300010004", "300010003"
STAYS = (TWO_CALLS, ONE_CALL)
#: The HIS's insurance numbers of the two persons, as the payers know them.
SUBSCRIBERS = {"88004": "T00000004", "88003": "T00000003"}
#: Year-to-date amounts that both sides keep; the payers also count what only they need.
REMEMBERED = frozenset(
    {
        *(f"basic.{name}" for name in ("deductible", "eligible", "paid", "admissions")),
        *(f"critical-illness.{name}" for name in ("base", "deductible", "paid")),
        "medical-aid.paid",
    }
)
LEASE_SECONDS = 2
LONGEST_DELAY = 1


@dataclass
class Rig:
    """One hospital, its two payers, and whoever works for it."""

    folder: Path
    bureau: Counterpart
    aid: Counterpart
    started: list[Process] = field(default_factory=list)

    @property
    def payers(self) -> dict[str, Counterpart]:
        return {"bureau": self.bureau, "civil-affairs": self.aid}

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'adapter.db'}"

    @contextmanager
    def office(self, clock: Clock | None = None, worker: str = "in-process") -> Iterator[Tools]:
        """Tools in this process, over the same ledger and the same wire."""
        with (
            self.endpoints(clock or SystemClock()) as endpoints,
            office(self.folder, endpoints, clock=clock, worker=worker, lease_seconds=LEASE_SECONDS) as opened,
        ):
            yield opened

    @contextmanager
    def endpoints(self, clock: Clock) -> Iterator[dict[str, FhirEndpoint]]:
        made = {
            name: FhirEndpoint(
                EndpointConfig(
                    name,
                    "fhir",
                    payer.fhir,
                    form="transaction" if payer.role == "aid" else "submit",
                    simulator=True,
                    longest_delay=LONGEST_DELAY,
                    timeout=1,
                ),
                clock,
            )
            for name, payer in self.payers.items()
        }
        try:
            yield made
        finally:
            for endpoint in made.values():
                endpoint.close()

    def settings(self, timeout: int) -> Path:
        """A settings file; the one who is to be killed waits long for an answer, the one after him does not."""
        lines = [
            f'database_url = "{self.url}"',
            f"lease_seconds = {LEASE_SECONDS}",
            "retry_first_seconds = 0.2",
            "retry_most_seconds = 1.0",
        ]
        for name, payer in self.payers.items():
            lines += [
                f'[endpoints."{name}"]',
                f'base_url = "{payer.fhir}"',
                f'form = "{"transaction" if payer.role == "aid" else "submit"}"',
                "simulator = true",
                f"longest_delay = {LONGEST_DELAY}",
                f"timeout = {timeout}",
            ]
        path = self.folder / f"settings-{timeout}.toml"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def start(self, who: str) -> Process:
        """A worker that goes on for ever, or a service with its worker; neither gives up waiting for an answer."""
        words = ["deliver", "--watch"] if who == "worker" else ["serve", "--port", str(_free_port())]
        process = start(*words, env=os.environ | {"ADAPTER_SETTINGS": str(self.settings(60))})
        self.started.append(process)
        return process

    def deliver(self, seconds: int = 30) -> dict[str, Any]:
        """A new worker until nothing is due; what it says it did."""
        ran = run_command(
            "deliver",
            "--wait",
            str(seconds),
            "--json",
            env=os.environ | {"ADAPTER_SETTINGS": str(self.settings(1))},
            timeout=90,
        )
        assert ran.returncode == 0, ran.stderr[-2000:]
        told: dict[str, Any] = json.loads(ran.stdout[ran.stdout.index("{") :])
        return told

    def leased_by(self, key: str, process: Process) -> bool:
        """Whether the ledger on disk shows the message in the hands of that process at this moment."""
        with closing(sqlite3.connect(f"file:{self.folder / 'adapter.db'}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT key, worker FROM outbox WHERE state = 'leased'").fetchall()
        mine = f"{socket.gethostname()}-{process.pid}"
        return any(is_it(found, key) and (worker == mine or worker.startswith(f"{mine}-")) for found, worker in rows)

    def clean_up(self) -> None:
        for process in self.started:
            process.kill()
            process.wait(10)


def is_it(key: str, wanted: str) -> bool:
    """Whether a key is the wanted one; the keys of questions go on with the moment at which they are asked."""
    asked = wanted.endswith((".eligibility", ".trial"))
    return key.startswith(f"{wanted}.") if asked else key == wanted


def kill(process: Process) -> None:
    """``kill -9``."""
    assert process.poll() is None, "it was to be killed alive"
    process.kill()
    assert process.wait(10) == -signal.SIGKILL


@contextmanager
def writing_blocked(folder: Path) -> Iterator[None]:
    """Somebody else holds the ledger's write lock."""
    connection = sqlite3.connect(folder / "adapter.db", timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def until(true: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def finish(rig: Rig) -> None:
    """The clerk goes on: whatever is not settled yet is tried and settled."""
    with rig.office() as tools:
        for stay in STAYS:
            if row_of(stay, tools).bill is not BillState.SETTLED:
                settle_case(stay, tools)
        assert work(tools)


def check_everything(rig: Rig, versions: dict[str, int]) -> None:
    """Nothing lost, nothing doubled: ledger, payers, statements and journal all say the same.

    Args:
        versions: per stay the bill version that must stand; earlier ones are reversed.
    """
    bureau, aid = rig.bureau.state(), rig.aid.state()
    for told in (bureau, aid):
        assert told["duplicates"] == {}
        assert told["settled_twice"] == {}
        assert told["repeats"] == {}, "nothing that had arrived was sent again"
        assert told["least_data_breaches"] == {}
    assert bureau["keys"] == _keys("insurance", versions, STAYS)
    assert aid["keys"] == _keys("aid", versions, (TWO_CALLS,))
    with rig.office() as tools:
        for stay, version in versions.items():
            row = row_of(stay, tools)
            assert (row.bill, row.version, row.held) == (BillState.SETTLED, version, False)
        check_books(tools, bureau, aid)
        check_statements(tools)
        with tools.ledger.reading() as tx:
            assert [m.message.key for m in tx.outbox() if m.state is not MessageState.DONE] == []
    check_journal(rig.folder)


def _keys(call: str, versions: dict[str, int], stays: Sequence[str]) -> dict[str, str]:
    expected: dict[str, str] = {}
    for stay in stays:
        for version in range(1, versions[stay] + 1):
            stands = version == versions[stay]
            expected[f"{case_id(stay)}.v{version}.{call}.settle"] = "settled" if stands else "reversed"
            if not stands:
                expected[f"{case_id(stay)}.v{version}.{call}.reverse"] = "settled"
    return expected


def check_books(tools: Tools, bureau: dict[str, Any], aid: dict[str, Any]) -> None:
    """Postings balance and come to what the payers say they paid; so do the years."""
    with tools.ledger.reading() as tx:
        balances = tx.balances()
        assert Money.total(balances.values()) == Money(0)
        paid = {
            f"receivable/{payer}": Money.total(
                Money.yuan(told["paid"][payer]) for told in (bureau, aid) if payer in told["paid"]
            )
            for payer in {*bureau["paid"], *aid["paid"]}
        }
        ours = {name: amount for name, amount in balances.items() if name not in ("charges", "receivable/patient")}
        assert _nonzero(ours) == _nonzero(paid)
        for person, subscriber in SUBSCRIBERS.items():
            for year in ("2021", "2022"):
                mine = dict(tx.year_to_date(SOURCE, person, int(year)).amounts)
                theirs: dict[str, Money] = {}
                for told in (bureau, aid):
                    used = told["year_to_date"].get(subscriber, {}).get(year, {})
                    theirs |= {name: Money.yuan(amount) for name, amount in used.items() if name in REMEMBERED}
                assert _nonzero(mine) == _nonzero(theirs), (person, year)


def check_statements(tools: Tools) -> None:
    days = reconcile.settled_days(tools)
    assert days
    for endpoint, day in days:
        result = reconcile.reconcile_day(endpoint, day, FACILITY, tools, act(tools, "reconcile"))
        assert result.agrees, result


def check_journal(folder: Path) -> None:
    """The chain holds, and a replay of the journal in a copy gives the very same tables."""
    with Ledger.open(f"sqlite:///{folder / 'adapter.db'}") as ledger:
        assert ledger.verify() == []
    copy = folder / "copy.db"
    with sqlite3.connect(folder / "adapter.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    url = f"sqlite:///{copy}"
    engine = engine_for(url)
    before = dump(engine)
    with Ledger.open(url) as ledger:
        assert ledger.rebuild() == len(before["journal"])
    assert dump(engine) == before
    engine.dispose()


def _nonzero(amounts: dict[str, Money]) -> dict[str, Money]:
    return {name: amount for name, amount in amounts.items() if amount}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepared(template: Path, folder: Path) -> None:
    """A ledger in which the export has been taken in."""
    shutil.copy(template, folder / "adapter.db")
