"""Scripted misbehaviour in the platform's words, each with what it leaves behind."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapter.counterparts.faults import Call, FaultError, fault_of
from adapter.counterparts.nhsa.faults import OWN, call_of
from tests.support.nhsa_window import A, Window, line

LINES = [line("1", "2201", "1", "9000.00")]
TOTAL = "9000.00"


@pytest.fixture
def visit(window: Window) -> str:
    return window.stay(A, LINES)


def settled(window: Window) -> int:
    return int(window.state()["settled"])


@pytest.mark.parametrize(("processed", "kept"), [(False, 0), (True, 1)])
def test_a_server_error_before_or_after_the_effect(window: Window, visit: str, processed: bool, kept: int) -> None:
    window.script({"match": {"stage": "settle"}, "do": "status", "status": 502, "processed": processed})
    answer = window.post("2304", window.bill(visit, A, TOTAL))
    assert (answer.status_code, answer.json()) == (502, {"code": 502, "message": "系统繁忙"})
    assert settled(window) == kept


def test_garbage_after_the_effect(window: Window, visit: str) -> None:
    window.script({"match": {"stage": "settle"}, "do": "garbage"})
    with pytest.raises(ValueError, match=r"."):
        json.loads(window.post("2304", window.bill(visit, A, TOTAL)).content)
    assert settled(window) == 1


def test_a_request_that_arrives_twice_answers_with_the_second(window: Window, visit: str) -> None:
    window.script({"match": {"stage": "settle"}, "do": "twice"})
    assert "已结算" in window.refused("2304", window.bill(visit, A, TOTAL))
    assert settled(window) == 1
    assert window.state()["repeated_msgids"] == {window.last_msgid: 2}


def test_an_answer_with_every_row_twice(window: Window, visit: str) -> None:
    window.script({"match": {"stage": "settle"}, "do": "duplicate-answer"})
    sheet = window.good("2304", window.bill(visit, A, TOTAL))
    assert [row["fund_pay_type"] for row in sheet["setldetail"]] == ["390100", "390100"]


def test_the_answer_of_the_call_before(window: Window, visit: str) -> None:
    window.good("2303", window.bill(visit, A, TOTAL))
    window.script({"match": {"stage": "settle"}, "do": "stale"})
    assert "setl_id" not in window.good("2304", window.bill(visit, A, TOTAL))["setlinfo"]
    assert settled(window) == 1


def test_an_answer_that_comes_drop_by_drop(window: Window, visit: str) -> None:
    window.script({"match": {"stage": "settle"}, "do": "drip", "seconds": 0.01})
    begun = time.monotonic()
    window.good("2304", window.bill(visit, A, TOTAL))
    assert time.monotonic() - begun >= 0.08


def test_a_settlement_that_differs_from_its_trial(window: Window, visit: str) -> None:
    tried = window.good("2303", window.bill(visit, A, TOTAL))["setlinfo"]
    window.script({"match": {"stage": "settle"}, "do": "differ", "text": "0.10"})
    info = window.good("2304", window.bill(visit, A, TOTAL))["setlinfo"]
    assert info["hifp_pay"] == tried["hifp_pay"] - Decimal("0.10")
    assert info["medfee_sumamt"] == info["fund_pay_sumamt"] + info["psn_part_amt"] + info["hosp_part_amt"]
    assert window.state()["year_to_date"][A]["2021"]["basic.paid"] == str(info["hifp_pay"])


def test_a_rule_that_changes_in_mid_stay(window: Window, visit: str) -> None:
    tried = window.good("2303", window.bill(visit, A, TOTAL))["setlinfo"]
    window.script({"match": {"stage": "settle"}, "do": "rule-change", "text": "basic=test_changed/basic"})
    info = window.good("2304", window.bill(visit, A, TOTAL))["setlinfo"]
    assert (tried["hifp_pay"], info["hifp_pay"]) == (Decimal("6375.00"), Decimal("5880.00"))
    assert info["act_pay_dedc"] == Decimal("600.00")


def test_a_refused_line_and_a_refused_call(window: Window) -> None:
    visit = window.admit(A)
    rows = [{**row, "mdtrt_id": visit, "psn_no": A} for row in [*LINES, line("2", "2101", "1", "20.00")]]
    window.script(
        {"match": {"stage": "charges", "times": 0}, "do": "refuse-line", "text": "2101"},
        {"match": {"stage": "trial"}, "do": "refuse", "text": "FSI-系统内部错误"},
    )
    assert "[feedetl_sn:2]" in window.refused("2301", {"feedetail": rows})
    window.good("2301", {"feedetail": rows[:1]})
    assert window.refused("2303", window.bill(visit, A, TOTAL)) == "FSI-系统内部错误"


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"do": "wrong-signature"}, 401, "签名错误"),
        ({"do": "maintenance"}, 503, "系统维护中"),
        ({"do": "maintenance", "status": 200, "text": "二十二点后停机"}, 200, "二十二点后停机"),
    ],
)
def test_what_the_gateway_says_itself(
    window: Window, visit: str, fault: dict[str, Any], status: int, text: str
) -> None:
    window.script({"match": {"stage": "settle"}, **fault})
    answer = window.post("2304", window.bill(visit, A, TOTAL))
    assert (answer.status_code, text in answer.json()["message"]) == (status, True)
    assert "infcode" not in answer.json()
    assert settled(window) == 0


def test_a_clock_that_is_off(window: Window, visit: str) -> None:
    """The bureau's next day has no sign-in yet."""
    window.script({"match": {"stage": "settle"}, "do": "clock-skew", "seconds": 86400})
    assert "未签到" in window.refused("2304", window.bill(visit, A, TOTAL))
    window.good("2304", window.bill(visit, A, TOTAL))


def test_which_calls_a_fault_meets(window: Window, visit: str) -> None:
    window.script(
        {"match": {"path": "2303", "nth": 2}, "do": "refuse"},
        {"match": {"key": visit, "stage": "settle"}, "do": "refuse"},
        {"match": {"key": "another", "times": 0}, "do": "refuse"},
    )
    given = window.bill(visit, A, TOTAL)
    assert [str(window.call("2303", given)["infcode"]) for _ in range(3)] == ["0", "-1", "0"]
    window.refused("2304", given)
    window.good("2304", given)
    assert [one["path"] for one in window.faults.told()["fired"]] == ["/nhsa/2303", "/nhsa/2304"]


def test_a_call_that_cannot_be_read_is_met_by_its_path() -> None:
    scope = {"method": "POST", "path": "/nhsa/2304"}
    assert call_of(scope, b"\xff{") == Call("POST", "/nhsa/2304", "", "settle")
    assert call_of(scope, b'{"infno":"2303","msgid":"M1","input":"cipher"}') == Call(
        "POST", "/nhsa/2303", "M1", "trial"
    )


@pytest.mark.parametrize(
    "row",
    [{"do": "explode"}, {"do": "rule-change", "text": "basic=nowhere"}, {"do": "odd", "text": "purple"}, "x"],
)
def test_a_script_that_cannot_work_is_refused(window: Window, row: Any) -> None:
    answer: httpx.Response = window.client.post("/control/faults", json=[row])
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_scripting_over_http(window: Window, visit: str) -> None:
    assert window.client.post("/control/faults", json=[{"do": "refuse"}]).json() == {"faults": 1}
    window.refused("2303", window.bill(visit, A, TOTAL))
    told = window.client.get("/control/state").json()
    assert (told["region"], told["faults"]["scripted"], told["visits"]) == ("plain", 1, {"out": 1})
    assert window.client.post("/control/reset").status_code == 204
    assert window.client.get("/control/state").json()["visits"] == {}
    assert window.client.get("/health").json()["longest_delay_seconds"] == 5


def test_an_action_of_another_dialect_is_not_known_there() -> None:
    assert fault_of({"do": "stale"}, OWN).do == "stale"
    with pytest.raises(FaultError):
        fault_of({"do": "stale"})
