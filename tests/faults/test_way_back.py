"""A HIS that dies, hangs and comes back, with real processes on both sides: it hears everything, each stay in order.

What counts is what a receiver that minds keys has taken (docs/way-back.md): repetitions are allowed, a second effect,
a loss or a later notice before an earlier one is not.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapter.cases import reverse, settle
from adapter.cases.tools import Tools
from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.case import BillState
from adapter.model.dates import SystemClock
from adapter.model.messages import Outcome, Stage
from tests.faults.rig import LEASE_SECONDS, LONGEST_DELAY, Rig, check_journal, kill, until
from tests.support.office import SOURCE, act, case_id, row_of, take_in
from tests.support.terminal import Process, start
from tests.support.way_back import EVERYTHING, SECRET, SECRET_ENV, Receiver, mappings_with, receiver, telling_office

pytestmark = pytest.mark.slow

STAYS = ("300010002", "300010003", "300010004")


@pytest.fixture
def his(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path) as running:
        yield running


def told_by_webhook(folder: Path, his: Receiver, timeout: int) -> Path:
    form = f'form: webhook\nurl: "{his.url}"\nsecret_env: {SECRET_ENV}\ntimeout: "{timeout}"\n{EVERYTHING}'
    return mappings_with(folder, form)


@contextmanager
def process(folder: Path, mappings: Path, *words: str, rig: Rig | None = None) -> Iterator[Process]:
    """``adapter …`` over the folder's ledger; it is killed at the end if it still lives."""
    lines = [
        f'database_url = "sqlite:///{folder / "adapter.db"}"',
        f'mappings = "{mappings}"',
        f"lease_seconds = {LEASE_SECONDS}",
        "retry_first_seconds = 0.1",
        "retry_most_seconds = 0.5",
    ]
    for name, payer in rig.payers.items() if rig is not None else ():
        form = "transaction" if payer.role == "aid" else "submit"
        lines += [f'[endpoints."{name}"]', f'base_url = "{payer.fhir}"', f'form = "{form}"', "simulator = true"]
        lines += [f"longest_delay = {LONGEST_DELAY}", "timeout = 1"]
    settings = folder / "settings.toml"
    settings.write_text("\n".join(lines) + "\n", "utf-8")
    started = start(*words, env=os.environ | {"ADAPTER_SETTINGS": str(settings), SECRET_ENV: SECRET})
    try:
        yield started
    finally:
        if started.poll() is None:
            kill(started)


def notices(folder: Path) -> list[MessageRow]:
    with Ledger.open(f"sqlite:///{folder / 'adapter.db'}") as ledger, ledger.reading() as tx:
        return tx.outbox(stage=Stage.NOTIFY)


def all_heard(folder: Path) -> Callable[[], bool]:
    return lambda: {row.state for row in notices(folder)} == {MessageState.DONE}


def check_heard(folder: Path, his: Receiver) -> None:
    """Every notice counted once, each stay's in the order in which they were decided."""
    rows = notices(folder)
    assert {row.outcome for row in rows} == {Outcome.ACCEPTED}
    taken = his.taken()
    assert sorted(each["key"] for each in taken) == sorted(row.message.key for row in rows)
    by_stay: defaultdict[str, list[int]] = defaultdict(list)
    for each in taken:
        by_stay[each["stay"]].append(each["sequence"])
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_stay.values()), by_stay
    sent = {row.message.key: row.message.composed.decode() for row in rows}
    assert all(each["raw"] == sent[each["body"]["key"]] for each in his.heard()), "a repetition is the same to the byte"
    check_journal(folder)


def decide(tools: Tools, stay: str) -> None:
    settle.estimate(case_id(stay), tools, act(tools))


def test_both_sides_are_killed_and_nothing_is_lost_or_out_of_order(tmp_path: Path, his: Receiver) -> None:
    mappings = told_by_webhook(tmp_path, his, timeout=2)
    with telling_office(tmp_path, mappings, {}, SystemClock()) as tools:
        assert not take_in(tools, tmp_path, *STAYS).stopped
        his.script("drop-after", 503, "drop-before", 200, 500)
        with process(tmp_path, mappings, "deliver", "--watch") as worker:
            until(lambda: len(his.heard()) >= 1, "the HIS hears something")
            his.kill()
            decide(tools, STAYS[0])
            until(lambda: any(row.outcome is Outcome.NOT_SEEN for row in notices(tmp_path)), "nobody there is noticed")
            kill(worker)
        decide(tools, STAYS[1])
        his.start()
        his.script("hang", 200)
        with process(tmp_path, mappings, "deliver", "--watch") as worker:
            until(lambda: any(row.state is MessageState.LEASED for row in notices(tmp_path)), "a notice is under way")
            kill(worker)
        decide(tools, STAYS[2])
        with process(tmp_path, mappings, "deliver", "--watch"):
            until(all_heard(tmp_path), "everything is heard", 60)
    assert len(notices(tmp_path)) == 6
    assert len(his.heard()) > 6, "at least one answer was lost, and its notice repeated"
    check_heard(tmp_path, his)


def test_a_service_settles_with_the_payers_while_the_his_hangs(
    new_rig: Callable[[bool], Rig], tmp_path: Path, his: Receiver
) -> None:
    rig, stay = new_rig(False), "300010004"
    (tmp_path / "adapter.db").unlink()  # taken in anew: this time the HIS is told
    mappings = told_by_webhook(tmp_path, his, timeout=120)
    with rig.endpoints(SystemClock()) as payers, telling_office(tmp_path, mappings, payers, SystemClock()) as tools:
        assert not take_in(tools, tmp_path, stay).stopped
        his.script(*["hang"] * 40)
        with process(tmp_path, mappings, "serve", "--port", "0", rig=rig):
            until(lambda: notices(tmp_path)[0].state is MessageState.LEASED, "the HIS is being told")
            settle.start_trial(case_id(stay), tools, act(tools))
            until(lambda: row_of(stay, tools).bill is BillState.PREVIEWED, "the payers tried it")
            settle.start_settlement(case_id(stay), tools, act(tools))
            until(lambda: row_of(stay, tools).bill is BillState.SETTLED, "the payers settled it")
            states = [row.state for row in notices(tmp_path)]
            assert his.heard() == [] and MessageState.DONE not in states and len(states) == 3
        his.script()
        reverse.start_reversal(case_id(stay), tools, act(tools))
        with process(tmp_path, mappings, "serve", "--port", "0", rig=rig):
            until(lambda: row_of(stay, tools).bill is BillState.REVERSED, "the payers reversed it")
            until(all_heard(tmp_path), "everything is heard", 60)
    assert [each["kind"] for each in his.taken()] == ["eligibility", "estimate", "settlement", "reversal"]
    assert {each["source"] for each in his.taken()} == {SOURCE}
    check_heard(tmp_path, his)
