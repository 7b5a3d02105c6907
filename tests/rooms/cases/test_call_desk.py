"""Acts of a person on one call: hold, resume, skip, go on at the window."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapter.cases import call_desk, dispatch, outgoing, reverse, settle
from adapter.cases.tools import Act, Tools
from adapter.ledger.rows import MessageState
from adapter.model.case import Actor, BillState
from adapter.model.issues import AdapterError, Issue, Severity
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.settlement import Authority, Payer
from adapter.payers.delivery.shown import Presented
from adapter.rules.policy.book import PolicyBook
from tests.support.office import act, case_id, codes, row_of, settle_case, shares_of, take_in, try_case, work
from tests.support.payers import Payers

STAY = "300010004"
CASE = case_id(STAY)
AID_KEY = f"{CASE}.v1.aid.settle"


def refusal(doing: object, name: str, tools: Tools) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        doing(CASE, name, tools, act(tools, "why"))  # type: ignore[operator]
    return codes(caught.value)


def begin(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)


def test_a_held_call_hears_nothing_until_it_is_resumed(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    call_desk.hold_call(CASE, "aid", tools, act(tools, "救助办核实身份"))
    settle.start_settlement(CASE, tools, act(tools))
    assert work(tools)
    row = row_of(STAY, tools)
    assert (row.bill, codes(row)) == (BillState.SETTLING, ["CASE-422"])
    assert "救助办核实身份" in row.issues[0].zh
    assert len(payers.bureau.settled()) == 1
    assert payers.aid.asked_about(Stage.SETTLE) == []
    dispatch.resume_all(tools, Actor("worker", "service"))
    assert payers.aid.asked_about(Stage.SETTLE) == [], "a restart changes nothing"
    call_desk.resume_call(CASE, "aid", tools, act(tools))
    assert work(tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.SETTLED, False)


def test_a_message_that_was_waiting_is_kept_back_and_looked_up_later(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    begin(tools, tmp_path)
    payers.bureau.mute = [Stage.SETTLE]
    settle.start_settlement(CASE, tools, act(tools))
    dispatch.work_once(tools)
    call_desk.hold_call(CASE, "insurance", tools, act(tools, "先与医保核对"))
    payers.clock.moment += timedelta(hours=2)
    asked = len(payers.bureau.log)
    assert work(tools)
    assert len(payers.bureau.log) == asked
    call_desk.resume_call(CASE, "insurance", tools, act(tools))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert payers.bureau.log.count(f"deliver {CASE}.v1.insurance.settle") == 1


def test_an_answer_that_was_on_the_wire_is_kept_and_an_unknown_one_is_not_asked_about(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    begin(tools, tmp_path)
    payers.bureau.deaf = [Stage.SETTLE]
    settle.start_settlement(CASE, tools, act(tools))

    def held_meanwhile(message: OutboundMessage) -> None:
        payers.bureau.before_answer = lambda _: None
        call_desk.hold_call(CASE, "insurance", tools, act(tools, "暂停"))

    payers.bureau.before_answer = held_meanwhile
    assert work(tools)
    (row,) = outgoing.messages(tools, unfinished=True)
    assert (row.state, row.outcome) == (MessageState.PARKED, Outcome.UNKNOWN)
    assert codes(row_of(STAY, tools)) == ["CASE-422"]


def test_a_held_call_is_not_undone_either(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    call_desk.hold_call(CASE, "insurance", tools, act(tools, "暂停"))
    reverse.start_reversal(CASE, tools, act(tools))
    assert work(tools)
    assert (row_of(STAY, tools).bill, codes(row_of(STAY, tools))) == (BillState.REVERSING, ["CASE-422"])
    assert payers.bureau.asked_about(Stage.REVERSE) == []
    call_desk.resume_call(CASE, "insurance", tools, act(tools))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED


def test_what_is_refused(tools: Tools, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    assert refusal(call_desk.hold_call, "nobody", tools) == ["CASE-421"]
    assert refusal(call_desk.resume_call, "aid", tools) == ["CASE-423"]
    assert refusal(call_desk.present_at_window, "aid", tools) == ["CASE-427"]
    with pytest.raises(AdapterError) as caught:
        call_desk.hold_call(CASE, "aid", tools, Act(tools.clock.now(), Actor("service", "system"), "why"))
    assert codes(caught.value) == ["PRG-282"]


def test_an_amount_that_a_payer_decides_is_not_skipped(tools: Tools, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    assert refusal(call_desk.skip_call, "aid", tools) == ["CASE-424"]
    assert refusal(call_desk.skip_call, "insurance", tools) == ["CASE-424"]


def told_only(tools: Tools) -> Tools:
    """The same office where the aid office only receives what was computed here."""
    book = tools.book

    class TellingBook(PolicyBook):
        def scheme(self, name: str):  # type: ignore[no-untyped-def]
            scheme = book.scheme(name)
            calls = [replace(c, authority=Authority.ADAPTER) if c.name == "aid" else c for c in scheme.calls]
            return replace(scheme, calls=tuple(calls))

    telling = object.__new__(TellingBook)
    telling.__dict__.update(book.__dict__)
    return replace(tools, book=telling)


def test_a_payer_that_only_receives_may_be_left_out(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    telling = told_only(tools)
    begin(telling, tmp_path)
    settle.start_settlement(CASE, telling, act(telling))
    call_desk.skip_call(CASE, "aid", telling, act(telling, "另行书面报送"))
    assert work(telling)
    assert row_of(STAY, telling).bill is BillState.SETTLED
    assert payers.aid.asked_about(Stage.SETTLE) == []
    assert shares_of(STAY, telling)[Payer.MEDICAL_AID] != "0.00", "the amount is as it was computed"
    assert refusal(call_desk.skip_call, "aid", telling) == ["CASE-435"]


def test_what_went_out_is_not_skipped(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    telling = told_only(tools)
    begin(telling, tmp_path)
    payers.aid.mute = [Stage.SETTLE]
    settle.start_settlement(CASE, telling, act(telling))
    while not payers.aid.asked_about(Stage.SETTLE):
        dispatch.work_once(telling)
    assert refusal(call_desk.skip_call, "aid", telling) == ["CASE-425"]


def test_a_call_that_needs_the_patients_card_waits_at_the_window(
    tools: Tools, payers: Payers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tools, tmp_path)
    needs = Issue("DEL-543", Severity.FATAL, AID_KEY, "需要凭证", "needs a credential", "读卡", "read the card")
    real, shown = payers.aid.deliver, False

    def deliver(message: OutboundMessage) -> Receipt:
        if shown:
            return real(message)
        return Receipt(Outcome.NOT_SEEN, tools.clock.now(), issues=(needs,), sent=False)

    monkeypatch.setattr(payers.aid, "deliver", deliver)
    settle.start_settlement(CASE, tools, act(tools))
    assert work(tools)
    assert codes(row_of(STAY, tools)) == ["CASE-426", "DEL-543"], "nothing is unknown: nothing was sent"
    assert payers.aid.settled() == []
    shown = True
    card = Presented("0000111122223333", "000000")
    assert "0000" not in repr((card, tools.shown))
    assert call_desk.present_at_window(CASE, "aid", tools, act(tools, "已刷卡"), credential=card) == (AID_KEY,)
    now = tools.clock.now()
    assert tools.shown.take(CASE, now) == card
    assert tools.shown.take(CASE, now) is None, "for one sending"
    tools.shown.put(CASE, card, now)
    assert tools.shown.take(CASE, now + timedelta(minutes=11)) is None, "soon forgotten"
    assert work(tools, seconds=7200, pace=60)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.SETTLED, False)
    assert len(payers.aid.settled()) == 1
