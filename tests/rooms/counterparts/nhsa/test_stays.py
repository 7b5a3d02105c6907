"""Sign-in, persons, the registration of a stay and its questions; what the envelope and the fields must have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.nhsa_window import ELSEWHERE, EMPLOYEE, A, B, Window, admission, diagnosis, leaving, line


def asked(window: Window, psn_no: str, **more: str) -> dict[str, Any]:
    person = window.bureau.office.seed.persons[psn_no]
    usual = {
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": person.certno,
        "psn_cert_type": "01",
        "certno": person.certno,
        "psn_name": person.name,
    }
    return {"data": usual | more}


def test_the_same_operator_has_one_number_all_day_until_sign_out(window: Window) -> None:
    first = window.sign_no
    assert window.sign_in() == first
    assert window.good("9002", {"signOut": {"sign_no": first, "opter_no": "op1"}})["sign_time"]["sign_time"]
    assert "未签到" in window.refused("1101", asked(window, A))
    assert "未签到" in window.refused("9002", {"signOut": {"sign_no": first, "opter_no": "op1"}})
    second = window.sign_in()
    assert second != first
    window.sign_no = first
    assert "签到流水号" in window.refused("1101", asked(window, A))


def test_a_person_with_insurance_and_identity(window: Window) -> None:
    found = window.good("1101", asked(window, B))
    assert found["baseinfo"]["psn_no"] == B
    assert [row["insutype"] for row in found["insuinfo"]] == ["390"]
    assert [row["psn_idet_type"] for row in found["idetinfo"]] == ["2302"]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"mdtrt_cert_no": "999999000000000000"}, "未查询到人员"),
        ({"psn_name": "别人"}, "姓名不一致"),
        ({"certno": "999999195510120047"}, "不一致"),
        ({"mdtrt_cert_type": "03"}, "卡识别码"),
        ({"mdtrt_cert_type": "01"}, "未查询到人员"),
        ({"psn_name": ""}, "人员姓名不能为空"),
    ],
)
def test_a_person_that_is_not_shown_rightly(window: Window, more: dict[str, str], text: str) -> None:
    assert text in window.refused("1101", asked(window, A, **more))


def test_by_card_and_by_credential(window: Window) -> None:
    card = {"mdtrt_cert_type": "03", "mdtrt_cert_no": "C99990901", "card_sn": "S99990901"}
    token = {"mdtrt_cert_type": "01", "mdtrt_cert_no": "TOKEN-FOR-TESTS-901"}
    for shown in (card, token):
        assert window.good("1101", asked(window, EMPLOYEE, **shown))["baseinfo"]["psn_no"] == EMPLOYEE


def entitled(window: Window, psn_no: str, on: str) -> dict[str, str]:
    person = window.bureau.office.seed.persons[psn_no]
    data = {"psn_no": psn_no, "insutype": person.insutype, "fixmedins_code": window.facility, "med_type": "2101"}
    rows = window.good("2001", {"data": data | {"begntime": on}})["trtinfo"]
    return {row["fund_pay_type"]: row["trt_enjymnt_flag"] for row in rows}


def test_entitlement_has_a_row_per_fund_aid_included(window: Window) -> None:
    assert entitled(window, A, "2021-06-01") == {"390100": "1", "390200": "1", "610100": "0"}
    assert entitled(window, B, "2021-06-01") == {"390100": "1", "390200": "1", "610100": "1"}
    assert set(entitled(window, B, "2016-12-31").values()) == {"0"}


def test_a_second_admission_is_refused_and_keeps_nothing(window: Window) -> None:
    visit = window.admit(A)
    assert "已办理入院" in window.refused("2401", admission(window.bureau, A))
    window.facility = "H99990200001"
    assert "在院" in window.refused("2401", admission(window.bureau, A, "Z2", "2021-06-03 08:00:00"))
    found = window.good("5201", {"data": _period(A)})["mdtrtinfo"]
    assert [(row["mdtrt_id"], row["inhosp_stas"], row["maf_psn_flag"]) for row in found] == [(visit, "1", "0")]


def _period(psn_no: str) -> dict[str, str]:
    return {"psn_no": psn_no, "begntime": "2021-06-01", "endtime": "2021-06-30", "med_type": "2101"}


def test_who_is_in_hospital_now(window: Window) -> None:
    visit = window.admit(A)
    period = {"begntime": "2021-06-01 00:00:00", "endtime": "2021-06-01 23:59:59"}
    assert [row["mdtrt_id"] for row in window.good("5303", {"data": period})["data"]] == [visit]
    assert window.good("5303", {"data": {**period, "begntime": "2021-05-01", "endtime": "2021-05-31"}})["data"] == []
    window.discharge(visit, A)
    assert window.good("5303", {"data": period})["data"] == []


def test_changes_and_diagnoses_by_number(window: Window) -> None:
    visit = window.admit(A)
    begins = "2021-06-01 07:00:00"
    info = admission(window.bureau, A)["mdtrtinfo"] | {"mdtrt_id": visit, "ipt_otp_no": "Z1", "begntime": begins}
    changed = [diagnosis(A, begins, mdtrt_id=visit, diag_srt_no=number, diag_code="I10") for number in ("1", "2")]
    window.good("2403", {"adminfo": info, "diseinfo": changed})
    (found,) = window.good("5201", {"data": _period(A)})["mdtrtinfo"]
    assert found["begntime"] == begins
    window.discharge(visit, A)
    rows = window.good("5202", {"data": {"mdtrt_id": visit, "psn_no": A}})["diseinfo"]
    assert [(row["inout_diag_type"], row["diag_srt_no"], row["diag_code"]) for row in rows] == [
        ("1", "1", "I10"),
        ("1", "2", "I10"),
        ("2", "1", "J18.9"),
    ]


def test_discharge_and_back(window: Window) -> None:
    visit = window.admit(A)
    assert "未办理出院" in window.refused("2405", {"data": {"mdtrt_id": visit, "psn_no": A}})
    assert "早于入院" in window.refused("2402", leaving(window.bureau, visit, A, "2021-05-31 10:00:00"))
    window.upload(visit, A, [line("1", "2201", "1", "9000.00", fee_ocur_time="2021-06-08 10:00:00")])
    assert "出院时间之后" in window.refused("2402", leaving(window.bureau, visit, A, "2021-06-07 10:00:00"))
    window.discharge(visit, A)
    assert "已办理出院" in window.refused("2402", leaving(window.bureau, visit, A, "2021-06-09 10:00:00"))
    window.good("2405", {"data": {"mdtrt_id": visit, "psn_no": A}})
    window.discharge(visit, A)


def test_an_admission_is_cancelled_only_when_nothing_hangs_on_it(window: Window) -> None:
    visit = window.admit(A)
    window.upload(visit, A, [line("1", "2201", "1", "9000.00")])
    given = {"data": {"mdtrt_id": visit, "psn_no": A}}
    assert "费用明细" in window.refused("2404", given)
    window.good("2302", {"data": [{"feedetl_sn": "0000", "mdtrt_id": visit, "psn_no": A}]})
    window.good("2404", given)
    assert "已撤销" in window.refused("2404", given)
    assert window.admit(A) != visit


def test_whenever_a_person_is_named_the_place_of_insurance_must_be(window: Window) -> None:
    given = admission(window.bureau, ELSEWHERE)
    assert "不能为空" in window.refused("2401", given, insuplc_admdvs="")
    assert "不一致" in window.refused("2401", given, insuplc_admdvs="999900")
    window.good("2401", given)


@pytest.mark.parametrize(
    "name", ["msgid", "recer_sys_code", "infver", "opter", "opter_type", "opter_name", "inf_time", "fixmedins_name"]
)
def test_an_envelope_without_a_field_it_must_have(window: Window, name: str) -> None:
    envelope = window.envelope("1101", asked(window, A)) | {name: ""}
    answer = window.client.post("/nhsa", json=envelope).json()
    assert (answer["infcode"], f"[{name}]" in answer["err_msg"]) == (-1, True)


def test_msgid_longer_than_thirty_and_input_longer_than_forty_thousand(window: Window) -> None:
    assert "长度超过30" in window.refused("1101", asked(window, A), msgid="1" * 31)
    assert "40000" in window.refused("1101", asked(window, A, memo="长" * 40000))


@pytest.mark.parametrize("infno", ["0000", "2102", ""])
def test_a_transaction_that_is_not_offered(window: Window, infno: str) -> None:
    assert "交易编号" in window.refused(infno, {"data": {}})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"mdtrtinfo": None}, "mdtrtinfo不能为空"),
        ({"mdtrtinfo": []}, "mdtrtinfo不能为空"),
        ({"diseinfo": {}}, "diseinfo不能为空"),
        ({"diseinfo": {"psn_no": "1"}}, "应为数组"),
        ({"diseinfo": ["x"]}, "格式错误"),
    ],
)
def test_nodes_that_are_missing_or_of_another_shape(window: Window, change: dict[str, Any], text: str) -> None:
    assert text in window.refused("2401", admission(window.bureau, A) | change)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("begntime", "01/06/2021", "日期格式"),
        ("ipt_no", "1" * 31, "长度超过30"),
        ("geso_val", "many", "不是数字"),
        ("adm_bed", ["1"], "格式错误"),
        ("adm_bed", None, "不能为空"),
    ],
)
def test_fields_that_do_not_fit(window: Window, name: str, value: Any, text: str) -> None:
    given = admission(window.bureau, A)
    given["mdtrtinfo"][name] = value
    assert text in window.refused("2401", given)


def test_the_input_may_be_json_text_and_the_body_must_be_json(window: Window) -> None:
    envelope = window.envelope("1101", asked(window, A))
    text = window.client.post("/nhsa", json=envelope | {"input": json.dumps(envelope["input"])})
    assert text.json()["output"]["baseinfo"]["psn_no"] == A
    for body in (b"", b"[]", b"\xff", b'{"infno":1,"infno":2}'):
        assert window.client.post("/nhsa", content=body).status_code == 400
