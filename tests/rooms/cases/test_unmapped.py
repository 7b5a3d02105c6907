"""The work list of unmapped codes: by money at stake, and shorter when a table is completed and its stays replayed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from adapter.cases.intake import ingest
from adapter.cases.parked import replay
from adapter.cases.tools import Tools
from adapter.cases.unmapped import Unmapped, unmapped_codes
from adapter.wiring import feeds
from tests.support.native import SOURCE as NATIVE
from tests.support.native import bundle, charge, put, resources
from tests.support.office import ROOT, SOURCE, act, office, settle_case, take_in
from tests.support.payers import Payers


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Mappings and dated facts of a hospital that may be edited."""
    for name in ("his", "sources"):
        shutil.copytree(ROOT / "mappings" / name, tmp_path / "mappings" / name)
    shutil.copytree(ROOT / "fixtures" / "reference", tmp_path / "reference")
    return tmp_path


@pytest.fixture
def desk(folders: Path, payers: Payers) -> Iterator[Tools]:
    with opened(folders, payers) as tools:
        yield tools


def opened(folders: Path, payers: Payers) -> AbstractContextManager[Tools]:
    feed = feeds(folders / "mappings", folders / "reference")
    return office(folders, payers.endpoints, clock=payers.clock, feed=feed)


def drop(file: Path, code: str) -> str:
    """Take the rows of a code out of a CSV; they are given back."""
    kept = file.read_text("utf-8").splitlines(keepends=True)
    rows = [line for line in kept if line.startswith(f"{code},")]
    assert rows
    file.write_text("".join(line for line in kept if line not in rows), encoding="utf-8")
    return "".join(rows)


def of_kind(found: list[Unmapped], kind: str) -> dict[str, Unmapped]:
    return {each.code: each for each in found if each.kind == kind}


def test_an_item_that_the_catalogue_lacks_is_listed_until_it_has_it(
    folders: Path, payers: Payers, tmp_path: Path
) -> None:
    items = folders / "reference" / SOURCE / "items.csv"
    row = drop(items, "1101")
    with opened(folders, payers) as tools:
        take_in(tools, tmp_path, "300010001", "300010004")
        first = of_kind(unmapped_codes(tools), "item")["1101"]
        assert (first.source, first.stays) == (SOURCE, 2) and first.lines > 2 and first.amount.fen > 0
        assert first.file == f"{SOURCE}/items.csv" and first.text and "1101" in first.hint_zh
        assert unmapped_codes(tools, source="yunxi_county") == []
    items.write_text(items.read_text("utf-8") + row, encoding="utf-8")
    with opened(folders, payers) as tools:
        with tools.ledger.reading() as tx:
            waiting = [each.id for each in tx.parked() if each.stay_key]
        for each in waiting:
            replay(each, tools, act(tools))
        assert "1101" not in of_kind(unmapped_codes(tools), "item")


def test_a_code_that_a_table_lacks_holds_its_stays_money(folders: Path, payers: Payers, tmp_path: Path) -> None:
    file = folders / "mappings" / "sources" / SOURCE / "insurance.csv"
    row = drop(file, "2000")
    with opened(folders, payers) as tools:
        take_in(tools, tmp_path, "300010001", "300010004")
        listed = unmapped_codes(tools)
        code = of_kind(listed, "insurance")["2000"]
        assert code.stays == 2 and code.file == f"sources/{SOURCE}/insurance.csv" and listed[0] == code
        assert [each.amount.fen for each in listed] == sorted((each.amount.fen for each in listed), reverse=True)
    file.write_text(file.read_text("utf-8") + row, encoding="utf-8")
    with opened(folders, payers) as tools:
        assert of_kind(unmapped_codes(tools), "insurance") == {}


def test_what_is_settled_is_not_at_stake_any_more(folders: Path, payers: Payers, tmp_path: Path) -> None:
    with opened(folders, payers) as tools:
        take_in(tools, tmp_path, "300010001")
        settle_case("300010001", tools)
    drop(folders / "reference" / SOURCE / "items.csv", "1101")
    with opened(folders, payers) as tools:
        assert unmapped_codes(tools) == []


def test_diagnoses_and_national_codes_of_a_hospital_that_speaks_fhir(
    desk: Tools, folders: Path, payers: Payers
) -> None:
    condition = {
        "resourceType": "Condition",
        "id": "D1",
        "code": {"coding": [{"system": "https://fhir.tianhu.example/cs/diagnosis", "code": "D9999"}], "text": "示例病"},
        "subject": {"reference": "Patient/P1"},
        "encounter": {"reference": "Encounter/E1"},
    }
    stay = resources(charge(1, "12.50"), charge(2, "7.50"))
    stay[2]["type"]["coding"][0]["code"] = "77"
    ingest(NATIVE, [put(folders / "in", {"a.json": bundle(*stay, condition)})], desk, act(desk))
    found = unmapped_codes(desk)
    assert {(each.kind, each.code, each.lines, each.stays, each.amount.text) for each in found} == {
        ("insurance", "77", 1, 1, "20.00"),
        ("diagnosis", "D9999", 1, 1, "20.00"),
    }
    assert of_kind(found, "diagnosis")["D9999"].text == "示例病"


def test_a_covered_item_without_a_national_code_is_listed_one_of_class_c_is_not(
    folders: Path, payers: Payers, tmp_path: Path
) -> None:
    items = folders / "reference" / NATIVE / "items.csv"
    text = items.read_text("utf-8").replace(
        "T2101,血常规,service,A,009900000210100-990210100", "T2101,血常规,service,A,"
    )
    items.write_text(text, encoding="utf-8")
    outside = charge(2, "60.00", code={"coding": [{"code": "T6101"}]})
    with opened(folders, payers) as tools:
        export = put(tmp_path / "in", {"a.json": bundle(*resources(charge(1, "12.50"), outside))})
        ingest(NATIVE, [export], tools, act(tools))
        (only,) = unmapped_codes(tools)
    assert (only.kind, only.code, only.amount.text) == ("national-item", "T2101", "12.50")
