"""What goes to the aid office (docs/wire-fhir.md, section 6): header figures, and nothing more."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from adapter.fhir.canonical import encode
from adapter.fhir.claim import aid_transaction, aid_trial
from adapter.fhir.identity import system
from adapter.model.claim import LineSplit
from adapter.model.money import Money
from adapter.model.settlement import Payer, Standing
from tests.support.cases import CASE, CREATED, SOURCE, make_aid_call


def sent() -> dict[str, Any]:
    return aid_transaction(make_aid_call(), created=CREATED)


def test_claim_comes_last_and_everything_is_a_conditional_create() -> None:
    bundle = sent()
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert bundle["type"] == "transaction"
    assert kinds == ["Patient", *["Coverage"] * 3, *["Organization"] * 4, *["ClaimResponse"] * 2, "Claim"]
    for entry in bundle["entry"]:
        key = entry["resource"]["identifier"][0]
        assert entry["request"] == {
            "method": "POST",
            "url": entry["resource"]["resourceType"],
            "ifNoneExist": f"identifier={key['system']}|{key['value']}",
        }


def test_conditions_of_the_entries_are_all_different() -> None:
    conditions = [(entry["request"]["url"], entry["request"]["ifNoneExist"]) for entry in sent()["entry"]]
    assert len(set(conditions)) == len(conditions)


def test_references_are_the_entries_own_addresses() -> None:
    bundle = sent()
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert all(url.startswith("urn:uuid:") for url in urls)
    assert references(bundle) <= urls


def references(element: Any) -> set[str]:
    if isinstance(element, list):
        return set().union(*map(references, element))
    if not isinstance(element, dict):
        return set()
    own = {element["reference"]} if "reference" in element else set()
    return own.union(*map(references, element.values()))


def test_no_demographics_diagnoses_lines_or_stay() -> None:
    bundle = sent()
    text = encode(bundle).decode()
    for word in ("birthDate", "gender", "male", "J18.900", "3301", "diagnosis", "Condition", "1201", "二级护理"):
        assert word not in text
    assert "processNote" not in text and "第一步" not in text
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]}.isdisjoint({"Encounter", "ChargeItem"})
    patient = bundle["entry"][0]["resource"]
    assert patient["identifier"] == [{"system": system(f"{SOURCE}/patient"), "value": "88001"}]


def test_the_claim_has_one_item_and_the_figures_of_aid() -> None:
    claim = sent()["entry"][-1]["resource"]
    (item,) = claim["item"]
    assert item["productOrService"] == {"text": "住院费用合计"}
    assert item["net"]["value"] == claim["total"]["value"] == Decimal("553.39")
    assert item["encounter"][0]["identifier"]["value"] == CASE
    told = {each["category"]["coding"][0]["code"]: each for each in claim["supportingInfo"]}
    assert set(told) == {"settlement-date", "person-category", "in-scope-total"}
    assert told["in-scope-total"]["valueQuantity"]["value"] == Decimal("553.39")


def test_what_a_third_party_must_bear_is_no_business_of_aid() -> None:
    facts = make_aid_call()
    facts = replace(facts, claim=replace(facts.claim, third_party=Money.yuan("53.39")))
    claim = aid_transaction(facts, created=CREATED)["entry"][-1]["resource"]
    told = {each["category"]["coding"][0]["code"]: each for each in claim["supportingInfo"]}
    assert told["in-scope-total"]["valueQuantity"]["value"] == Decimal("500.00")


def test_the_policy_range_is_that_of_the_payers_before_also_when_they_tell_it_in_one_sum() -> None:
    """A bureau that splits refunds by itself and names no lines: its figure is what aid is computed from."""
    facts = make_aid_call()
    told = LineSplit(in_scope=Money.yuan("998.36"))
    nil = Money(0)
    found = Standing(Payer.MEDICAL_AID, nil, told, nil, nil, nil, nil, nil, nil)
    facts = replace(facts, settlement=replace(facts.settlement, standings=(found,)))
    claim = aid_transaction(facts, created=CREATED)["entry"][-1]["resource"]
    (total,) = [e for e in claim["supportingInfo"] if e["category"]["coding"][0]["code"] == "in-scope-total"]
    assert total["valueQuantity"]["value"] == Decimal("998.36")


def test_earlier_answers_carry_their_header_figures() -> None:
    answers = [e["resource"] for e in sent()["entry"] if e["resource"]["resourceType"] == "ClaimResponse"]
    totals = {each["category"]["coding"][0]["code"]: each["amount"]["value"] for each in answers[0]["total"]}
    assert totals == {
        "submitted": Decimal("553.39"),
        "eligible": Decimal("500.00"),
        "deductible": Decimal("200.00"),
        "benefit": Decimal("300.00"),
    }
    assert answers[0]["identifier"][0]["value"] == f"SETL-{Payer.BASIC}"
    claim = sent()["entry"][-1]["resource"]
    assert ["claimResponse" in each for each in claim["insurance"]] == [True, True, False]
    assert [each["focal"] for each in claim["insurance"]] == [False, False, True]


def test_a_trial_is_the_same_claim_as_a_predetermination() -> None:
    trial = aid_trial(make_aid_call(), created=CREATED)
    claim = trial["entry"][0]["resource"]
    assert (trial["type"], claim["resourceType"], claim["use"]) == ("collection", "Claim", "predetermination")
    assert claim["supportingInfo"] == sent()["entry"][-1]["resource"]["supportingInfo"]
    assert claim["item"] == sent()["entry"][-1]["resource"]["item"]
