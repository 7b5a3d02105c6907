"""kill -9: nothing half stays, and whoever comes next knows what may have happened."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapter.ledger.engine import engine_for
from adapter.ledger.ledger import Ledger
from tests.rooms.ledger.test_journal import dump
from tests.rooms.ledger.world import SOURCE, after, by, everything, message, open_case

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]

IN_THE_MIDDLE = """
import sys, time
from adapter.ledger.ledger import Ledger
from tests.rooms.ledger.world import *

with Ledger.open(sys.argv[1]).transaction() as tx:
    case_id = open_case(tx, 7)
    tx.new_version(case_id, **by())
    tx.save_settlement(case_id, 1, settlement(case_id), **by())
    tx.post(case_id, 1, entries(), **by())
    tx.enqueue(message(case_id), **by())
    tx._finish()  # even the journal lines are on their way
    print("in the middle", flush=True)
    time.sleep(60)
"""

AFTER_THE_LEASE = """
import sys, time
from adapter.ledger.ledger import Ledger
from tests.rooms.ledger.world import *

with Ledger.open(sys.argv[1]).transaction() as tx:
    leased = tx.lease("killed", now=after(0), lease_seconds=30)
print(*(one.key for one in leased), flush=True)
time.sleep(60)
"""


def run_and_kill(program: str, url: str) -> str:
    """Start a program, wait for its line, kill it; the line."""
    with subprocess.Popen([sys.executable, "-c", program, url], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
    return line


def test_a_killed_transaction_leaves_nothing(ledger: Ledger, url: str) -> None:
    everything(ledger)
    engine = engine_for(url)
    before = dump(engine)
    assert run_and_kill(IN_THE_MIDDLE, url) == "in the middle"
    with ledger.transaction() as tx:
        assert tx.case(f"{SOURCE}-7") is None
    assert dump(engine) == before
    assert ledger.verify() == []
    with ledger.transaction() as tx:
        open_case(tx, 7)
    engine.dispose()


def test_a_killed_worker_is_followed_by_one_that_knows(ledger: Ledger, url: str) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        for name in "ab":
            tx.enqueue(message(case_id, name), **by())
    leased = run_and_kill(AFTER_THE_LEASE, url).split()
    assert leased == [message(case_id, name).key for name in "ab"]
    with ledger.transaction() as tx:
        assert tx.lease("next", now=after(29), lease_seconds=30) == []
        taken = tx.lease("next", now=after(30), lease_seconds=30)
        assert [(one.key, one.attempts, one.last_attempt) for one in taken] == [(key, 1, after(30)) for key in leased]
    with ledger.reading() as tx:
        reasons = [line.event.reason for line in tx.journal() if line.event.kind == "message-leased"]
    assert reasons == ["due", "due", "takeover", "takeover"]


def test_two_processes_share_the_messages(ledger: Ledger, url: str) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        for number in range(40):
            tx.enqueue(message(case_id, f"m{number}"), **by())
    program = """
import sys
from adapter.ledger.ledger import Ledger
from tests.rooms.ledger.world import *

with Ledger.open(sys.argv[1]) as ledger:
    while True:
        with ledger.transaction() as tx:
            leased = tx.lease(sys.argv[2], now=after(0), lease_seconds=600, limit=3)
        if not leased:
            break
        for one in leased:
            with ledger.transaction() as tx:
                tx.record(one.key, receipt(), worker=sys.argv[2])
            print(one.key, flush=True)
"""
    workers = [
        subprocess.Popen([sys.executable, "-c", program, url, name], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name in ("w1", "w2", "w3")
    ]
    taken = [worker.communicate(timeout=120)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    keys = [key for mine in taken for key in mine]
    assert len(keys) == len(set(keys)) == 40
    with ledger.reading() as tx:
        assert {row.message.attempts for row in tx.outbox()} == {1}
        assert {row.receipts for row in tx.outbox()} == {1}
    assert ledger.verify() == []
