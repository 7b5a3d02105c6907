"""Facts of a stay that are not as simple: several insurances, lines outside it, nobody's name, a diagnosis as text."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from adapter.fhir.coverage import basic_coverage
from adapter.fhir.elements import Held
from adapter.fhir.facts import claim_facts
from adapter.fhir.invoice import invoice
from adapter.fhir.least import conditions
from adapter.model.claim import Claim
from adapter.model.money import Money
from tests.support.cases import charge, make_book, make_charges, make_resources, make_settlement, make_window

Resources = list[dict[str, Any]]

#: The stay of the fixture ends on 2021-03-12 at 10:05.
CHANGED = "2021-03-08T09:00:00+08:00"


def read(resources: Resources) -> tuple[Claim | None, list[str]]:
    claim, found = claim_facts(resources, case_id="CASE-1", version=1, reference=make_book(), window=make_window())
    return claim, [issue.code for issue in found]


def covered(*changes: dict[str, Any]) -> Resources:
    """The fixture's stay with a copy of its Coverage for each of these."""
    resources = make_resources()
    own = next(each for each in resources if each["resourceType"] == "Coverage")
    others = [each for each in resources if each is not own]
    return others + [{**copy.deepcopy(own), "id": f"cover-{place}", **each} for place, each in enumerate(changes)]


EMPLOYEES = {
    "type": {
        "coding": [
            {"system": "https://pay-after-care.example/fhir/CodeSystem/payer", "code": "basic"},
            {"system": "https://pay-after-care.example/fhir/CodeSystem/insurance", "code": "employees"},
        ]
    }
}


@pytest.mark.parametrize(
    ("covers", "counts"),
    [
        ([{"period": {"end": CHANGED}}, {"period": {"start": CHANGED}, **EMPLOYEES}], "cover-1"),
        ([{"period": {"start": CHANGED}, **EMPLOYEES}, {"period": {"end": CHANGED}}], "cover-0"),
        ([{"order": 2}, {"order": 1, **EMPLOYEES}], "cover-1"),
        ([{"period": {"end": "2021-12-31"}}], "cover-0"),
        ([{"period": {"end": "2021-03-12"}}], "cover-0"),  # the day of the discharge counts whole
        ([{"period": {"end": CHANGED}}, {"status": "entered-in-error"}, EMPLOYEES], "cover-2"),
    ],
)
def test_the_insurance_in_force_at_the_end_of_the_stay_counts(covers: Resources, counts: str) -> None:
    resources = covered(*covers)
    claim, found = read(resources)
    counted = basic_coverage(Held.of(resources))
    assert counted is not None and counted["id"] == counts and found == []
    assert claim is not None and claim.person.insurance == (
        "employees" if EMPLOYEES["type"] == counted["type"] else "residents"
    )


@pytest.mark.parametrize(
    "covers",
    [
        [{}, EMPLOYEES],  # two without an order
        [{"order": 1}, {"order": 1, **EMPLOYEES}],
        [{"period": {"start": CHANGED}}, {"period": {"start": "2021-03-10"}, **EMPLOYEES}],
        [{"period": {"end": CHANGED}}],  # ended, and nothing followed
        [{"period": {"start": "2021-03-13"}}],  # begins after the discharge
    ],
)
def test_insurances_that_contradict_each_other_hold_the_case(covers: Resources) -> None:
    claim, found = read(covered(*covers))
    assert claim is None and found == ["FHIR-195"]


def test_while_the_stay_lasts_the_insurance_that_ends_last_counts() -> None:
    resources = covered({"period": {"end": CHANGED}}, {"period": {"start": CHANGED, "end": "2021-12-31"}, **EMPLOYEES})
    encounter = next(each for each in resources if each["resourceType"] == "Encounter")
    encounter["status"] = "in-progress"
    del encounter["period"]["end"]
    counted = basic_coverage(Held.of(resources))
    assert counted is not None and counted["id"] == "cover-1"


@pytest.mark.parametrize(
    ("day", "told"), [("2021-03-04", True), ("2021-03-05", False), ("2021-03-12", False), ("2021-03-13", True)]
)
def test_a_line_outside_the_stay_counts_and_is_told(day: str, told: bool) -> None:
    line = charge("900000999", "1201", day, "1", "18.0000", "18.00")
    plain, _ = read(make_resources(make_charges()))
    claim, found = read(make_resources([*make_charges(), line]))
    assert claim is not None and plain is not None and claim.total == plain.total + Money.yuan("18.00")
    assert found == (["FHIR-196"] if told else [])


def test_somebody_unnamed_is_told() -> None:
    resources = make_resources()
    patient = next(each for each in resources if each["resourceType"] == "Patient")
    patient["name"] = [{"text": "无名氏", "use": "temp"}]
    claim, found = read(resources)
    assert claim is not None and found == ["FHIR-197"]


def test_a_diagnosis_as_text_is_no_code_and_stops_nothing() -> None:
    resources = make_resources()
    for condition in (each for each in resources if each["resourceType"] == "Condition"):
        condition["code"] = {"text": "腹痛待查"}
    claim, found = read(resources)
    assert claim is not None and claim.stay.principal_diagnosis is None and found == ["FHIR-198"]
    assert conditions(claim.stay, Held.of(resources)) == [], "a text stays in the hospital"


def test_the_patient_is_the_one_of_the_stay() -> None:
    """A newborn on the mother's stay is a Patient too, and may stand before her."""
    newborn = {"resourceType": "Patient", "id": "0-newborn", "identifier": [{"value": "x"}]}
    resources = [newborn, *make_resources()]
    mother = next(each for each in resources if each["resourceType"] == "Encounter")["subject"]
    claim, found = read(resources)
    plain, _ = read(make_resources())
    assert claim is not None and plain is not None and claim.person == plain.person and found == []
    built = invoice(make_settlement(), resources, "issued", source="qingshi_county")
    assert built["subject"] == mother
