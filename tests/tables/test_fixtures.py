"""The fixtures are what they say: invented, complete, reproducible, and right to the fen by a second arithmetic."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.synthetic import persons
from bench.synthetic.damage import DAMAGES, write_damaged
from bench.synthetic.story import read_story, write_export
from tests.tables import decimal_oracle as oracle

HOME = oracle.FIXTURES / "his/bsoft_phis/qingshi_county"
BAD = oracle.FIXTURES / "his/bsoft_phis/bad"
STORY = read_story(HOME / "stays.yaml")
BY_HAND = read_story(HOME / "expected_by_hand.yaml")
IDENTITY = re.compile(r"(?<!\d)\d{17}[\dX](?![\dX])")


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.xml"))}


def test_export_is_what_the_story_says(tmp_path: Path) -> None:
    """The committed XML equals what stays.yaml writes; an edit of one without the other is noticed."""
    write_export(STORY, tmp_path)
    assert files_below(HOME / "export") == files_below(tmp_path)


def test_damaged_exports_are_what_the_base_says(tmp_path: Path) -> None:
    write_damaged(read_story(BAD / "base.yaml"), tmp_path)
    assert files_below(BAD) == files_below(tmp_path)


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_has_its_expectation(name: str) -> None:
    """Each damaged export says what is found and what becomes of each of its three stays."""
    expected = read_story(BAD / name / "expected.yaml")
    assert expected["issues"] and all(issue["code"] for issue in expected["issues"])
    stays = [*expected["go_on"], *expected["held"], *expected["gone"]]
    assert sorted(stays) == ["300090001", "300090002", "300090003"]


def test_identity_numbers_are_nobodys() -> None:
    """Region 999999 does not exist; the check digit is right; birth date and sex agree with the number."""
    people = [*STORY["persons"].values(), *read_story(BAD / "base.yaml")["persons"].values()]
    for person in people:
        number = person["id"]
        assert number.startswith(persons.NOWHERE), person["name"]
        assert persons.check_digit(number[:17]) == number[17], person["name"]
        assert number[6:14] == person["born"].replace("-", ""), person["name"]
        assert int(number[16]) % 2 == int(person["sex"]) % 2, person["name"]
        assert re.fullmatch(r"1380000\d{4}", person["phone"])
        assert person["name"].startswith("测试")
    assert len({person["id"] for person in people}) == len(people)


def test_no_other_identity_number_in_any_fixture() -> None:
    """Whatever looks like an identity number anywhere under fixtures/ lies in region 999999."""
    for path in oracle.FIXTURES.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("gb18030" if "ZY_FYMX" in path.name else "utf-8", "ignore")
            strange = [number for number in IDENTITY.findall(text) if not number.startswith(persons.NOWHERE)]
            assert not [number for number in strange if persons.check_digit(number[:17]) == number[17]], path


def test_encodings_are_motley() -> None:
    """ZY_FYMX says UTF-8 and is GB18030; ZY_BRRY says GB2312 and is UTF-8; one has a mark, one declares nothing."""
    fees = (HOME / "export/ZY_FYMX.xml").read_bytes()
    assert b'encoding="UTF-8"' in fees[:60]
    with pytest.raises(UnicodeDecodeError):
        fees.decode("utf-8")
    assert "床位费" in fees.decode("gb18030")
    assert (HOME / "export/ZY_TBKK.xml").read_bytes().startswith(b"\xef\xbb\xbf")
    assert b"encoding" not in (HOME / "export/ZY_ZKJL.xml").read_bytes()[:60]
    assert b'encoding="GB2312"' in (HOME / "export/ZY_BRRY.xml").read_bytes()[:60]


def test_rows_of_stays_are_mixed() -> None:
    """No table is sorted by stay, and some refund stands before what it undoes."""
    keys = [row["ZYH"] for row in oracle.fee_rows()]
    assert keys != sorted(keys)
    seen: set[tuple[str, str]] = set()
    early = 0
    for row in oracle.fee_rows():
        if Decimal(row["FYSL"]) < 0 and (row["ZYH"], row["FYXH"]) not in seen:
            early += 1
        seen.add((row["ZYH"], row["FYXH"]))
    assert early


def test_every_story_is_in_the_readme() -> None:
    page = (oracle.FIXTURES / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| (\d{9}) \| .* \| (✓|–) \|$", page, flags=re.MULTILINE))
    assert sorted(listed) == sorted(stay["key"] for stay in STORY["stays"])
    assert {key for key, mark in listed.items() if mark == "✓"} == set(BY_HAND)


def test_reference_files_cover_the_story() -> None:
    """Items, diagnoses, registers and window facts fit the stays; item 9901 is missing on purpose."""
    items = {row["code"] for row in oracle.csv_rows("items.csv")}
    assert set(STORY["price_list"]) - items == {"9901"}
    diagnoses = {row["code"] for row in oracle.csv_rows("diagnoses.csv")}
    assert {each["code"] for stay in STORY["stays"] for each in stay["diagnoses"]} <= diagnoses
    assert {row["person_key"] for row in oracle.csv_rows("registers.csv")} <= set(STORY["persons"])
    window = read_story(oracle.REFERENCE / "window.yaml")
    assert {stay["key"] for stay in STORY["stays"]} - set(window) == {"300010017"}


@pytest.mark.parametrize("key", sorted(BY_HAND))
def test_by_hand_figures(key: str) -> None:
    """Each bill comes to the same fen by Decimal, and its parts add up."""
    expected: Any = BY_HAND[key]
    split = oracle.splits_by_stay()[key]
    before = {name: Decimal(amount) for name, amount in expected["before"].items()}
    poor, insured = expected["registered_poor"] == "yes", expected["insured"] == "yes"
    bill = oracle.bill(split, poor=poor, insured=insured, before=before)
    found = {
        "total": split.total,
        **{f"split.{part}": getattr(split, part) for part in expected["split"]},
        "basic.deductible": bill.deductible,
        "basic.paid": bill.basic,
        "critical_illness.base": bill.base,
        "critical_illness.paid": bill.critical_illness,
        "medical_aid.base": bill.aid_base,
        "medical_aid.paid": bill.medical_aid,
        "patient": bill.patient,
    }
    assert found == {name: Decimal(text) for name, text in flat(expected).items() if name in found}
    payers = bill.basic + bill.critical_illness + bill.medical_aid
    assert payers + bill.patient == split.total
    assert bill.patient >= split.full_self_pay


def flat(node: Any, stem: str = "") -> dict[str, str]:
    """Nested mappings as ``a.b``: text."""
    found: dict[str, str] = {}
    for name, value in node.items():
        if isinstance(value, dict):
            found |= flat(value, f"{stem}{name}.")
        elif isinstance(value, str):
            found[f"{stem}{name}"] = value
    return found


def test_register_agrees_with_the_hand_figures() -> None:
    """Registered poor in the hand figures means: on the register on the day of settlement."""
    person_of = {stay["key"]: stay["person"] for stay in STORY["stays"]}
    for key, expected in BY_HAND.items():
        on = expected["settled_on"]
        listed = any(
            row["person_key"] == person_of[key]
            and row["category"] == "registered-poor"
            and row["valid_from"] <= on <= (row["valid_to"] or "9999")
            for row in oracle.csv_rows("registers.csv")
        )
        assert listed == (expected["registered_poor"] == "yes"), key
