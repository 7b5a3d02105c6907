"""estimates.csv: dated, cited, each wrong row an issue."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapter.intake.reference import load_estimates
from adapter.model.money import Money

HEAD = "group,median,p80,cite,valid_from,valid_to\n"


def load(folder: Path, *rows: str) -> tuple[object, list[str]]:
    path = folder / "estimates.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    found, issues = load_estimates(path)
    return found, [f"{issue.code} {issue.pointer}" for issue in issues]


def test_a_row_is_dated_and_cited(tmp_path: Path) -> None:
    (tmp_path / "estimates.csv").write_text(HEAD + "i10.x00,3000.00,5200.00,某市公告,2022-01-01,2022-12-31\n", "utf-8")
    (entry,), issues = load_estimates(tmp_path / "estimates.csv")
    assert issues == ()
    assert (entry.group, entry.median, entry.p80, entry.cite) == (
        "I10",
        Money.yuan("3000.00"),
        Money.yuan("5200.00"),
        "某市公告",
    )
    assert date(2022, 12, 31) in entry.valid and date(2023, 1, 1) not in entry.valid


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("I10,3000.00,2999.99,x,2022-01-01,", "p80"),
        ("I10,3000.001,5000.00,x,2022-01-01,", "median"),
        ("I10,0.00,5000.00,x,2022-01-01,", "median"),
        ("I10,3000.00,5000.00,,2022-01-01,", "cite"),
        (",3000.00,5000.00,x,2022-01-01,", "group"),
    ],
)
def test_a_wrong_row_is_left_out_and_named(tmp_path: Path, row: str, where: str) -> None:
    found, issues = load(tmp_path, row)
    assert (found, issues) == ((), [f"REF-103 estimates.csv#1/{where}"])


def test_two_rows_for_one_day_are_refused(tmp_path: Path) -> None:
    found, issues = load(tmp_path, "I10,1.00,2.00,x,2022-01-01,", "I10.9,1.00,2.00,y,2023-01-01,")
    assert len(found) == 1 and issues == ["REF-105 estimates.csv#2"]  # type: ignore[arg-type]
