"""Payments, refunds and plans as acts: any order of them, with reversals between, keeps the books on the fen."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.cases import reverse, settle
from adapter.cases.tools import Tools
from adapter.cases.window import payments, plans
from adapter.cases.window.payments import Method
from adapter.model.case import PatientPartState
from adapter.model.issues import AdapterError, MoveRefused, SettingMissing
from adapter.model.money import ZERO, Money
from tests.support.collection import COUNTY
from tests.support.office import Story, act, case_id, codes, row_of, settle_case, take_in, work
from tests.support.patient_part import (
    STAY,
    account,
    balances,
    books_agree,
    days,
    later,
    pay,
    refund,
    resources,
    settled,
    sign,
    state,
    with_collection,
)

CASE = case_id(STAY)
FEN = Money(1)


@pytest.fixture
def desk(tools: Tools) -> Tools:
    return with_collection(tools)


def undo(tools: Tools) -> None:
    reverse.start_reversal(CASE, tools, act(tools, "费用更正"))
    assert work(tools)


def dearer(told: Story) -> None:
    told["stays"][0]["lines"].append({"item": "5103", "on": "2021-05-12"})  # all of it the patient's own


@pytest.mark.rule("B-19")
@pytest.mark.rule("X-09")
@pytest.mark.rule("B-18")
def test_part_and_full_payment_close_the_patients_part(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    assert owed > FEN and state(desk) == "open"
    assert not payments.discharge_check(CASE, desk).allowed
    first = pay(desk, FEN, "R1")
    assert (first.state, first.account.part.still_open) == (PatientPartState.PART_PAID, owed - FEN)
    last = pay(desk, owed - FEN, "R2", Method.WECHAT)
    assert last.state is PatientPartState.PAID and not last.account.part.still_open
    assert payments.discharge_check(CASE, desk).allowed
    assert balances(desk)["cash/cash"] == FEN and balances(desk)["cash/wechat"] == owed - FEN
    books_agree(desk)


def test_a_fen_too_much_and_nothing_are_refused(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    for amount, code in ((owed + FEN, "PRG-273"), (ZERO, "CASE-387"), (-FEN, "CASE-387")):
        with pytest.raises(AdapterError) as refused:
            pay(desk, amount, "R1")
        assert codes(refused.value) == [code]
    with pytest.raises(AdapterError) as refused:
        pay(desk, FEN, " ")
    assert codes(refused.value) == ["CASE-388"]
    with pytest.raises(AdapterError) as refused:
        refund(desk, FEN, "R1")
    assert codes(refused.value) == ["PRG-278"]
    assert account(desk).movements == ()


def test_the_same_receipt_is_booked_once(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    assert not pay(desk, Money(100), "R1").again
    assert pay(desk, Money(100), "R1").again
    with pytest.raises(AdapterError) as refused:
        pay(desk, Money(101), "R1")
    assert codes(refused.value) == ["CASE-371"]
    assert account(desk).part.paid == Money(100)
    books_agree(desk)


def test_a_payment_is_written_in_fhir_and_the_hospitals_record_has_it(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    pay(desk, Money(12345), "R1", Method.CARD)
    (notice,) = resources(desk, "PaymentNotice")
    (received,) = [each for each in resources(desk, "PaymentReconciliation") if "detail" in each]
    assert str(received["paymentAmount"]["value"]) == "123.45" and str(notice["amount"]["value"]) == "123.45"
    assert notice["payment"]["reference"] == f"PaymentReconciliation/{received['id']}"
    assert notice["paymentStatus"]["coding"][0]["code"] == "paid"
    assert received["extension"][0]["valueCoding"]["code"] == "card"


def test_nothing_is_paid_before_there_is_a_bill(desk: Tools, tmp_path: Path) -> None:
    take_in(desk, tmp_path, STAY)
    with pytest.raises(AdapterError) as refused:
        pay(desk, FEN, "R1")
    assert codes(refused.value) == ["PRG-271"]


def test_while_the_bill_is_under_way_no_money_moves(desk: Tools, tmp_path: Path) -> None:
    take_in(desk, tmp_path, STAY)
    settle.start_trial(CASE, desk, act(desk))
    assert work(desk)
    settle.start_settlement(CASE, desk, act(desk))
    with pytest.raises(AdapterError) as refused:
        pay(desk, FEN, "R1")
    assert codes(refused.value) == ["CASE-370"]


@pytest.mark.rule("A-16")
def test_a_reversal_makes_a_refund_due_and_leaves_the_money_in_the_books(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    pay(desk, owed, "R1")
    undo(desk)
    assert state(desk) == "refund-due"
    assert balances(desk) == {"cash/cash": owed, "receivable/patient": -owed}
    part = refund(desk, owed, "R2")
    assert part.state is PatientPartState.REFUNDED
    assert balances(desk) == {}
    books_agree(desk)


def test_what_was_paid_is_credited_when_the_case_is_settled_again(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    pay(desk, owed, "R1")
    undo(desk)
    take_in(desk, tmp_path, STAY, changed=dearer)
    settle_case(STAY, desk)
    again = account(desk).part
    assert row_of(STAY, desk).version == 2 and again.share > owed
    assert again.still_open == again.share - owed and state(desk) == "part-paid"
    pay(desk, again.still_open, "R2")
    assert state(desk) == "paid"
    books_agree(desk)


def test_a_reversal_of_an_unpaid_bill_opens_the_part_again(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    undo(desk)
    assert state(desk) == "open" and account(desk).part.share == ZERO
    settle_case(STAY, desk)
    assert state(desk) == "open" and account(desk).part.still_open


@pytest.mark.rule("B-20")
def test_a_plan_is_kept_early_in_part_and_to_the_end(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    signed = sign(desk, 30, 60, 90)
    assert signed.plan.total == owed and state(desk) == "on-plan" and state(desk, "plan", "1") == "signed"
    assert payments.discharge_check(CASE, desk).allowed
    pay(desk, signed.plan.rows[0].amount + FEN, "R1")  # a row early, and a fen of the next
    shown = plans.plan_of(CASE, desk)
    assert [row.left for row in shown.standing.rows] == [
        ZERO,
        signed.plan.rows[1].amount - FEN,
        signed.plan.rows[2].amount,
    ]
    assert state(desk) == "on-plan"
    pay(desk, account(desk).part.still_open, "R2")
    assert (state(desk), state(desk, "plan", "1")) == ("paid", "fulfilled")
    (contract,) = resources(desk, "Contract")
    assert contract["status"] == "terminated" and len(contract["term"][0]["asset"][0]["valuedItem"]) == 3
    books_agree(desk)


@pytest.mark.rule("B-20")
def test_a_renegotiated_plan_replaces_the_first_and_keeps_its_longest_term(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    first = sign(desk, 30, 60)
    pay(desk, Money(50), "R1")
    later(desk, 10)
    second = sign(desk, 100, 160)
    assert second.plan.version == 2 and second.plan.first_signed == first.plan.signed
    assert second.plan.total == account(desk).part.still_open
    assert (state(desk, "plan", "1"), state(desk, "plan", "2")) == ("replaced", "signed")
    with pytest.raises(AdapterError) as refused:
        sign(desk, 171)  # 181 days after the first signing
    assert codes(refused.value) == ["PRG-276"]
    assert sorted(each["status"] for each in resources(desk, "Contract")) == ["executed", "revoked"]


def test_a_plan_is_void_after_a_reversal_and_is_signed_anew(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    sign(desk, 30, 60)
    pay(desk, Money(100), "R1")
    undo(desk)
    assert (state(desk), state(desk, "plan", "1")) == ("refund-due", "void")
    with pytest.raises(AdapterError) as refused:
        sign(desk, 30)
    assert codes(refused.value) == ["CASE-382"]
    settle_case(STAY, desk)
    assert (state(desk), account(desk).part.still_open) == ("part-paid", owed - Money(100))
    assert sign(desk, 30).plan.version == 2
    assert state(desk) == "on-plan"
    books_agree(desk)


def test_a_plan_is_refused_where_its_rows_or_its_proof_are_wrong(desk: Tools, tmp_path: Path) -> None:
    owed = settled(desk, tmp_path)
    dues = days(desk, 30, 60)
    told = act(desk)
    with pytest.raises(AdapterError) as refused:
        plans.sign(CASE, dues, desk, told, amounts=(owed,))  # a row without its amount, and no certificate
    assert codes(refused.value) == ["PRG-277", "PRG-275"]
    with pytest.raises(AdapterError) as refused:
        sign(desk, 30, 60, amounts=(FEN, owed))
    assert codes(refused.value) == ["PRG-274"]
    with pytest.raises(SettingMissing):
        sign(with_collection(desk, repayment_longest_days=None), 30)
    with pytest.raises(AdapterError) as refused:
        sign(with_collection(desk, programme=COUNTY), 30)
    assert codes(refused.value) == ["PRG-270"], "under the county plan the part is paid at once"
    assert state(desk) == "open"


@pytest.mark.rule("A-23")
@pytest.mark.rule("X-15")
def test_a_reward_is_off_by_default_and_no_payer_bears_it(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    with pytest.raises(AdapterError) as refused:
        payments.grant_reward(CASE, with_collection(desk, programme=COUNTY), act(desk))
    assert codes(refused.value) == ["CASE-383"]
    generous = with_collection(desk, programme=COUNTY, rewards="reduction", reward_share="0.10")
    with pytest.raises(AdapterError) as refused:
        payments.grant_reward(CASE, generous, act(desk))
    assert codes(refused.value) == ["CASE-383"], "nobody is rewarded without a history"


def test_a_move_that_no_table_has_is_refused(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    with pytest.raises(MoveRefused), desk.ledger.transaction() as tx:
        tx.move(CASE, "patient-part", PatientPartState.WRITTEN_OFF, **act(desk).said)


def test_a_deposit_that_is_held_pays_and_no_more_than_it(desk: Tools, tmp_path: Path) -> None:
    stay, held = "300010006", Money.yuan("500.00")  # a fight: refused, so that a deposit is held

    def use(amount: Money, receipt: str) -> payments.Moved:
        return payments.pay(case_id(stay), amount, Method.DEPOSIT, receipt, desk, act(desk))

    def smaller(told: Story) -> None:
        told["stays"][0]["deposits"][0]["amount"] = held.text

    take_in(desk, tmp_path, stay, changed=smaller)
    settle_case(stay, desk)
    owed = account(desk, stay).part.share
    assert owed > held and row_of(stay, desk).deposit == "received"
    with pytest.raises(AdapterError) as refused:
        use(held + FEN, "D1")
    assert codes(refused.value) == ["CASE-381"]
    assert use(held, "D1").account.part.still_open == owed - held
    assert row_of(stay, desk).deposit == "applied"
    with pytest.raises(AdapterError) as refused:
        use(FEN, "D2")
    assert codes(refused.value) == ["CASE-381"], "a deposit is used once"


def test_a_deposit_that_nobody_holds_pays_nothing(desk: Tools, tmp_path: Path) -> None:
    settled(desk, tmp_path)
    with pytest.raises(AdapterError) as refused:
        pay(desk, FEN, "D1", Method.DEPOSIT)
    assert codes(refused.value) == ["CASE-381"]
