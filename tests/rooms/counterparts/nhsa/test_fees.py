"""2301 and 2302: a call is taken whole or not at all; the split of every line; refunds; withdrawal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.nhsa_window import A, Window, admission, line

GOOD = line("1", "2201", "1", "9000.00")


def refused(window: Window, visit: str, *lines: dict[str, Any]) -> str:
    rows = [{**row, "mdtrt_id": visit, "psn_no": A} for row in lines]
    return window.refused("2301", {"feedetail": rows})


def kept(window: Window, visit: str) -> list[str]:
    return [row.sn for row in window.bureau.office.store.lines(visit)]


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (line("2", "9901", "1", "96.00"), "未对照"),
        (line("1", "2201", "1", "9000.00"), "重复"),
        (line("2", "2201", "1", "9000.00", pric="8999.00"), "单价乘数量"),
        (line("2", "2201", "1", "9000.00", fee_ocur_time="2021-05-31 23:59:59"), "住院期间"),
        (line("2", "2201", "-1", "-9000.00", init_feedetl_sn="7"), "原费用明细"),
        (line("2", "2201", "-1", "-8000.00", init_feedetl_sn="1", pric="8000.00"), "单价不一致"),
        (line("2", "2201", "-2", "-18000.00", init_feedetl_sn="1"), "大于原明细"),
        (line("2", "2201", "1", "9000.00", mdtrt_id="1"), "就诊登记"),
        (line("2", "2201", "1", "9000.00", bilg_dept_codg=""), "不能为空"),
        (line("2", "2201", "one", "9000.00", pric="9000"), "不是数字"),
    ],
)
def test_one_bad_line_refuses_the_whole_call_and_is_named(window: Window, bad: dict[str, Any], text: str) -> None:
    visit = window.admit(A)
    rows = [{"mdtrt_id": visit, "psn_no": A, **row} for row in (GOOD, bad)]
    message = window.refused("2301", {"feedetail": rows})
    assert text in message
    assert kept(window, visit) == []
    window.upload(visit, A, [GOOD])


def test_where_the_region_names_no_line_halving_finds_it() -> None:
    with Window.at("inland") as window:
        window.sign_in()
        visit = str(window.good("2401", admission(window.bureau, A))["result"]["mdtrt_id"])
        rows = [line(str(n), "9901" if n == 5 else "2101", "1", "20.00") for n in range(1, 9)]
        sent = [{**row, "mdtrt_id": visit, "psn_no": A} for row in rows]
        while len(sent) > 1:
            half = sent[: len(sent) // 2]
            answer = window.call("2301", {"feedetail": half})
            assert "feedetl_sn" not in (answer["err_msg"] or "")
            sent = sent[len(half) :] if "output" in answer else half
        assert sent[0]["feedetl_sn"] == "5"


def test_a_hundred_lines_and_one_more(window: Window) -> None:
    visit = window.admit(A)
    rows = [line(str(n), "2101", "1", "20.00") for n in range(101)]
    assert "100条" in refused(window, visit, *rows)
    # a hundred lines of usual length are also within forty thousand characters
    assert len(window.upload(visit, A, rows[:100])) == 100


@pytest.mark.parametrize(("serial", "taken"), [("A1", False), ("0", False), ("1" * 16, False), ("1" * 15, True)])
def test_serials_of_a_region_that_wants_digits(serial: str, taken: bool) -> None:
    with Window.at("inland") as window:
        window.sign_in()
        visit = str(window.good("2401", admission(window.bureau, A))["result"]["mdtrt_id"])
        row = {**line(serial, "2101", "1", "20.00"), "mdtrt_id": visit, "psn_no": A}
        answer = window.call("2301", {"feedetail": [row]})
        assert bool(answer.get("output")) is taken


def test_the_split_of_a_line(window: Window) -> None:
    visit = window.admit(A)
    rows = [
        line("1", "1101", "7", "350.00"),  # 50.00 a day, limit 30.00
        line("2", "3105", "2", "57.30"),  # 乙, 10 % first
        line("3", "6101", "1", "60.00"),  # 丙
        line("4", "3105", "-1", "-28.65", init_feedetl_sn="2"),
    ]
    results = window.upload(visit, A, rows)
    names = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt", "chrgitm_lv")
    assert [tuple(str(row[name]) for name in names) for row in results] == [
        ("0.00", "140.00", "0.00", "210.00", "01"),
        ("0.00", "0.00", "5.73", "51.57", "02"),
        ("60.00", "0.00", "0.00", "0.00", "03"),
        ("0.00", "0.00", "-2.87", "-25.78", "02"),
    ]
    for row in results:
        assert sum((row[name] for name in names[:4]), Decimal(0)) == row["det_item_fee_sumamt"]


@pytest.mark.parametrize(("approved", "own"), [("0", "386.00"), ("1", "0.00"), ("2", "386.00"), ("", "386.00")])
def test_a_restricted_item_counts_only_where_it_was_approved(window: Window, approved: str, own: str) -> None:
    window.facility = "H99991000001"
    visit = window.admit(A)
    (row,) = window.upload(visit, A, [line("1", "3109", "1", "386.00", hosp_appr_flag=approved)])
    assert (str(row["fulamt_ownpay_amt"]), row["lmt_used_flag"]) == (own, "1")


def test_an_item_that_this_bureau_does_not_take(window: Window) -> None:
    window.facility = "H99991000001"
    visit = window.admit(A)
    assert "不予受理" in refused(window, visit, GOOD, line("2", "6102", "1", "15.00"))


def test_withdrawal_by_number_and_of_all(window: Window) -> None:
    visit = window.admit(A)
    rows = [line(str(n), "2101", "2", "40.00") for n in range(1, 4)]
    window.upload(visit, A, [*rows, line("9", "2101", "-1", "-20.00", init_feedetl_sn="1")])

    def given(serial: str) -> dict[str, Any]:
        return {"data": [{"feedetl_sn": serial, "mdtrt_id": visit, "psn_no": A}]}

    assert "退费记录" in window.refused("2302", given("1"))
    assert "未查询到" in window.refused("2302", given("7"))
    assert window.good("2302", given("2")) == {}
    assert kept(window, visit) == ["1", "3", "9"]
    window.good("2302", given("0000"))
    assert kept(window, visit) == []


def test_lines_show_the_settlement_that_took_them() -> None:
    """In regions that do not insist on setl_id, this is where a lost settlement can be found."""
    with Window.at("test_inland") as window:
        visit = window.stay(A, [GOOD])
        own = {"psn_no": A, "mdtrt_id": visit}
        assert [row["setl_id"] for row in window.call("5204", {"data": own})["output"]] == [""]
        setl_id = window.good("2304", window.bill(visit, A, "9000.00"))["setlinfo"]["setl_id"]
        for asked in ("", setl_id):
            (row,) = window.call("5204", {"data": own | {"setl_id": asked}})["output"]
            assert (row["setl_id"], row["feedetl_sn"], row["inscp_scp_amt"]) == (setl_id, "1", Decimal("9000.00"))
        assert window.call("5204", {"data": own | {"setl_id": "7"}})["output"] == []


def test_settled_lines_stay(window: Window) -> None:
    visit = window.stay(A, [GOOD])
    window.good("2304", window.bill(visit, A, "9000.00"))
    for serial in ("1", "0000"):
        window.call("2302", {"data": [{"feedetl_sn": serial, "mdtrt_id": visit, "psn_no": A}]})
    assert kept(window, visit) == ["1"]
