"""Real life: each file of fixtures/endpoints/scenarios played to its end, with the money and the states checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import advance, call_desk, compensate, outgoing, reverse, settle
from adapter.cases.reading import his_resources
from adapter.cases.replay import replay
from adapter.cases.tools import OfficeRules, Presented, Tools
from adapter.cases.variances import close_variance, variances
from adapter.cases.window import checks, credit, payments
from adapter.cases.window.account import account_of
from adapter.cases.window.late_payer import add_late_payer
from adapter.cases.window.payments import Method
from adapter.cases.window.record import record_of
from adapter.counterparts.aid_xml import bad_days as aid_days
from adapter.counterparts.faults import FHIR_OWN, fault_of
from adapter.counterparts.nhsa import faults as nhsa_faults
from adapter.counterparts.scenarios import Scenario, load_scenario
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.case import BillState, EntitlementState, PatientPartState
from adapter.model.claim import LineSplit
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.reference import Cause
from adapter.model.settlement import Authority, Payer, Settlement
from adapter.model.window import StayFacts
from adapter.rules.programme.credit import Debtor, DebtorKind, Trigger
from tests.support.bad_days import CREDENTIAL, STAY, BadDay, bad_day
from tests.support.counterparts import ROOT
from tests.support.office import Story, act, case_id, codes, row_of, settlement_of, take_in
from tests.support.patient_part import with_collection

HOME = ROOT / "fixtures" / "endpoints" / "scenarios"
FILES: Mapping[str, Scenario] = {path.stem: load_scenario(path) for path in sorted(HOME.glob("*.yaml"))}
CASE = case_id(STAY)
Y = Money.yuan


def play(day: BadDay, scenario: str, part: str) -> None:
    day.script(*FILES[scenario].parts[part].faults)


def admit(day: BadDay, folder: Path) -> None:
    assert not take_in(day.tools, folder, STAY).stopped


def closed(day: BadDay) -> Settlement:
    row = row_of(STAY, day.tools)
    assert (row.bill, row.held) == (BillState.SETTLED, False), codes(row)
    return settlement_of(STAY, day.tools, row.version)


def books(tools: Tools) -> dict[str, Money]:
    with tools.ledger.reading() as tx:
        return {name: amount for name, amount in tx.balances(CASE).items() if amount}


@pytest.mark.slow
def test_card_at_the_window(tmp_path: Path) -> None:
    with bad_day("nhsa-inland", tmp_path, card=True) as day:
        admit(day, tmp_path)
        day.try_it()
        assert codes(row_of(STAY, day.tools)) == ["CASE-426", "DEL-543"]
        assert day.road is not None and day.road.asked == [], "nothing goes out without it"
        for _ in range(6):
            if row_of(STAY, day.tools).held:
                shown = Presented(CREDENTIAL)
                call_desk.present_at_window(CASE, "insurance", day.tools, act(day.tools, "已出示"), credential=shown)
                day.work()
        assert not row_of(STAY, day.tools).held
        settle.start_settlement(CASE, day.tools, act(day.tools))
        day.work()
        while row_of(STAY, day.tools).held:
            assert "DEL-543" in codes(row_of(STAY, day.tools))
            shown = Presented(CREDENTIAL)
            call_desk.present_at_window(CASE, "insurance", day.tools, act(day.tools, "已出示"), credential=shown)
            day.work()
        assert closed(day).share_of(Payer.BASIC) > ZERO
        assert (day.settled(), day.sent()) == (1, 1)
        with day.tools.ledger.reading() as tx:
            assert record_of(tx, CASE).documents == (), "with a credential there is no card to hold"
    assert not [file for file in tmp_path.glob("adapter.db*") if CREDENTIAL.encode() in file.read_bytes()]


def test_endpoint_down(tmp_path: Path) -> None:
    with bad_day("fhir-aid", tmp_path, rules=OfficeRules(advance_difference="hospital")) as day:
        admit(day, tmp_path)
        day.try_it()
        play(day, "endpoint-down", "down")
        settle.start_settlement(CASE, day.tools, act(day.tools))
        day.work(minutes=3)
        advanced = advance.advance_bill(CASE, day.tools, act(day.tools, "患者要出院"))
        aid = advanced.share_of(Payer.MEDICAL_AID)
        row = row_of(STAY, day.tools)
        assert (row.bill, row.patient_part) == (BillState.SETTLED_ADVANCED, PatientPartState.OPEN)
        assert {each.payer: each.authority for each in advanced.shares}[Payer.MEDICAL_AID] is Authority.EXPECTED
        assert books(day.tools)["advanced/medical-aid"] == aid > ZERO
        payments.pay(CASE, advanced.patient_pays, Method.CASH, "R-1", day.tools, act(day.tools, "收款"))
        assert row_of(STAY, day.tools).patient_part is PatientPartState.PAID
        play(day, "endpoint-down", "back")
        outgoing.retry(f"{CASE}.v1.aid.settle", day.tools, act(day.tools, "平台已恢复"))
        day.work(minutes=24 * 60)
        after = closed(day)
        assert after.share_of(Payer.MEDICAL_AID) == aid - Y("10.00")
        assert (day.settled(), day.told()["settled_twice"]) == (1, {})
        assert books(day.tools)["receivable/medical-aid"] == aid - Y("10.00")
        assert books(day.tools)["given-up/hospital"] == Y("10.00")
        with day.tools.ledger.reading() as tx:
            assert account_of(tx, CASE).part.still_open == ZERO, "the patient hears nothing of it"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("debtor", "listed"),
    [
        (Debtor("88004", DebtorKind.PATIENT, born=date(1983, 1, 25), died=date(2021, 5, 16)), False),
        (Debtor("C-1", DebtorKind.RELATIVE, born=date(2015, 1, 1)), False),
        (Debtor("E-1", DebtorKind.ESTATE), False),
        (Debtor("R-1", DebtorKind.RELATIVE, born=date(1960, 1, 1)), True),
    ],
    ids=["dead", "minor", "estate", "relative"],
)
def test_clinical_end(debtor: Debtor, listed: bool, tmp_path: Path) -> None:
    with bad_day("fhir", tmp_path) as day:
        admit(day, tmp_path)
        tools = with_collection(day.tools)
        assert payments.discharge_check(CASE, tools) is not None
        day.try_it()
        day.settle()
        owed = closed(day).patient_pays
        assert owed > ZERO and row_of(STAY, tools).patient_part is PatientPartState.OPEN
        credit.record_debtor(CASE, debtor, tools, act(tools, "债务人"))
        day.clock.moment = day.clock.moment.replace(month=day.clock.moment.month + 3)
        today = day.clock.moment.date()
        try:
            credit.propose(CASE, Trigger.UNSETTLED, ["提醒函"], tools, act(tools, "未付"), noticed=today)
            credit.confirm(CASE, tools, act(tools, "已核实"))
        except AdapterError as refused:
            assert (codes(refused), listed) == (["PRG-280"], False)
        else:
            assert listed
        assert credit.desk("qingshi_county", "88004", tools, act(tools)).deferral, "the patient stays clear"
        assert books(tools)["receivable/patient"] == owed, "the debt stands all the same"


@pytest.mark.slow
@pytest.mark.parametrize("left", ["2", "4", "5", "9"], ids=["transferred", "against-advice", "dead", "absconded"])
def test_however_the_patient_left_the_stay_is_settled(left: str, tmp_path: Path) -> None:
    def leaves(told: Story) -> None:
        told["stays"][0]["left"] = left

    with bad_day("fhir", tmp_path) as day:
        assert not take_in(day.tools, tmp_path, STAY, changed=leaves).stopped
        day.try_it()
        day.settle()
        settlement, row = closed(day), row_of(STAY, day.tools)
        assert (row.bill, row.patient_part) == (BillState.SETTLED, PatientPartState.OPEN)
        assert settlement.total == Y("1006.95")


def test_emergency_unnamed(tmp_path: Path) -> None:
    def unnamed(told: Story) -> None:
        nobody = {"name": "无名氏", "sex": "0", "born": "", "id": "", "nature": "1000", "record": "E0001"}
        told["persons"]["TMP20210510"] = nobody
        told["stays"][0]["person"] = "TMP20210510"
        told["stays"][0]["deposits"] = [{"on": told["stays"][0]["lines"][0]["from"], "amount": "500.00"}]

    def identified(told: Story) -> None:
        told["stays"][0]["deposits"] = [{"on": told["stays"][0]["lines"][0]["from"], "amount": "500.00"}]

    with bad_day("fhir", tmp_path) as day:
        take_in(day.tools, tmp_path, STAY, changed=unnamed)
        first = row_of(STAY, day.tools)
        assert first.person_key == "TMP20210510" and first.entitlement is not EntitlementState.GRANTED
        take_in(day.tools, tmp_path, STAY, changed=identified)
        row = row_of(STAY, day.tools)
        assert (row.case_id, row.person_key, row.entitlement) == (first.case_id, "88004", EntitlementState.GRANTED)
        with day.tools.ledger.reading() as tx:
            assert tx.paper(CASE, "deposit-refund") is not None
            assert his_resources(tx, CASE)
        day.try_it()
        day.settle()
        before = closed(day)
        told = act(day.tools, "应急救助基金到账")
        add_late_payer(
            CASE, Payer.EMERGENCY_FUND, Y("50.00"), "E-1", "救助通知 7 号", day.tools, told, received=date(2026, 3, 9)
        )
        after = closed(day)
        assert after.patient_pays == before.patient_pays - Y("50.00")
        assert after.share_of(Payer.EMERGENCY_FUND) == Y("50.00")
        assert day.settled() == 1, "the payers are not asked again"


def test_line_refused(tmp_path: Path) -> None:
    with bad_day("nhsa-inland", tmp_path) as day:
        admit(day, tmp_path)
        play(day, "line-refused", "refused")
        day.try_it()
        row = row_of(STAY, day.tools)
        assert row.held and "DEL-548" in codes(row)
        with pytest.raises(AdapterError):
            settle.start_settlement(CASE, day.tools, act(day.tools))
        assert day.settled() == 0
        play(day, "line-refused", "taken")
        day.later(minutes=16)
        day.try_it()
        day.settle()
        bill = closed(day)
        (taken,) = day.told()["lines"].values()
        with day.tools.ledger.reading() as tx:
            charged = [each for each in his_resources(tx, CASE) if each["resourceType"] == "ChargeItem"]
        assert taken == len(charged), "no line was dropped"
        assert day.settled() == 1 and bill.total == Y("1006.95")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fhir", "nhsa-inland"])
def test_third_party(kind: str, tmp_path: Path) -> None:
    with bad_day(kind, tmp_path) as day:
        admit(day, tmp_path)
        day.try_it()
        before = settle.estimate(CASE, day.tools, act(day.tools)).settlement
        facts = StayFacts(cause=Cause.TRAFFIC_ACCIDENT, third_party=True, third_party_amount=Y("100.00"))
        checks.record_facts(CASE, facts, day.tools, act(day.tools, "事故认定书"))
        with pytest.raises(AdapterError):
            settle.start_settlement(CASE, day.tools, act(day.tools))
        day.try_it()
        if kind == "nhsa-inland":
            assert "DEL-556" in codes(row_of(STAY, day.tools)) and day.settled() == 0
            return
        day.settle()
        bill = closed(day)
        assert bill.total == before.total
        assert bill.share_of(Payer.BASIC) < before.share_of(Payer.BASIC), "the funds do not share what another bears"
        assert day.told()["paid"]["basic"] == bill.share_of(Payer.BASIC).text


def test_line_split_differs(tmp_path: Path) -> None:
    """In scope 1,006.95 − 57.30 − 2.86 = 946.79; basic (946.79 − 500) × 0.85, aid (946.79 − 379.77) × 0.70."""
    with bad_day("nhsa-inland", tmp_path) as day:
        admit(day, tmp_path)
        play(day, "line-split-differs", "otherwise")
        day.try_it()
        day.settle()
        bill = closed(day)
        borne = [(str(each.payer), each.amount.text) for each in bill.shares if each.amount]
        assert borne == [("basic", "379.77"), ("medical-aid", "396.91"), ("patient", "230.27")]
        assert bill.standings[-1].sums == LineSplit(Y("57.30"), ZERO, Y("2.86"), Y("946.79"))
        assert Money.total(split.total for _, split in bill.splits) == bill.total
        (found,) = variances(day.tools)
        line = next(each for each in found.lines if each.amount == Y("57.30"))
        assert (line.code, line.ours.in_scope, line.theirs.full_self_pay) == ("3105", Y("51.57"), Y("57.30"))
        assert line.terms.startswith("chrgitm_lv 03, selfpay_prop 1,")
        shown = [
            part
            for item in benefit(day.tools)["item"]
            if item["net"]["value"] == Y("57.30").decimal
            for part in item["adjudication"]
        ]
        assert {part["category"]["coding"][0]["code"]: str(part["amount"]["value"]) for part in shown} == {
            "full-self-pay": "57.30",
            "eligible": "0.00",
            "expected-pre-self-pay": "5.73",
            "expected-eligible": "51.57",
        }
        with day.tools.ledger.reading() as tx:
            assert [
                each for each in validate([decode(row.body) for row in tx.resources_of_case(CASE)]) if each.stops
            ] == []
        assert [each.issues for each in replay(CASE, day.tools)] == [()], "settled again, it is the same"
        close_variance(CASE, Payer.BASIC, day.tools, act(day.tools, "医保目录已调整"))
        assert variances(day.tools) == []
        reverse.start_reversal(CASE, day.tools, act(day.tools, "目录更新"))
        day.work()
        assert (row_of(STAY, day.tools).bill, books(day.tools), variances(day.tools)) == (BillState.REVERSED, {}, [])
        assert benefit(day.tools)["status"] == "cancelled" and day.settled() == 0


def benefit(tools: Tools) -> dict[str, Any]:
    """The basic insurance's ExplanationOfBenefit in the record."""
    with tools.ledger.reading() as tx:
        found = [decode(row.body) for row in tx.resources_of_case(CASE, ("ExplanationOfBenefit",))]
    basic = f"{CASE}.v1.basic"
    return next(each for each in found if each["identifier"][0]["value"] == basic)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nhsa-inland", "nhsa-coastal"])
def test_not_seen_needs_proof(kind: str, tmp_path: Path) -> None:
    with bad_day(kind, tmp_path) as day:
        admit(day, tmp_path)
        day.try_it()
        play(day, "not-seen-needs-proof", "lands-late")
        day.settle()
        assert (day.settled(), day.sent()) == (1, 1), "nothing was sent again, and what was on its way has landed"
        if kind == "nhsa-inland":
            closed(day)
            return
        row = row_of(STAY, day.tools)
        assert (row.bill, "DEL-552" in codes(row)) == (BillState.SETTLING, True)
        compensate.compensate(f"{CASE}.v1.insurance.settle", day.tools, act(day.tools, "冲正后重新结算"))
        day.work()
        closed(day)
        assert (day.settled(), day.sent(), day.told()["reversed"]) == (1, 2, 1)


@pytest.mark.slow
def test_not_seen_needs_proof_by_files(tmp_path: Path) -> None:
    """The receipt is lost: a person asks for it once more, and reads it; the settlement counts once."""
    with bad_day("folder", tmp_path) as day:
        admit(day, tmp_path)
        day.try_it()
        play(day, "not-seen-needs-proof", "receipt-lost")
        day.settle()
        assert (day.settled(), codes(row_of(STAY, day.tools))[:1]) == (1, ["CASE-323"])
        assert day.courier is not None and day.courier.resume() == 1
        outgoing.retry(f"{CASE}.v1.insurance.settle", day.tools, act(day.tools, "对方补发回执"))
        day.work()
        closed(day)
        assert day.settled() == 1


def test_every_file_is_played_and_every_part_can_be_scripted() -> None:
    played = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert set(FILES) <= played
    own = {
        "bureau": FHIR_OWN,
        "aid": FHIR_OWN,
        "folder": FHIR_OWN,
        "nhsa-bureau": nhsa_faults.OWN,
        "aid-xml": aid_days.OWN,
    }
    for scenario in FILES.values():
        assert scenario.zh and scenario.en.isascii() and scenario.ends_zh and scenario.ends_en.isascii()
        assert f"`{scenario.name}`" in (ROOT / "docs" / "counterparts.md").read_text("utf-8")
        for part in scenario.parts.values():
            for fault in part.faults:
                fault_of(fault, own[part.at])
