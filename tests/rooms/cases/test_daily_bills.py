"""The daily bill in the office: one a day, corrections under their date, the same from the stored versions for ever."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.tools import Tools
from adapter.cases.window import daily_bill
from adapter.cases.window.bill_versions import versions_at
from adapter.cases.window.notices import run_notices
from adapter.doors.documents.daily_bill import daily_bill_json, daily_bill_text
from adapter.model.daily_bill import CorrectionKind, PrintedBill
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from tests.support.notices import STAY, keys, seen_on
from tests.support.office import CLERK, act, case_id, codes

NO_PERSON = ("88008", "B0000008", "T00000008", "13800000008", "999999")


def given_on(day: date, tools: Tools) -> PrintedBill:
    return daily_bill.bill_on(case_id(STAY), day, tools, act(tools))


def feb(day: int) -> date:
    return date(2023, 2, day)


@pytest.mark.rule("A-20")
@pytest.mark.rule("B-26")
def test_each_morning_has_the_bill_of_the_day_before(tools: Tools, tmp_path: Path) -> None:
    assert keys(seen_on(feb(11), tools, tmp_path)) == ["estimate"], "on the day of admission there is no day before"
    for number, day in enumerate((12, 13, 14), start=1):
        assert f"daily-bill/{number}" in keys(seen_on(feb(day), tools, tmp_path))
        bill = given_on(feb(day), tools).bill
        assert (bill.first, bill.through, bill.final) == (feb(day - 1), feb(day - 1), False)
        assert {line.day for line in bill.lines} == {feb(day - 1)}
    assert given_on(feb(14), tools).bill.running == Money.yuan("6311.86")


def test_a_second_run_of_the_day_makes_nothing(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)
    assert keys(list(run_notices(tools, CLERK, on=feb(12)))) == []


def test_days_without_service_stand_in_the_next_bill_each_under_its_own_date(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)
    seen_on(feb(15), tools, tmp_path)
    bill = given_on(feb(15), tools).bill
    assert (bill.first, bill.through) == (feb(12), feb(14))
    assert {line.day for line in bill.lines} == {feb(12), feb(13), feb(14)} and not bill.corrections


def test_the_bill_of_the_day_of_discharge_is_made_at_discharge(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(16), tools, tmp_path)
    assert "daily-bill/2" in keys(seen_on(feb(17), tools, tmp_path, there=False))
    found = given_on(feb(17), tools)
    assert found.bill.final and found.bill.running == Money.yuan("6578.15")
    assert keys(list(run_notices(tools, CLERK, on=feb(18)))) == [], "nothing changed, so nothing more is told"


@pytest.mark.rule("A-20")
def test_what_changed_of_an_earlier_day_is_a_correction_with_its_date(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)

    def dearer(lines: list[dict[str, Any]]) -> None:
        lines[0]["price"] = "500.0000"

    seen_on(feb(13), tools, tmp_path, change=dearer)
    (correction,) = given_on(feb(13), tools).bill.corrections
    assert (correction.kind, correction.day, correction.after) == (
        CorrectionKind.CHANGED,
        feb(11),
        Money.yuan("500.00"),
    )
    before, after = given_on(feb(12), tools).bill, given_on(feb(13), tools).bill
    assert after.running == before.running + after.charged + correction.difference
    assert "2023-02-11 更改" in daily_bill_text(given_on(feb(13), tools))


def test_a_late_line_after_discharge_is_told_once_more(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(17), tools, tmp_path, there=False)

    def late(lines: list[dict[str, Any]]) -> None:
        lines.append({"item": "2104", "on": "2023-02-15"})

    assert keys(seen_on(feb(19), tools, tmp_path, there=False, change=late)) == ["daily-bill/2"]
    (correction,) = given_on(feb(19), tools).bill.corrections
    assert (correction.kind, correction.day) == (CorrectionKind.LATE, feb(15))


@pytest.mark.rule("A-20")
def test_a_bill_is_the_same_for_ever_whatever_the_his_says_later(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)
    made = daily_bill_json(given_on(feb(12), tools))

    def dearer(lines: list[dict[str, Any]]) -> None:
        lines[0]["price"] = "500.0000"

    seen_on(feb(14), tools, tmp_path, change=dearer)
    assert daily_bill_json(given_on(feb(12), tools)) == made


def test_a_bill_keeps_only_what_changed_since_the_one_before(tools: Tools, tmp_path: Path) -> None:
    for day in (12, 13, 14):
        seen_on(feb(day), tools, tmp_path)
    with tools.ledger.reading() as tx:
        papers = [tx.paper(case_id(STAY), f"daily-bill/{number}") or {} for number in (1, 2, 3)]
        whole = versions_at(tx, case_id(STAY), 3)
    kept: list[Any] = [paper["resources"] for paper in papers]
    lines = [sum(name.startswith("ChargeItem/") for name in each) for each in kept]
    assert all(lines) and sum(lines) == sum(name.startswith("ChargeItem/") for name in whole)


def test_a_bill_that_its_versions_do_not_give_is_refused(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)
    with tools.ledger.transaction() as tx:
        paper = tx.paper(case_id(STAY), "daily-bill/1")
        assert paper is not None
        tx.file_paper(case_id(STAY), "daily-bill/1", {**paper, "running": "1.00"}, **act(tools).said)
    with pytest.raises(AdapterError) as refused:
        given_on(feb(12), tools)
    assert codes(refused.value) == ["CASE-368"]


def test_a_day_without_a_bill_says_so(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)
    with pytest.raises(AdapterError) as refused:
        given_on(feb(11), tools)
    assert codes(refused.value) == ["CASE-367"]


@pytest.mark.rule("T-28")
def test_the_bill_shows_the_least_of_a_person_and_whoever_looks_is_written_down(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)
    found = given_on(feb(12), tools)
    assert found.patient == "测**"
    text = daily_bill_text(found) + str(daily_bill_json(found))
    assert [secret for secret in NO_PERSON if secret in text] == []
    with tools.ledger.reading() as tx:
        noted = [row.event.data["what"] for row in tx.journal(case_id(STAY)) if row.event.kind == "noted"]
    assert "daily-bill-read" in noted


def test_the_expected_share_is_that_of_the_days_billed_and_says_why_when_unknown(tools: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), tools, tmp_path)
    assert given_on(feb(12), tools).share is not None

    def unknown(lines: list[dict[str, Any]]) -> None:
        lines.append({"item": "9901", "on": "2023-02-12"})

    seen_on(feb(13), tools, tmp_path, change=unknown)
    found = given_on(feb(13), tools)
    assert found.share is None and found.unknown
    assert "暂不能测算" in daily_bill_text(found)
