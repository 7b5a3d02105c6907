"""adapter validate: any FHIR file, in the forms that there are, with exit codes for pipes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import decode, encode
from adapter.fhir.xml_out import xml_of
from tests.conformance.faults import base
from tests.support.terminal import run


@pytest.fixture
def charges() -> list[dict[str, Any]]:
    return [entry["resource"] for entry in base()["entry"] if entry["resource"]["resourceType"] == "ChargeItem"]


def lines_of(resources: list[dict[str, Any]]) -> bytes:
    return b"".join(encode(each) + b"\n" for each in resources)


def test_a_folder_of_all_forms(tmp_path: Path, charges: list[dict[str, Any]]) -> None:
    xml = xml_of(base())
    (tmp_path / "in").mkdir()
    (tmp_path / "base.json").write_bytes(encode(base()))
    (tmp_path / "in" / "base.xml").write_bytes(xml if isinstance(xml, bytes) else xml.encode())
    (tmp_path / "lines.ndjson").write_bytes(lines_of(charges))
    (tmp_path / "notes.txt").write_text("not looked at", "utf-8")
    ran = run("validate", str(tmp_path), "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert [(Path(one["file"]).name, one["resources"], one["errors"]) for one in found["files"]] == [
        ("base.json", 1, 0),
        ("base.xml", 1, 0),
        ("lines.ndjson", 2, 0),
    ]


def test_issues_name_file_line_and_path(tmp_path: Path, charges: list[dict[str, Any]]) -> None:
    charges[1]["priceOverride"]["value"] = Decimal("8.385")
    file = tmp_path / "lines.ndjson"
    file.write_bytes(lines_of(charges))
    ran = run("validate", str(file))
    assert ran.returncode == 1
    assert f"{file}:2 ChargeItem/line2.priceOverride" in ran.stderr
    assert "FHIR-130" in ran.stdout  # and in the summary by code
    received = run("validate", str(file), "--receiving")
    assert received.returncode == 0
    assert "1 warnings" in received.stdout


def test_many_issues_of_a_code_are_counted_and_not_all_told(tmp_path: Path, charges: list[dict[str, Any]]) -> None:
    file = tmp_path / "lines.ndjson"
    file.write_bytes(lines_of([{**charges[0], "status": "x"}] * 30))
    found = decode(run("validate", str(file), "--json", "--most", "3").stdout.encode())
    assert found["codes"] == {"FHIR-113": 30}
    assert [issue["line"] for issue in found["files"][0]["issues"]] == [1, 2, 3]


def test_standard_input_and_profiles(charges: list[dict[str, Any]]) -> None:
    del charges[0]["context"]
    text = encode(charges[0]).decode()
    assert run("validate", "-", stdin=text).returncode == 0
    ran = run("validate", "-", "--profile", "charge-line", stdin=text)
    assert ran.returncode == 1
    assert "FHIR-226" in ran.stderr
    absent = run("validate", "-", "--profile", "payer-claim", stdin=text)
    assert absent.returncode == 1
    assert "FHIR-232" in absent.stderr


@pytest.mark.parametrize("words", [("nowhere.json",), ("-", "--profile", "no-such-profile"), ()])
def test_wrong_usage(words: tuple[str, ...]) -> None:
    assert run("validate", *words, stdin="{}").returncode == 2
