"""The hospital's full record: everything hangs together, adds up, and comes undone cleanly."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from adapter.fhir.canonical import encode
from adapter.fhir.claim import insurance_claim
from adapter.fhir.identity import CANON, codesystem, system
from adapter.fhir.invoice import invoice
from adapter.fhir.record import RecordFacts, record_bundle
from adapter.fhir.validation import validate
from adapter.model.claim import LineSplit, SplitBasis
from adapter.model.money import Money
from adapter.model.person import Insurance
from adapter.model.settlement import Authority, Payer
from tests.support.cases import (
    CASE,
    CREATED,
    ORDER,
    SOURCE,
    ids,
    make_answer,
    make_call,
    make_claim,
    make_resources,
    make_settlement,
)

CALLS = {"insurance": ORDER[:2], "aid": ORDER[2:]}
ANSWERS = (
    replace(
        make_answer(Payer.BASIC, "300.00", eligible="500.00"),
        lines=((ids("ChargeItem", "900000123"), LineSplit(in_scope=Money.yuan("18.00"), basis=SplitBasis.PAYER)),),
    ),
    make_answer(Payer.CRITICAL_ILLNESS, "0.00"),
    make_answer(Payer.MEDICAL_AID, "150.00"),
)
FINANCIAL = ("Claim", "ClaimResponse", "ExplanationOfBenefit", "Invoice")


def record(settlement: Any = None, answers: Any = ANSWERS, **more: Any) -> dict[str, Any]:
    facts = {"source": SOURCE, "case_id": CASE, "order": ORDER, "calls": CALLS, "created": CREATED}
    facts |= {"claim": make_claim(), **more}
    return record_bundle(make_resources(), settlement or make_settlement(), answers, facts=RecordFacts(**facts))


def of(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind]


def payer_of(response: dict[str, Any]) -> str:
    return str(response["extension"][0]["valueCode"])


ORIGINS = {
    f"ChargeItem/{ids('ChargeItem', '900000123')}": "ZY_FYMX.xml#1",
    f"Patient/{ids('Patient', '88001')}": "B.xml#9",
}

RECORDS = {
    "settled": lambda: record(origins=ORIGINS),
    "undone": lambda: record(undone=True),
    "balanced": lambda: record(balanced=True),
    "real scheme": lambda: record(make_settlement(test_profile=False)),
    "computed here": lambda: record(make_settlement(authorities=dict.fromkeys(ORDER, Authority.ADAPTER)), ()),
    "observed": lambda: record(make_settlement(authorities={Payer.BASIC: Authority.OBSERVED}), ()),
    "half answered": lambda: record(
        replace(make_settlement(authorities={Payer.MEDICAL_AID: Authority.EXPECTED}), complete=False), ANSWERS[:2]
    ),
    "nothing settled": lambda: record_bundle(
        make_resources(), None, facts=RecordFacts(SOURCE, CASE, ORDER, CALLS, CREATED, claim=make_claim())
    ),
    "held": lambda: record_bundle(make_resources(), None, facts=RecordFacts(SOURCE, CASE, ORDER, CALLS, CREATED)),
}


@pytest.mark.parametrize("name", RECORDS)
def test_valid_by_our_rules_and_by_a_second_opinion(name: str) -> None:
    bundle = RECORDS[name]()
    assert [str(issue) for issue in validate([bundle])] == []
    get_fhir_model_class("Bundle").model_validate(bundle)


@pytest.mark.parametrize("name", RECORDS)
def test_the_same_bytes_every_time(name: str) -> None:
    assert encode(RECORDS[name]()) == encode(RECORDS[name]())


def test_one_transaction_of_puts() -> None:
    bundle = record()
    assert bundle["type"] == "transaction"
    for entry in bundle["entry"]:
        where = f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        assert entry["fullUrl"] == f"{CANON}/{where}"
        assert entry["request"] == {"method": "PUT", "url": where}
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)


def test_his_resources_stay_as_mapped() -> None:
    bundle = record()
    patient = next(each for each in make_resources() if each["resourceType"] == "Patient")
    assert of(bundle, "Patient") == [patient]
    before = [each for each in make_resources() if each["resourceType"] == "ChargeItem"]
    assert of(bundle, "ChargeItem") == [{**each, "status": "billed"} for each in before]
    assert {"system": system("case"), "value": CASE} in of(bundle, "Encounter")[0]["identifier"]


def test_account_priority_mirrors_the_sequence_of_the_claims() -> None:
    bundle = record()
    (account,) = of(bundle, "Account")
    mirrored = {each["coverage"]["reference"]: each["priority"] for each in account["coverage"]}
    for claim in of(bundle, "Claim"):
        assert {each["coverage"]["reference"]: each["sequence"] for each in claim["insurance"]} == mirrored
    assert sorted(mirrored.values()) == [1, 2, 3]
    assert account["guarantor"] == [{"party": {"reference": f"Patient/{ids('Patient', '88001')}"}}]


def test_one_coverage_per_payer_and_the_aid_body_knows_the_category() -> None:
    basic, illness, aid = of(record(), "Coverage")
    assert basic["identifier"][0]["value"] == "300012345"
    assert illness["type"]["coding"][0]["code"] == "critical-illness"
    assert aid["class"][0]["value"] == "registered-poor"
    assert len({each["payor"][0]["reference"] for each in (basic, illness, aid)}) == 3


def test_one_claim_per_payer_each_with_the_answers_before_it() -> None:
    claims = of(record(), "Claim")
    focus = [[each["focal"] for each in claim["insurance"]] for claim in claims]
    assert focus == [[True, False, False], [False, True, False], [False, False, True]]
    answered = [["claimResponse" in each for each in claim["insurance"]] for claim in claims]
    assert answered == [[False] * 3, [True, False, False], [True, True, False]]
    assert {claim["total"]["value"] for claim in claims} == {Decimal("553.39")}


def test_the_claim_that_leads_a_call_is_the_one_that_went_out() -> None:
    sent = insurance_claim(make_call(), created=CREATED)["entry"][0]["resource"]
    basic, illness, aid = of(record(), "Claim")
    assert (basic["id"], basic["identifier"][0]) == (sent["id"], sent["identifier"][0])
    assert basic["item"] == sent["item"]
    assert illness["identifier"] == [{"system": system("payer-claim"), "value": f"{CASE}.v1.critical-illness"}]
    assert aid["identifier"][0]["value"] == f"{CASE}.v1.aid.settle"


def test_answers_and_explanations() -> None:
    bundle = record()
    responses, benefits = of(bundle, "ClaimResponse"), of(bundle, "ExplanationOfBenefit")
    assert [payer_of(each) for each in responses] == ["basic", "critical-illness", "medical-aid"]
    assert responses[0]["identifier"][0]["value"] == "SETL-basic"
    assert responses[0]["disposition"] == "付款方应答 (answered by the payer)"
    assert responses[0]["item"][0]["itemSequence"] == 1
    assert [each["precedence"] for each in benefits] == [1, 2, 3]
    assert "第一条" in benefits[0]["processNote"][0]["text"]
    assert "processNote" not in benefits[2]
    assert len(benefits[0]["item"]) == 4
    for claim, response, benefit in zip(of(bundle, "Claim"), responses, benefits, strict=True):
        assert response["request"]["reference"] == benefit["claim"]["reference"] == f"Claim/{claim['id']}"
        assert benefit["claimResponse"] == {"reference": f"ClaimResponse/{response['id']}"}
        assert response["payment"]["amount"] == benefit["payment"]["amount"]


def test_an_expectation_is_no_answer() -> None:
    bundle = RECORDS["half answered"]()
    assert [payer_of(each) for each in of(bundle, "ClaimResponse")] == ["basic", "critical-illness"]
    assert len(of(bundle, "Claim")) == 3
    assert of(bundle, "Invoice")[0]["status"] == "draft"
    assert {each["status"] for each in of(bundle, "ChargeItem")} == {"billable"}


def test_what_the_hospital_computed_says_so() -> None:
    bundle = RECORDS["computed here"]()
    responses = of(bundle, "ClaimResponse")
    assert {each["disposition"] for each in responses} == {"医院代为计算 (computed by the hospital)"}
    authors = {each["target"][0]["reference"]: each["agent"][0] for each in of(bundle, "Provenance")}
    hospital = f"Organization/{ids('Organization', '999901001')}"
    for response in responses:
        agent = authors[f"ClaimResponse/{response['id']}"]
        assert agent["who"]["reference"] == hospital
        assert agent["onBehalfOf"] == response["insurer"]


def test_an_observed_settlement_says_so() -> None:
    basic = of(RECORDS["observed"](), "ClaimResponse")[0]
    assert "HIS" in basic["disposition"] and basic["identifier"][0]["value"] == "SETL-basic"


def test_reversed_version_is_cancelled_for_ever_and_charges_are_billable_again() -> None:
    bundle = RECORDS["undone"]()
    for kind in FINANCIAL:
        assert {each["status"] for each in of(bundle, kind)} == {"cancelled"}
    assert {each["status"] for each in of(bundle, "ChargeItem")} == {"billable"}
    ids_before = {entry["fullUrl"] for entry in record()["entry"]}
    assert ids_before == {entry["fullUrl"] for entry in bundle["entry"]}


def test_a_test_profile_is_tagged_on_the_bundle_and_each_financial_resource() -> None:
    bundle = record()
    tag = {"system": codesystem("tags"), "code": "test-profile", "display": "TEST PROFILE – no place's rule"}
    assert bundle["meta"]["tag"] == [tag]
    for kind in FINANCIAL:
        assert all(each["meta"]["tag"] == [tag] for each in of(bundle, kind))
    assert b"TEST PROFILE" not in encode(RECORDS["real scheme"]())


def test_provenance_names_the_file_and_what_came_from_it() -> None:
    bundle = RECORDS["settled"]()
    by_file = {each["entity"][0]["what"]["display"]: each for each in of(bundle, "Provenance")}
    assert set(by_file) == {"ZY_FYMX.xml", "B.xml"}
    assert by_file["B.xml"]["target"] == [{"reference": f"Patient/{ids('Patient', '88001')}"}]


def test_self_pay_has_an_invoice_and_no_claim() -> None:
    claim = make_claim()
    alone = replace(claim, person=replace(claim.person, insurance=Insurance.NONE, categories=frozenset()))
    nothing = make_settlement(claim, amounts=dict.fromkeys(ORDER, "0.00"))
    only_patient = replace(nothing, shares=nothing.shares[-1:])
    resources = [each for each in make_resources() if each["resourceType"] != "Coverage"]
    facts = RecordFacts(SOURCE, CASE, ORDER, CALLS, CREATED, claim=alone)
    bundle = record_bundle(resources, only_patient, facts=facts)
    assert of(bundle, "Claim") == of(bundle, "Coverage") == []
    assert len(of(bundle, "Invoice")) == 1
    account = of(bundle, "Account")[0]
    assert "coverage" not in account


# -- invoice ---------------------------------------------------------------------------------------------------------


def test_invoice_keeps_the_price_and_tells_who_bears_it() -> None:
    built = invoice(make_settlement(), make_resources(), "issued", source=SOURCE)
    assert built["totalNet"] == built["totalGross"] == {"value": Decimal("553.39"), "currency": "CNY"}
    kinds = [each["type"] for each in built["totalPriceComponent"]]
    assert kinds == ["base", "informational", "informational", "informational"]
    borne = {each["code"]["coding"][0]["code"]: each["amount"]["value"] for each in built["totalPriceComponent"][1:]}
    assert borne == {"basic": Decimal("300.00"), "medical-aid": Decimal("150.00"), "patient": Decimal("103.39")}
    assert sum(borne.values()) == Decimal("553.39")
    assert len(built["lineItem"]) == 6
    assert built["lineItem"][4]["priceComponent"][0]["amount"]["value"] == Decimal("-148.00")
    assert built["date"] == "2021-03-12"


def test_invoice_refuses_lines_that_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        invoice(make_settlement(), make_resources()[:-1], "issued", source=SOURCE)


@pytest.mark.parametrize(("balanced", "status"), [(False, "issued"), (True, "balanced")])
def test_invoice_status(balanced: bool, status: str) -> None:
    assert of(record(balanced=balanced), "Invoice")[0]["status"] == status


def test_invoice_day_can_be_named() -> None:
    built = invoice(make_settlement(), make_resources(), "issued", source=SOURCE, day=date(2021, 3, 13))
    assert built["date"] == "2021-03-13"
