"""Rules of R4's prose: errors for what we send, warnings for what we receive, and silent where nothing is wrong."""

from __future__ import annotations

import copy
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir import rule_issues
from adapter.fhir.canonical import decode
from adapter.fhir.rules_targets import allowed_types
from adapter.fhir.rules_versions import active_findings
from adapter.fhir.validation import validate
from adapter.model.issues import Severity
from tests.conformance.faults import Fault, all_faults, base

PAGE = Path(__file__).parents[3] / "docs" / "validation.md"

FAULTS = all_faults()
#: Codes of rules that R4 says in prose only.
PROSE = {f"FHIR-{number}" for number in (*range(130, 139), 186, *range(187, 195), 220, 221, 223, 225)}
ADVICE = {"FHIR-222", "FHIR-224"}


def resource(name: str) -> dict[str, Any]:
    """A resource of the base, to be changed at will."""
    found = next(each["resource"] for each in base()["entry"] if each["resource"]["id"] == name)
    return copy.deepcopy(found)


def said(*resources: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    return [(issue.code, issue.pointer) for issue in validate(resources, **options)]


@pytest.mark.parametrize("fault", [each for each in FAULTS if each.ours in PROSE], ids=lambda fault: fault.name)
def test_a_rule_in_prose_warns_of_what_we_receive(fault: Fault) -> None:
    found = [issue for issue in validate([decode(fault.written)], sending=False) if issue.code == fault.ours]
    assert found
    assert {issue.severity for issue in found} == {Severity.WARNING}


def test_every_rule_of_the_page_has_a_fault() -> None:
    """docs/validation.md names every code with its rule; each is seeded, but for advice, which nobody has to follow."""
    named = set(re.findall(r"FHIR-\d{3}", PAGE.read_text(encoding="utf-8").partition("## The profiles")[0]))
    seeded = {fault.ours for fault in FAULTS}
    made = {f"FHIR-{number}" for number in re.findall(r'code="FHIR-(\d+)"', Path(rule_issues.__file__).read_text())}
    unreadable = {"FHIR-236", "FHIR-296", "FHIR-297", "FHIR-298"}  # of files, not of rules
    assert (PROSE | ADVICE | made) - unreadable <= named
    assert named - seeded <= ADVICE | {"FHIR-101", "FHIR-103", "FHIR-105", "FHIR-110", "FHIR-120", "FHIR-124"}


def test_advice_is_given_when_it_is_asked_for() -> None:
    line = resource("line2")
    line["extension"] = [
        {
            "url": "https://pay-after-care.example/fhir/StructureDefinition/unit-price",
            "valueMoney": {"value": Decimal("4.00"), "currency": "CNY"},
        }
    ]
    del line["overrideReason"]
    person = resource("patient1")
    person["identifier"] = [{"system": "urn:oid:2.16.840.1.113883.2.23.1.19.1", "value": "110101195803090000"}]
    assert said(line, person) == []
    found = validate([line, person], advise=True)
    assert {issue.code for issue in found} == ADVICE
    assert {issue.severity for issue in found} == {Severity.INFORMATION}
    line["overrideReason"] = "HIS 存储金额"
    assert said(line, advise=True) == []


def test_a_total_that_is_the_product_needs_no_reason() -> None:
    line = resource("line1")
    del line["overrideReason"]
    line["extension"] = [
        {
            "url": "https://pay-after-care.example/fhir/StructureDefinition/unit-price",
            "valueMoney": {"value": Decimal("30.0000"), "currency": "CNY"},
        }
    ]
    assert said(line, advise=True) == []


def test_payers_of_another_person_do_not_mix() -> None:
    account, claim = resource("account1"), resource("claim1")
    account["coverage"][0]["priority"] = 3
    assert [code for code, _ in said(account, claim)] == ["FHIR-188"]
    assert said({**account, "subject": [{"reference": "Patient/other"}]}, claim) == []
    assert said({**account, "status": "inactive"}, claim) == []
    assert said(account, {**claim, "status": "cancelled"}) == []


def test_a_trial_needs_no_earlier_answer() -> None:
    claim, answer = resource("claim1"), resource("answer1")
    claim["insurance"][0]["focal"], claim["insurance"][1]["focal"] = False, True
    assert said(claim, answer) == [("FHIR-190", "Claim/claim1.insurance[0]")]
    assert said({**claim, "use": "predetermination"}, answer) == []
    assert said(claim, {**answer, "status": "cancelled"}) == []
    claim["insurance"][0]["claimResponse"] = {"reference": "ClaimResponse/answer1"}
    assert said(claim, answer) == []


def test_a_computed_answer_is_vouched_for() -> None:
    answer = {**resource("answer1"), "disposition": "医院代为计算 (computed by the hospital)"}
    agent = {"who": {"reference": "Organization/hospital"}, "onBehalfOf": {"reference": "Organization/bureau"}}
    provenance = {
        "resourceType": "Provenance",
        "id": "p",
        "target": [{"reference": "ClaimResponse/answer1"}],
        "recorded": "2020-06-08T11:00:00+08:00",
        "agent": [agent],
    }
    assert said(answer, provenance) == []
    del agent["onBehalfOf"]
    assert said(answer, provenance) == [("FHIR-193", "ClaimResponse/answer1")]


def test_broken_resources_are_not_compared() -> None:
    claim = resource("claim1")
    del claim["patient"], claim["insurance"][0]["coverage"]
    assert {code for code, _ in said(claim, resource("account1"), resource("answer1"))} == {"FHIR-111"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({}, {"status": "cancelled"}, []),
        ({}, {"meta": {"versionId": "2"}}, []),
        ({}, {"disposition": "x"}, ["FHIR-223"]),
        ({"status": "draft"}, {"disposition": "x"}, []),
        ({"disposition": "x"}, {}, ["FHIR-223"]),
        ({"resourceType": "Account"}, {"resourceType": "Account", "disposition": "x"}, []),
    ],
)
def test_what_is_active_changes_its_status_only(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    answer = resource("answer1")
    assert [issue.code for issue in active_findings({**answer, **before}, {**answer, **after})] == expected


def test_amounts_are_compared_digit_for_digit() -> None:
    answer = resource("answer1")
    changed = {**answer, "payment": {**answer["payment"], "amount": {"value": Decimal("90.01"), "currency": "CNY"}}}
    (issue,) = active_findings(answer, changed)
    assert "payment" in issue.en


@pytest.mark.parametrize(
    ("div", "key"),
    [
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p>住院 <b>7</b> 天</p><!-- x --></div>', None),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><img src="#a" alt="x"/></div>', None),
        ("<div><p>x</p></div>", "txt-1"),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x">x</p></div>', "txt-1"),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><form>x</form></div>', "txt-1"),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p>x</div>', "txt-1"),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p> </p></div>', "txt-2"),
    ],
)
def test_a_narrative(div: str, key: str | None) -> None:
    hospital = {**resource("hospital"), "text": {"status": "generated", "div": div}}
    found = validate([hospital])
    assert [issue.en for issue in found] == ([f"R4 invariant {key} does not hold"] if key else [])


def test_a_contained_target_is_of_a_type_that_fits() -> None:
    inner = {"resourceType": "Organization", "id": "o1", "name": "x"}
    cover = {**resource("basic"), "contained": [inner], "policyHolder": {"reference": "#o1"}}
    assert said(cover) == []
    cover["beneficiary"] = {"reference": "#o1"}
    assert said(cover) == [("FHIR-119", "Coverage/basic.beneficiary.reference")]


def test_allowed_types_follow_the_path() -> None:
    assert allowed_types("Claim", ("insurance", "coverage")) == ("Coverage",)
    assert allowed_types("Claim", ("item", "detail", "udi")) == ("Device",)
    assert allowed_types("Provenance", ("target",)) == ()
    assert allowed_types("Claim", ("nothing",)) == ()


def test_a_fault_inside_a_parameter_is_found() -> None:
    inner = {"name": "bill", "part": [{"name": "claim", "resource": {"resourceType": "Claim", "id": "c"}}]}
    found = said({"resourceType": "Parameters", "parameter": [inner]})
    assert {code for code, _ in found} == {"FHIR-111"}
    assert {pointer for _, pointer in found} == {"Claim/c"}
