"""The item master: a price in force on a day, or an issue that names the cell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapter.intake.reference import load_prices
from adapter.model.message import ListPrice

HEADER = "code,unit,price,pack,valid_from,valid_to\n"


def test_the_price_of_the_day(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(
        HEADER + "F1,日,15.00,,2017-01-01,2021-03-07\nF1,日,18.00,,2021-03-08,\nY1,粒,15.00,48,2017-01-01,\n"
    )
    prices = load_prices(path)
    assert prices.issues == ()
    assert prices.price("F1", date(2016, 12, 31)) is None
    assert prices.price("F1", date(2021, 3, 7)) == ListPrice(Decimal("15.00"), Decimal(1), "日")
    assert prices.price("F1", date(2021, 3, 8)) == ListPrice(Decimal("18.00"), Decimal(1), "日")
    assert prices.price("Y1", date(2030, 1, 1)) == ListPrice(Decimal("15.00"), Decimal(48), "粒")
    assert prices.price("f1", date(2021, 3, 8)) is None


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ("F1,日,,,2017-01-01,", "prices.csv#1/price"),
        ("F1,日,-1,,2017-01-01,", "prices.csv#1/price"),
        ("F1,日,1,0.5.1,2017-01-01,", "prices.csv#1/pack"),
        ("F1,日,1,-48,2017-01-01,", "prices.csv#1/pack"),
        ("F1,日,1,,,", "prices.csv#1/valid_from"),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path: Path, row: str, pointer: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(HEADER + row + "\n")
    prices = load_prices(path)
    assert [each.pointer for each in prices.issues] == [pointer]
    assert prices.price("F1", date(2020, 1, 1)) is None


def test_a_hospital_without_an_item_master_is_told_so(tmp_path: Path) -> None:
    assert [each.code for each in load_prices(tmp_path / "prices.csv").issues] == ["REF-101"]
