"""Reference data: dated answers, and an issue for every cell that cannot be read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapter.intake.reference import Book, load_reference
from adapter.model.person import Category
from adapter.model.reference import ItemClass, Level, ReferenceBook
from tests.support.intake import FIXTURES

HEADERS = {
    "facilities": "code,national_code,name,kind,level,ownership,county,programme_start,valid_from,valid_to",
    "items": "code,name,kind,item_class,national_code,self_share,limit_township,limit_primary,limit_secondary,"
    "limit_tertiary,limit_provincial,restricted,programme_group,valid_from,valid_to",
    "diagnoses": "code,name,icd10,edition,valid_from,valid_to",
    "registers": "person_key,id_number,category,issuer,valid_from,valid_to",
}
ROWS = {
    "facilities": [
        "999901001,H99990100001,清石县人民医院,county-general,secondary,public,999901,2017-11-01,2010-01-01,"
    ],
    "items": [
        "3105,奥美拉唑,drug,B,X1,0.10,,,35.00,40.0000,,no,,2020-01-01,2021-12-31",
        "3105,奥美拉唑,drug,B,X1,0.20,,,,,,yes,vision-correction,2022-01-01,",
        "0101,护理,service,A,,,,,,,,,,2020-01-01,",
    ],
    "diagnoses": ["3301,肺炎,J18.900,医保版2.0,2010-01-01,"],
    "registers": [
        "88001,,registered-poor,县扶贫办,2014-06-01,2020-12-31",
        "88001,,subsistence-allowance,县民政局,2020-01-01,",
    ],
}


def load(folder: Path, **changed: list[str]) -> Book:
    for name, header in HEADERS.items():
        rows = changed.get(name, ROWS[name])
        (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return load_reference(folder)


def found(book: Book) -> list[tuple[str, str]]:
    return [(issue.code, issue.pointer) for issue in book.issues]


def test_answers_are_dated(tmp_path: Path) -> None:
    book: ReferenceBook = load(tmp_path)
    last, first = date(2021, 12, 31), date(2022, 1, 1)
    before, after = book.item("3105", last), book.item("3105", first)
    assert before is not None and after is not None
    assert (before.self_share, after.self_share) == (Decimal("0.10"), Decimal("0.20"))
    assert before.item_class is ItemClass.B and (before.restricted, after.restricted) == (False, True)
    assert before.price_limit(Level.SECONDARY) == Decimal("35.00") and before.price_limit(Level.PRIMARY) is None
    assert after.programme_group == "vision-correction"
    assert book.item("3105", date(2019, 12, 31)) is None
    assert book.item("101", last) is None and book.item("0101", last) is not None


def test_facilities_diagnoses_and_registers(tmp_path: Path) -> None:
    book = load(tmp_path)
    facility = book.facility("999901001", date(2021, 3, 5))
    assert facility is not None and facility.level is Level.SECONDARY and facility.programme_start == date(2017, 11, 1)
    assert book.facility("999901001", date(2009, 12, 31)) is None
    diagnosis = book.diagnosis("3301", date(2021, 3, 5))
    assert diagnosis is not None and (diagnosis.icd10, diagnosis.edition) == ("J18.900", "医保版2.0")
    last = date(2020, 12, 31)
    assert {each.category for each in book.registers("88001", last)} == {Category.REGISTERED_POOR, Category.SUBSISTENCE}
    assert [each.category for each in book.registers("88001", last + timedelta(days=1))] == [Category.SUBSISTENCE]
    assert book.registers("nobody", last) == ()
    assert book.issues == ()


@pytest.mark.parametrize(
    ("table", "row", "code", "column"),
    [
        ("facilities", "1,,x,hospital,secondary,public,999901,,2010-01-01,", "REF-103", "kind"),
        ("facilities", "1,,x,county-general,second,public,999901,,2010-01-01,", "REF-103", "level"),
        ("facilities", "1,,x,county-general,secondary,public,9999,,2010-01-01,", "REF-103", "county"),
        ("facilities", ",,x,county-general,secondary,public,999901,,2010-01-01,", "REF-103", "code"),
        ("facilities", "1,,x,county-general,secondary,public,999901,,,", "REF-103", "valid_from"),
        ("facilities", "1,,x,county-general,secondary,public,999901,,2010-01-01,2009-12-31", "REF-103", "valid_to"),
        ("facilities", "1,,x,county-general,secondary,public,999901,,20100101,", "REF-103", "valid_from"),
        ("facilities", "1,,x,county-general,secondary,public,999901,,2010-W10-1,", "REF-103", "valid_from"),
        ("items", "1,x,drug,B,,,,,,,,,,2020-01-01,", "REF-103", "self_share"),
        ("items", "1,x,drug,B,,1.01,,,,,,,,2020-01-01,", "REF-103", "self_share"),
        ("items", "1,x,drug,B,,10%,,,,,,,,2020-01-01,", "REF-103", "self_share"),
        ("items", "1,x,drug,A,,0.10,,,,,,,,2020-01-01,", "REF-103", "self_share"),
        ("items", "1,x,drug,D,,,,,,,,,,2020-01-01,", "REF-103", "item_class"),
        ("items", "1,x,drug,A,,,,,1.00001,,,,,2020-01-01,", "REF-103", "limit_secondary"),
        ("items", "1,x,drug,A,,,,,-1,,,,,2020-01-01,", "REF-103", "limit_secondary"),
        ("items", "1,x,drug,A,,,,,,,,maybe,,2020-01-01,", "REF-103", "restricted"),
        ("items", "1,x,drug,A", "REF-104", ""),
        ("diagnoses", "1,x,,医保版2.0,2010-01-01,", "REF-103", "icd10"),
        ("diagnoses", "3301,肺炎,J18.901,医保版2.0,2020-01-01,", "REF-105", ""),
        ("registers", "88001,,registered-poor,x,2020-12-31,", "REF-105", ""),
        ("registers", "88001,,poor,x,2020-12-31,", "REF-103", "category"),
        ("registers", ",,registered-poor,x,2020-12-31,", "REF-106", "person_key"),
    ],
)
def test_a_wrong_row_is_left_out_and_named(tmp_path: Path, table: str, row: str, code: str, column: str) -> None:
    book = load(tmp_path, **{table: [*ROWS[table], row]})
    pointer = f"{table}.csv#{len(ROWS[table]) + 1}"
    assert found(book) == [(code, f"{pointer}/{column}" if column else pointer)]
    assert book.facility("999901001", date(2021, 3, 5)) is not None


@pytest.mark.parametrize(
    ("header", "code"),
    [("code,name,icd10,edition,valid_from", "REF-102"), (HEADERS["diagnoses"] + ",note", "REF-102"), ("", "REF-102")],
)
def test_a_wrong_header_is_an_issue(tmp_path: Path, header: str, code: str) -> None:
    load(tmp_path)
    (tmp_path / "diagnoses.csv").write_text(header + "\n", "utf-8")
    assert [issue.code for issue in load_reference(tmp_path).issues] == [code]


def test_a_missing_file_and_a_foreign_encoding_are_issues(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "items.csv").unlink()
    (tmp_path / "facilities.csv").write_bytes("code,name\n1,清石县人民医院\n".encode("gb18030"))
    assert found(load_reference(tmp_path)) == [("REF-107", "facilities.csv"), ("REF-101", "items.csv")]


def test_id_numbers_match_a_person_and_are_dropped(tmp_path: Path) -> None:
    number = "999999198001010011"
    load(
        tmp_path,
        registers=[f",{number},registered-poor,县扶贫办,2014-06-01,", ",999999198001020025,orphan,x,2014-06-01,"],
    )
    book = load_reference(tmp_path, {number: "88009"}.get)
    assert [entry.category for entry in book.registers("88009", date(2021, 1, 1))] == [Category.REGISTERED_POOR]
    assert found(book) == [("REF-106", "registers.csv#2/person_key")]
    assert "9999991980" not in repr(book)


def test_the_fixture_hospital_loads_without_an_issue() -> None:
    book = load_reference(FIXTURES / "reference/qingshi_county")
    assert book.issues == () and len(book.items) > 20
    assert book.facility("999901001", date(2021, 1, 1)) is not None


def test_the_page_names_the_columns_that_the_loader_takes() -> None:
    page = (FIXTURES.parent / "docs/reference-data.md").read_text("utf-8")
    assert all(header in page for header in HEADERS.values())
