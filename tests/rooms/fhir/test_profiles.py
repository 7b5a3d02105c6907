"""Profiles compiled from StructureDefinitions: ours, and small invented ones for each thing that a profile can say."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import decode
from adapter.fhir.profiles import Profiles, load_profiles
from adapter.fhir.profiles.check import profile_findings, unchecked
from adapter.fhir.validation import validate
from adapter.model.issues import Severity
from tests.conformance import written
from tests.conformance.faults import base

FOLDER = Path(__file__).parents[3] / "mappings" / "profiles"
OURS = load_profiles(FOLDER)
RECORDS = [entry["resource"] for name, each in written.in_the_record() for entry in each.get("entry", ())]


def resource(name: str) -> dict[str, Any]:
    found = next(each["resource"] for each in base()["entry"] if each["resource"]["id"] == name)
    return copy.deepcopy(found)


def of_record(kind: str) -> dict[str, Any]:
    return copy.deepcopy(next(each for each in RECORDS if each["resourceType"] == kind))


def made(*elements: dict[str, Any], kind: str = "Coverage", **terms: list[str]) -> Profiles:
    """One profile ``p`` of these elements, with value sets by name."""
    sets = [
        {
            "resourceType": "ValueSet",
            "url": f"https://x.example/{name}",
            "compose": {"include": [{"system": "https://x.example/cs", "concept": [{"code": code} for code in codes]}]},
        }
        for name, codes in terms.items()
    ]
    listed = [{"path": element["id"].replace(":", "."), **element} for element in elements]
    profile = {
        "resourceType": "StructureDefinition",
        "id": "p",
        "url": "https://x.example/p",
        "kind": "resource",
        "type": kind,
        "differential": {"element": listed},
    }
    return Profiles([profile, *sets])


def said(profiles: Profiles, one: dict[str, Any], name: str = "p") -> list[tuple[str, str]]:
    tree = profiles.named(name)
    assert tree is not None
    return [(issue.code, issue.pointer.partition(".")[2]) for issue in profile_findings(one, profiles, wanted=tree)]


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"id": "Coverage.subscriberId", "min": 1}, [("FHIR-226", "subscriberId")]),
        ({"id": "Coverage.payor", "max": "0"}, [("FHIR-227", "payor")]),
        ({"id": "Coverage.payor", "min": 1, "max": "1"}, []),
        ({"id": "Coverage.class.name", "min": 1}, []),  # no class, so nothing is missing in it
        ({"id": "Coverage.period.end", "max": "0"}, [("FHIR-227", "period.end")]),
        ({"id": "Coverage.status", "fixedCode": "cancelled"}, [("FHIR-228", "status")]),
        ({"id": "Coverage.status", "fixedCode": "active"}, []),
        ({"id": "Coverage.type", "patternCodeableConcept": {"coding": [{"code": "basic"}]}}, []),
        ({"id": "Coverage.type", "patternCodeableConcept": {"coding": [{"code": "x"}]}}, [("FHIR-228", "type")]),
        (
            {"id": "Coverage.beneficiary", "type": [{"code": "Reference", "targetProfile": ["http://x/Group"]}]},
            [("FHIR-230", "beneficiary.reference")],
        ),
    ],
)
def test_what_a_profile_may_say(element: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert said(made(element), resource("basic")) == expected


def test_a_choice_may_be_narrowed() -> None:
    profiles = made({"id": "ChargeItem.occurrence[x]", "min": 1, "type": [{"code": "Period"}]}, kind="ChargeItem")
    line = resource("line1")
    assert said(profiles, line) == [("FHIR-230", "occurrenceDateTime")]
    del line["occurrenceDateTime"]
    assert said(profiles, line) == [("FHIR-226", "occurrence[x]")]
    assert said(profiles, {**line, "occurrencePeriod": {"start": "2020"}}) == []


def test_a_required_binding() -> None:
    bound = {"strength": "required", "valueSet": "https://x.example/kinds|1"}
    profiles = made({"id": "Coverage.type", "binding": bound}, kinds=["a", "b"])
    cover = resource("basic")
    assert said(profiles, cover) == [("FHIR-229", "type")]
    cover["type"]["coding"].append({"system": "https://x.example/cs", "code": "b"})
    assert said(profiles, cover) == []
    preferred = made({"id": "Coverage.type", "binding": {**bound, "strength": "preferred"}}, kinds=["a"])
    assert said(preferred, resource("basic")) == []


def test_slices_by_a_fixed_value() -> None:
    slicing = {"discriminator": [{"type": "value", "path": "system"}], "rules": "closed"}
    profiles = made(
        {"id": "Coverage.identifier", "slicing": slicing},
        {"id": "Coverage.identifier:card", "sliceName": "card", "min": 1, "max": "1"},
        {"id": "Coverage.identifier:card.system", "fixedUri": "https://x.example/card"},
        {"id": "Coverage.identifier:card.value", "min": 1},
    )
    cover = resource("basic")
    assert said(profiles, cover) == [("FHIR-226", "identifier"), ("FHIR-231", "identifier[0]")]
    cover["identifier"] = [{"system": "https://x.example/card"}]
    assert said(profiles, cover) == [("FHIR-226", "identifier[0].value")]
    cover["identifier"] = [{"system": "https://x.example/card", "value": "1"}] * 2
    assert said(profiles, cover) == [("FHIR-227", "identifier")]


def test_what_is_not_checked_is_said() -> None:
    profiles = made(
        {"id": "Coverage", "constraint": [{"key": "x-1", "severity": "error", "expression": "payor.count() = 7"}]},
        {"id": "Coverage.payor", "maxLength": 3, "slicing": {"discriminator": [{"type": "profile", "path": "$this"}]}},
        {"id": "Coverage.type", "binding": {"strength": "required", "valueSet": "https://x.example/nowhere"}},
    )
    tree = profiles.named("p")
    assert tree is not None
    found = unchecked(tree, profiles)
    assert {issue.code for issue in found} == {"FHIR-233"}
    assert {issue.severity for issue in found} == {Severity.INFORMATION}
    assert [issue.en.rpartition(": ")[2] for issue in found] == [
        "constraint x-1",
        "maxLength",
        "slicing by profile",
        "binding to https://x.example/nowhere",
    ]


@pytest.mark.parametrize("name", OURS.names)
def test_nothing_of_our_own_profiles_is_left_unchecked(name: str) -> None:
    tree = OURS.named(name)
    assert tree is not None
    assert [issue.en for issue in unchecked(tree, OURS) if "http://hl7.org/" not in issue.en] == []


#: Profile and the resources of the hospital's record that follow it.
FOLLOWED = {
    "charge-line": "ChargeItem",
    "inpatient-stay": "Encounter",
    "payer-benefit": "ExplanationOfBenefit",
    "payer-claim": "Claim",
    "payer-claim-response": "ClaimResponse",
    "payer-coverage": "Coverage",
    "stay-account": "Account",
    "stay-invoice": "Invoice",
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_the_record_follows_our_profiles(name: str) -> None:
    mine = [each for each in RECORDS if each["resourceType"] == FOLLOWED[name]]
    assert mine
    settled = [each for each in mine if name != "stay-account" or "coverage" in each]
    assert [said(OURS, each, name) for each in settled] == [[] for _ in settled]


def test_a_line_that_breaks_its_profile() -> None:
    line = of_record("ChargeItem")
    line["priceOverride"] = {"value": Decimal("8.385"), "currency": "CNY"}
    assert said(OURS, line, "charge-line") == [("FHIR-234", "priceOverride")]
    del line["context"]
    assert ("FHIR-226", "context") in said(OURS, line, "charge-line")


def test_extensions_of_ours_are_as_they_are_defined() -> None:
    line = of_record("ChargeItem")
    line["extension"] = [
        {"url": "https://pay-after-care.example/fhir/StructureDefinition/unit-prise", "valueCode": "x"}
    ]
    assert said(OURS, line, "charge-line") == [("FHIR-231", "extension[0]")]
    line["extension"][0]["url"] = "https://pay-after-care.example/fhir/StructureDefinition/unit-price"
    assert ("FHIR-230", "extension[0].valueCode") in said(OURS, line, "charge-line")
    line["extension"][0]["url"] = "https://else.example/StructureDefinition/unit-price"
    assert said(OURS, line, "charge-line") == []


def test_a_claimed_profile_is_checked_or_said_to_be_unknown() -> None:
    line = of_record("ChargeItem")
    line["meta"] = {"profile": ["https://pay-after-care.example/fhir/StructureDefinition/charge-line|1", "https://x/y"]}
    del line["quantity"]
    found = list(profile_findings(line, OURS))
    assert [issue.code for issue in found] == ["FHIR-226", "FHIR-235"]
    assert validate([line]) == []


def test_a_profile_is_found_by_address_id_or_name() -> None:
    tree = OURS.named("charge-line")
    assert tree is not None
    assert OURS.named("ChargeLine") is tree is OURS.named(tree.url)
    assert OURS.named("nothing") is None


def test_other_files_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1]", "utf-8")
    (tmp_path / "plain.json").write_text('{"a": 1}', "utf-8")
    assert load_profiles(tmp_path).names == []
    assert decode(b"[1]") == [1]
