"""A month's figures against the same figures counted one case after the other."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.cases.admission import may_take_deposit
from adapter.cases.statistics import HospitalMonth, age_of, statistics_of
from adapter.cases.statistics_shown import COLUMNS, statistics_json, statistics_rows
from adapter.cases.tools import Tools
from adapter.cases.window.payments import Method, pay
from adapter.model.case import BillState, DepositState
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from tests.support.office import (
    FACILITY,
    TestClock,
    act,
    case_id,
    copy_of_reference,
    feed_from,
    row_of,
    settle_case,
    settlement_of,
    story,
    take_in,
)

STAYS = ("300010001", "300010002", "300010003", "300010004", "300010014", "300010016", "300010021")
SETTLED = ("300010002", "300010004")


@pytest.fixture
def stocked(tools: Tools, tmp_path: Path) -> Tools:
    take_in(tools, tmp_path, *STAYS)
    for stay in SETTLED:
        settle_case(stay, tools)
    return tools


def month_of(day: date | None) -> date:
    assert day is not None
    return day.replace(day=1)


def at(month: date, tools: Tools, *, kinds: bool = False) -> HospitalMonth:
    found = {each.facility: each for each in statistics_of(month, tools, kinds=kinds).hospitals}
    return found.get(FACILITY, HospitalMonth(FACILITY))


def brute(month: date, tools: Tools) -> tuple[int, int, Counter[str], int, Money, dict[str, Money]]:
    """Admitted, discharged, entitlement, deposits not allowed, settled total, by payer: one case after the other."""
    rows = [row_of(stay, tools) for stay in STAYS]
    inside = [row for row in rows if row.admitted is not None and month_of(row.admitted) == month]
    gone = [row for row in rows if row.discharged is not None and month_of(row.discharged) == month]
    bills = [settlement_of(row.stay_key, tools) for row in gone if row.bill is BillState.SETTLED]
    by_payer = {
        payer: Money.total(share.amount for bill in bills for share in bill.shares if share.payer is payer)
        for payer in Payer
    }
    return (
        len(inside),
        len(gone),
        Counter(str(row.entitlement) for row in inside if row.entitlement is not None),
        sum(row.deposit is DepositState.NOT_ALLOWED for row in inside),
        Money.total(bill.total for bill in bills),
        {payer: amount for payer, amount in by_payer.items() if amount},
    )


@pytest.mark.slow
@pytest.mark.rule("A-25", "A-35")
def test_every_month_equals_a_count_by_hand(stocked: Tools) -> None:
    days = [day for stay in STAYS for day in (row_of(stay, stocked).admitted, row_of(stay, stocked).discharged) if day]
    months = {month_of(day) for day in days}
    assert len(months) > 2
    settled = ZERO
    for month in sorted(months | {date(2019, 1, 1)}):
        got = at(month, stocked, kinds=True)
        by_payer = {payer: tally.amount for payer, tally in got.by_payer.items()}
        counted = (got.admitted, got.discharged, got.entitlement, got.deposits_not_taken.count)
        assert (*counted, got.settled.amount, by_payer) == brute(month, stocked)
        assert Money.total(got.by_kind.values()) == got.settled.amount and not got.unread
        settled += got.settled.amount
    assert settled == Money.total(settlement_of(stay, stocked).total for stay in SETTLED)


@pytest.mark.rule("A-35")
def test_cost_control_counts_what_the_catalogue_marks(tools: Tools, tmp_path: Path) -> None:
    """Essential drugs, antimicrobials, examinations, the largest drug bill: an indicator, read by no rule."""
    reference = copy_of_reference(tmp_path / "reference")
    table = reference / "qingshi_county" / "items.csv"
    head, *rows = table.read_text("utf-8").splitlines()
    drugs = [row.split(",")[0] for row in rows if row.split(",")[2] == "drug"]
    marked = [f"{row},{'essential|antimicrobial' if row.split(',')[0] in drugs else ''}" for row in rows]
    table.write_text("\n".join([f"{head},marks", *marked]) + "\n", "utf-8")
    tools = replace(tools, feed=feed_from(reference))
    take_in(tools, tmp_path, SETTLED[0])
    settle_case(SETTLED[0], tools)
    month = month_of(row_of(SETTLED[0], tools).discharged)
    got = at(month, tools, kinds=True)
    assert got.by_kind["drug"] > ZERO
    assert got.by_mark == {"essential": got.by_kind["drug"], "antimicrobial": got.by_kind["drug"]}
    assert got.largest_drugs == got.by_kind["drug"]
    shown = {row[3] for row in statistics_rows(statistics_of(month, tools, kinds=True))}
    assert {"by_mark", "largest_drugs"} <= shown


@pytest.mark.slow
def test_deposits_arrears_and_what_is_printed(stocked: Tools) -> None:
    stay = SETTLED[1]
    row = row_of(stay, stocked)
    with stocked.ledger.transaction() as tx:
        for amount in ("3000.00", "2000.00"):  # only the last answer counts
            may_take_deposit(tx, row.case_id, Money.yuan(amount), stocked, act(stocked))
    admitted = at(month_of(row.admitted), stocked)
    assert (admitted.deposits_asked, admitted.deposits_not_taken.amount.text) == (1, "2000.00")

    owed = settlement_of(stay, stocked).patient_pays
    pay(row.case_id, Money(1), Method.CASH, "R-1", stocked, act(stocked))
    assert isinstance(stocked.clock, TestClock)
    stocked.clock.moment += timedelta(days=91)
    now = at(month_of(row.discharged), stocked)
    debts = {age: (tally.count, tally.amount) for age, tally in now.arrears.items()}
    others = settlement_of(SETTLED[0], stocked).patient_pays
    assert debts == {"91-180": (2, owed - Money(1) + others)}

    found = statistics_of(month_of(row.discharged), stocked)
    rows = list(statistics_rows(found))
    assert all(len(each) == len(COLUMNS) for each in rows)
    shown = json.dumps(statistics_json(found), ensure_ascii=False) + str(rows)
    for told in story(*STAYS)["stays"]:
        assert str(told["key"]) not in shown
    assert case_id(stay) not in shown and row.person_key not in {each[4] for each in rows}
    assert found.recipients == ()


AGED = [(1, "1-30"), (30, "1-30"), (31, "31-90"), (90, "31-90"), (91, "91-180"), (180, "91-180")]
AGED += [(181, "181-365"), (365, "181-365"), (366, "over-365")]


@pytest.mark.parametrize(("days", "age"), AGED)
def test_the_age_of_a_debt(days: int, age: str) -> None:
    assert age_of(days) == age


@pytest.mark.rule("A-29", "B-22")
def test_the_recipients_are_a_setting(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAYS[3])
    scheme = tools.book.scheme(row_of(STAYS[3], tools).scheme)
    named = replace(scheme, settings={**scheme.settings, "report_recipients": ("卫健局", "医保办")})
    book = replace(tools.book, schemes={**tools.book.schemes, scheme.name: named})
    found = statistics_of(date(2021, 5, 1), replace(tools, book=book))
    assert found.recipients == ("卫健局", "医保办")
    assert statistics_of(date(2021, 5, 1), tools).recipients == ()
