"""A person's word on a message that nobody can ask about, and late answers that say otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.cases import dispatch, settle, verdicts
from adapter.cases.proof import certificate_paper
from adapter.cases.tools import Act, Tools
from adapter.cases.verdicts import Word
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.case import Actor, BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.retry import RetryPolicy
from tests.support.office import (
    TestClock,
    act,
    case_id,
    codes,
    office,
    row_of,
    settlement_of,
    shares_of,
    take_in,
    try_case,
    work,
)
from tests.support.payers import FakePayer, Payers, fake_payers

STAY = "300010004"
CASE = case_id(STAY)
KEY = f"{CASE}.v1.insurance.settle"
PAYERS = (Payer.BASIC, Payer.CRITICAL_ILLNESS)


class Silent(FakePayer):
    """A payer that never tells what became of anything, and counts whatever arrives."""

    telling = False

    def lookup(self, message: OutboundMessage) -> Receipt:
        if self.telling:
            return super().lookup(message)
        self.log.append(f"lookup {message.key}")
        return Receipt(Outcome.UNKNOWN, self.clock.now())


def silent(clock: TestClock) -> Payers:
    payers = fake_payers(clock)
    payers.bureau = Silent(payers.bureau.config, clock)
    return payers


def lost(tools: Tools, payers: Payers, folder: Path, how: str) -> MessageRow:
    """A settlement that was sent, and of which nobody can tell: ``mute`` it arrived, ``deaf`` it did not."""
    take_in(tools, folder, STAY)
    try_case(STAY, tools)
    getattr(payers.bureau, how).append(Stage.SETTLE)
    settle.start_settlement(CASE, tools, act(tools))
    assert work(tools, seconds=3600)
    row = at(tools)
    assert (row.state, row.outcome) == (MessageState.PARKED, Outcome.UNKNOWN)
    return row


def at(tools: Tools, key: str = KEY) -> MessageRow:
    with tools.ledger.reading() as tx:
        row = tx.message(key)
    assert row is not None
    return row


def as_typed(tools: Tools, payers: Payers) -> dict[Payer, Money]:
    return {each.payer: each.amount for each in payers.bureau.kept[0].answers}


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def payers(clock: TestClock) -> Payers:
    return silent(clock)


@pytest.fixture
def tools(tmp_path: Path, payers: Payers, clock: TestClock):  # type: ignore[no-untyped-def]
    with office(tmp_path, payers.endpoints, clock=clock, retry=RetryPolicy(first=0.1, most=1, limit=2)) as opened:
        yield opened


def resolve(tools: Tools, word: Word, **more: object) -> MessageRow:
    return verdicts.resolve(KEY, word, tools, act(tools, "医保经办电话核实"), **more)  # type: ignore[arg-type]


def refused(tools: Tools, word: Word, **more: object) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        resolve(tools, word, **more)
    return codes(caught.value)


def test_accepted_as_the_paper_says_goes_on_and_says_who_read_it(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    lost(tools, payers, tmp_path, "mute")
    amounts = as_typed(tools, payers)
    done = resolve(tools, Word.ACCEPTED, reference="YB-7", amounts=amounts)
    assert (done.state, done.outcome) == (MessageState.DONE, Outcome.ACCEPTED)
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert shares_of(STAY, tools)[Payer.BASIC] == amounts[Payer.BASIC].text
    assert payers.bureau.settled() == [KEY], "nothing was sent again"
    said = [step.because for step in settlement_of(STAY, tools).steps if step.name == "payer-answer"]
    assert "clerk-07" in said[0].zh and "typed by clerk-07" in said[0].en and "YB-7" in said[0].cite
    with tools.ledger.reading() as tx:
        assert "typed by clerk-07" in str(tx.paper(CASE, certificate_paper(1)))
        assert tx.receipts(KEY)[-1].told_by == "clerk-07"
    before = at(tools)
    assert tools.ledger.verify() == []
    tools.ledger.rebuild()
    assert at(tools) == before


def test_not_seen_is_sent_as_if_for_the_first_time(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    lost(tools, payers, tmp_path, "deaf")
    asked = payers.bureau.log.count(f"lookup {KEY}")
    assert refused(tools, Word.NOT_SEEN) == ["CASE-438"], "it may still be on its way"
    tools.clock.moment += timedelta(minutes=5)  # type: ignore[attr-defined]
    again = resolve(tools, Word.NOT_SEEN)
    assert (again.state, again.message.attempts, again.message.last_attempt) == (MessageState.PENDING, 0, None)
    before = at(tools)
    tools.ledger.rebuild()
    assert at(tools) == before
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert payers.bureau.settled() == [KEY]
    assert payers.bureau.log.count(f"lookup {KEY}") == asked + 2, "asked at each verdict, and not by the worker"


def test_the_payers_own_word_goes_before_any_persons(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    lost(tools, payers, tmp_path, "mute")
    assert isinstance(payers.bureau, Silent)
    payers.bureau.telling = True
    tools.clock.moment += timedelta(minutes=5)  # type: ignore[attr-defined]
    assert refused(tools, Word.NOT_SEEN) == ["CASE-436"]
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    with tools.ledger.reading() as tx:
        assert tx.receipts(KEY)[-1].told_by is None


def test_what_the_payer_says_is_not_there_is_not_called_accepted(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    lost(tools, payers, tmp_path, "deaf")
    assert isinstance(payers.bureau, Silent)
    payers.bureau.telling = True
    tools.clock.moment += timedelta(minutes=5)  # type: ignore[attr-defined]
    assert refused(tools, Word.ACCEPTED, reference="YB-7") == ["CASE-437"]


def test_what_is_typed_is_checked(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    lost(tools, payers, tmp_path, "mute")
    amounts = as_typed(tools, payers)
    for reference, typed in (
        ("", amounts),
        ("YB-7", {}),
        ("YB-7", {Payer.BASIC: Money(1)}),
        ("YB-7", {**amounts, Payer.MEDICAL_AID: Money(1)}),
        ("YB-7", dict.fromkeys(amounts, Money(-1))),
        ("YB-7", dict.fromkeys(amounts, Money(10**9))),
    ):
        assert refused(tools, Word.ACCEPTED, reference=reference, amounts=typed) == ["CASE-439"]
    with pytest.raises(AdapterError) as caught:
        verdicts.resolve(KEY, Word.ACCEPTED, tools, Act(tools.clock.now(), Actor("service", "system"), "why"))
    assert codes(caught.value) == ["PRG-282"]
    assert at(tools).state is MessageState.PARKED


def test_only_a_parked_message_of_unknown_effect_takes_a_verdict(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    settle.start_settlement(CASE, tools, act(tools))
    assert refused(tools, Word.NOT_SEEN) == ["LED-418"], "it waits to be sent"
    assert work(tools)
    assert refused(tools, Word.NOT_SEEN) == ["LED-418"], "the payer accepted it"


LATE = {
    "same": lambda receipt: receipt,
    "other amounts": lambda receipt: replace(
        receipt, answers=tuple(replace(each, amount=each.amount + Money(1)) for each in receipt.answers)
    ),
    "refused": lambda receipt: Receipt(Outcome.REJECTED, receipt.at),
}


@pytest.mark.parametrize("late", LATE)
def test_a_late_answer_to_an_accepted_verdict(tools: Tools, payers: Payers, tmp_path: Path, late: str) -> None:
    """The first worker comes back with the payer's answer after the person has spoken and the bill is final."""
    message = lost(tools, payers, tmp_path, "mute").message
    answer = payers.bureau._answer(payers.bureau.kept[0].answers)
    resolve(tools, Word.ACCEPTED, reference=str(answer.reference), amounts=as_typed(tools, payers))
    assert work(tools)
    dispatch._record(message, LATE[late](answer), replace(tools, worker="ghost"))
    row = row_of(STAY, tools)
    assert row.bill is BillState.SETTLED
    assert codes(row) == ([] if late == "same" else ["CASE-441"])
    assert payers.bureau.settled() == [KEY]
    if late != "same":
        verdicts.clear(KEY, tools, act(tools, "已与医保核实"))
        assert codes(row_of(STAY, tools)) == []


def test_a_late_answer_to_a_not_seen_verdict_is_never_a_second_effect(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    """The person erred, and the payer's answer comes before the worker does: it is kept, and nothing is sent."""
    message = lost(tools, payers, tmp_path, "mute").message
    tools.clock.moment += timedelta(minutes=5)  # type: ignore[attr-defined]
    resolve(tools, Word.NOT_SEEN)
    dispatch._record(message, payers.bureau._answer(payers.bureau.kept[0].answers), replace(tools, worker="ghost"))
    assert work(tools)
    row = row_of(STAY, tools)
    assert (row.bill, codes(row)) == (BillState.SETTLING, ["CASE-441"])
    assert payers.bureau.log.count(f"deliver {KEY}") == 1
    verdicts.clear(KEY, tools, act(tools, "已核实,仅一笔"))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert payers.bureau.settled() == [KEY]


STEPS = ("not-seen", "accepted", "late", "work", "wait", "retry", "clear")


@pytest.mark.slow
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=7), arrived=st.booleans())
def test_no_order_of_verdicts_and_late_answers_gives_two_effects(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], arrived: bool
) -> None:
    """A person who says what is true, in any order with late answers: one effect there, one settlement here."""
    clock = TestClock()
    payers, folder = silent(clock), tmp_path_factory.mktemp("verdicts")
    with office(folder, payers.endpoints, clock=clock, retry=RetryPolicy(first=0.1, most=1, limit=2)) as tools:
        message = lost(tools, payers, folder, "mute" if arrived else "deaf").message
        for step in steps:
            clock.moment += timedelta(seconds=20)
            _take(step, tools, payers, message, arrived=arrived)
        work(tools, seconds=3600)
        assert len(payers.bureau.settled()) <= 1
        assert payers.bureau.log.count(f"deliver {KEY}") <= (1 if arrived else 2)
        row = row_of(STAY, tools)
        if row.bill is BillState.SETTLED and not row.held:
            assert payers.bureau.settled() == [KEY]
            kept = {each.payer: each.amount.text for each in payers.bureau.kept[0].answers}
            assert {payer: shares_of(STAY, tools)[payer] for payer in kept} == kept
        assert tools.ledger.verify() == []


def _take(step: str, tools: Tools, payers: Payers, message: OutboundMessage, *, arrived: bool) -> None:
    try:
        if step == "not-seen" and not arrived:
            resolve(tools, Word.NOT_SEEN)
        if step == "accepted" and payers.bureau.kept:
            answers = payers.bureau.kept[0].answers
            typed = {each.payer: each.amount for each in answers}
            resolve(tools, Word.ACCEPTED, reference=answers[0].reference, amounts=typed)
        if step == "late" and payers.bureau.kept:
            given_ = payers.bureau._answer(payers.bureau.kept[0].answers)
            dispatch._record(message, given_, replace(tools, worker="ghost"))
        if step == "work":
            work(tools, seconds=600)
        if step == "wait":
            tools.clock.moment += timedelta(hours=1)  # type: ignore[attr-defined]
        if step == "retry":
            with tools.ledger.transaction() as tx:
                tx.retry(KEY, **act(tools).said)
        if step == "clear":
            verdicts.clear(KEY, tools, act(tools, "核实"))
    except AdapterError as error:
        assert {issue.code for issue in error.issues} <= {"LED-416", "LED-418", "CASE-442", "CASE-439", "CASE-438"}
