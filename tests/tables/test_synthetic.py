"""The generator: the same seed writes the same hospital, and the hospital makes sense."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.synthetic import persons
from bench.synthetic.__main__ import main
from bench.synthetic.dice import Dice
from bench.synthetic.hospital import Plan, write_hospital
from bench.synthetic.story import fen, read_story
from bench.synthetic.tables import TABLES, Dress, TableFile

PLAN = Plan(seed=7, stays=60, lines=30, items=80)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospital")
    write_hospital(PLAN, folder)
    return folder


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    root = ElementTree.parse(folder / f"export/{table}.xml").getroot()
    return [{field.tag: field.text or "" for field in row} for row in root]


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def test_same_seed_same_bytes(hospital: Path, tmp_path: Path) -> None:
    write_hospital(PLAN, tmp_path / "again")
    assert all_bytes(hospital) == all_bytes(tmp_path / "again")
    write_hospital(Plan(seed=8, stays=60, lines=30, items=80), tmp_path / "other")
    assert all_bytes(hospital) != all_bytes(tmp_path / "other")


def test_size_is_as_asked(hospital: Path) -> None:
    """Sixty stays, thirty lines each on average, never beyond half more or less."""
    assert len(rows(hospital, "ZY_BRRY")) == PLAN.stays
    lines: dict[str, int] = defaultdict(int)
    for row in rows(hospital, "ZY_FYMX"):
        lines[row["ZYH"]] += 1
    assert len(lines) == PLAN.stays
    assert all(15 <= count <= 45 for count in lines.values())
    assert 24 <= sum(lines.values()) / PLAN.stays <= 36


def test_no_spread_means_exactly_so_many(tmp_path: Path) -> None:
    """The benches need stays of one size."""
    write_hospital(Plan(seed=1, stays=3, lines=20, spread=0, items=10), tmp_path)
    assert len(rows(tmp_path, "ZY_FYMX")) == 60


def test_amounts_are_price_times_quantity(hospital: Path) -> None:
    """Rounded once, half away from zero; refunds too."""
    for row in rows(hospital, "ZY_FYMX"):
        assert Decimal(row["ZJJE"]) == fen(Decimal(row["FYSL"]) * Decimal(row["FYDJ"])), row


def test_refunds_never_exceed_their_charges(hospital: Path) -> None:
    """Per stay, item and price what is left is never negative, and there are refunds at all."""
    left: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    refunds = 0
    for row in rows(hospital, "ZY_FYMX"):
        left[row["ZYH"], row["FYXH"], row["FYDJ"]] += Decimal(row["FYSL"])
        refunds += Decimal(row["FYSL"]) < 0
    assert refunds and all(quantity >= 0 for quantity in left.values())


def test_persons_come_back_but_never_overlap(hospital: Path) -> None:
    """Some person has two stays, the later one after the earlier; identity numbers are nobody's."""
    stays: dict[str, list[tuple[str, str]]] = defaultdict(list)
    numbers: dict[str, set[str]] = defaultdict(set)
    for row in rows(hospital, "ZY_BRRY"):
        stays[row["BRID"]].append((row["RYRQ"], row["CYRQ"]))
        numbers[row["BRID"]].add(row["SFZH"])
        assert row["SFZH"].startswith(persons.NOWHERE) and persons.check_digit(row["SFZH"][:17]) == row["SFZH"][17]
    assert any(len(each) > 1 for each in stays.values())
    for each in stays.values():
        ordered = sorted(each)
        assert all(first[1] < second[0] for first, second in pairwise(ordered))
    assert all(len(each) == 1 for each in numbers.values())


def test_reference_files_go_with_it(hospital: Path) -> None:
    """Every item, diagnosis and stay of the export has its row; class B has a share, A and C have none."""
    with (hospital / "reference/items.csv").open(encoding="utf-8", newline="") as lines:
        items = {row["code"]: row for row in csv.DictReader(lines)}
    assert {row["FYXH"] for row in rows(hospital, "ZY_FYMX")} <= set(items)
    assert all(bool(row["self_share"]) == (row["item_class"] == "B") for row in items.values())
    with (hospital / "reference/diagnoses.csv").open(encoding="utf-8", newline="") as lines:
        diagnoses = {row["code"] for row in csv.DictReader(lines)}
    assert {row["ZDXH"] for row in rows(hospital, "ZY_RYZD")} <= diagnoses
    window = read_story(hospital / "reference/window.yaml")
    assert set(window) == {row["ZYH"] for row in rows(hospital, "ZY_BRRY")}


def test_command_writes_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hospital", "--seed", "3", "--stays", "2", "--lines", "4", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert told.out == "" and "rows written" in told.err
    assert (tmp_path / "export/ZY_FYMX.xml").exists()


def test_repeated_key_in_a_story_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stays.yaml"
    path.write_text('facility: "1"\nfacility: "2"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 2: key 'facility' is repeated"):
        read_story(path)


def test_unknown_column_is_refused(tmp_path: Path) -> None:
    file = TableFile(tmp_path, "ZY_RYZD", Dress())
    with pytest.raises(KeyError, match="no column NAME"):
        file.write({"NAME": "x"})
    file.close()


def test_text_is_escaped(tmp_path: Path) -> None:
    file = TableFile(tmp_path, "ZY_RYZD")
    file.write({"ZYH": "<&>"})
    file.close()
    assert ElementTree.parse(tmp_path / "ZY_RYZD.xml").getroot()[0][0].text == "<&>"
    assert [column.tag for column in ElementTree.parse(tmp_path / "ZY_RYZD.xml").getroot()[0]] == list(
        TABLES["ZY_RYZD"]
    )


def test_dice_are_the_same_everywhere() -> None:
    """Written down once: a change here changes every synthetic hospital."""
    dice = Dice(1, "test")
    assert [dice.below(1000) for _ in range(4)] == [923, 358, 248, 476]
