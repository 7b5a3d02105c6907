"""A call that a person leaves out or holds: what waits for it goes out no more, whatever its stage, and says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cases import call_desk, dispatch, outgoing, reverse, settle
from adapter.cases.endpoints import pause_endpoint, resume_endpoint, waits_for
from adapter.cases.tools import Tools
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.case import BillState, CallState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.settlement import Payer
from tests.rooms.cases.test_call_desk import told_only
from tests.support.office import act, case_id, codes, row_of, shares_of, take_in, try_case, work
from tests.support.payers import Payers

STAY = "300010004"
CASE = case_id(STAY)
WHY = "另行书面报送"


@pytest.fixture
def telling(tools: Tools, tmp_path: Path) -> Tools:
    """An office whose aid office only receives what was computed here, with one stay."""
    take_in(tools, tmp_path, STAY)
    return told_only(tools)


def of_aid(tools: Tools, stage: Stage) -> MessageRow:
    (found,) = [row for row in outgoing.messages(tools) if (row.message.call, row.message.stage) == ("aid", stage)]
    return found


def left_out(tools: Tools) -> None:
    call_desk.skip_call(CASE, "aid", tools, act(tools, WHY))


def until_it_waits_for(stage: Stage, tools: Tools) -> MessageRow:
    """Everything up to the aid office's message of a stage, which is due and not sent."""
    pause_endpoint("civil-affairs", None, tools, act(tools, "暂停"))
    settle.start_trial(CASE, tools, act(tools))
    if stage is Stage.SETTLE:
        resume_endpoint("civil-affairs", tools, act(tools))
        assert work(tools)
        pause_endpoint("civil-affairs", None, tools, act(tools, "暂停"))
        settle.start_settlement(CASE, tools, act(tools))
    for _ in range(6):
        dispatch.work_once(tools)
    row = of_aid(tools, stage)
    assert row.state is MessageState.PENDING
    return row


def asks_the_year(payers: Payers) -> None:
    payers.aid.config = replace(payers.aid.config, form="submit")


def events(tools: Tools, key: str) -> list[tuple[str, str, str]]:
    with tools.ledger.reading() as tx:
        lines = [row.event for row in tx.journal(CASE, limit=10_000)]
    return [(each.kind, each.actor.id, each.reason) for each in lines if each.data.get("key") == key]


def test_a_trial_that_waits_is_withdrawn_and_says_why(telling: Tools, payers: Payers) -> None:
    key = until_it_waits_for(Stage.TRIAL, telling).message.key
    left_out(telling)
    row, receipts = outgoing.message(key, telling)
    assert (row.state, row.outcome, row.message.attempts) == (MessageState.DONE, Outcome.NOT_SEEN, 0)
    assert (codes(receipts[-1]), receipts[-1].told_by, receipts[-1].sent) == (["CASE-470"], "clerk-07", False)
    assert WHY in receipts[-1].issues[0].zh and WHY in receipts[-1].issues[0].en
    assert events(telling, key)[-1] == ("message-answered", "clerk-07", WHY)
    assert row_of(STAY, telling).bill is BillState.PREVIEWED, "the trial goes on without it"
    resume_endpoint("civil-affairs", telling, act(telling))
    assert work(telling)
    outgoing.retry(key, telling, act(telling, "nobody told me"))
    assert work(telling)
    assert outgoing.message(key, telling)[0].state is MessageState.DONE, "brought back by hand, it is withdrawn again"
    assert payers.aid.asked_about(Stage.TRIAL) == []


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "no-answer"])
def test_a_trial_on_the_wire_ends_and_changes_nothing(lost: bool, telling: Tools, payers: Payers) -> None:
    payers.aid.says = {Payer.MEDICAL_AID: "1.00"}

    def skipped_meanwhile(message: OutboundMessage) -> None:
        if message.stage is Stage.TRIAL:
            payers.aid.before_answer = lambda _: None
            left_out(telling)

    payers.aid.before_answer = skipped_meanwhile
    payers.aid.mute = [Stage.TRIAL] if lost else []
    try_case(STAY, telling)
    row = of_aid(telling, Stage.TRIAL)
    last = outgoing.message(row.message.key, telling)[1][-1]
    assert row.state is MessageState.DONE
    assert (row.outcome, codes(last)) == ((Outcome.UNKNOWN, ["CASE-470"]) if lost else (Outcome.ACCEPTED, []))
    assert len(payers.aid.asked_about(Stage.TRIAL)) == 1
    preview = _previewed(telling)
    assert preview not in ("1.00", "0.00"), "the amount is as it was computed here"
    settle.start_settlement(CASE, telling, act(telling))
    assert work(telling)
    assert (row_of(STAY, telling).bill, shares_of(STAY, telling)[Payer.MEDICAL_AID]) == (BillState.SETTLED, preview)


def _previewed(tools: Tools) -> str:
    with tools.ledger.reading() as tx:
        found = settle.preview_of(tx, CASE)
    assert found is not None
    return found.settlement.share_of(Payer.MEDICAL_AID).text


def test_a_year_that_is_told_too_late_is_kept_and_not_used(telling: Tools, payers: Payers) -> None:
    def skipped_meanwhile(message: OutboundMessage) -> None:
        payers.aid.before_answer = lambda _: None
        left_out(telling)

    asks_the_year(payers)
    payers.aid.before_answer = skipped_meanwhile
    try_case(STAY, telling)
    key = of_aid(telling, Stage.ELIGIBILITY).message.key
    row, receipts = outgoing.message(key, telling)
    assert (row.outcome, receipts[-1].accrued is not None) == (Outcome.ACCEPTED, True)
    case = row_of(STAY, telling)
    assert case.discharged is not None
    with telling.ledger.reading() as tx:
        asked = [tx.asked(case.source, case.person_key, case.discharged.year, name) for name in telling.endpoints]
    assert [each is not None for each in asked] == [name != "civil-affairs" for name in telling.endpoints]


def test_a_settlement_that_never_left_is_withdrawn(telling: Tools, payers: Payers) -> None:
    """The aid office is shut, the patient goes home: nothing was said to it, and nothing has to be found out."""
    key = until_it_waits_for(Stage.SETTLE, telling).message.key
    left_out(telling)
    assert outgoing.message(key, telling)[0].state is MessageState.DONE
    assert row_of(STAY, telling).bill is BillState.SETTLED
    with telling.ledger.reading() as tx:
        assert tx.state(CASE, "call", "1/aid") is CallState.EXPECTED
    resume_endpoint("civil-affairs", telling, act(telling))
    reverse.start_reversal(CASE, telling, act(telling))
    assert work(telling)
    assert row_of(STAY, telling).bill is BillState.REVERSED
    assert (payers.aid.asked_about(Stage.SETTLE), payers.aid.asked_about(Stage.REVERSE)) == ([], [])


def test_a_settlement_in_somebodys_hands_is_not_left_out(telling: Tools, payers: Payers) -> None:
    refused: list[str] = []

    def skipped_meanwhile(message: OutboundMessage) -> None:
        if message.stage is Stage.SETTLE and not refused:
            with pytest.raises(AdapterError) as caught:
                left_out(telling)
            refused.extend(codes(caught.value))

    payers.aid.before_answer = skipped_meanwhile
    try_case(STAY, telling)
    settle.start_settlement(CASE, telling, act(telling))
    assert work(telling)
    assert (refused, row_of(STAY, telling).bill) == (["CASE-425"], BillState.SETTLED)


@pytest.mark.parametrize("sent", [False, True], ids=["never-sent", "may-have-arrived"])
def test_fee_lines_wait_for_a_verdict_only_where_they_may_have_arrived(
    sent: bool, telling: Tools, payers: Payers
) -> None:
    """Somebody else's message of the same queue goes on as soon as nothing stands before it."""
    like = until_it_waits_for(Stage.TRIAL, telling).message
    lines = replace(like, key=f"{CASE}.v1.aid.charges", stage=Stage.CHARGES, effect=True, order_key="one/after/another")
    behind = replace(lines, key="other.v1.aid.charges", case_id="other", call="notes")
    with telling.ledger.transaction() as tx:
        for each in (lines, behind):
            tx.enqueue(each, **act(telling).said)
    if sent:
        resume_endpoint("civil-affairs", telling, act(telling))
        payers.aid.deaf = [Stage.CHARGES]
        payers.aid.mute = [Stage.TRIAL]
        dispatch.work_once(telling)
        pause_endpoint("civil-affairs", None, telling, act(telling))
    left_out(telling)
    row, _ = outgoing.message(lines.key, telling)
    assert row.state is (MessageState.PARKED if sent else MessageState.DONE)
    told = waits_for(telling, outgoing.messages(telling, unfinished=True))
    assert told.get(lines.key) == (f"call skipped: {WHY}" if sent else None)
    now = telling.clock.now()
    with telling.ledger.transaction() as tx:
        tx.pause("civil-affairs", None, **act(telling).said)
        due = [each.key for each in tx.lease("somebody", now=now, lease_seconds=9)]
    assert due == ([] if sent else [behind.key])


@pytest.mark.parametrize("stage", [Stage.ELIGIBILITY, Stage.TRIAL, Stage.SETTLE])
def test_a_hold_keeps_back_what_waits_in_every_stage(stage: Stage, telling: Tools, payers: Payers) -> None:
    if stage is Stage.ELIGIBILITY:
        asks_the_year(payers)
    key = until_it_waits_for(stage, telling).message.key
    call_desk.hold_call(CASE, "aid", telling, act(telling, "核实身份"))
    assert outgoing.message(key, telling)[0].state is MessageState.PARKED
    assert waits_for(telling, outgoing.messages(telling, unfinished=True))[key] == "call held: 核实身份"
    resume_endpoint("civil-affairs", telling, act(telling))
    outgoing.retry(key, telling, act(telling, "nobody told me"))
    assert work(telling)
    assert outgoing.message(key, telling)[0].state is MessageState.PARKED, "brought back by hand, it is kept back again"
    assert not [each for each in payers.aid.log if key in each]
    call_desk.resume_call(CASE, "aid", telling, act(telling))
    assert work(telling)
    assert outgoing.message(key, telling)[0].outcome is Outcome.ACCEPTED


def test_resuming_a_call_sends_nothing_that_a_person_had_set_aside(telling: Tools, payers: Payers) -> None:
    key = until_it_waits_for(Stage.TRIAL, telling).message.key
    outgoing.park(key, telling, act(telling, "先与对方核对"))
    for _ in range(2):
        call_desk.hold_call(CASE, "aid", telling, act(telling, "核实身份"))
    resume_endpoint("civil-affairs", telling, act(telling))
    call_desk.resume_call(CASE, "aid", telling, act(telling))
    assert work(telling)
    assert outgoing.message(key, telling)[0].state is MessageState.PARKED
    assert codes(row_of(STAY, telling)) == ["CASE-323"]
    outgoing.retry(key, telling, act(telling, "核对完毕"))
    assert work(telling)
    assert row_of(STAY, telling).bill is BillState.PREVIEWED
