"""Repayment plans: the rows are the balance, and payments of any size leave it so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.issues import AdapterError, SettingMissing
from adapter.model.money import ZERO, Money
from adapter.rules.programme.instalments import Instalment, discharge_answer, must_resign, sign_plan, spread, standing
from adapter.rules.programme.patient_part import PatientPart
from tests.support.collection import CASE, CERTIFICATE, COUNTY, SIGNED, TABLE, YONGZHOU, part, plan, rows, terms

APRIL, MAY, JUNE = date(2020, 4, 20), date(2020, 5, 20), date(2020, 6, 20)
DAY = timedelta(days=1)


@pytest.mark.rule("B-20")
@pytest.mark.rule("X-09")
@pytest.mark.parametrize("row", TABLE["plans"], ids=lambda row: str(row["name"]))
def test_a_plan_at_the_window(row: dict[str, Any]) -> None:
    owed = part("1000.00")
    wanted = [
        Instalment(number, date.fromisoformat(due), Money.yuan(amount))
        for number, (due, amount) in enumerate(row["rows"], 1)
    ]
    paper = None if row.get("certificate") == "no" else CERTIFICATE
    if paper and row.get("sealed") == "no":
        paper = replace(paper, confirmed_by=None)
    codes = []
    try:
        signed = sign_plan(owed, wanted, paper, terms(YONGZHOU), signed=SIGNED, signed_by="99999")
        assert signed.total == owed.balance and signed.cite == "永卫计发〔2017〕67号 三(二)"
    except AdapterError as refused:
        codes = [issue.code for issue in refused.issues]
    assert codes == list(row["refused"])


def test_a_stranger_paper_or_no_signature_is_refused() -> None:
    copy = replace(CERTIFICATE, original=False)
    with pytest.raises(AdapterError) as refused:
        sign_plan(part(), rows(part().balance, APRIL), copy, terms(YONGZHOU), signed=SIGNED, signed_by=" ")
    assert [issue.code for issue in refused.value.issues] == ["PRG-277", "PRG-281"]


def test_no_plan_before_the_final_bill_and_none_over_nothing() -> None:
    running = part().with_share(Money.yuan("500.00"), final=False)
    for owed in (running, part("500.00", Money.yuan("500.00"))):
        with pytest.raises(AdapterError) as refused:
            sign_plan(owed, rows(Money(50_000), APRIL), CERTIFICATE, terms(YONGZHOU), signed=SIGNED, signed_by="9")
        assert "PRG-274" in [issue.code for issue in refused.value.issues]


@pytest.mark.rule("A-16")
def test_the_county_plan_wants_payment_at_once() -> None:
    with pytest.raises(AdapterError) as refused:
        sign_plan(part(), rows(part().balance, APRIL), CERTIFICATE, terms(COUNTY), signed=SIGNED, signed_by="9")
    assert refused.value.issues[0].code == "PRG-270"
    assert not discharge_answer(part(), None, ZERO, terms(COUNTY)).allowed
    paid = discharge_answer(part("10.00", Money.yuan("10.00")), None, ZERO, terms(COUNTY))
    assert paid.allowed and paid.cite == "县区方案2021 三(三)"


def test_the_longest_term_is_asked_for_while_unset() -> None:
    unset = terms(YONGZHOU, repayment_longest_days=None)
    with pytest.raises(SettingMissing) as refused:
        sign_plan(part(), rows(part().balance, APRIL), CERTIFICATE, unset, signed=SIGNED, signed_by="9")
    assert refused.value.issues[0].code == "PRG-201"


@pytest.mark.rule("B-19")
@pytest.mark.rule("B-20")
def test_discharge_waits_for_payment_or_a_signed_plan() -> None:
    owed, under = part("1000.00"), terms(YONGZHOU)
    refused = discharge_answer(owed, None, ZERO, under)
    assert not refused.allowed and "困难证明" in refused.zh and refused.cite == "永卫计发〔2017〕67号 三(二)"
    signed = plan(owed, APRIL, MAY)
    assert discharge_answer(owed, signed, ZERO, under).allowed
    assert not discharge_answer(owed.with_share(Money.yuan("1200.00")), signed, ZERO, under).allowed, (
        "no longer the balance"
    )
    assert not discharge_answer(owed.with_share(ZERO, final=False), None, ZERO, under).allowed


@given(balance=st.integers(1, 10**9), count=st.integers(1, 60))
@settings(deadline=None, max_examples=200)
@pytest.mark.rule("T-26")
def test_rows_add_up_to_the_fen(balance: int, count: int) -> None:
    dues = [SIGNED + n * DAY for n in range(count)]
    if balance < count:
        with pytest.raises(ValueError, match="at least a fen"):
            spread(Money(balance), dues)
        return
    made = spread(Money(balance), dues)
    assert Money.total(row.amount for row in made) == Money(balance)
    assert len({row.amount for row in made[:-1]}) <= 1 and made[-1].amount >= made[0].amount
    assert made[-1].amount - made[0].amount < Money(count)


@given(balance=st.integers(3, 10**7), payments=st.lists(st.integers(1, 10**6), max_size=12), after=st.integers(0, 120))
@settings(deadline=None, max_examples=200)
def test_payments_of_any_size_fill_the_oldest_row_first(balance: int, payments: list[int], after: int) -> None:
    signed = plan(part(Money(balance).text), APRIL, MAY, JUNE)
    paid = Money.total(map(Money, payments))
    on = SIGNED + after * DAY
    found = standing(signed, paid, on)
    assert Money.total(each.paid for each in found.rows) + found.over == paid
    assert all(each.paid + each.left == each.row.amount and min(each.paid, each.left) >= ZERO for each in found.rows)
    assert Money.total(each.left for each in found.rows) == max(signed.total - paid, ZERO)
    unpaid = [each for each in found.rows if each.left]
    assert all(not each.paid for each in unpaid[1:]), "no later row is touched before the one before it is full"
    wanted = Money.total(row.amount for row in signed.rows if row.due < on)
    assert found.overdue == max(wanted - paid, ZERO)
    assert found.kept == (found.overdue == ZERO) and found.done == (paid >= signed.total)


def test_overdue_begins_the_day_after() -> None:
    signed = plan(part("900.00"), APRIL, MAY, JUNE)
    assert standing(signed, ZERO, APRIL).kept
    late = standing(signed, Money.yuan("299.99"), APRIL + DAY)
    assert (late.overdue, late.overdue_since, late.next_due) == (Money(1), APRIL + DAY, signed.rows[0])
    assert standing(signed, Money.yuan("900.00"), JUNE + DAY).done, "early payment is allowed"


def test_a_renegotiated_plan_replaces_and_its_term_still_counts_from_the_first() -> None:
    owed = part("900.00")
    first = plan(owed, APRIL, MAY, JUNE)
    after = owed.pay(Money.yuan("100.00"))
    second = plan(after, JUNE, date(2020, 9, 16), before=first, signed=MAY)
    assert (second.version, second.first_signed, second.total) == (2, SIGNED, Money.yuan("800.00"))
    with pytest.raises(AdapterError) as refused:
        plan(after, JUNE, date(2020, 9, 17), before=first, signed=MAY)
    assert [issue.code for issue in refused.value.issues] == ["PRG-276"]


ACTS = st.lists(st.tuples(st.sampled_from(["pay", "bill", "renegotiate"]), st.integers(1, 200_000)), max_size=15)


@given(share=st.integers(10, 300_000), acts=ACTS)
@settings(deadline=None, max_examples=150)
def test_a_plan_is_the_balance_or_must_be_signed_again(share: int, acts: list[tuple[str, int]]) -> None:
    """Payments, new bill versions and renegotiations in any order."""
    owed = PatientPart(CASE, Money(share), "cite")
    running, since = plan(owed, MAY, JUNE), ZERO
    for act, fen in acts:
        if act == "pay" and owed.still_open:
            amount = min(Money(fen), owed.still_open)
            owed, since = owed.pay(amount), since + amount
        elif act == "bill":
            owed = owed.with_share(Money(fen))
        elif act == "renegotiate" and owed.still_open.fen >= 2:
            running, since = plan(owed, MAY, JUNE, before=running), ZERO
        found = standing(running, since, SIGNED)
        left = Money.total(each.left for each in found.rows) - found.over
        assert must_resign(running, since, owed) == (left != owed.balance)
    if owed.still_open.fen >= 2:
        assert not must_resign(plan(owed, MAY, JUNE, before=running), ZERO, owed)
