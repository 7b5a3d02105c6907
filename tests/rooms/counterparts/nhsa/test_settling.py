"""2303, 2304, 5203, 4101, 5206: trial and settlement, the identities, what a second attempt gets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.nhsa_window import EMPLOYEE, HOSPITAL, A, B, Window, identities, line

#: 9000.00 operation, 57.30 of a class B drug (10 % first), 60.00 escort (丙): in scope 9051.57
LINES = [line("1", "2201", "1", "9000.00"), line("2", "3105", "2", "57.30"), line("3", "6101", "1", "60.00")]
TOTAL = "9117.30"


def test_a_trial_keeps_nothing_and_the_settlement_says_the_same(window: Window) -> None:
    visit = window.stay(A, LINES)
    tried = window.good("2303", window.bill(visit, A, TOTAL))
    again = window.good("2303", window.bill(visit, A, TOTAL))
    assert window.state()["settled"] == 0
    settled = window.good("2304", window.bill(visit, A, TOTAL))
    identities(settled)
    info = settled["setlinfo"]
    assert "setl_id" not in tried["setlinfo"]
    assert info.pop("setl_id")
    assert info.pop("medins_setl_id") == window.last_msgid
    for sheet in (tried, again):
        sheet["setlinfo"].pop("medins_setl_id")
        assert sheet == settled
    # 9051.57 in scope, 500.00 deductible, 75 %
    assert (info["hifp_pay"], info["act_pay_dedc"], info["psn_cash_pay"]) == (
        Decimal("6413.68"),
        Decimal("500.00"),
        Decimal("2703.62"),
    )


def test_a_second_settlement_is_a_second_attempt_and_no_replay(window: Window) -> None:
    visit = window.stay(A, LINES)
    given = window.bill(visit, A, TOTAL)
    window.good("2304", given)
    assert "已结算" in window.refused("2304", given)
    assert "已结算" in window.refused("2304", given, msgid=window.sent[-2])
    state = window.state()
    assert (state["settled"], state["settled_twice"]) == (1, {})
    assert len(state["repeated_msgids"]) == 1


@pytest.mark.parametrize("total", ["9117.29", "0.00"])
def test_the_hospitals_total_must_be_the_uploaded_one(window: Window, total: str) -> None:
    visit = window.stay(A, LINES)
    assert "不一致" in window.refused("2304", window.bill(visit, A, total))


def test_settling_needs_the_discharge_and_lines(window: Window) -> None:
    visit = window.admit(A)
    assert "费用明细" in window.refused("2304", window.bill(visit, A, "0.00"))
    window.upload(visit, A, LINES)
    assert "出院" in window.refused("2304", window.bill(visit, A, TOTAL))
    window.good("2303", window.bill(visit, A, TOTAL))


def test_a_settlement_in_mid_stay_changes_no_payers_total(window: Window) -> None:
    visit = window.admit(A)
    window.upload(visit, A, LINES[:1])
    first = window.good("2304", window.bill(visit, A, "9000.00", mid_setl_flag="1"))["setlinfo"]
    window.upload(visit, A, LINES[1:])
    window.discharge(visit, A)
    sheet = window.good("2304", window.bill(visit, A, "117.30"))
    identities(sheet)
    assert first["hifp_pay"] + sheet["setlinfo"]["hifp_pay"] == Decimal("6413.68")
    assert first["act_pay_dedc"] + sheet["setlinfo"]["act_pay_dedc"] == Decimal("500.00")
    assert window.state()["year_to_date"][A]["2021"]["basic.admissions"] == "1.00"


def test_aid_is_inside_the_settlement_for_the_registered_poor(window: Window) -> None:
    visit = window.stay(B, LINES)
    sheet = window.good("2304", window.bill(visit, B, TOTAL))
    identities(sheet)
    paid = {row["fund_pay_type"]: row["fund_payamt"] for row in sheet["setldetail"]}
    # (9051.57 - 500) x 0.85 = 7268.83; critical illness below its deductible; (9051.57 - 7268.83) x 0.70
    assert paid == {"390100": Decimal("7268.83"), "610100": Decimal("1247.92")}
    assert sheet["setlinfo"]["maf_pay"] == Decimal("1247.92")


def test_year_to_date_counts_across_hospitals(window: Window) -> None:
    visit = window.stay(A, LINES)
    window.good("2304", window.bill(visit, A, TOTAL))
    window.facility = "H99990200001"
    told = window.good("5206", {"data": {"psn_no": A, "cum_ym": "202106"}})["cuminfo"]
    assert {row["cum_type_code"]: row["cum"] for row in told}["Q0000"] == Decimal("500.00")
    assert {row["cum_type_code"]: row["cum"] for row in told}["D390100"] == Decimal("6413.68")


def test_the_personal_account_pays_as_long_as_it_has_something(window: Window) -> None:
    for number, (account, balance) in enumerate([("800.00", "0.00"), ("0.00", "0.00")]):
        visit = window.admit(EMPLOYEE, f"Z{number}", f"2021-06-0{1 + number} 08:00:00")
        window.upload(visit, EMPLOYEE, [line("1", "2201", "1", "9000.00", fee_ocur_time=f"2021-06-0{1 + number}")])
        window.discharge(visit, EMPLOYEE, f"2021-06-0{1 + number} 20:00:00")
        sheet = window.good("2304", window.bill(visit, EMPLOYEE, "9000.00", acct_used_flag="1"))
        identities(sheet)
        assert (sheet["setlinfo"]["acct_pay"], sheet["setlinfo"]["balc"]) == (Decimal(account), Decimal(balance))


def test_a_settlement_is_found_by_its_id_alone(window: Window) -> None:
    visit = window.stay(A, LINES)
    setl_id = window.good("2304", window.bill(visit, A, TOTAL))["setlinfo"]["setl_id"]
    found = window.good("5203", {"data": {"psn_no": A, "setl_id": setl_id, "mdtrt_id": visit}})["setlinfo"]
    assert (found["hifp_pay"], found["refd_setl_flag"], found["year"]) == (Decimal("6413.68"), "0", "2021")
    assert "结算ID" in window.refused("5203", {"data": {"psn_no": A, "setl_id": "", "mdtrt_id": visit}})
    assert "未查询" in window.refused("5203", {"data": {"psn_no": A, "setl_id": "1", "mdtrt_id": visit}})


def test_the_settlement_list_must_be_of_a_settlement_and_its_funds(window: Window) -> None:
    visit = window.stay(A, LINES)
    setl_id = window.good("2304", window.bill(visit, A, TOTAL))["setlinfo"]["setl_id"]
    names = [field.name for field in window.bureau.definitions["4101-new"]["setlinfo"].fields if field.required]
    info = dict.fromkeys(names, "1") | {"psn_no": A, "mdtrt_id": visit, "setl_id": setl_id}
    info |= {name: "2021-06-09" for name in names if name.endswith(("date", "time"))}
    funds = [{"fund_pay_type": "390100", "fund_payamt": "6413.68"}]
    assert window.good("4101", {"setlinfo": info, "payinfo": funds})["data"]["setl_list_id"] == "000000001"
    funds[0]["fund_payamt"] = "6413.67"
    assert "基金支付" in window.refused("4101", {"setlinfo": info, "payinfo": funds})


def test_another_hospitals_stay_is_nobodys_business(window: Window) -> None:
    visit = window.stay(A, LINES)
    window.facility = "H99990200001"
    assert "未查询到就诊" in window.refused("2304", window.bill(visit, A, TOTAL))
    window.facility = HOSPITAL
    window.good("2304", window.bill(visit, A, TOTAL))
