"""R5 files are judged by R5's structure and invariants, and by the money rules that both versions share."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import decode, encode
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.r5.validation import validate_r5
from adapter.fhir.schema.build_r5 import R5
from adapter.fhir.schema.invariants import BY_STRUCTURE
from adapter.fhir.schema.invariants_r5 import IN_RULES_R5, IN_SCHEMA_R5, NOT_CHECKED_R5
from adapter.fhir.xml_out import xml_of
from tests.conformance.faults import base
from tests.support.terminal import run

Json = dict[str, Any]


def example(name: str) -> Json:
    found: Json = decode(Path(f"fixtures/package/{name}.json").read_bytes())
    return to_r5(found)[0]


def claim() -> Json:
    return copy.deepcopy(example("Claim-claim"))


def test_what_we_write_has_no_issue() -> None:
    assert validate_r5([to_r5(base())[0]]) == []


def test_a_resource_of_r4_is_none_of_r5() -> None:
    stay = decode(Path("fixtures/package/Encounter-encounter.json").read_bytes())
    assert {issue.code for issue in validate_r5([stay])} >= {"FHIR-112", "FHIR-113"}


@pytest.mark.parametrize(
    ("code", "pointer", "change"),
    [
        ("FHIR-111", "", {"status": None}),
        ("FHIR-113", ".status", {"status": "bogus"}),
        ("FHIR-112", "", {"weather": "fine"}),
        ("FHIR-122", ".billablePeriod", {"billablePeriod": {"start": "2021-03-05", "end": "2021-03-01"}}),
        ("FHIR-121", ".total.currency", {"total": {"value": Decimal("1.00"), "currency": "USD"}}),
        ("FHIR-136", ".total", {"total": {"value": Decimal("1.00"), "currency": "CNY"}}),
        ("FHIR-118", ".patient", {"patient": {"type": "Patient"}}),
    ],
)
def test_a_fault_is_found(code: str, pointer: str, change: Json) -> None:
    wrong = {name: value for name, value in {**claim(), **change}.items() if value is not None}
    found = validate_r5([wrong])
    assert (code, f"Claim/{wrong['id']}{pointer}") in {(issue.code, issue.pointer) for issue in found}, found


def test_an_invariant_is_named_with_its_version() -> None:
    [issue] = validate_r5([{**claim(), "patient": {"type": "Patient"}}])
    assert "R5" in issue.en
    assert "ref-2" in issue.en


def test_every_invariant_of_r5_stands_in_one_table() -> None:
    tables = (set(IN_SCHEMA_R5), set(IN_RULES_R5), set(NOT_CHECKED_R5), set(BY_STRUCTURE))
    assert sum(map(len, tables)) == len(set().union(*tables))
    assert R5.elsewhere == set().union(*tables[1:])


def test_the_command_takes_r5(tmp_path: Path) -> None:
    (tmp_path / "five.json").write_bytes(encode(example("Encounter-encounter")))
    (tmp_path / "five.xml").write_bytes(xml_of(example("Coverage-coverage-basic"), "R5"))
    ran = run("validate", str(tmp_path), "--version", "R5")
    assert (ran.returncode, "five.json: 1 resources, 0 errors" in ran.stdout) == (0, True), ran.stderr
