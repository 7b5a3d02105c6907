"""Any stay, any person, cut anywhere: the sums of every answer hold, and cutting changes no payer's total."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.nhsa_window import EMPLOYEE, A, B, Window, identities, line

#: Items of the fixture hospital with their price: 甲 with a limit, 乙, 丙, large.
ITEMS = {"1101": "50.00", "3105": "28.65", "3110": "4.2133", "6101": "60.00", "2203": "28000.00"}
PAID = ("hifp_pay", "hifmi_pay", "maf_pay", "hosp_part_amt")

charges = st.lists(
    st.tuples(st.sampled_from(sorted(ITEMS)), st.integers(1, 40), st.integers(0, 3)), min_size=1, max_size=8
)


def lines_of(chosen: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Fee lines, and after some of them a refund of a part."""
    rows = []
    for number, (item, count, back) in enumerate(chosen, start=1):
        price = ITEMS[item]
        rows.append(_line(str(number), item, count, price))
        if 0 < back <= count:
            rows.append(_line(f"{number}9", item, -back, price, init_feedetl_sn=str(number)))
    return rows


def _line(sn: str, item: str, count: int, price: str, **more: str) -> dict[str, Any]:
    total = (Decimal(price) * count).quantize(Decimal("0.01"))
    return line(sn, item, str(count), str(total), pric=price, **more)


def total_of(rows: list[dict[str, Any]]) -> str:
    return str(sum(Decimal(row["det_item_fee_sumamt"]) for row in rows))


def paid(sheet: dict[str, Any]) -> list[Decimal]:
    return [Decimal(str(sheet["setlinfo"][name])) for name in PAID]


@pytest.mark.parametrize("region", ["plain", "inland"])
def test_sums_hold_and_cuts_change_nothing(region: str) -> None:
    with Window.at(region) as window:

        @settings(deadline=None, max_examples=8)
        @given(chosen=charges, psn_no=st.sampled_from([A, B, EMPLOYEE]), cut=st.integers(1, 7))
        def check(chosen: list[tuple[str, int, int]], psn_no: str, cut: int) -> None:
            rows = lines_of(chosen)
            whole = _at_once(window, psn_no, rows)
            parts = _cut(window, psn_no, rows, cut)
            assert [sum(each, Decimal(0)) for each in zip(*map(paid, parts), strict=True)] == paid(whole)

        check()


def _at_once(window: Window, psn_no: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    window.bureau.office.store.reset()
    window.sign_in()
    visit = window.stay(psn_no, rows)
    given_ = window.bill(visit, psn_no, total_of(rows), acct_used_flag="1")
    tried, settled = window.good("2303", given_), window.good("2304", given_)
    identities(settled)
    assert paid(tried) == paid(settled)
    own = {"mdtrt_id": visit, "setl_id": settled["setlinfo"]["setl_id"], "psn_no": psn_no}
    undone = window.good("2305", {"data": own})
    identities(undone)
    assert [-amount for amount in paid(undone)] == paid(settled)
    years = window.state()["year_to_date"].get(psn_no, {}).get("2021", {})
    assert {Decimal(amount) for amount in years.values()} <= {Decimal(0)}
    return settled


def _cut(window: Window, psn_no: str, rows: list[dict[str, Any]], cut: int) -> list[dict[str, Any]]:
    """Settled once in mid-stay where there is something on both sides of the cut."""
    window.bureau.office.store.reset()
    window.sign_in()
    visit = window.admit(psn_no)
    bills = [part for part in (rows[:cut], rows[cut:]) if part]
    sheets = []
    for number, part in enumerate(bills, start=1):
        window.upload(visit, psn_no, part)
        final = number == len(bills)
        if final:
            window.discharge(visit, psn_no)
        flag = {"mid_setl_flag": "0" if final else "1"}
        sheets.append(window.good("2304", window.bill(visit, psn_no, total_of(part), **flag)))
        identities(sheets[-1])
    return sheets
