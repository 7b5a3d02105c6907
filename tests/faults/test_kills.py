"""``kill -9`` while a message is leased or in flight, twenty times: nothing is lost and nothing is doubled.

At the moment of each kill the ledger shows the message leased by the very process that dies, and the payer's own
record shows that the request had arrived and was not answered (or had not arrived yet, where the table says so).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from adapter.cases import reverse, settle
from adapter.ledger.ledger import Ledger
from adapter.model.case import BillState
from tests.faults.rig import (
    ONE_CALL,
    STAYS,
    TWO_CALLS,
    Rig,
    check_everything,
    finish,
    is_it,
    kill,
    until,
    writing_blocked,
)
from tests.support.counterparts import Counterpart
from tests.support.office import act, case_id, row_of, settle_case, try_case

pytestmark = pytest.mark.slow

BEFORE: dict[str, Any] = {"do": "hang"}  # the request is there, nothing has been done
DONE: dict[str, Any] = {"do": "delay-after", "seconds": 30}  # done and kept, no answer yet
HALF: dict[str, Any] = {"do": "stall"}  # done, and half of the answer has arrived
LATE: dict[str, Any] = {"do": "delay", "seconds": 2.5}  # it will be done after the sender's death
IN_HAND: dict[str, Any] = {"do": "delay-after", "seconds": 0.8}  # answered, but the ledger cannot be written


@dataclass(frozen=True)
class Row:
    """Where the message was, what the payer did with it, who dies, and whether the payers ignore claim keys."""

    where: str
    fault: dict[str, Any]
    who: str
    ignore_keys: bool

    @property
    def payer(self) -> str:
        return "aid" if "aid" in self.where else "bureau"

    @property
    def key(self) -> str:
        """The message that is on its way."""
        call = "aid" if self.payer == "aid" else "insurance"
        stage = self.where.split()[0]
        stem = f"{case_id(TWO_CALLS)}.v1.{call}"
        return {"settle": f"{stem}.settle", "ask": f"{stem}.settle.answer", "reverse": f"{stem}.reverse"}.get(
            stage, f"{stem}.{stage}"
        )

    @property
    def processed(self) -> bool:
        return self.fault["do"] in ("delay-after", "stall")


ROWS = [
    #   where               payer did      who dies    keys ignored
    Row("eligibility", BEFORE, "worker", False),
    Row("eligibility", HALF, "service", True),
    Row("trial bureau", BEFORE, "worker", True),
    Row("trial aid", DONE, "service", False),
    Row("settle bureau", BEFORE, "worker", False),
    Row("settle bureau", BEFORE, "service", True),
    Row("settle bureau", LATE, "worker", True),
    Row("settle bureau", DONE, "worker", False),
    Row("settle bureau", DONE, "service", True),
    Row("settle bureau", HALF, "worker", True),
    Row("settle bureau", IN_HAND, "worker", True),
    Row("settle aid", BEFORE, "worker", True),
    Row("settle aid", LATE, "service", False),
    Row("settle aid", DONE, "worker", True),
    Row("settle aid", HALF, "service", False),
    Row("ask aid", BEFORE, "worker", False),
    Row("reverse aid", BEFORE, "service", True),
    Row("reverse aid", DONE, "worker", False),
    Row("reverse bureau", HALF, "service", False),
    Row("reverse bureau", LATE, "worker", False),
]


def name_of(row: Row) -> str:
    keys = "keys-ignored" if row.ignore_keys else "keys-minded"
    return f"{row.where.replace(' ', '-')}-{row.fault['do']}-{row.who}-{keys}"


def test_the_table_is_what_was_promised() -> None:
    assert len(ROWS) == 20
    assert sum(row.ignore_keys for row in ROWS) >= 10
    assert {row.who for row in ROWS} == {"worker", "service"}


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_kill(row: Row, new_rig: Callable[[bool], Rig]) -> None:
    rig, key = new_rig(row.ignore_keys), row.key
    bring_up_to(row.where, rig)
    payer = rig.aid if row.payer == "aid" else rig.bureau
    payer.script({"match": match_of(row), **row.fault})
    send_off(row, rig)
    victim = rig.start(row.who)
    until(lambda: arrived(payer, row), f"{row.where} arrives")
    if row.processed and row.where.startswith(("settle", "reverse")):
        until(lambda: key in payer.state()["keys"], "it is done")
    if row.fault is IN_HAND:
        with writing_blocked(rig.folder):
            time.sleep(1.2)  # the answer is there and cannot be written down
            assert rig.leased_by(key, victim)
            kill(victim)
    else:
        assert rig.leased_by(key, victim)
        kill(victim)
    if not row.processed and row.where.startswith(("settle", "reverse")):
        assert key not in payer.state()["keys"], "nothing had been done when the sender died"
    told = rig.deliver()
    assert told["idle"]
    after(row, rig)
    finish(rig)
    check_everything(rig, {TWO_CALLS: 2 if row.where.startswith("reverse") else 1, ONE_CALL: 1})


def test_killed_while_leased_and_not_sent(new_rig: Callable[[bool], Rig]) -> None:
    """Two messages leased at once: one hangs at the payer, the other has not been sent when the worker dies."""
    rig = new_rig(True)
    bring_up_to("settle bureau", rig)
    first, second = (f"{case_id(stay)}.v1.insurance.settle" for stay in STAYS)
    rig.bureau.script({"match": {"key": first}, "do": "hang"})
    with rig.office() as tools:
        for stay in STAYS:
            settle.start_settlement(case_id(stay), tools, act(tools))
    victim = rig.start("worker")
    until(lambda: len(rig.bureau.state()["faults"]["fired"]) == 1, "the first arrives")
    assert rig.leased_by(first, victim)
    assert rig.leased_by(second, victim)
    assert rig.bureau.state()["keys"] == {}
    kill(victim)
    assert rig.deliver()["idle"]
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def test_killed_again_while_it_asks(new_rig: Callable[[bool], Rig]) -> None:
    """The second worker dies in the look-up; the third one still does not send twice."""
    rig = new_rig(True)
    bring_up_to("settle bureau", rig)
    row = Row("settle bureau", DONE, "worker", True)
    asked = {"match": {"method": "GET", "path": "ClaimResponse", "key": row.key}, "do": "hang"}
    rig.bureau.script({"match": match_of(row), **DONE}, asked)
    send_off(row, rig)
    first = rig.start("worker")
    until(lambda: row.key in rig.bureau.state()["keys"], "it is done")
    assert rig.leased_by(row.key, first)
    kill(first)
    second = rig.start("worker")
    until(lambda: len(rig.bureau.state()["faults"]["fired"]) == 2, "the second one asks")
    assert rig.leased_by(row.key, second)
    kill(second)
    assert rig.deliver()["idle"]
    finish(rig)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def bring_up_to(where: str, rig: Rig) -> None:
    """Do what comes before the message that is watched."""
    if where.startswith(("eligibility", "trial")):
        return
    with rig.office() as tools:
        for stay in STAYS:
            if where.startswith("reverse"):
                settle_case(stay, tools)
            else:
                try_case(stay, tools)


def send_off(row: Row, rig: Rig) -> None:
    """Store the message, or the one that leads to it."""
    with rig.office() as tools:
        begin = {"settle": settle.start_settlement, "ask": settle.start_settlement, "reverse": reverse.start_reversal}
        begin.get(row.where.split()[0], settle.start_trial)(case_id(TWO_CALLS), tools, act(tools, "kill test"))


def match_of(row: Row) -> dict[str, Any]:
    if row.where.startswith("ask"):
        return {"method": "GET", "path": "ClaimResponse", "key": row.key.removesuffix(".answer")}
    return {"method": "POST", "key": row.key}


def arrived(payer: Counterpart, row: Row) -> bool:
    return [each["do"] for each in payer.state()["faults"]["fired"]] == [row.fault["do"]]


def after(row: Row, rig: Rig) -> None:
    """What the next worker must have come to by itself, before any clerk does anything."""
    with rig.office() as tools:
        state = row_of(TWO_CALLS, tools).bill
    expected = {"settle": BillState.SETTLED, "ask": BillState.SETTLED, "reverse": BillState.REVERSED}
    assert state is expected.get(row.where.split()[0], BillState.PREVIEWED)
    with Ledger.open(rig.url) as ledger, ledger.reading() as tx:
        reasons = [
            line.event.reason
            for line in tx.journal(case_id(TWO_CALLS), limit=100_000)
            if line.event.kind == "message-leased" and is_it(str(line.event.data["key"]), row.key)
        ]
    assert reasons[:2] == ["due", "takeover"]
