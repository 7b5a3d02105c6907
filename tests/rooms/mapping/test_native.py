"""What is done with a hospital's own FHIR: keys are added, digits kept, gaps named to the very element."""

from __future__ import annotations

import copy
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.identity import CANON, resource_id
from adapter.fhir.validation import validate
from adapter.intake.mapping import explainer_of, load_mapping
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.native_explain import personal_paths
from adapter.model.issues import stopping
from tests.support.intake import MAPPINGS
from tests.support.native import META, SOURCE, Resource, charge, mapper, read, resources

REVERSES = f"{CANON}/StructureDefinition/reverses"
UNIT_PRICE = f"{CANON}/StructureDefinition/unit-price"


def priced(price: int | Decimal, **more: Any) -> Resource:
    return charge(1, extension=[{"url": UNIT_PRICE, "valueMoney": {"value": price, "currency": "CNY"}}], **more)


def without(resource: Resource, *names: str) -> Resource:
    return {name: value for name, value in resource.items() if name not in names}


def test_ids_and_references_are_ours_and_nothing_is_lost(tmp_path: Path) -> None:
    seen = read(tmp_path, resources())
    (patient,), (encounter,), (cover,) = seen.of("Patient"), seen.of("Encounter"), seen.of("Coverage")
    assert patient["id"] == resource_id(SOURCE, "Patient", "P1")
    assert encounter["subject"] == cover["beneficiary"] == {"reference": f"Patient/{patient['id']}"}
    assert {each["value"] for each in encounter["identifier"]} == {"V1"}
    assert seen.mapped["V1"].person_key == "K1"
    assert [each["system"] for each in encounter["identifier"]][1] == f"{CANON}/sid/{SOURCE}/stay"
    assert [coding["code"] for coding in cover["type"]["coding"]] == ["20", "residents", "basic"]
    account, organizations = seen.of("Account"), seen.of("Organization")
    assert len(account) == 1 and len(organizations) == 2  # made of the source file, for the hospital sent none
    assert all(each["account"] == [{"reference": f"Account/{account[0]['id']}"}] for each in seen.of("ChargeItem"))
    assert not validate(seen.mapped["V1"].resources, complete=True)


def test_what_says_who_somebody_is_stays_behind(tmp_path: Path) -> None:
    stay = resources(charge(1, performer=[{"actor": {"reference": "Practitioner/D1", "display": "测试医师"}}]))
    stay[0]["telecom"], stay[0]["address"] = [{"value": "13800000000"}], [{"text": "测试路"}]
    stay[0]["text"] = {"status": "generated", "div": "<div>测试某</div>"}
    stay[1]["subject"]["display"] = "测试某"
    stay[1]["episodeOfCare"] = [{"reference": "EpisodeOfCare/X", "display": "测试某"}]
    seen = read(tmp_path, stay)
    kept = [each for each in seen.mapped["V1"].resources if each["resourceType"] != "Patient"]
    assert "测试某" not in str(kept) and "测试医师" not in str(kept)
    assert seen.of("Patient")[0].keys() == {"resourceType", "id", "identifier", "name", "gender", "birthDate"}
    assert seen.of("Encounter")[0]["episodeOfCare"] == [
        {"type": "EpisodeOfCare", "identifier": {"system": f"{CANON}/sid/fhir/EpisodeOfCare", "value": "X"}}
    ]


#: What is wrong with a charge: the code, and where it points below ``a.json#4/ChargeItem/C1``.
GAPS: list[tuple[Resource, str, str]] = [
    (without(charge(1), "priceOverride"), "MAP-105", ".priceOverride"),
    (charge(1, priceOverride={"currency": "CNY"}), "MAP-105", ".priceOverride.value"),
    (charge(1, "12.345"), "MAP-103", ".priceOverride.value"),
    (charge(1, priceOverride={"value": 20, "currency": "USD"}), "FHIR-", ".priceOverride.currency"),
    (charge(1, priceOverride={"value": 20}), "FHIR-121", ".priceOverride"),
    ({**charge(1), "quantity": {"unit": "次"}}, "MAP-105", ".quantity.value"),
    (without(charge(1), "occurrenceDateTime"), "MAP-105", ".occurrenceDateTime"),
    (charge(1, status="unknown"), "MAP-172", ".status"),
    (charge(1, subject={"reference": "Patient/P9"}), "MAP-171", ".subject"),
    (charge(1, subject={"reference": "https://other.example/r4/Patient/P1"}), "MAP-171", ".subject"),
    (charge(1, "-20.00", -1), "MAP-174", ".partOf"),
    (charge(1, "-20.00", -1, partOf=[{"reference": "ChargeItem/C9"}]), "MAP-171", ".partOf[0]"),
    (
        charge(1, modifierExtension=[{"url": "https://x.example/not", "valueBoolean": True}]),
        "MAP-170",
        ".modifierExtension",
    ),
    (charge(1, implicitRules="https://x.example/rules"), "MAP-170", ".implicitRules"),
    (priced(18), "MAP-106", ".priceOverride.value"),
    (without(charge(1), "code"), "FHIR-", ""),
    (charge(1, occurrenceDateTime="2021-03-06T08:00:00"), "FHIR-", ".occurrenceDateTime"),
    (charge(1, status="paid"), "FHIR-", ".status"),
    (charge(1, hospitalOwn="x"), "FHIR-", ""),
]


@pytest.mark.parametrize(
    ("line", "code", "path"), GAPS, ids=[f"{code}{path}-{n}" for n, (_, code, path) in enumerate(GAPS)]
)
def test_a_gap_is_named_to_the_element_and_holds_the_stay(line: Resource, code: str, path: str, tmp_path: Path) -> None:
    seen = read(tmp_path, resources(line))
    found = stopping(seen.mapped["V1"].issues)
    assert found and found[0].code.startswith(code)
    assert found[0].pointer == f"a.json#4/ChargeItem/C1{path}"


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"period": {"start": "2021-03-05T14:30:00+08:00"}}, "MAP-105", "period.end"),
        ({"period": {"end": "2021-03-08T10:05:00+08:00"}}, "MAP-105", "period.start"),
        ({"status": "unknown"}, "MAP-172", "status"),
        ({"subject": {"reference": "Patient/P9"}}, "MAP-171", "subject"),
    ],
)
def test_gaps_of_the_stay_itself(change: Resource, code: str, path: str, tmp_path: Path) -> None:
    stay = resources(charge(1))
    stay[1] |= change
    found = [(issue.code, issue.pointer) for issue in read(tmp_path, stay).mapped["V1"].issues]
    assert (code, f"a.json#2/Encounter/E1.{path}") in found


def test_a_small_difference_of_price_and_amount_warns(tmp_path: Path) -> None:
    seen = read(tmp_path, resources(priced(Decimal("19.95"))))
    assert seen.found() == ["MAP-106"] and not stopping(seen.mapped["V1"].issues)


def undone(seen_lines: list[Resource]) -> str:
    (refund,) = [each for each in seen_lines if each["quantity"]["value"] < 0]
    (told,) = [each for each in refund["extension"] if each["url"] == REVERSES]
    assert told["valueIdentifier"]["system"] == f"{CANON}/sid/charge-item"
    return str(told["valueIdentifier"]["value"])


@pytest.mark.parametrize(
    "link",
    [
        {"partOf": [{"reference": "ChargeItem/C1"}]},
        {"extension": [{"url": REVERSES, "valueReference": {"reference": "ChargeItem/C1"}}]},
        {"extension": [{"url": REVERSES, "valueIdentifier": {"value": "C1"}}]},
        {"extension": [{"url": REVERSES, "valueIdentifier": {"system": "https://x.example", "value": "LINE-1"}}]},
    ],
    ids=["partOf", "by reference", "by id", "by identifier"],
)
def test_a_refund_names_the_line_that_it_undoes(link: Resource, tmp_path: Path) -> None:
    line = charge(1, "20.00", identifier=[{"system": "https://x.example", "value": "LINE-1"}])
    seen = read(tmp_path, resources(line, charge(2, "-20.00", -1, **link)))
    assert seen.found() == []
    assert undone(seen.of("ChargeItem")) == resource_id(SOURCE, "ChargeItem", "C1")


def test_signs_must_agree(tmp_path: Path) -> None:
    refund = charge(2, "20.00", -1, partOf=[{"reference": "ChargeItem/C1"}])
    assert read(tmp_path, resources(charge(1), refund)).found() == ["MAP-175"]


def test_states_become_those_that_the_case_knows(tmp_path: Path) -> None:
    stay = resources(charge(1, status="billed"), charge(2, status="entered-in-error"), charge(3, status="planned"))
    stay[1] |= {"status": "triaged"}
    seen = read(tmp_path, stay)
    assert [each["status"] for each in seen.of("ChargeItem")] == ["billable", "entered-in-error", "planned"]
    assert seen.of("Encounter")[0]["status"] == "arrived"


def test_a_code_that_no_table_has(tmp_path: Path) -> None:
    stay = resources(charge(1))
    stay[2]["type"]["coding"][0]["code"] = "77"
    seen = read(tmp_path, stay)
    (issue,) = seen.mapped["V1"].issues
    assert (issue.code, issue.stops) == ("MAP-104", True)
    assert issue.pointer == "a.json#3/Coverage/K1.type.coding[0].code"
    assert seen.of("Coverage")[0]["meta"]["tag"][0]["code"] == "unmapped-code"
    report = mapper().check(seen.stays.values())
    assert report.unmapped_codes == {"Coverage.type": {"77": 1}} and not report.complete


def test_another_hospital_is_not_ours(tmp_path: Path) -> None:
    stay = resources(charge(1))
    stay[1]["serviceProvider"] = {"reference": "Organization/H2"}
    named = {"system": "https://fhir.tianhu.example/sid/organization", "value": "TH002"}
    hospital = {"resourceType": "Organization", "id": "H2", "meta": META, "identifier": [named], "name": "另一家医院"}
    assert read(tmp_path, [*stay, hospital]).found() == ["MAP-109"]


def test_what_the_hospital_struck_out_is_no_part_of_the_stay(tmp_path: Path) -> None:
    account = {
        "resourceType": "Account",
        "id": "A1",
        "meta": META,
        "status": "active",
        "coverage": [{"coverage": {"reference": "Coverage/K1"}}, {"coverage": {"reference": "Coverage/K2"}}],
    }
    stay = resources(charge(1))
    stay[1]["account"] = [{"reference": "Account/A1"}]
    gone = {**copy.deepcopy(stay[2]), "id": "K2", "status": "cancelled"}
    seen = read(tmp_path, [*stay, account, gone])
    assert seen.found() == ["MAP-173"] and len(seen.of("Coverage")) == 1
    assert "identifier" in seen.of("Account")[0]["coverage"][1]["coverage"]


def test_two_stays_of_one_key_are_refused(tmp_path: Path) -> None:
    stay = resources(charge(1))
    twin = {**copy.deepcopy(stay[1]), "id": "E2"}
    assert "MAP-115" in read(tmp_path, [*stay, twin]).found()


def test_every_element_leads_to_the_one_it_came_from(tmp_path: Path) -> None:
    seen = read(tmp_path, resources())
    explainer = explainer_of(mapper().mapping)
    lines = list(explainer.lines(seen.stays["V1"], seen.mapped["V1"]))
    told = {(line.element, line.path) for line in lines}
    for each in seen.mapped["V1"].resources:
        element = f"{each['resourceType']}/{each['id']}"
        for name in each:
            assert name == "resourceType" or any(
                of == element and path.split(".")[1].partition("[")[0] == name for of, path in told
            ), (element, name)
    by_path = {line.path: line for line in lines if line.element.startswith("ChargeItem/")}
    amount = by_path["ChargeItem.priceOverride.value"]
    assert amount.sources[0].pointer.startswith("a.json#") and amount.sources[0].pointer.endswith(
        ".priceOverride.value"
    )
    assert str(amount.value) == amount.sources[0].text
    assert all(line.rule.startswith(("his/fhir_r4/shape.yaml:", f"sources/{SOURCE}.yaml:")) for line in lines)
    personal = personal_paths(lines)
    assert {"name[0].text", "birthDate", "subscriberId"} <= personal and "priceOverride.value" not in personal


MISTAKES = [
    (f"sources/{SOURCE}.yaml", "  bases:", "  base:"),
    (f"sources/{SOURCE}.yaml", "    Coverage.type:", "    Coverage:"),
    (f"sources/{SOURCE}.yaml", "    Coverage.type:", "    Device.type:"),
    (f"sources/{SOURCE}.yaml", "table: insurance.csv", "table: nowhere.csv"),
    (f"sources/{SOURCE}.yaml", "    person:", "    patient:"),
    ("his/fhir_r4/shape.yaml", "inpatient: [IMP", "inpatients: [IMP"),
    ("his/fhir_r4/shape.yaml", "resources: [Organization,", "resources: [Device,"),
    ("his/fhir_r4/shape.yaml", "  Patient:\n    telecom", "  Device:\n    telecom"),
]


@pytest.mark.parametrize(("file", "before", "after"), MISTAKES, ids=[each[2].strip() for each in MISTAKES])
def test_a_mistake_in_the_files_is_refused(file: str, before: str, after: str, tmp_path: Path) -> None:
    shutil.copytree(MAPPINGS / "his" / "fhir_r4", tmp_path / "his" / "fhir_r4")
    shutil.copytree(MAPPINGS / "sources" / SOURCE, tmp_path / "sources" / SOURCE)
    shutil.copy(MAPPINGS / "sources" / f"{SOURCE}.yaml", tmp_path / "sources")
    load_mapping(tmp_path, SOURCE)
    text = (tmp_path / file).read_text("utf-8")
    assert before in text
    (tmp_path / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(MappingRefused):
        load_mapping(tmp_path, SOURCE)
