"""Our side of a day's reconciliation: the same as a look at every bill gives, and no work for days long past."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from adapter.cases.our_side import our_side
from adapter.cases.tools import Tools
from adapter.ledger.ledger import Transaction
from adapter.model.case import BillState, CallState
from adapter.model.dates import local_day
from adapter.model.messages import Stage
from adapter.payers.delivery.endpoint import Booked, OurSide
from tests.support.nhsa import STAY
from tests.support.office import FACILITY, SOURCE, act, case_id, settle_case, settled_on, take_in

CASE = case_id(STAY)
CALL = "insurance"
EVERY_DAY = 36_500


@pytest.fixture
def day(tools: Tools, tmp_path: Path) -> date:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    return settled_on(STAY, tools)


def copied(tools: Tools, number: int, day: date, *, ruled: int, answered: int, **how: int | None) -> None:
    """A stay like the one that was settled, so many days from a day.

    Args:
        ruled, answered: rule date, and the payer's answer.
        how: ``discharged`` where the HIS says another day since, ``reversed`` the day of the reversal; ``open`` a bill
            that waits for other payers, so that it has no settlement yet.
    """
    new, said = f"{SOURCE}-9{number:08}", act(tools, "copied").said
    left = day + timedelta(days=how.get("discharged") or ruled)

    def moment(days: int) -> datetime:
        return tools.clock.now() + (day - local_day(tools.clock.now())) + timedelta(days=days)

    with tools.ledger.transaction() as tx:
        row, settlement = tx.case(CASE), tx.settlement(CASE, 1)
        assert row is not None and settlement is not None
        known = {"source": row.source, "scheme": row.scheme, "facility": row.facility, "person_key": row.person_key}
        tx.open_case(new, stay_key=f"9{number:08}", admitted=row.admitted, discharged=left, **known, **said)
        tx.new_version(new, **said)
        tx.start(new, "bill", BillState.DRAFT, subject="1", **said)
        tx.start(new, "call", CallState.EXPECTED, subject=f"1/{CALL}", **said)
        steps = [CallState.SUBMITTED, CallState.ACCEPTED]
        keys = [(Stage.SETTLE, answered)]
        if (back := how.get("reversed")) is not None:
            steps += [CallState.REVERSING, CallState.REVERSED]
            keys.append((Stage.REVERSE, back))
        for state in steps:
            tx.move(new, "call", state, subject=f"1/{CALL}", **said)
        if not how.get("open"):
            on = day + timedelta(days=ruled)
            tx.save_settlement(new, 1, replace(settlement, case_id=new, on=on), **said)
        sent = tx.message(f"{CASE}.v1.{CALL}.settle")
        assert sent is not None
        receipt = tx.receipts(sent.message.key)[-1]
        for stage, days in keys:
            key = f"{new}.v1.{CALL}.{stage}"
            like = {"stage": stage, "key": key, "case_id": new, "order_key": None, "attempts": 0, "last_attempt": None}
            tx.enqueue(replace(sent.message, **like), **said)  # type: ignore[arg-type]
            tx.record(key, replace(receipt, at=moment(days)), worker="copier")


def test_what_is_found_is_what_a_look_at_every_bill_finds(tools: Tools, day: date) -> None:
    dice = random.Random(20261122)
    for number in range(50):
        reversal = dice.choice([None, None, dice.randint(-9, 9)])
        drift = dice.choice([None, None, dice.randint(-9, 9)])
        copied(
            tools,
            number,
            day,
            ruled=dice.randint(-9, 9),
            answered=dice.randint(-9, 9),
            reversed=reversal,
            discharged=drift,
            open=dice.choice([0, 0, 1]),
        )
    with tools.ledger.reading() as tx:
        everything = side(tx, day, EVERY_DAY, tools).booked
        assert len(everything) == 51
        for span in (0, 1, 4):
            for off in range(-10, 11, 2):
                there = day + timedelta(days=off)
                near = [each for each in everything if is_near(each, there, span)]
                assert list(side(tx, there, span, tools).booked) == near, (span, off)


def side(tx: Transaction, day: date, span: int, tools: Tools) -> OurSide:
    return our_side(tx, "bureau", day, FACILITY, tools, span=span)


def is_near(booked: Booked, day: date, span: int) -> bool:
    exchanges = [each for each in (booked.exchange, booked.undone) if each is not None]
    days = [booked.on, *(local_day(each.receipt.at) for each in exchanges)]
    return any(abs(each - day) <= timedelta(days=span) for each in days)


@contextmanager
def counted(tx: Transaction) -> Iterator[list[int]]:
    """Statements, and hundreds of steps that the database takes for them: each row that it looks at costs some."""
    found = [0, 0]

    def statement(*_: object) -> None:
        found[0] += 1

    def steps() -> int:
        found[1] += 1
        return 0

    connection: Connection = tx._connection
    raw = connection.connection.driver_connection
    assert raw is not None
    event.listen(connection, "before_cursor_execute", statement)
    raw.set_progress_handler(steps, 100)
    try:
        yield found
    finally:
        raw.set_progress_handler(None, 0)
        event.remove(connection, "before_cursor_execute", statement)


def test_days_that_have_nothing_to_do_with_it_cost_nothing(tools: Tools, day: date) -> None:
    for number in range(5):
        copied(tools, number, day, ruled=0, answered=0)
    made, costs = 5, []
    for many in (20, 200):
        for number in range(made, made + many):
            away = 60 + number
            copied(tools, number, day, ruled=-away, answered=-away)
        made += many
        with tools.ledger.reading() as tx:
            side(tx, day, 2, tools)  # what is read once and remembered
        with tools.ledger.reading() as tx, counted(tx) as cost:
            found = side(tx, day, 2, tools)
        costs.append(cost)
        assert len(found.booked) == 6
    (few, steps_few), (many_statements, steps_many) = costs
    assert many_statements == few
    assert steps_many <= steps_few * 1.1 + 2, "ten times as many stays of other days, and no more rows are looked at"
