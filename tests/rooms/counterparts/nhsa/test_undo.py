"""2305 and 2601: what may be taken back, how often, and what it leaves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.nhsa_window import A, Window, admission, line

LINES = [line("1", "2201", "1", "9000.00")]
TOTAL = "9000.00"


def settled(window: Window) -> tuple[str, str]:
    """mdtrt_id and setl_id."""
    visit = window.stay(A, LINES)
    return visit, str(window.good("2304", window.bill(visit, A, TOTAL))["setlinfo"]["setl_id"])


def cancelling(visit: str, setl_id: str) -> dict[str, Any]:
    return {"data": {"mdtrt_id": visit, "setl_id": setl_id, "psn_no": A}}


def reversal(msgid: str, infno: str = "2304") -> dict[str, Any]:
    return {"data": {"psn_no": A, "omsgid": msgid, "oinfno": infno}}


def of_the_year(window: Window) -> dict[str, str]:
    return {name: str(abs(Decimal(amount))) for name, amount in window.state()["year_to_date"][A]["2021"].items()}


def test_a_cancelled_settlement_is_negative_and_leaves_nothing_of_the_year(window: Window) -> None:
    visit, setl_id = settled(window)
    sheet = window.good("2305", cancelling(visit, setl_id))
    info = sheet["setlinfo"]
    assert (info["medfee_sumamt"], info["hifp_pay"], info["setl_id"]) == (
        Decimal("-9000.00"),
        Decimal("-6375.00"),
        setl_id,
    )
    assert info["medfee_sumamt"] == info["fund_pay_sumamt"] + info["psn_part_amt"] + info["hosp_part_amt"]
    assert sheet["setldetail"][0]["fund_payamt"] == Decimal("-6375.00")
    assert "psn_name" not in info
    assert set(of_the_year(window).values()) == {"0.00"}
    assert "已撤销" in window.refused("2305", cancelling(visit, setl_id))
    window.good("2304", window.bill(visit, A, TOTAL))
    assert (window.state()["settled"], window.state()["refunded"]) == (1, 1)


def test_undo_runs_backwards_to_the_admission(window: Window) -> None:
    visit, setl_id = settled(window)
    own = {"data": {"mdtrt_id": visit, "psn_no": A}}
    lines = {"data": [{"feedetl_sn": "0000", "mdtrt_id": visit, "psn_no": A}]}
    for infno in ("2405", "2404"):
        assert window.refused(infno, own)
    window.good("2305", cancelling(visit, setl_id))
    assert "撤销出院" in window.refused("2404", own)
    window.good("2405", own)
    assert "费用明细" in window.refused("2404", own)
    window.good("2302", lines)
    window.good("2404", own)
    assert window.state()["visits"] == {"cancelled": 1}


def test_positive_amounts_and_an_id_of_its_own_where_the_region_does_so() -> None:
    with Window.at("coastal") as window:
        window.sign_in()
        visit, setl_id = settled(window)
        info = window.good("2305", cancelling(visit, setl_id))["setlinfo"]
        assert info["medfee_sumamt"] == TOTAL
        assert info["setl_id"] != setl_id
        assert set(of_the_year(window).values()) == {"0.00"}


def test_a_lost_settlement_is_taken_back_by_its_msgid_once(window: Window) -> None:
    visit, _ = settled(window)
    msgid = window.last_msgid
    assert window.good("2601", reversal(msgid)) == {}
    assert (window.state()["settled"], window.state()["reversed"]) == (0, 1)
    assert of_the_year(window) == {}
    assert "已冲正" in window.refused("2601", reversal(msgid))
    window.good("2304", window.bill(visit, A, TOTAL))


def test_a_settlement_that_2305_took_back_cannot_be_reversed_as_well(window: Window) -> None:
    visit, setl_id = settled(window)
    msgid = window.last_msgid
    window.good("2305", cancelling(visit, setl_id))
    assert "原结算已撤销" in window.refused("2601", reversal(msgid))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (reversal("never-sent"), "未查询到原交易"),
        (reversal("never-sent", "2301"), "不支持冲正"),
        (reversal("never-sent", "2305"), "不支持冲正"),
    ],
)
def test_what_cannot_be_reversed(window: Window, given: dict[str, Any], text: str) -> None:
    assert text in window.refused("2601", given)


def test_another_persons_message_is_not_reversed(window: Window) -> None:
    settled(window)
    given = {"data": {"psn_no": "999900000002", "omsgid": window.last_msgid, "oinfno": "2304"}}
    assert "未查询到原交易" in window.refused("2601", given)
    assert window.state()["settled"] == 1


def test_a_refused_transaction_is_nothing_to_reverse(window: Window) -> None:
    visit, _ = settled(window)
    window.refused("2304", window.bill(visit, A, TOTAL))
    assert "未查询到原交易" in window.refused("2601", reversal(window.last_msgid))


def test_an_admission_is_reversed_as_long_as_nothing_hangs_on_it(window: Window) -> None:
    visit = window.admit(A)
    msgid = window.last_msgid
    window.upload(visit, A, LINES)
    assert "费用明细" in window.refused("2601", reversal(msgid, "2401"))
    window.good("2302", {"data": [{"feedetl_sn": "0000", "mdtrt_id": visit, "psn_no": A}]})
    window.good("2601", reversal(msgid, "2401"))
    assert window.state()["visits"] == {"cancelled": 1}


def test_a_cancellation_is_reversed_where_the_region_allows_it() -> None:
    with Window.at("lake") as window:
        window.sign_in()
        visit, setl_id = settled(window)
        window.good("2305", cancelling(visit, setl_id))
        cancelled = window.last_msgid
        window.good("2601", reversal(cancelled, "2305"))
        assert window.state()["settlements"].popitem()[1] == setl_id
        assert of_the_year(window)["basic.paid"] == "6375.00"
        assert "已结算" in window.refused("2304", window.bill(visit, A, TOTAL))


def test_an_original_that_comes_after_its_reversal() -> None:
    """Nobody has published what happens; both readings can be chosen."""
    with Window.at("coastal") as window:
        window.sign_in()
        window.good("2601", reversal("late", "2401"))
        assert "已冲正" in window.refused("2401", admission(window.bureau, A), msgid="late")
        assert window.state()["visits"] == {}
    with Window.at("plain") as window:
        window.sign_in()
        window.refused("2601", reversal("late", "2401"))
        window.good("2401", admission(window.bureau, A), msgid="late")
        assert window.state()["visits"] == {"in": 1}


def test_bills_of_a_stay_are_taken_back_from_the_last(window: Window) -> None:
    visit = window.admit(A)
    window.upload(visit, A, LINES)
    first = window.good("2304", window.bill(visit, A, TOTAL, mid_setl_flag="1"))["setlinfo"]["setl_id"]
    lost = window.last_msgid
    window.upload(visit, A, [line("2", "2101", "1", "20.00")])
    window.discharge(visit, A)
    second = window.good("2304", window.bill(visit, A, "20.00"))["setlinfo"]["setl_id"]
    assert "后续中途结算" in window.refused("2305", cancelling(visit, first))
    assert "后续中途结算" in window.refused("2601", reversal(lost))
    window.good("2305", cancelling(visit, second))
    window.good("2305", cancelling(visit, first))
    assert set(of_the_year(window).values()) == {"0.00"}


def test_a_later_stay_may_forbid_it(tmp_path: Path) -> None:
    path = tmp_path / "strict.yaml"
    plain = (Path(__file__).parents[4] / "fixtures/endpoints/nhsa/regions/plain.yaml").read_text("utf-8")
    path.write_text(f"{plain}undo: {{refuse_if_later_settled: yes}}\n", "utf-8")
    with Window.at(path) as window:
        window.sign_in()
        visit, setl_id = settled(window)
        other = window.admit(A, "Z2", "2021-06-10 08:00:00")
        window.upload(other, A, [line("1", "2101", "1", "20.00", fee_ocur_time="2021-06-10 09:00:00")])
        window.discharge(other, A, "2021-06-11 08:00:00")
        later = window.good("2304", window.bill(other, A, "20.00"))["setlinfo"]["setl_id"]
        assert "后续结算" in window.refused("2305", cancelling(visit, setl_id))
        window.good("2305", cancelling(other, later))
        window.good("2305", cancelling(visit, setl_id))
