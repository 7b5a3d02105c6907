"""The patient's part: any sequence of acts keeps the balance, to the fen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.case import PatientPartState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.rules.programme.patient_part import PatientPart
from tests.support.collection import part

ACTS = st.lists(
    st.tuples(st.sampled_from(["bill", "reverse", "pay", "refund", "adjust"]), st.integers(1, 300_000)), max_size=30
)


@settings(deadline=None, max_examples=200)
@given(share=st.integers(0, 300_000), acts=ACTS)
def test_any_sequence_keeps_the_balance(share: int, acts: list[tuple[str, int]]) -> None:
    owed = PatientPart("CASE", Money(share), "cite")
    cash = ZERO
    for act, fen in acts:
        amount = Money(fen)
        try:
            if act == "bill":
                owed = owed.with_share(amount)
            elif act == "reverse":
                owed = owed.with_share(ZERO)
            elif act == "pay":
                owed, cash = owed.pay(amount), cash + amount
            elif act == "refund":
                owed, cash = owed.refund(amount), cash - amount
            else:
                owed = owed.adjust(amount)
        except AdapterError as refused:
            assert refused.issues[0].code in ("PRG-273", "PRG-278", "PRG-287")
        assert cash == owed.paid - owed.refunded >= ZERO
        assert owed.balance == owed.share - cash - owed.adjusted
        assert owed.still_open - owed.refund_due == owed.balance
        assert not (owed.still_open and owed.refund_due)
        assert (owed.state() is PatientPartState.REFUND_DUE) == (owed.balance < ZERO)
    settled = owed.refund(owed.refund_due) if owed.refund_due else owed
    assert settled.balance >= ZERO


@pytest.mark.rule("X-09")
def test_a_fen_either_side() -> None:
    owed = part("100.00")
    assert owed.pay(Money.yuan("99.99")).still_open == Money(1)
    assert owed.pay(Money.yuan("100.00")).state() is PatientPartState.PAID
    with pytest.raises(AdapterError) as refused:
        owed.pay(Money.yuan("100.01"))
    assert refused.value.issues[0].code == "PRG-273"


def test_before_the_final_bill_nothing_is_taken_in_advance() -> None:
    owed = part("100.00").with_share(Money.yuan("40.00"), final=False)
    with pytest.raises(AdapterError) as refused:
        owed.pay(Money.yuan("40.01"))
    assert refused.value.issues[0].code == "PRG-271"
    paid = owed.pay(Money.yuan("40.00"))
    assert paid.state() is PatientPartState.PART_PAID, "incurred and paid so far is not paid"
    assert paid.with_share(Money.yuan("35.00")).refund_due == Money.yuan("5.00")


def test_a_reversal_makes_a_refund_due_and_a_new_version_credits_it() -> None:
    paid = part("100.00").pay(Money.yuan("100.00"))
    reversed_ = paid.with_share(ZERO)
    assert reversed_.refund_due == Money.yuan("100.00")
    assert paid.with_share(Money.yuan("120.00")).still_open == Money.yuan("20.00")
    assert reversed_.refund(Money.yuan("100.00")).state() is PatientPartState.REFUNDED


def test_what_the_hospital_gave_up_is_never_paid_out() -> None:
    owed = part("100.00").adjust(Money.yuan("30.00")).pay(Money.yuan("70.00"))
    assert owed.state() is PatientPartState.PAID
    assert owed.with_share(ZERO).refund_due == Money.yuan("70.00")


@pytest.mark.parametrize(
    ("on_plan", "overdue", "state"),
    [
        (False, False, PatientPartState.PART_PAID),
        (True, False, PatientPartState.ON_PLAN),
        (True, True, PatientPartState.OVERDUE),
        (False, True, PatientPartState.OVERDUE),
    ],
)
def test_dates_and_plans_say_the_rest(on_plan: bool, overdue: bool, state: PatientPartState) -> None:
    assert part("100.00", Money(1)).state(on_plan=on_plan, overdue=overdue) is state


def test_totals_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        PatientPart("CASE", Money(-1), "cite")
    with pytest.raises(ValueError, match="more is given up"):
        PatientPart("CASE", Money(1), "cite", refunded=Money(1))
    with pytest.raises(ValueError, match="above zero"):
        part().pay(ZERO)
