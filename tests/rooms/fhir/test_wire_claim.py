"""What goes to the insurance bureau, element by element as docs/wire-fhir.md has it (sections 1, 2, 3 and 5)."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.counterparts.request import read_submission
from adapter.counterparts.wire import decode as receive
from adapter.fhir.canonical import decode, encode
from adapter.fhir.claim import aid_transaction, aid_trial, eligibility_request, insurance_claim, reversal_claim
from adapter.fhir.claim_elements import sent_lines
from adapter.fhir.identity import CANON, codesystem, extension_url, system
from adapter.fhir.validation import validate
from adapter.model.claim import ChargeLine
from adapter.model.money import Money, UnitPrice
from adapter.model.settlement import Authority, Payer
from tests.support.cases import (
    CASE,
    CREATED,
    ORDER,
    SECRETS,
    SOURCE,
    ids,
    make_aid_call,
    make_answer,
    make_call,
    make_claim,
    make_settlement,
)

BUILDERS = {
    "claim": lambda: insurance_claim(make_call(), created=CREATED),
    "trial": lambda: insurance_claim(make_call(), use="predetermination", created=CREATED),
    "one call for all": lambda: insurance_claim(make_call(ORDER), created=CREATED),
    "after an earlier answer": lambda: insurance_claim(
        make_call((Payer.CRITICAL_ILLNESS,), earlier=(make_answer(Payer.BASIC, "300.00"),)), created=CREATED
    ),
    "computed by us": lambda: insurance_claim(make_call(authority=Authority.ADAPTER), created=CREATED),
    "eligibility": lambda: eligibility_request(make_call(), created=CREATED),
    "reversal": lambda: reversal_claim(make_call(), created=CREATED),
    "aid": lambda: aid_transaction(make_aid_call(), created=CREATED),
    "aid trial": lambda: aid_trial(make_aid_call(), created=CREATED),
    "aid reversal": lambda: reversal_claim(make_aid_call(), created=CREATED),
}


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind]


def told(claim: dict[str, Any], category: str) -> list[dict[str, Any]]:
    return [each for each in claim["supportingInfo"] if each["category"]["coding"][0]["code"] == category]


@pytest.mark.parametrize("name", BUILDERS)
def test_valid_by_our_rules_and_by_a_second_opinion(name: str) -> None:
    bundle = BUILDERS[name]()
    assert [str(issue) for issue in validate([bundle])] == []
    get_fhir_model_class("Bundle").model_validate(bundle)


@pytest.mark.parametrize("name", BUILDERS)
def test_nothing_personal_leaves(name: str) -> None:
    text = encode(BUILDERS[name]()).decode()
    assert [secret for secret in SECRETS if secret in text] == []
    assert "诊断说明" not in text  # free text of a diagnosis


@pytest.mark.parametrize("name", BUILDERS)
def test_the_same_facts_give_the_same_bytes(name: str) -> None:
    assert encode(BUILDERS[name]()) == encode(BUILDERS[name]())


@pytest.mark.parametrize("name", BUILDERS)
def test_a_test_profile_says_so_everywhere_and_nothing_else_does(name: str) -> None:
    bundle = BUILDERS[name]()
    financial = [bundle, *resources(bundle, "Claim"), *resources(bundle, "ClaimResponse")]
    assert {each["meta"]["tag"][0]["display"] for each in financial} == {"TEST PROFILE – no place's rule"}
    real = insurance_claim(make_call(test_profile=False), created=CREATED)
    assert b"TEST PROFILE" not in encode(real)


@pytest.mark.parametrize("name", ["claim", "eligibility", "reversal", "aid trial"])
def test_entries_have_the_canonical_address(name: str) -> None:
    for entry in BUILDERS[name]()["entry"]:
        resource = entry["resource"]
        assert entry["fullUrl"] == f"{CANON}/{resource['resourceType']}/{resource['id']}"


def test_the_claim() -> None:
    bundle = insurance_claim(make_call(), created=CREATED)
    order = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert bundle["type"] == "collection"
    assert order == [
        *("Claim", "Patient", "Coverage", "Coverage", "Coverage"),
        *("Organization", "Organization", "Organization", "Organization", "Encounter", "Condition", "Condition"),
    ]
    claim = bundle["entry"][0]["resource"]
    assert claim["identifier"][0] == {"system": system("claim"), "value": f"{CASE}.v1.insurance.settle"}
    assert (claim["status"], claim["use"]) == ("active", "claim")
    assert claim["created"] == "2021-03-12T11:00:00+08:00"
    assert claim["billablePeriod"] == {"start": "2021-03-05T14:30:00+08:00", "end": "2021-03-12T10:05:00+08:00"}
    assert [each["diagnosisReference"]["reference"] for each in claim["diagnosis"]] == [
        f"Condition/{ids('Condition', 'principal')}",
        f"Condition/{ids('Condition', 'admission')}",
    ]
    assert told(claim, "settlement-date")[0]["timingDate"] == "2021-03-12"
    assert told(claim, "person-category")[0]["code"]["coding"][0]["code"] == "registered-poor"
    assert told(claim, "hospital-level")[0]["code"]["coding"][0]["code"] == "secondary"
    assert told(claim, "computed-benefit") == told(claim, "third-party-amount") == []
    assert claim["total"] == {"value": Decimal("553.39"), "currency": "CNY"}


def test_created_is_told_in_hospital_time() -> None:
    claim = resources(insurance_claim(make_call(), created=datetime(2021, 3, 12, 3, 0, tzinfo=UTC)), "Claim")[0]
    assert claim["created"] == "2021-03-12T11:00:00+08:00"
    with pytest.raises(ValueError, match="zone"):
        insurance_claim(make_call(), created=datetime(2021, 3, 12, 3, 0))  # noqa: DTZ001 - the point of the test


def test_items() -> None:
    claim = resources(insurance_claim(make_call(), created=CREATED), "Claim")[0]
    nursing, capsules, drug, refund = claim["item"]
    assert [each["sequence"] for each in claim["item"]] == [1, 2, 3, 4]
    assert nursing["productOrService"]["coding"] == [
        {"system": codesystem(f"{SOURCE}/item"), "code": "1201"},
        {"system": codesystem("national-item"), "code": "001201000020000-120100002"},
    ]
    assert encode(nursing["unitPrice"]) == b'{"value":18.00,"currency":"CNY"}'
    assert encode(capsules["unitPrice"]) == b'{"value":1.3975,"currency":"CNY"}'  # 6 × 1.3975 = 8.385 → 8.39
    assert nursing["servicedDate"] == "2021-03-06"
    assert nursing["encounter"][0]["identifier"] == {"system": system("case"), "value": CASE}
    assert nursing["extension"][0]["valueIdentifier"]["value"] == ids("ChargeItem", "900000123")
    assert "extension" in drug and len(drug["extension"]) == 1
    assert (refund["quantity"]["value"], refund["net"]["value"]) == (Decimal("-1.6"), Decimal("-46.00"))
    links = {each["url"]: each for each in refund["extension"]}
    assert links[extension_url("reverses")]["valueIdentifier"]["value"] == ids("ChargeItem", "900000125")


def test_a_price_that_does_not_give_the_net_is_told_aside() -> None:
    claim = resources(insurance_claim(make_call(), created=CREATED), "Claim")[0]
    refund = claim["item"][3]  # -1.6 × 28.65 = -45.84, booked -46.00
    assert "unitPrice" not in refund
    told_aside = [each for each in refund["extension"] if each["url"] == extension_url("unit-price")]
    assert told_aside[0]["valueMoney"] == {"value": Decimal("28.65"), "currency": "CNY"}


def test_what_a_refund_undoes_whole_is_not_sent() -> None:
    claim = make_claim()
    sent = {line.row_key for line in sent_lines(claim.lines)}
    assert sent == {"900000123", "900000124", "900000125", "900000128"}


def line(key: str, quantity: str, amount: str, reverses: str | None = None) -> ChargeLine:
    price = UnitPrice.yuan("1.3975")
    day = make_claim().stay.settled_on
    return ChargeLine(key, key, "A", "A", day, Decimal(quantity), Money.yuan(amount), price, reverses)


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ([line("a", "6", "8.39"), line("r", "-6", "-8.39", "a")], []),
        ([line("a", "6", "8.39"), line("r", "-3", "-4.19", "a"), line("s", "-3", "-4.20", "a")], []),
        ([line("a", "6", "8.39"), line("r", "-3", "-4.19", "a")], ["a", "r"]),
        ([line("a", "6", "8.39"), line("r", "-3", "-4.19", "a"), line("s", "-3", "-4.19", "a")], ["a", "r", "s"]),
        ([line("a", "1", "0.00")], ["a"]),
    ],
)
def test_netting(lines: list[ChargeLine], left: list[str]) -> None:
    assert [each.id for each in sent_lines(lines)] == left


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=8))
def test_netting_never_changes_the_total(pairs: list[tuple[int, int]]) -> None:
    lines = []
    for number, (charged, back) in enumerate(pairs):
        lines.append(line(f"c{number}", str(charged), f"{charged}.00"))
        if 0 < back <= charged:
            lines.append(line(f"r{number}", str(-back), f"-{back}.00", f"c{number}"))
    kept = sent_lines(lines)
    assert Money.total(each.amount for each in kept) == Money.total(each.amount for each in lines)
    assert all(each.reverses is None or each.reverses in {one.id for one in kept} for each in kept)


def test_sequence_follows_the_scheme_and_one_payer_has_the_focus() -> None:
    claim = resources(insurance_claim(make_call(), created=CREATED), "Claim")[0]
    assert [(each["sequence"], each["focal"]) for each in claim["insurance"]] == [(1, True), (2, False), (3, False)]
    assert all("claimResponse" not in each for each in claim["insurance"])


def test_a_payer_that_does_not_apply_is_not_listed() -> None:
    claim = make_claim()
    nothing_from_aid = make_settlement(claim, amounts={Payer.MEDICAL_AID: "0.00"})
    bundle = insurance_claim(make_call(claim=claim, settlement=nothing_from_aid), created=CREATED)
    assert [each["sequence"] for each in resources(bundle, "Claim")[0]["insurance"]] == [1, 2]
    assert "medical-aid" not in encode(bundle).decode()


def test_earlier_payers_outside_the_call_attach_their_answer() -> None:
    call = make_call((Payer.CRITICAL_ILLNESS,), earlier=(make_answer(Payer.BASIC, "300.00", eligible="500.00"),))
    bundle = insurance_claim(call, created=CREATED)
    first, second, _ = resources(bundle, "Claim")[0]["insurance"]
    (answer,) = resources(bundle, "ClaimResponse")
    assert first["claimResponse"] == {"reference": f"ClaimResponse/{answer['id']}"}
    assert (second["focal"], "claimResponse" in second) == (True, False)
    assert answer["payment"]["amount"]["value"] == Decimal("300.00")
    assert "item" not in answer


def test_third_party_and_computed_benefits_are_told() -> None:
    claim = replace(make_claim(), third_party=Money.yuan("100.00"))
    bundle = insurance_claim(make_call(claim=claim, authority=Authority.ADAPTER), created=CREATED)
    sent = resources(bundle, "Claim")[0]
    assert told(sent, "third-party-amount")[0]["valueQuantity"]["value"] == Decimal("100.00")
    computed = {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"] for each in told(sent, "computed-benefit")
    }
    assert computed == {"basic": Decimal("300.00"), "critical-illness": Decimal("0.00")}


def test_a_trial_has_a_key_of_its_own() -> None:
    trial = resources(insurance_claim(make_call(), use="predetermination", created=CREATED, key="k.trial.7"), "Claim")
    assert (trial[0]["use"], trial[0]["identifier"][0]["value"]) == ("predetermination", "k.trial.7")


def test_least_data_for_the_insurance() -> None:
    bundle = insurance_claim(make_call(), created=CREATED)
    (patient,) = resources(bundle, "Patient")
    assert set(patient) == {"resourceType", "id", "identifier", "gender", "birthDate"}
    assert patient["identifier"] == [{"system": system(f"{SOURCE}/patient"), "value": "88001"}]
    (encounter,) = resources(bundle, "Encounter")
    assert encounter["identifier"] == [{"system": system("case"), "value": CASE}]
    principal = resources(bundle, "Condition")[0]
    assert set(principal) == {"resourceType", "id", "code", "subject", "encounter"}
    assert [each["code"] for each in principal["code"]["coding"]] == ["3301", "J18.900"]


def test_coverage_names_the_payer_and_the_insurance_number() -> None:
    basic, illness, aid = resources(insurance_claim(make_call(), created=CREATED), "Coverage")
    assert basic["id"] == ids("Coverage", "300012345")
    assert [each["code"] for each in basic["type"]["coding"]] == ["basic", "residents"]
    assert [each["type"]["coding"][0]["code"] for each in (illness, aid)] == ["critical-illness", "medical-aid"]
    assert {each["subscriberId"] for each in (basic, illness, aid)} == {"T00000001"}


def test_year_to_date_request() -> None:
    bundle = eligibility_request(make_call(), created=CREATED)
    request = bundle["entry"][0]["resource"]
    assert [each["resource"]["resourceType"] for each in bundle["entry"]] == [
        *("CoverageEligibilityRequest", "Patient", "Coverage", "Organization", "Organization"),
    ]
    assert request["identifier"][0]["value"] == f"{CASE}.v1.insurance.eligibility"
    assert request["purpose"] == ["benefits"]
    assert request["servicedDate"] == "2021-03-12"
    assert request["extension"] == [
        {"url": extension_url("excludes-case"), "valueIdentifier": {"system": system("case"), "value": CASE}}
    ]


def test_reversal_names_what_it_undoes() -> None:
    call = make_call()
    settled = resources(insurance_claim(call, created=CREATED), "Claim")[0]
    bundle = reversal_claim(call, created=CREATED)
    claim = resources(bundle, "Claim")[0]
    assert (claim["status"], claim["use"]) == ("cancelled", "claim")
    assert claim["identifier"][0]["value"] == f"{CASE}.v1.insurance.reverse"
    assert claim["related"][0]["claim"]["identifier"] == settled["identifier"][0]
    assert claim["related"][0]["relationship"]["coding"][0]["code"] == "prior"
    assert (claim["insurance"], claim["total"]) == (settled["insurance"], settled["total"])
    assert "item" not in claim and claim["id"] != settled["id"]
    assert [each["resource"]["resourceType"] for each in bundle["entry"]][:2] == ["Claim", "Patient"]
    assert "birthDate" not in resources(bundle, "Patient")[0]


def test_what_is_sent_can_be_read_back_digit_for_digit() -> None:
    bundle = insurance_claim(make_call(), created=CREATED)
    assert decode(encode(bundle)) == bundle


@pytest.mark.parametrize("name", ["claim", "trial", "one call for all", "reversal", "aid", "aid trial", "aid reversal"])
def test_a_receiver_written_from_the_guide_alone_can_read_it(name: str) -> None:
    read = read_submission(receive(encode(BUILDERS[name]())))
    assert read.case == CASE
    assert read.total == Decimal("553.39")
    assert read.subscriber == "T00000001"
    assert read.facility == (f"{system('facility')}|H99990100001",)
    assert [each.payer for each in read.covers] == ["basic", "critical-illness", "medical-aid"]
    assert (read.settles is not None) == name.endswith("reversal")
    assert read.trial == name.endswith("trial")
