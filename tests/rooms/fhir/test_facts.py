"""Resources → claim facts: what is read, what is refused, and that nothing missing is made up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.facts import claim_facts, facility_facts, person_facts
from adapter.fhir.identity import codesystem, extension_url
from adapter.model.claim import Claim, LineSplit, SplitBasis
from adapter.model.dates import Period
from adapter.model.issues import Issue
from adapter.model.money import Money, UnitPrice
from adapter.model.person import Category, Insurance
from adapter.model.reference import Cause, Level
from tests.support.cases import (
    CASE,
    Book,
    charge,
    ids,
    make_book,
    make_charges,
    make_claim,
    make_resources,
    make_window,
)

Resources = list[dict[str, Any]]


def read(resources: Resources, book: Book | None = None, **more: Any) -> tuple[Claim | None, list[Issue]]:
    given = {"case_id": CASE, "version": 1, "reference": book or make_book(), "window": make_window(), **more}
    return claim_facts(resources, **given)


def of(resources: Resources, kind: str, number: int = 0) -> dict[str, Any]:
    return [each for each in resources if each["resourceType"] == kind][number]


def codes(issues: list[Issue]) -> list[str]:
    return [issue.code for issue in issues]


def test_the_whole_claim() -> None:
    claim = make_claim()
    assert claim.total == Money.yuan("553.39")
    assert (claim.case_id, claim.version) == (CASE, 1)
    assert claim.stay.key == "300012345"
    assert claim.stay.settled_on == date(2021, 3, 12)
    assert claim.stay.facility.level is Level.SECONDARY
    assert claim.stay.principal_diagnosis == "J18.900"
    assert claim.stay.cause is Cause.ILLNESS
    assert claim.person.key == "88001"
    assert claim.person.insurance is Insurance.RESIDENTS
    assert claim.person.insured_area == "999901"
    assert claim.person.categories == {Category.REGISTERED_POOR}
    first = claim.lines[0]
    assert (first.row_key, first.code, first.quantity) == ("900000123", "1201", Decimal("1"))
    assert first.unit_price == UnitPrice.yuan("18.0000")
    assert first.item is not None
    assert first.item.national_code == "001201000020000-120100002"


def test_nothing_is_wrong_with_the_case() -> None:
    assert read(make_resources())[1] == []


def test_rule_date_is_the_window_settlement_day_before_the_discharge() -> None:
    claim, _ = read(make_resources(), window=make_window(settled_on=date(2022, 1, 4)))
    assert claim is not None
    assert claim.stay.settled_on == date(2022, 1, 4)


def test_rule_date_is_the_local_day() -> None:
    resources = make_resources()
    of(resources, "Encounter")["period"]["end"] = "2021-03-11T17:00:00Z"  # 01:00 on the 12th at the hospital
    claim, _ = read(resources)
    assert claim is not None
    assert claim.stay.settled_on == date(2021, 3, 12)


@pytest.mark.parametrize(("day", "expected"), [(date(2021, 3, 12), True), (date(2021, 3, 13), False)])
def test_categories_are_those_of_the_settlement_day(day: date, expected: bool) -> None:
    book = make_book()
    book.entries = [replace(book.entries[0], valid=Period(date(2014, 6, 1), date(2021, 3, 12)))]
    claim, _ = read(make_resources(), book, window=make_window(settled_on=day))
    assert claim is not None
    assert (Category.REGISTERED_POOR in claim.person.categories) is expected


def test_person_and_facility_of_an_admission_day() -> None:
    resources = make_resources(charges=[])
    person, found = person_facts(resources, reference=make_book(), on=date(2021, 3, 5))
    facility, more = facility_facts(resources, reference=make_book(), on=date(2021, 3, 5))
    assert person is not None and person.categories == {Category.REGISTERED_POOR}
    assert facility is not None and facility.code == "999901001"
    assert found == more == []


def test_still_in_hospital_has_no_rule_date_but_can_be_estimated() -> None:
    resources = make_resources()
    of(resources, "Encounter")["status"] = "in-progress"  # period.end is filled before discharge by some HIS
    claim, found = read(resources)
    assert claim is None and codes(found) == ["REF-157"]
    claim, found = read(resources, estimate_on=date(2021, 3, 10))
    assert claim is not None and found == []
    assert claim.stay.discharged is None
    assert claim.stay.settled_on == date(2021, 3, 10)


def test_self_pay_has_no_insurance() -> None:
    resources = [each for each in make_resources() if each["resourceType"] != "Coverage"]
    claim, found = read(resources)
    assert claim is not None and claim.person.insurance is Insurance.NONE
    assert codes(found) == ["REF-159"]


def test_without_window_facts_nothing_is_established_and_the_case_goes_on() -> None:
    claim, found = read(make_resources(), window=None)
    assert claim is not None and claim.stay.cause is None
    assert codes(found) == ["REF-154"]


def test_third_party() -> None:
    accident = make_window(cause=Cause.TRAFFIC_ACCIDENT, third_party=None)
    assert codes(read(make_resources(), window=accident)[1]) == ["REF-156"]
    liable = replace(accident, third_party=True)
    assert codes(read(make_resources(), window=liable)[1]) == ["REF-155"]
    claim, found = read(make_resources(), window=replace(liable, third_party_amount=Money.yuan("100.00")))
    assert claim is not None and claim.third_party == Money.yuan("100.00") and found == []


def _no_facility(resources: Resources, book: Book) -> None:
    book.facilities.clear()


def _no_item(resources: Resources, book: Book) -> None:
    del book.items["3102"]


def _item_expired(resources: Resources, book: Book) -> None:
    book.items["3102"] = replace(book.items["3102"], valid=Period(date(2010, 1, 1), date(2021, 3, 5)))


def _no_diagnosis(resources: Resources, book: Book) -> None:
    book.diagnoses.clear()


def _no_patient(resources: Resources, book: Book) -> None:
    resources.remove(of(resources, "Patient"))


def _no_person_key(resources: Resources, book: Book) -> None:
    of(resources, "Patient")["identifier"].pop(0)


def _no_stay_key(resources: Resources, book: Book) -> None:
    of(resources, "Encounter")["identifier"].pop(0)


def _other_currency(resources: Resources, book: Book) -> None:
    of(resources, "ChargeItem")["priceOverride"]["currency"] = "USD"


def _finer_than_a_fen(resources: Resources, book: Book) -> None:
    of(resources, "ChargeItem")["priceOverride"]["value"] = Decimal("18.001")


def _a_float(resources: Resources, book: Book) -> None:
    of(resources, "ChargeItem")["priceOverride"]["value"] = 18.0


def _no_day(resources: Resources, book: Book) -> None:
    of(resources, "ChargeItem")["occurrenceDateTime"] = "2021-03"


def _no_zone(resources: Resources, book: Book) -> None:
    of(resources, "Encounter")["period"]["start"] = "2021-03-05T14:30:00"


def _refund_of_a_stranger(resources: Resources, book: Book) -> None:
    resources.append(charge("1", "1201", "2021-03-09", "-1", "18.0000", "-18.00", reverses="elsewhere"))


def _refund_too_much(resources: Resources, book: Book) -> None:
    resources.append(charge("1", "1201", "2021-03-09", "-2", "18.0000", "-36.00", reverses="900000123"))


def _refund_of_nobody_knows_what(resources: Resources, book: Book) -> None:
    resources.append(charge("1", "1201", "2021-03-09", "-1", "18.0000", "-18.00"))


def _refund_of_a_refund(resources: Resources, book: Book) -> None:
    resources.append(charge("1", "2102", "2021-03-09", "-1", "148.0000", "-148.00", reverses="900000127"))


def _unknown_insurance(resources: Resources, book: Book) -> None:
    of(resources, "Coverage")["type"] = {"coding": [{"system": codesystem("insurance"), "code": "other"}]}


def _id_number_as_insurance_number(resources: Resources, book: Book) -> None:
    of(resources, "Coverage")["subscriberId"] = "999999198001010011"


def _no_charges(resources: Resources, book: Book) -> None:
    resources[:] = [each for each in resources if each["resourceType"] != "ChargeItem"]


@pytest.mark.parametrize(
    ("spoil", "code", "pointer"),
    [
        (_no_facility, "REF-151", f"Encounter/{ids('Encounter', '300012345')}.serviceProvider"),
        (_no_item, "REF-152", f"ChargeItem/{ids('ChargeItem', '900000124')}.code"),
        (_item_expired, "REF-152", f"ChargeItem/{ids('ChargeItem', '900000124')}.code"),
        (_no_diagnosis, "REF-153", f"Condition/{ids('Condition', 'principal')}.code"),
        (_no_patient, "FHIR-171", "Patient"),
        (_no_person_key, "FHIR-172", f"Patient/{ids('Patient', '88001')}.identifier"),
        (_no_stay_key, "FHIR-172", f"Encounter/{ids('Encounter', '300012345')}.identifier"),
        (_other_currency, "FHIR-173", f"ChargeItem/{ids('ChargeItem', '900000123')}.priceOverride"),
        (_finer_than_a_fen, "FHIR-173", f"ChargeItem/{ids('ChargeItem', '900000123')}.priceOverride"),
        (_a_float, "FHIR-173", f"ChargeItem/{ids('ChargeItem', '900000123')}.priceOverride"),
        (_no_day, "FHIR-174", f"ChargeItem/{ids('ChargeItem', '900000123')}.occurrenceDateTime"),
        (_no_zone, "FHIR-174", f"Encounter/{ids('Encounter', '300012345')}.period.start"),
        (_refund_of_a_stranger, "FHIR-176", f"ChargeItem/{ids('ChargeItem', '1')}"),
        (_refund_too_much, "FHIR-175", f"ChargeItem/{ids('ChargeItem', '1')}"),
        (_refund_of_nobody_knows_what, "FHIR-180", f"ChargeItem/{ids('ChargeItem', '1')}"),
        (_refund_of_a_refund, "FHIR-176", f"ChargeItem/{ids('ChargeItem', '1')}"),
        (_unknown_insurance, "FHIR-177", f"Coverage/{ids('Coverage', '300012345')}.type"),
        (_id_number_as_insurance_number, "FHIR-181", f"Coverage/{ids('Coverage', '300012345')}.subscriberId"),
        (_no_charges, "FHIR-178", f"Encounter/{ids('Encounter', '300012345')}"),
    ],
)
def test_what_holds_a_case(spoil: Callable[[Resources, Book], None], code: str, pointer: str) -> None:
    resources, book = make_resources(), make_book()
    spoil(resources, book)
    claim, found = read(resources, book)
    assert claim is None
    assert (code, pointer) in [(issue.code, issue.pointer) for issue in found]
    assert all(issue.hint_zh and issue.hint_en for issue in found)


def test_everything_is_found_in_one_go() -> None:
    resources, book = make_resources(), make_book()
    for spoil in (_no_facility, _no_item, _no_diagnosis, _other_currency):
        spoil(resources, book)
    assert set(codes(read(resources, book)[1])) == {"REF-151", "REF-152", "REF-153", "FHIR-173"}


def test_one_issue_per_unknown_item_with_the_number_of_its_lines() -> None:
    book = make_book()
    del book.items["3105"]
    found = read(make_resources(), book)[1]
    assert codes(found) == ["REF-152"]
    assert "2 line(s)" in found[0].en


def test_a_refund_takes_the_catalogue_row_of_the_charge_that_it_undoes() -> None:
    book = make_book()
    book.items["3105"] = replace(book.items["3105"], valid=Period(date(2010, 1, 1), date(2021, 3, 8)))
    claim, found = read(make_resources(), book)  # the refund is booked on the 9th
    assert claim is not None and found == []
    assert claim.lines[5].item == claim.lines[2].item == book.items["3105"]


def test_struck_out_charges_do_not_count() -> None:
    charges = make_charges()
    charges[0]["status"] = "entered-in-error"
    claim, _ = read(make_resources(charges))
    assert claim is not None and claim.total == Money.yuan("535.39")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, LineSplit(in_scope=Money.yuan("18.00"), basis=SplitBasis.HIS)),
        (
            {"pre-self-pay": "1.80"},
            LineSplit(pre_self_pay=Money.yuan("1.80"), in_scope=Money.yuan("16.20"), basis=SplitBasis.HIS),
        ),
        ({"full-self-pay": "18.00"}, LineSplit(full_self_pay=Money.yuan("18.00"), basis=SplitBasis.HIS)),
        (
            {"pre-self-pay": "1.80", "extra-self-pay": "0.20"},
            LineSplit(Money(20), pre_self_pay=Money(180), in_scope=Money(1600), basis=SplitBasis.HIS),
        ),
        (
            {"full-self-pay": "18.00", "extra-self-pay": "18.00"},  # printed columns overlap: never add them
            LineSplit(full_self_pay=Money.yuan("18.00"), basis=SplitBasis.HIS),
        ),
        ({"full-self-pay": "18.01"}, None),
    ],
)
def test_the_his_estimate_is_kept_as_an_estimate(told: dict[str, str], expected: LineSplit | None) -> None:
    charges = make_charges()
    inner = [
        {"url": name, "valueMoney": {"value": Decimal(amount), "currency": "CNY"}} for name, amount in told.items()
    ]
    charges[0]["extension"].append({"url": extension_url("his-estimate"), "extension": inner})
    claim, found = read(make_resources(charges))
    assert claim is not None and claim.lines[0].his_split == expected
    assert claim.total == Money.yuan("553.39")  # whatever the estimate is worth, the line stands
    assert codes(found) == ([] if expected else ["FHIR-179"])
