"""Going on after a start: who is taken on and who is not read, and what stops one case or message and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from adapter.cases import call_desk, dispatch, outgoing, settle
from adapter.cases.endpoints import endpoint_now, is_closed, pause_endpoint, resume_endpoint, waits_for
from adapter.cases.tools import Act, Tools
from adapter.ledger.cases import Cases
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState
from adapter.model.messages import OutboundMessage, Receipt, Stage
from adapter.payers.delivery.traffic import Traffic, TrafficRules
from tests.support.office import CLERK, act, case_id, codes, row_of, take_in, work
from tests.support.payers import Payers

STAY, OTHER = "300010004", "300010002"
KEYS = [f"{case_id(stay)}.v1.insurance.settle" for stay in (STAY, OTHER)]


def begun(tools: Tools, folder: Path, *stays: str) -> None:
    """Stays whose settlement is due to the bureau, in the order given."""
    take_in(tools, folder, *stays)
    for stay in stays:
        settle.estimate(case_id(stay), tools, act(tools))
        settle.start_settlement(case_id(stay), tools, act(tools))


def taken_on(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases that a start takes on; nothing is done about them."""
    found: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "go_on", lambda case, tools, act: found.append(case))
        assert dispatch.resume_all(tools, CLERK) == len(found)
    return found


def test_finished_cases_are_not_read(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tools, tmp_path, STAY)
    assert work(tools)

    def walked_over(*_: object, **__: object) -> None:
        raise AssertionError("all cases are walked over")

    monkeypatch.setattr(Cases, "cases", walked_over)
    asked: list[tuple[str, Any]] = []
    engine = tools.ledger._engine
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    assert taken_on(tools, monkeypatch) == []
    bills = [each for each in asked if "JOIN cases" in each[0]]
    assert bills
    with engine.connect() as plain:
        for question, values in bills:
            plan = plain.connection.execute(f"EXPLAIN QUERY PLAN {question}", values).fetchall()
            steps = [str(row[3]) for row in plan]
            assert steps[0].startswith("SEARCH states USING INDEX states_state"), steps
            assert not [step for step in steps if step.startswith("SCAN")], steps
        assert plain.execute(text("select count(*) from cases")).scalar() == 1


def test_who_waits_for_a_message_is_taken_on_by_its_answer(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(tools, tmp_path, STAY, OTHER)
    settle.estimate(case_id(STAY), tools, act(tools))
    assert taken_on(tools, monkeypatch) == [], "looked at, and nobody settles it yet"
    settle.start_trial(case_id(OTHER), tools, act(tools))
    settle.start_settlement(case_id(STAY), tools, act(tools))
    assert taken_on(tools, monkeypatch) == []
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "go_on", lambda case, tools, act: None)  # killed before it
        dispatch.work_once(tools)
    assert taken_on(tools, monkeypatch) == sorted(map(case_id, (STAY, OTHER)))
    dispatch.resume_all(tools, CLERK)
    assert work(tools)
    assert (row_of(STAY, tools).bill, row_of(OTHER, tools).bill) == (BillState.SETTLED, BillState.PREVIEWED)


@pytest.mark.slow
def test_an_error_of_ours_stops_one_case_and_no_other(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tools, tmp_path, STAY, OTHER)
    good = settle.advance_settlement

    def fails(tx: Any, case: str, tools: Tools, act: Act) -> None:
        if case == case_id(OTHER):
            raise ZeroDivisionError("张三 999999198301250084")
        good(tx, case, tools, act)

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "advance_settlement", fails)
        assert work(tools)
        dispatch.resume_all(tools, CLERK)
        assert row_of(STAY, tools).bill is BillState.SETTLED
    stopped = row_of(OTHER, tools)
    assert (stopped.bill, codes(stopped)) == (BillState.SETTLING, ["DEL-630"])
    assert "ZeroDivisionError" in stopped.issues[0].en and "张三" not in str(stopped.issues)
    assert dispatch.resume_all(tools, CLERK) == 1
    assert work(tools)
    assert (row_of(OTHER, tools).bill, row_of(OTHER, tools).held) == (BillState.SETTLED, False)


def test_a_message_that_cannot_be_sent_is_parked_and_the_others_go_out(
    tools: Tools, payers: Payers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tools, tmp_path, STAY, OTHER)
    real = payers.bureau.deliver

    def deliver(message: OutboundMessage) -> Receipt:
        if message.key == KEYS[0]:
            raise KeyError("operation")
        return real(message)

    with monkeypatch.context() as patch:
        patch.setattr(payers.bureau, "deliver", deliver)
        assert work(tools)
    assert row_of(OTHER, tools).bill is BillState.SETTLED
    assert codes(row_of(STAY, tools)) == ["CASE-323", "DEL-631"]
    outgoing.retry(KEYS[0], tools, act(tools))
    assert work(tools, seconds=7200, pace=60)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert payers.bureau.log.index(f"lookup {KEYS[0]}") < payers.bureau.log.index(f"deliver {KEYS[0]}")


Closing = Callable[[Tools], None]


def pausing(tools: Tools) -> None:
    pause_endpoint("bureau", None, tools, act(tools, "医保通知暂停"))


def holding(tools: Tools) -> None:
    call_desk.hold_call(case_id(OTHER), "insurance", tools, act(tools, "核对身份"))


@pytest.mark.parametrize(
    ("close", "state"),
    [pytest.param(pausing, MessageState.PENDING, marks=pytest.mark.slow), (holding, MessageState.PARKED)],
    ids=["pause", "hold"],
)
def test_what_is_closed_while_a_batch_goes_out_stops_the_rest_of_it(
    tools: Tools, payers: Payers, tmp_path: Path, close: Closing, state: MessageState
) -> None:
    begun(tools, tmp_path, STAY, OTHER)
    tools = replace(tools, lease_seconds=60)

    def meanwhile(message: OutboundMessage) -> None:
        payers.bureau.before_answer = lambda _: None
        close(tools)
        payers.clock.moment += timedelta(seconds=1)

    payers.bureau.before_answer = meanwhile
    dispatch.work_once(tools)
    dispatch.work_once(tools)
    assert payers.bureau.settled() == KEYS[:1]
    rows = {row.message.key: row.state for row in outgoing.messages(tools)}
    assert rows[KEYS[1]] is state
    if close is pausing:
        resume_endpoint("bureau", tools, act(tools))
    else:
        call_desk.resume_call(case_id(OTHER), "insurance", tools, act(tools))
    assert work(tools, seconds=7200, pace=60)
    assert payers.bureau.settled() == KEYS
    assert payers.bureau.log.count(f"deliver {KEYS[1]}") == 1


def test_a_held_call_is_not_sent_by_who_takes_over_from_a_dead_worker(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    begun(tools, tmp_path, STAY)
    with tools.ledger.transaction() as tx:
        assert tx.lease("dead", now=tools.clock.now(), lease_seconds=2)
    call_desk.hold_call(case_id(STAY), "insurance", tools, act(tools, "核对身份"))
    payers.clock.moment += timedelta(hours=1)
    assert work(tools)
    assert payers.bureau.asked_about(Stage.SETTLE) == []
    assert codes(row_of(STAY, tools)) == ["CASE-422"]
    call_desk.resume_call(case_id(STAY), "insurance", tools, act(tools))
    assert work(tools, seconds=7200, pace=60)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert payers.bureau.settled() == KEYS[:1]


def test_hours_that_have_begun_close_the_way_before_any_pause_is_made(tools: Tools) -> None:
    now = tools.clock.now()
    window = (now - timedelta(seconds=1), now + timedelta(hours=1))
    closing = replace(tools, traffic=Traffic({"bureau": TrafficRules(maintenance=(window,))}))
    with tools.ledger.reading() as tx:
        assert is_closed(tx, "bureau", closing, now)
        assert not is_closed(tx, "bureau", tools, now)


def test_hours_that_the_settings_no_longer_have_hold_nothing_back(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    begun(tools, tmp_path, STAY)
    long, short = (TrafficRules(quiet=((time(8), time(end)),)) for end in (18, 11))
    before, after = (replace(tools, traffic=Traffic({"bureau": rules})) for rules in (long, short))
    dispatch.work_once(before)
    until = endpoint_now("bureau", before).paused_until
    dispatch.resume_all(before, CLERK)
    assert endpoint_now("bureau", before).paused_until == until, "the same settings change nothing"
    dispatch.resume_all(after, CLERK)
    dispatch.work_once(after)
    sooner = endpoint_now("bureau", after).paused_until
    assert until is not None and sooner == until - timedelta(hours=7)
    dispatch.resume_all(tools, CLERK)
    assert endpoint_now("bureau", tools).paused_until is None
    pausing(tools)
    dispatch.resume_all(tools, CLERK)
    assert endpoint_now("bureau", tools).why == "person", "what a person paused, a person resumes"
    resume_endpoint("bureau", tools, act(tools))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED


def test_an_endpoint_that_left_the_settings_while_a_message_waits_is_named(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    begun(tools, tmp_path, STAY)
    without = replace(tools, endpoints={"civil-affairs": payers.aid})
    assert work(without), "nothing goes out by itself"
    (row,) = outgoing.messages(without, unfinished=True)
    assert waits_for(without, [row]) == {KEYS[0]: "CASE-315"}
    dispatch.resume_all(without, CLERK)
    assert codes(row_of(STAY, without)) == ["CASE-324", "CASE-315"]
    dispatch.resume_all(tools, CLERK)
    assert work(tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.SETTLED, False)
    assert payers.bureau.log.count(f"deliver {KEYS[0]}") == 1
    assert payers.bureau.asked_about(Stage.SETTLE)
