"""Finance at the terminal: prepayment, clearing, statistics, risks, accountability, a programme's blanks."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from adapter.cases.statistics_shown import COLUMNS
from tests.rooms.cli.test_commands import Terminal
from tests.rooms.cli.test_policy import _outside
from tests.support.service import EXPORT

HERE = ("--facility", "H99990100001")
BUDGET = ("--budget", "1200000.00", "--document", "YB-1", "--scheme", "test_county_plan")
CASE = "qingshi_county-300010016"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {"ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'adapter.db'}", **_outside()})


def test_a_prepaid_year(terminal: Terminal) -> None:
    year = ("bureau", "2024", *HERE)
    assert "CASE-391" in terminal.run("prepayment", "show", *year).err
    assert terminal.run("prepayment", "schedule", *year, *BUDGET[:2]).code == 2
    planned = terminal.run("prepayment", "schedule", *year, *BUDGET)
    assert planned.code == 0 and "270000.00" in planned.out and "县区方案2021 四(一)" in planned.out
    assert terminal.run("prepayment", "receive", *year, "--amount", "1.005", "--reference", "YF-1").code == 2
    assert terminal.run("prepayment", "receive", *year, "--amount", "270000.00", "--reference", "YF-1").code == 0
    shown = terminal.run("prepayment", "show", *year, "--json").json
    assert (shown["prepaid_left"], shown["waits_for_assessment"]) == ("270000.00", "120000.00")
    ended = terminal.run(
        "prepayment", "assess", *year, "--released", "0.00", "--returned", "70000.00", "--document", "KH-1"
    )
    assert ended.code == 0 and "退回预付70,000.00元" in ended.out


def test_months_without_anything(terminal: Terminal) -> None:
    month = ("bureau", "2021-03", *HERE)
    for act, more in (
        ("declare", ()),
        ("agree", ("--document", "QS-1")),
        ("dispute", ("--recognised", "1.00", "--why", "x")),
        ("receive", ("--reference", "BF-1", "--cash", "1.00")),
        ("show", ()),
    ):
        ran = terminal.run("clearing", act, *month, *more)
        assert (ran.code, "CASE-391" in ran.err) == (1, True), act
    assert terminal.run("clearing", "show", "--json").json == []
    assert terminal.run("clearing", "show", "bureau", "2021-03").code == 2


@pytest.mark.slow
def test_the_month_and_the_risks_of_the_fixture_hospital(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("ingest", "qingshi_county", str(EXPORT))
    file = tmp_path / "month.csv"
    found = terminal.run("statistics", "--month", "2022-11", "--csv", str(file), "--json").json
    (hospital,) = [each for each in found["hospitals"] if each["facility"] == HERE[1]]
    assert hospital["admitted"]["count"] >= 1
    with file.open(encoding="utf-8-sig", newline="") as rows:
        header, *lines = csv.reader(rows)
    assert tuple(header) == COLUMNS
    assert ["2022-11", found["as_of"], HERE[1], "admitted", ""] in [line[:5] for line in lines]
    assert "入院人次" in terminal.run("statistics", "--month", "2022-11").out

    before = terminal.run("risks", CASE, "--json").json
    assert "nobody-responsible" in [each["sign"] for each in before["signals"]]
    assert CASE in terminal.run("risks").out
    assert terminal.run("responsible", CASE, "--department", "NK01", "--person", "D002").code == 0
    after = terminal.run("risks", "--facility", HERE[1])
    assert (after.code, CASE in after.out) == (0, False)  # nothing else stands against this stay
    assert "PRG-201" in after.err  # and nobody said from which amount on a stay is a risk
    assert "paper-filed responsible" in terminal.run("accountability", CASE).out


def test_the_blanks_of_a_programme(terminal: Terminal) -> None:
    shown = terminal.run("programme", "show", "county-plan-2021", "--scheme", "test_county_plan")
    assert shown.code == 0
    assert "prepayment_share" in shown.out and "未设置" in shown.out and "县区方案2021 四(一)" in shown.out
    assert "POL-208" in terminal.run("programme", "show", "nowhere").err
