"""What every endpoint keeps, real and fake alike: one effect, honest answers, equal and opposite.

Every dialect against a simulator that is a process of its own; the facts are those of a real stay, as the office
composes them. What a protocol cannot do stands in the table of ``subjects.py``, and is then a person's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapter.model.issues import AdapterError, Severity
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoint import Booked, OurSide
from tests.promises.counters import facts_for
from tests.promises.subjects import SECRETS, Subject
from tests.support.office import FACILITY, codes

pytestmark = pytest.mark.slow


def asks_a_person(receipt: Receipt, subject: Subject) -> None:
    """Nothing is proven, and nothing is tried by itself: the first issue is fatal and says why."""
    assert receipt.outcome is Outcome.UNKNOWN
    assert (codes(receipt)[0], receipt.issues[0].severity) == (subject.can.finds, Severity.FATAL)


def settled(subject: Subject) -> tuple[OutboundMessage, Receipt]:
    """The settlement that was sent, and the receipt that says what each payer bears."""
    subject.through(Stage.SETTLE)
    message = subject.message(Stage.SETTLE)
    told = [each.receipt for each in subject.said if each.message.stage is Stage.SETTLE and each.receipt.answers]
    return message, (told or [each.receipt for each in subject.said if each.message is message])[-1]


def test_every_payer_of_the_call_answers_once(subject: Subject) -> None:
    answers = subject.through(Stage.SETTLE)
    assert tuple(answer.payer for answer in answers) == (subject.facts.payers if subject.can.divides else ())
    assert len({answer.reference for answer in answers}) in (1, len(answers))
    assert (subject.settled(), subject.paid()) == (1, subject.due(answers))
    assert subject.paid() > Money(0)


def test_the_same_message_again_after_a_look_has_one_effect(subject: Subject) -> None:
    message, told = settled(subject)
    for seconds_ago in (0, 3600):
        receipt = subject.again(message, seconds_ago)
        assert receipt.sent is False
        if subject.can.finds != "yes":
            asks_a_person(receipt, subject)
            continue
        assert receipt.outcome is Outcome.ACCEPTED
        assert {answer.payer for answer in receipt.answers} == {answer.payer for answer in told.answers}
    assert subject.settled() == 1


def test_a_look_has_no_effect_and_sees_what_is_not_there(subject: Subject) -> None:
    message = subject.message(Stage.SETTLE)
    for _ in range(3):
        receipt = subject.endpoint.lookup(replace(message, attempts=1))
        if subject.can.finds == "yes":
            assert receipt.outcome is Outcome.NOT_SEEN
    assert subject.settled() == 0
    assert subject.take(message).outcome is Outcome.ACCEPTED
    seen = [subject.endpoint.lookup(message) for _ in range(3)]
    found = Outcome.ACCEPTED if subject.can.finds == "yes" else Outcome.UNKNOWN
    assert {receipt.outcome for receipt in seen} == {found}
    assert len({receipt.answers for receipt in seen}) == 1
    assert subject.settled() == 1


def test_a_look_tells_what_the_answer_told(subject: Subject) -> None:
    message, told = settled(subject)
    looked = subject.endpoint.lookup(message)
    if subject.can.finds != "yes":
        return asks_a_person(looked, subject)
    assert [(each.payer, each.amount, each.reference) for each in looked.answers] == [
        (each.payer, each.amount, each.reference) for each in told.answers
    ]
    assert looked.reference == told.reference
    return None


def test_what_is_not_seen_yet_is_not_sent_again_before_the_longest_delay(subject: Subject) -> None:
    message = subject.message(Stage.SETTLE)
    early = subject.again(message, 0)
    assert early.outcome is Outcome.UNKNOWN
    assert early.retry_after is not None or subject.can.finds != "yes"
    assert subject.settled() == 0
    late = subject.again(message)
    if subject.can.finds != "yes":
        asks_a_person(late, subject)
        assert subject.settled() == 0, "no time that passes proves anything here"
        return
    assert early.retry_after is not None and early.retry_after >= 1
    assert late.outcome is Outcome.ACCEPTED
    assert subject.settled() == 1


def test_a_trial_and_a_question_have_no_effect(subject: Subject) -> None:
    before = subject.year()
    subject.through(Stage.ELIGIBILITY)
    tried = subject.through(Stage.TRIAL)
    assert tuple(answer.payer for answer in tried) == (subject.facts.payers if subject.can.divides else ())
    assert (subject.settled(), subject.paid(), subject.year()) == (0, Money(0), before)
    settled = subject.through(Stage.SETTLE)
    assert [(each.payer, each.amount) for each in tried] == [(each.payer, each.amount) for each in settled]


def test_a_statement_says_what_was_settled(subject: Subject) -> None:
    answers = subject.through(Stage.SETTLE)
    day = subject.facts.settlement.on
    if subject.can.lists != "yes":
        with pytest.raises(AdapterError) as caught:
            subject.endpoint.remittance(day, FACILITY)
        assert codes(caught.value) == [subject.can.lists]
        return
    statement = subject.endpoint.remittance(day, FACILITY)
    assert (statement.day, statement.count) == (day, 1)
    assert statement.total == Money.total(answer.amount for answer in answers)
    assert {(line.key, line.payer, line.amount, line.reversed) for line in statement.lines} == {
        (f"{subject.facts.key}.settle", answer.payer, answer.amount, False) for answer in answers
    }
    nothing = subject.endpoint.remittance(day - timedelta(days=1), FACILITY)
    assert (nothing.count, nothing.total, nothing.lines) == (0, Money(0), ())


@pytest.mark.parametrize("subject", ["nhsa inland", "nhsa coastal", "aid-xml"], indirect=True)
def test_where_no_statement_is_listed_our_side_is_compared_or_it_is_said_that_nothing_can_be(subject: Subject) -> None:
    answers = subject.through(Stage.SETTLE)
    message, day = subject.message(Stage.SETTLE), subject.facts.settlement.on
    exchange = next(each for each in subject.said if each.message == message)
    shares = tuple((answer.payer, answer.amount) for answer in answers)
    booked = Booked(exchange, day, subject.facts.claim.total, shares)
    told = subject.endpoint.statement(day, FACILITY, OurSide(booked=(booked,)))
    if told.remittance is None:
        assert told.silent is not None and told.silent.code == subject.can.lists
        assert not subject.can.divides
        return
    assert (told.remittance.count, told.remittance.total) == (1, subject.due(answers))
    assert {(line.key, line.payer, line.amount) for line in told.remittance.lines} == {
        (message.key, payer, amount) for payer, amount in shares
    }


def test_a_reversal_is_equal_and_opposite_and_happens_once(subject: Subject) -> None:
    before = subject.year()
    answers = subject.through(Stage.SETTLE)
    assert subject.year() != before
    back = subject.through(Stage.REVERSE)
    assert {each.payer: each.amount for each in back} == {each.payer: -each.amount for each in answers}
    looked = subject.again(subject.message(Stage.REVERSE))
    assert (looked.outcome, looked.sent) == (Outcome.ACCEPTED, False)
    assert {each.payer: each.amount for each in looked.answers} == {each.payer: each.amount for each in back}
    assert (subject.settled(), subject.paid()) == (0, Money(0))
    assert subject.year() == before, "the year is where it was"
    if subject.can.lists == "yes":
        statement = subject.endpoint.remittance(subject.facts.settlement.on, FACILITY)
        assert (statement.count, statement.total) == (0, Money(0))
        assert all(line.reversed for line in statement.lines)


def test_a_refusal_says_why_and_has_no_effect(subject: Subject) -> None:
    message = subject.refusing()
    receipt = subject.endpoint.deliver(message)
    assert receipt.outcome is Outcome.REJECTED
    assert receipt.body and receipt.issues
    assert all(issue.zh and issue.en and issue.hint_zh and issue.hint_en for issue in receipt.issues)
    for secret in (*SECRETS, "T99999999"):
        assert secret not in str(receipt.issues)
    assert subject.settled() == 0
    # where files are exchanged the receipt stays and goes on saying no
    left = {"folder": Outcome.REJECTED}.get(subject.name, Outcome.NOT_SEEN)
    looked = subject.endpoint.lookup(message)
    if subject.can.finds == "yes":
        assert looked.outcome is left
    else:
        asks_a_person(looked, subject)


def test_an_answer_of_another_claim_is_not_taken(subject: Subject) -> None:
    """The look-up of one claim never answers for another."""
    other = subject.other()
    subject.through(Stage.SETTLE)
    looked = subject.endpoint.lookup(other)
    assert looked.answers == ()
    assert looked.outcome in (Outcome.NOT_SEEN, Outcome.UNKNOWN)
    assert looked.outcome is Outcome.NOT_SEEN or looked.issues or subject.name.startswith("nhsa")


def test_the_payers_of_the_facts_are_those_of_the_scheme() -> None:
    insurance, aid = facts_for("fhir bureau"), facts_for("fhir aid")
    assert insurance.payers == (Payer.BASIC, Payer.CRITICAL_ILLNESS)
    assert aid.payers == (Payer.MEDICAL_AID,)
    assert [answer.payer for answer in aid.earlier] == [Payer.BASIC, Payer.CRITICAL_ILLNESS]
