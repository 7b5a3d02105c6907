"""Facts, checks and consents at the window: acts win over the window file, and both stay on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import served, settle
from adapter.cases.reading import dossier
from adapter.cases.tools import Tools
from adapter.cases.window import checks, consents, items
from adapter.cases.window.record import record_of
from adapter.fhir.canonical import canonical, decode
from adapter.fhir.validation import validate
from adapter.model.case import Actor, EntitlementState
from adapter.model.claim import ChargeLine, LineSplit, SplitBasis
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.messages import OutboundMessage, Receipt, Stage
from adapter.model.money import ZERO, Money
from adapter.model.reference import Cause, ItemKind
from adapter.model.window import CheckStep, Relation, Signer, StayFacts
from tests.rooms.cases.test_window import refusal, with_settings
from tests.support.office import Story, act, case_id, copy_of_reference, feed_from, row_of, take_in, try_case

STAY = "300010004"  # registered poor under programme B
CASE = case_id(STAY)
FIGHT = "300010006"  # hurt in a fight
COUNTY = "300010020"  # programme A, entitled
COUNTY_CASE = case_id(COUNTY)
MIXED = "300010007"  # entitled, with items that programme B excludes
HIMSELF = Signer(Relation.PATIENT)


def with_own_pay(told: Story) -> None:
    """A companion's fee and a hearing aid, both outside the catalogue; a third one, wholly refunded."""
    told["stays"][0]["lines"] += [
        {"item": "6101", "on": "2024-03-05"},
        {"item": "5102", "on": "2024-03-06"},
        {"item": "6102", "on": "2024-03-06"},
        {"item": "6102", "on": "2024-03-07", "qty": "-1"},
    ]


@pytest.fixture
def county(tools: Tools, tmp_path: Path) -> Tools:
    assert not take_in(tools, tmp_path, COUNTY, changed=with_own_pay).stopped
    return tools


def at(day: int) -> datetime:
    return datetime(2024, 3, day, 8, 0, tzinfo=HOSPITAL_ZONE)


def lacking(tools: Tools) -> list[tuple[str, str]]:
    return [(issue.code, str(issue.severity)) for issue in consents.check_consents(COUNTY_CASE, tools)]


def consent(tools: Tools, day: int, *items: str, kinds: tuple[ItemKind, ...] = ()) -> None:
    consents.record_consent(
        COUNTY_CASE,
        tools,
        act(tools),
        items=items,
        kinds=kinds,
        signer=HIMSELF,
        signed_at=at(day),
        explained_by="D001",
    )


@pytest.mark.rule("A-21")
@pytest.mark.rule("A-33")
def test_what_no_insurer_bears_needs_a_consent_before_its_use(county: Tools) -> None:
    assert lacking(county) == [("PRG-251", "warning"), ("PRG-251", "warning")]
    consent(county, 5, "6101")  # the day of use counts as before
    consent(county, 8, kinds=(ItemKind.CONSUMABLE,))  # two days late
    assert lacking(county) == [("PRG-252", "warning")]
    consent(county, 4, "5102")
    assert lacking(county) == []
    consents.withdraw_consent(COUNTY_CASE, 3, county, act(county, "家属改变主意"))
    assert lacking(county) == []  # withdrawn long after the use
    assert refusal(consents.withdraw_consent, COUNTY_CASE, 3, county, act(county)) == ["PRG-245"]


@pytest.mark.rule("A-21")
def test_a_region_may_hold_the_settlement_for_it(county: Tools) -> None:
    strict = with_settings(county, "test_county_plan", consent_missing="hold")
    try_case(COUNTY, strict)
    settling = (COUNTY_CASE, strict, act(strict))
    assert refusal(settle.start_settlement, *settling) == ["PRG-251", "PRG-251"]
    consent(strict, 4, "6101", "5102")
    settle.start_settlement(*settling)
    assert row_of(COUNTY, strict).bill == "settling"


class Outside:
    """An insurer that counts a line as outside the catalogue, and says so in its trial."""

    def __init__(self, endpoint: Any, line: ChargeLine) -> None:
        self._endpoint, self._line = endpoint, line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._endpoint, name)

    def deliver(self, message: OutboundMessage) -> Receipt:
        receipt: Receipt = self._endpoint.deliver(message)
        if message.stage is not Stage.TRIAL:
            return receipt
        theirs = LineSplit(full_self_pay=self._line.amount, basis=SplitBasis.PAYER)
        basic, *others = receipt.answers
        return replace(receipt, answers=(replace(basic, lines=((self._line.id, theirs),)), *others))


def test_what_the_insurer_turns_into_the_patients_own_needs_a_consent_too(county: Tools) -> None:
    strict = with_settings(county, "test_county_plan", consent_missing="hold")
    consent(strict, 4, "6101", "5102")
    with strict.ledger.reading() as tx:
        claim = dossier(tx, COUNTY_CASE, 1, strict).claim
    line = next(each for each in claim.lines if each.item and each.item.kind is ItemKind.DRUG and each.amount > ZERO)
    asked = replace(strict, endpoints={**strict.endpoints, "bureau": Outside(strict.endpoints["bureau"], line)})
    assert lacking(asked) == []
    try_case(COUNTY, asked)
    assert lacking(asked) == [("PRG-251", "error")]
    assert refusal(settle.start_settlement, COUNTY_CASE, asked, act(asked)) == ["PRG-251"]
    consent(asked, 1, line.code)
    settle.start_settlement(COUNTY_CASE, asked, act(asked))


def test_a_consent_is_valid_fhir(county: Tools) -> None:
    mother = Signer(Relation.PARENT, "授权委托书 3")
    asked: dict[str, Any] = {"items": ("5102",), "kinds": (ItemKind.DRUG,), "signed_at": at(4), "explained_by": "D001"}
    consents.record_consent(COUNTY_CASE, county, act(county), signer=mother, **asked)
    with county.ledger.reading() as tx:
        rows = [decode(row.body) for row in tx.resources_of_case(COUNTY_CASE)]
    assert [issue for issue in validate(rows) if issue.stops] == []
    (made,) = [each for each in rows if each["resourceType"] == "Consent"]
    assert made["policyRule"]["text"].startswith("县区方案2021")
    assert [each["coding"][0]["code"] for each in made["provision"]["code"]] == ["5102", "drug"]
    assert made["provision"]["code"][0]["coding"][0]["system"].endswith("qingshi_county/item")


HALVES: list[tuple[dict[str, object], str]] = [
    ({"items": (), "kinds": ()}, "PRG-250"),
    ({"explained_by": " "}, "PRG-254"),
    ({"signer": Signer(Relation.CHILD)}, "PRG-249"),
    ({"signed_at": datetime(2031, 1, 1, tzinfo=HOSPITAL_ZONE)}, "PRG-254"),
]


def test_half_a_consent_is_none(county: Tools) -> None:
    whole = {"items": ("5102",), "kinds": (), "signer": HIMSELF, "signed_at": at(4), "explained_by": "D001"}
    for change, code in HALVES:
        assert refusal(consents.record_consent, COUNTY_CASE, county, act(county), **(whole | change)) == [code]
    assert consents.list_consents(COUNTY_CASE, county) == []


def test_a_programme_without_the_clause_asks_for_none(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    asked = {"items": ("5102",), "kinds": (), "signer": HIMSELF, "signed_at": None, "explained_by": "D001"}
    assert refusal(consents.record_consent, CASE, tools, act(tools), **asked) == ["PRG-255"]
    assert consents.check_consents(CASE, tools) == ()


@pytest.mark.rule("A-32")
@pytest.mark.rule("A-39")
@pytest.mark.rule("B-30")
def test_every_step_has_a_named_person(county: Tools) -> None:
    who = {step: "D001" if step is CheckStep.EXPLANATION else "W009" for step in CheckStep}
    for step, by in who.items():
        checks.record_check(COUNTY_CASE, step, by, county, act(county))
    shown = checks.show_window(COUNTY_CASE, county)["checks"]
    assert {(each["step"], each["by"]) for each in shown} == set(who.items())
    assert {each["recorded_by"] for each in shown} == {"clerk-07"}
    assert {each["cite"] for each in shown} == {"县区方案2021 三(三)", "县区方案2021 五(三)", "县区方案2021 五(五)"}
    told = (COUNTY_CASE, CheckStep.IDENTITY, "  ", county, act(county))
    assert refusal(checks.record_check, *told) == ["PRG-253"]


@pytest.mark.rule("X-04")
@pytest.mark.rule("B-06")
def test_a_person_decides_about_a_mixed_stay(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, FIGHT)
    told = case_id(FIGHT)
    assert row_of(FIGHT, tools).entitlement is EntitlementState.REFUSED
    mixed = StayFacts(other_causes=(Cause.ILLNESS,))
    checks.record_facts(told, mixed, tools, act(tools))
    assert row_of(FIGHT, tools).entitlement is EntitlementState.REFUSED  # provisional is no way back from refused
    half = StayFacts(excluded=False)
    assert refusal(checks.record_facts, told, half, tools, act(tools)) == ["PRG-254"]
    done = checks.record_facts(told, StayFacts(excluded=False, decided_by="D002"), tools, act(tools, "会诊认定"))
    assert done.after is EntitlementState.GRANTED


@pytest.mark.rule("X-06")
def test_a_third_party_known_later_counts_from_then_on(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    before = settle.estimate(CASE, tools, act(tools)).settlement
    checks.record_facts(CASE, StayFacts(cause=Cause.TRAFFIC_ACCIDENT, third_party=True), tools, act(tools))
    assert row_of(STAY, tools).entitlement is EntitlementState.GRANTED  # pending never denies
    known = StayFacts(third_party_amount=Money.yuan("100.00"))
    checks.record_facts(CASE, known, tools, act(tools))
    after = settle.estimate(CASE, tools, act(tools)).settlement
    assert after.basis != before.basis
    checks.record_facts(CASE, StayFacts(third_party=False), tools, act(tools, "责任认定书"))
    with_none = settle.estimate(CASE, tools, act(tools)).settlement
    assert with_none.patient_pays == before.patient_pays


def test_half_a_fact_is_refused(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    for told in (
        StayFacts(),
        StayFacts(emergency=True),
        StayFacts(third_party_amount=Money.yuan("5.00")),
        StayFacts(third_party=True, third_party_amount=Money.yuan("-5.00")),
    ):
        assert refusal(checks.record_facts, CASE, told, tools, act(tools)) == ["PRG-254"]


def test_an_act_wins_over_the_file_which_still_counts_for_the_rest(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    checks.record_facts(CASE, StayFacts(emergency=True, emergency_decided_by="D005"), tools, act(tools))
    assert row_of(STAY, tools).entitlement is EntitlementState.GRANTED  # cause and papers are the file's
    with tools.ledger.reading() as tx:
        paper = tx.paper(CASE, "assessment")
    assert paper is not None and paper["state"] == "granted"


@pytest.mark.rule("B-31")
def test_the_household_s_certificate_is_kept_as_a_number_and_shown_masked(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    done = checks.record_facts(CASE, StayFacts(aid_certificate="99990100012345"), tools, act(tools))
    assert done.shown["aid_certificate"] == "9************5" and done.after is EntitlementState.GRANTED
    with tools.ledger.reading() as tx:
        assert record_of(tx, CASE).facts.aid_certificate == "99990100012345"
        assert "99990100012345" not in "".join(str(each.event.data) for each in tx.journal(CASE))


@pytest.mark.rule("X-18")
def test_a_deposit_is_let_through_by_a_named_person_alone(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    two_hundred = Money.yuan("200")
    assert not served.ask_deposit(CASE, two_hundred, tools, act(tools))[0].allowed
    assert refusal(checks.let_deposit, CASE, Money(0), tools, act(tools)) == ["PRG-256"]
    service = replace(act(tools), actor=Actor("service"))
    assert refusal(checks.let_deposit, CASE, two_hundred, tools, service) == ["PRG-282"]
    checks.let_deposit(CASE, two_hundred, tools, act(tools, "家属自愿"))
    assert served.ask_deposit(CASE, two_hundred, tools, act(tools))[0].allowed
    assert not served.ask_deposit(CASE, two_hundred + Money(1), tools, act(tools))[0].allowed
    with tools.ledger.reading() as tx:
        (made,) = record_of(tx, CASE).overrides
    assert (made.amount, made.why) == (two_hundred, "家属自愿")


@pytest.mark.rule("A-13")
def test_the_registration_is_compared_with_the_insurer_s_answer(county: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    """The payer's eligibility answer carries the person that it holds on record: another date of birth."""
    with county.ledger.reading() as tx:
        held = [decode(row.body) for row in tx.resources_of_case(COUNTY_CASE, ("Patient",))]
    person = {**held[0], "id": "theirs", "birthDate": "1901-01-01"}
    answer = {"resourceType": "CoverageEligibilityResponse", "id": "e", "contained": [person]}
    plain = county.endpoints["bureau"].deliver

    def with_person(message: OutboundMessage) -> Receipt:
        receipt = plain(message)
        asked = message.stage is Stage.ELIGIBILITY
        return replace(receipt, body=canonical(answer)) if asked else receipt

    monkeypatch.setattr(county.endpoints["bureau"], "deliver", with_person)
    try_case(COUNTY, county)
    with county.ledger.reading() as tx:
        paper = tx.paper(COUNTY_CASE, "assessment") or {}
    (reason,) = [each for each in paper["reasons"] if each["code"] == "registration"]  # type: ignore[attr-defined]
    assert (reason["met"], reason["rule"], reason["cite"]) == ("not-met", "A-13", "县区方案2021 三(三)")
    assert reason["zh"] == "登记信息与医保不一致:出生日期" and "1901" not in str(paper)
    assert row_of(COUNTY, county).entitlement is EntitlementState.GRANTED  # a doubt revokes nothing


@pytest.mark.rule("B-08")
@pytest.mark.rule("X-04")
def test_an_excluded_item_waits_for_the_doctor_and_never_takes_the_stay_out(tools: Tools, tmp_path: Path) -> None:
    reference = copy_of_reference(tmp_path / "reference")
    table = reference / "qingshi_county" / "items.csv"
    rows = table.read_text("utf-8")
    assert "magnetic-therapy" in rows
    table.write_text(rows.replace("magnetic-therapy", "plastic-surgery"), encoding="utf-8")
    tools = replace(tools, feed=feed_from(reference))
    take_in(tools, tmp_path, MIXED)
    told = case_id(MIXED)
    found, issues = items.list_items(told, tools)
    assert {each["answer"] for each in found} == {"payable-on-use", "pending"}
    assert [issue.code for issue in issues].count("PRG-231") == 3
    lines = [each["line"] for each in found if each["answer"] == "pending"]
    items.record_finding(told, lines[0], True, "D001", tools, act(tools))
    items.record_finding(told, lines[1], False, "D001", tools, act(tools))
    answers = {each["line"]: each["answer"] for each in items.list_items(told, tools)[0]}
    assert [answers[line] for line in lines] == ["deferred", "payable-on-use", "pending"]
    assert row_of(MIXED, tools).entitlement is EntitlementState.GRANTED
    assert refusal(items.record_finding, told, "0", True, "D001", tools, act(tools)) == ["PRG-245"]
    assert refusal(items.record_finding, told, lines[0], True, "", tools, act(tools)) == ["PRG-253"]
