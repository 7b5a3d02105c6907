"""Regions: every oddity, every signing scheme, the shapes of sign-in and gateway; the money is right in all."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.counterparts.nhsa.region import ODDITIES, RegionError, load_region
from tests.support.nhsa_window import (
    EMPLOYEE,
    HOME,
    NOW,
    A,
    B,
    Window,
    admission,
    identities,
    leaving,
    line,
)

REGIONS = sorted(path.stem for path in (HOME / "regions").glob("*.yaml"))
LINES = [line("1", "2201", "1", "9000.00"), line("2", "3105", "2", "57.30"), line("3", "6101", "1", "60.00")]
TOTAL = "9117.30"
_PLAIN = {"med_fee_sumamt": "medfee_sumamt", "psnCash_pay": "psn_cash_pay"}


def stay(window: Window, psn_no: str) -> str:
    visit = str(window.good("2401", admission(window.bureau, psn_no))["result"]["mdtrt_id"])
    window.good("2301", {"feedetail": [{**row, "mdtrt_id": visit, "psn_no": psn_no} for row in LINES]})
    window.good("2402", leaving(window.bureau, visit, psn_no, "2021-06-09 10:00:00"))
    return visit


def shown(window: Window) -> dict[str, str]:
    """What the region asks an employee to show at settlement."""
    if not window.bureau.office.region.settling.certificates:
        return {}
    return {"mdtrt_cert_type": "01", "mdtrt_cert_no": "TOKEN-FOR-TESTS-901"}


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_settles_with_the_same_amounts(region: str) -> None:
    """However odd the answer looks, the money in it is right."""
    with Window.at(region) as window:
        window.sign_in()
        visit = stay(window, EMPLOYEE)
        sheet = window.good("2304", window.bill(visit, EMPLOYEE, TOTAL, acct_used_flag="1", **shown(window)))
        info = {_PLAIN.get(name, name): value for name, value in sheet["setlinfo"].items()}
        identities({"setlinfo": info}, account_in=window.bureau.office.region.settling.account_in_fund_sum)
        paid = Decimal(str(info["hifob_pay" if region == "river" else "hifp_pay"]))
        assert paid == Decimal("7098.83")  # (9051.57 - 700.00) x 0.85
        assert window.state()["paid"] == {"basic": "7098.83"}


def test_where_the_account_counts_as_a_fund_the_sum_is_larger_by_it() -> None:
    with Window.at("coastal") as window:
        window.sign_in()
        visit = stay(window, EMPLOYEE)
        sheet = window.good("2304", window.bill(visit, EMPLOYEE, TOTAL, acct_used_flag="1"))
        info = sheet["setlinfo"]
        assert Decimal(info["fund_pay_sumamt"]) == Decimal("7098.83") + Decimal(info["acct_pay"])
        rows = {row["fund_pay_type"]: row["fund_payamt"] for row in sheet["setldetail"]}
        assert rows == {"310100": "7098.83", "310200": "800.00"}


def test_funds_that_hide_behind_999997_and_the_hospitals_own_part() -> None:
    with Window.at("inland") as window:
        window.sign_in()
        visit = str(window.good("2401", admission(window.bureau, B))["result"]["mdtrt_id"])
        bed = line("4", "1101", "7", "350.00")  # 50.00 a day, limit 30.00
        window.upload(visit, B, [*LINES, bed])
        window.good("2402", leaving(window.bureau, visit, B, "2021-06-09 10:00:00"))
        sheet = window.good("2304", window.bill(visit, B, "9467.30"))
        identities(sheet)
        assert sheet["setlinfo"]["hosp_part_amt"] == Decimal("140.00")
        rows = [(row["fund_pay_type"], row["setl_proc_info"]) for row in sheet["setldetail"]]
        assert rows == [("390101", None), ("999997", "610101"), ("999996", None)]


def with_oddity(folder: Path, name: str) -> Path:
    path = folder / "odd.yaml"
    path.write_text((HOME / "regions" / "plain.yaml").read_text("utf-8") + f"oddities: [{name}]\n", "utf-8")
    return path


def test_each_oddity_shows_itself_and_its_absence_nothing(window: Window) -> None:
    plain = _conversation(window, "")
    assert _conversation(window, "") == plain
    for name in sorted(ODDITIES - {"broken-characters"}):
        assert _conversation(window, name) != plain, f"{name} is not to be seen"


def _conversation(window: Window, odd: str) -> list[dict[str, Any]]:
    """A person, a failure, no stays and a trial, as answered with an oddity scripted for them."""
    window.bureau.office.store.reset()
    window.counter = 0
    window.script()
    window.sign_in()
    window.script({"match": {"times": 0}, "do": "odd", "text": odd})
    person = window.bureau.office.seed.persons[A]
    asked = {"mdtrt_cert_type": "02", "mdtrt_cert_no": person.certno, "psn_cert_type": "01"}
    found = window.call("1101", {"data": {**asked, "certno": person.certno, "psn_name": person.name}})
    unknown = window.call("1101", {"data": {**asked, "mdtrt_cert_no": "0", "certno": "0", "psn_name": "无"}})
    stays = window.call("5201", {"data": _period(A)})
    window.script()
    visit = window.admit(A)
    window.upload(visit, A, LINES)
    window.script({"match": {"times": 0}, "do": "odd", "text": odd})
    sheet = window.call("2303", window.bill(visit, A, TOTAL))
    return [found, unknown, stays, sheet]


def _period(psn_no: str) -> dict[str, str]:
    return {"psn_no": psn_no, "begntime": "2021-06-01", "endtime": "2021-06-30", "med_type": "2101"}


def test_a_failure_may_say_zero_with_an_error_text_and_no_output() -> None:
    with Window.at("inland") as window:
        window.sign_in()
        answer = window.call("2303", window.bill("1", A, "1.00"))
        assert answer["infcode"] == 0
        assert answer["err_msg"]
        assert "output" not in answer


def test_an_answer_in_another_character_set(tmp_path: Path) -> None:
    with Window.at(with_oddity(tmp_path, "broken-characters")) as window:
        window.sign_in()
        body = window.post("2303", window.bill("1", A, "1.00")).content
        with pytest.raises(UnicodeDecodeError):
            body.decode("utf-8")
        assert json.loads(body.decode("gb18030"))["infcode"] == -1


@pytest.mark.parametrize(
    ("region", "status", "code"),
    [
        ("inland", 401, 401),
        ("coastal", 500, 400001),
        ("lake", 401, 401),
        ("north", 401, 401),
        ("north_envelope", 401, 401),
    ],
)
def test_a_wrong_signature_is_turned_away_outside_the_envelope(
    region: str, status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Window.at(region) as window:
        signed = window.signed
        for spoil in (_spoiled, _unsigned):
            monkeypatch.setattr(window, "signed", lambda *given, spoil=spoil: spoil(*signed(*given)))
            answer = window.post("9001", {"signIn": {"opter_no": "op1", "mac": "0", "ip": "0"}})
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert "infcode" not in answer.json()
        assert window.state()["messages"] == {}


def _spoiled(envelope: dict[str, Any], headers: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    spoiled = {name: value[::-1] if "signature" in name else value for name, value in headers.items()}
    return envelope | {"cainfo": base64.b64encode(b"0" * 64).decode()}, spoiled


def _unsigned(envelope: dict[str, Any], headers: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    return envelope | {"cainfo": ""}, {}


@pytest.mark.parametrize(("region", "allowed", "status"), [("inland", 1800, 401), ("coastal", 180, 500)])
def test_a_timestamp_too_far_off_is_turned_away(region: str, allowed: int, status: int) -> None:
    with Window.at(region) as window:
        given = {"signIn": {"opter_no": "op1", "mac": "0", "ip": "0"}}
        for sign in (1, -1):
            in_time = window.post("9001", given, moment=NOW + sign * (allowed - 1))
            assert (in_time.status_code, "infcode" in in_time.json()) == (200, True)
            assert window.post("9001", given, moment=NOW + sign * (allowed + 1)).status_code == status


def test_one_path_per_transaction_where_the_region_has_it() -> None:
    with Window.at("lake") as window:
        window.sign_in()
        envelope, headers = window.signed(window.envelope("1101", {"data": {}}))
        assert window.client.post("/nhsa/2304", json=envelope, headers=headers).status_code == 404


def test_the_patients_password_goes_with_the_settlement(tmp_path: Path) -> None:
    path = tmp_path / "password.yaml"
    # two primes of 128 bits: a key for tests
    one, two = 2**127 - 1, 2**521 - 1
    modulus, private = one * two, pow(65537, -1, (one - 1) * (two - 1))
    size = (modulus.bit_length() + 7) // 8
    key = f"  password_modulus: {modulus:0{size * 2}x}\n  password_exponent: {private:x}\n"
    path.write_text(
        (HOME / "regions" / "plain.yaml").read_text("utf-8").replace("settling:\n", f"settling:\n{key}"), "utf-8"
    )

    def sealed(password: bytes) -> str:
        padded = b"\0\2" + b"\7" * (size - 3 - len(password)) + b"\0" + password
        return base64.b64encode(pow(int.from_bytes(padded, "big"), 65537, modulus).to_bytes(size, "big")).decode()

    with Window.at(path) as window:
        window.sign_in()
        given = window.bill(stay(window, EMPLOYEE), EMPLOYEE, TOTAL)
        for cainfo in ("", "!", sealed(b"000000")):
            assert "密码" in window.refused("2304", given, cainfo=cainfo)
        window.good("2304", given, cainfo=sealed(b"135790"))


def test_settlement_may_ask_for_card_or_credential() -> None:
    with Window.at("river") as window:
        window.sign_in()
        visit = stay(window, EMPLOYEE)
        answer = window.call("2304", window.bill(visit, EMPLOYEE, TOTAL))
        assert (answer["infcode"], "出示" in answer["err_msg"]) == (-2, True)
        card = {"mdtrt_cert_type": "03", "mdtrt_cert_no": "C99990901"}
        assert (
            "未查询到人员" in window.call("2304", window.bill(visit, EMPLOYEE, TOTAL, **card, card_sn="X"))["err_msg"]
        )
        window.good("2304", window.bill(visit, EMPLOYEE, TOTAL, **card, card_sn="S99990901"))


@pytest.mark.parametrize(
    "text",
    [
        "colour: red\n",
        "oddities: [purple]\n",
        "gateway: {scheme: rot13}\n",
        "fees: {max_lines: many}\n",
        "title: again\n",
    ],
)
def test_a_region_file_with_a_word_that_is_not_known_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(f'name: bad\ntitle: bad\ndivision: "999900"\n{text}', "utf-8")
    with pytest.raises(RegionError, match=r"bad\.yaml"):
        load_region(path)


def test_a_region_file_without_its_division_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: bad\ntitle: bad\n", "utf-8")
    with pytest.raises(RegionError, match="division is missing"):
        load_region(path)
