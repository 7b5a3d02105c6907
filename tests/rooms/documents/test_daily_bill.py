"""The printed daily bill: everything on it, escaped, and a masked name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

from adapter.doors.documents.daily_bill import daily_bill_html, daily_bill_json, daily_bill_text
from adapter.model.daily_bill import BillLine, Correction, CorrectionKind, DailyBill, PrintedBill
from adapter.model.money import ZERO, Money

DAY = date(2023, 3, 2)
LINE = BillLine("c1", DAY, "3101", "头孢<曲松>", "西药费", Decimal("6.00"), Money.yuan("1234.50"))
OLD = BillLine("c0", date(2023, 3, 1), "2102", "生化全套", "", Decimal("1"), Money.yuan("148.00"))
BILL = DailyBill(
    DAY,
    DAY,
    False,
    (LINE,),
    (Correction(CorrectionKind.WITHDRAWN, OLD, OLD.day, OLD.amount, ZERO),),
    Money.yuan("148.00"),
)
PRINTED = PrintedBill(
    "c", "3001", 2, "清石县人民医院", "测**", BILL, ZERO, Money.yuan("300.00"), (), False, "县区方案2021 四(三)", True
)


def test_text_has_lines_sums_corrections_and_the_article() -> None:
    text = daily_bill_text(PRINTED)
    for part in (
        "第2份",
        "患者:测**",
        "× 6  1,234.50",
        "西药费:1,234.50",
        "2023-03-01 撤销 生化全套",
        "累计费用:1,234.50",
    ):
        assert part in text
    assert "预计个人负担:300.00" in text and "依据:县区方案2021 四(三)" in text and "TEST PROFILE" in text


def test_an_empty_day_says_so() -> None:
    empty = DailyBill(DAY, DAY, True, (), (), Money.yuan("1.00"))
    printed = PrintedBill("c", "3001", 3, "院", "测**", empty, ZERO, None, ("REF-152",), False, "四", False)
    assert "当日无费用" in daily_bill_text(printed) and "(出院)" in daily_bill_text(printed)
    assert "暂不能测算(REF-152)" in daily_bill_html(printed) and "TEST PROFILE" not in daily_bill_html(printed)


def test_html_is_escaped_and_loads_nothing() -> None:
    page = daily_bill_html(PRINTED)
    HTMLParser().feed(page)
    assert "头孢&lt;曲松&gt;" in page and "<曲松>" not in page
    assert "http" not in page and "<script" not in page


def test_json_has_the_same_amounts() -> None:
    told = daily_bill_json(PRINTED)
    assert (told["charged"], told["corrected"], told["running"]) == ("1234.50", "-148.00", "1234.50")
    assert told["categories"] == {"西药费": "1234.50"} and told["patient_share"] == "300.00"
