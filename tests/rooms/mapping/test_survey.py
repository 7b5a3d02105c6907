"""The work list by money, coverage, masked examples; and $translate from the same tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapter.cases.mappings import check_sample
from adapter.cases.translation import maps_of, translate
from adapter.fhir.identity import codesystem
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.validation import validate
from adapter.intake.mapping import source_names
from adapter.intake.mapping.survey import Survey
from tests.support.intake import DIAGNOSIS, FIXTURES, LINE, MAPPINGS, SOURCE, STAY, write

EXPORT = FIXTURES / "his" / "bsoft_phis" / SOURCE / "export"


def lines() -> list[dict[str, str]]:
    """Four lines of three unknown fee categories; one is a refund."""
    told = (("1", "77", "5.00"), ("2", "78", "300.00"), ("3", "78", "-100.00"), ("4", "12", "1000.00"))
    return [{**LINE, "JLXH": key, "FYXM": code, "ZJJE": amount} for key, code, amount in told]


@pytest.fixture
def seen(tmp_path: Path) -> Callable[..., Survey]:
    def surveyed(**changed: str) -> Survey:
        tables = {"ZY_BRRY": [{**STAY, **changed}], "ZY_FYMX": lines(), "ZY_RYZD": [DIAGNOSIS]}
        return check_sample(SOURCE, [write(tmp_path / "export", tables)], MAPPINGS)[1]

    return surveyed


def test_codes_to_map_come_in_the_order_of_the_money_at_stake(seen: Callable[..., Survey]) -> None:
    assert [(each.column, each.code, each.rows, each.money) for each in seen().work] == [
        ("ZY_FYMX.FYXM", "78", 2, Decimal("400.00")),
        ("ZY_FYMX.FYXM", "77", 1, Decimal("5.00")),
    ]


def test_a_code_of_the_stay_holds_up_the_whole_stay(seen: Callable[..., Survey]) -> None:
    first = seen(BRXZ="4711").work[0]
    assert (first.column, first.code, first.table) == ("ZY_BRRY.BRXZ", "4711", "sources/qingshi_county/insurance.csv")
    assert (first.rows, first.money) == (1, Decimal("1205.00"))


def test_a_code_that_is_no_code_is_masked(seen: Callable[..., Survey]) -> None:
    (found,) = [each for each in seen(BRXB="999999198001010011").work if each.column == "ZY_BRRY.BRXB"]
    assert found.code == "9****************1"


def test_coverage_counts_what_is_made_and_what_is_never_filled(seen: Callable[..., Survey]) -> None:
    coverage = {each.name: each for each in seen().coverage}
    charges = coverage["charge_item"]
    assert (charges.rows, charges.made, charges.empty) == (4, 4, ())
    assert coverage["patient"].empty == ("identifier[1].value", "maritalStatus")
    assert (coverage["deposit"].rows, coverage["deposit"].made) == (0, 0)


def test_examples_show_codes_and_forms_and_no_person() -> None:
    seen = check_sample(SOURCE, [EXPORT], MAPPINGS)[1]
    stays = seen.examples["ZY_BRRY"]
    assert stays["BRXB"] == "1 2" and stays["RYRQ"] == "9999-99-99 99:99:99"
    assert stays["SFZH"] == "9" * 17 + "A" or set(stays["SFZH"]) <= {"9", "A"}
    assert set(stays["BRXM"]) == {"文"} and set(stays["YBKH"]) <= {"A", "9"}
    assert seen.work == () and all(not each.empty for each in seen.coverage)


MAPS = maps_of(SOURCE, MAPPINGS, FIXTURES / "reference", date(2021, 3, 1))


@pytest.mark.parametrize(
    ("name", "code", "system", "answer"),
    [
        ("fee-category", "10", codesystem("fee-category"), "bed"),
        ("item", "1101", codesystem("national-item"), "009900000110100-990110100"),
        ("diagnosis", "3301", "urn:oid:2.16.156.10011.2.3.3.11", "J18.900"),
        ("department", "1021", codesystem("medical-department"), "03"),
        ("hospital-level", "999901001", codesystem("hospital-level"), "secondary"),
        ("discharge-way", "5", "urn:oid:2.16.156.10011.2.3.1.265", "5"),
    ],
)
def test_a_local_code_is_translated_by_the_map_of_its_kind(name: str, code: str, system: str, answer: str) -> None:
    url = next(url for url in MAPS if url.endswith(f"/qingshi-county-{name}"))
    found = translate(MAPS, code, url=url)
    result, match = found["parameter"]
    assert result == {"name": "result", "valueBoolean": True}
    equivalence, concept, source = match["part"]
    assert equivalence["valueCode"] == "equivalent" and source["valueUri"] == url
    assert (concept["valueCoding"]["system"], concept["valueCoding"]["code"]) == (system, answer)


def test_no_answer_says_so_and_guesses_nothing() -> None:
    for found in (
        translate(MAPS, "4711"),
        translate(MAPS, "10", url="http://nowhere"),
        translate(MAPS, "10", target="x"),
    ):
        assert found["parameter"][0]["valueBoolean"] is False and found["parameter"][1]["name"] == "message"


def test_a_system_narrows_the_answers() -> None:
    system = codesystem(f"{SOURCE}/gender")
    found = translate(MAPS, "1", system=system)
    (match,) = found["parameter"][1:]
    own = codesystem("mapped/gender")
    assert match["part"][1]["valueCoding"] == {"system": own, "code": "male"}, "its table names no system"
    assert translate(MAPS, "1", target=own)["parameter"][1:] == [match]
    back = translate(MAPS, "male", system=own, reverse=True)["parameter"][1]["part"][1]["valueCoding"]
    assert (back["system"], back["code"]) == (system, "1")
    assert len(translate(MAPS, "1")["parameter"]) > 3


def test_facts_count_only_on_days_they_are_in_force(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "reference" / SOURCE, tmp_path / SOURCE)
    items = (
        (tmp_path / SOURCE / "items.csv")
        .read_text("utf-8")
        .replace(
            "1101,普通病房床位费(三人间),bed,A,009900000110100-990110100,,15.00,20.00,30.00,40.00,50.00,,,2017-01-01,",
            "1101,普通病房床位费(三人间),bed,A,009900000110100-990110100,,15.00,20.00,30.00,40.00,50.00,,,2022-01-01,",
        )
    )
    (tmp_path / SOURCE / "items.csv").write_text(items, encoding="utf-8")
    for day, expected in ((date(2021, 12, 31), False), (date(2022, 1, 1), True)):
        maps = maps_of(SOURCE, MAPPINGS, tmp_path, day)
        url = next(url for url in maps if url.endswith("-item"))
        assert translate(maps, "1101", url=url)["parameter"][0]["valueBoolean"] is expected


def test_the_generated_maps_are_valid_fhir() -> None:
    assert len(MAPS) > 10 and validate(list(MAPS.values())) == []


@pytest.mark.parametrize("source", source_names(MAPPINGS))
def test_each_group_says_where_it_leads_in_r4_and_r5(source: str) -> None:
    """HAPI's server takes no other; the files of tables that name no system have one of ours."""
    maps = maps_of(source, MAPPINGS, FIXTURES / "reference", date(2021, 3, 1))
    for each in (version for made in maps.values() for version in (made, to_r5(made)[0])):
        targets = [group["target"] for group in each["group"]]
        assert len(targets) == len(set(targets)) and all(group["source"] for group in each["group"]), each["id"]
