"""Bureaus of the national platform and aid services that answer politely and wrongly, as lies.py has them for fhir."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx

from adapter.counterparts.wire import decode, encode
from tests.support.conformance import Change

Body = dict[str, Any]
_FEN = Decimal("0.01")


def _again(response: httpx.Response, request: httpx.Request, content: bytes, status: int = 200) -> httpx.Response:
    headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-length"]
    return httpx.Response(status, headers=headers, content=content, request=request)


# -- nhsa --------------------------------------------------------------------------------------------------------------


def _bureau(change: Callable[[Body, Body], None], *only: str) -> Change:
    """Change an answer's envelope in place, given the request's; ``only`` of these transactions."""

    def altered(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        asked, answer = decode(request.content), decode(response.content)
        if not only or asked["infno"] in only:
            change(asked, answer)
        return _again(response, request, encode(answer))

    return altered


def _sheet(change: Callable[[Body], None], *only: str) -> Change:
    """Change setlinfo of good answers."""

    def each(asked: Body, answer: Body) -> None:
        if answer["infcode"] == 0:
            change(answer["output"]["setlinfo"])

    return _bureau(each, *only)


def _zero_with_error(asked: Body, answer: Body) -> None:
    answer["infcode"] = 0


def _silent(asked: Body, answer: Body) -> None:
    answer["err_msg"] = ""


def _everybody(asked: Body, answer: Body) -> None:
    if answer["infcode"] != 0:
        base = {"psn_no": "999900000099", "psn_name": "测试", "certno": asked["input"]["data"]["certno"]}
        answer.update(infcode=0, err_msg="", output={"baseinfo": base, "insuinfo": [], "idetinfo": []})


def _fen_more(info: Body) -> None:
    info["fund_pay_sumamt"] += _FEN


def _shifted(info: Body) -> None:
    """A fen from cash to the fund, everywhere: it adds up, and is not what the settlement says."""
    info["fund_pay_sumamt"] += _FEN
    info["hifp_pay"] += _FEN
    info["psn_part_amt"] -= _FEN
    info["psn_cash_pay"] -= _FEN


def _shifted_trial(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        _shifted(answer["output"]["setlinfo"])
        answer["output"]["setldetail"][0]["fund_payamt"] += _FEN


def _kept_trial(info: Body) -> None:
    info["setl_id"] = "S1"


def _own_number(info: Body) -> None:
    info["medins_setl_id"] = "1"


def _other_total(info: Body) -> None:
    for name in ("medfee_sumamt", "fulamt_ownpay_amt", "psn_part_amt", "psn_cash_pay"):
        info[name] += 1


def _too_fine(info: Body) -> None:
    info["psn_cash_pay"] += Decimal("0.001")


def _no_funds(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"]["setldetail"] = []


def _line_off(asked: Body, answer: Body) -> None:
    for row in answer["output"]["result"] if answer["infcode"] == 0 else ():
        row["preselfpay_amt"] += _FEN


def _line_lost(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"]["result"].pop()


def _bad_is_good(asked: Body, answer: Body) -> None:
    if answer["infcode"] != 0:
        answer.update(infcode=0, err_msg="", output={"result": []})


def _positive(info: Body) -> None:
    for name, value in info.items():
        if isinstance(value, Decimal):
            info[name] = abs(value)


def _never_refunded(info: Body) -> None:
    info["refd_setl_flag"] = "0"


def _frozen_year(asked: Body, answer: Body) -> None:
    for row in answer["output"]["cuminfo"] if answer["infcode"] == 0 else ():
        row["cum"] = Decimal("1.00")


def _even(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"]["stmtinfo"]["stmt_rslt"] = "0"


def _nobody_in(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"]["data"] = []


def _second_id(asked: Body, answer: Body) -> None:
    if answer["infcode"] != 0:
        answer.update(infcode=0, err_msg="", output={"result": {"mdtrt_id": "M-2"}})


def _no_grant(asked: Body, answer: Body) -> None:
    for row in answer["output"]["trtinfo"] if answer["infcode"] == 0 else ():
        row.update(trt_enjymnt_flag="0", trt_chk_rslt="否")


def _same_sheet(infno: str) -> Change:
    """A refusal of this transaction becomes the answer that it gave the last time."""
    last: list[Any] = []

    def altered(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        asked, answer = decode(request.content), decode(response.content)
        if asked["infno"] != infno:
            return response
        if answer["infcode"] == 0:
            last[:] = [response.content]
        return _again(response, request, last[0] if last else response.content)

    return altered


def _for_ever() -> Change:
    """Whoever was admitted is in hospital for ever."""
    admitted: list[str] = []

    def altered(asked: Body, answer: Body) -> None:
        if answer["infcode"] == 0 and asked["infno"] == "2401":
            admitted.append(answer["output"]["result"]["mdtrt_id"])
        if answer["infcode"] == 0 and asked["infno"] == "5303":
            answer["output"]["data"] = [{"mdtrt_id": each} for each in admitted]

    return _bureau(altered)


def _moody(infno: str, node: str, field: str) -> Change:
    """The same question at once again gets another answer."""
    last: list[str] = []

    def altered(asked: Body, answer: Body) -> None:
        if answer["infcode"] == 0 and asked["infno"] == infno and last == [infno]:
            answer["output"][node][field] += "9"
        last[:] = [asked["infno"]]

    return _bureau(altered)


def _other_lines(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"] = answer["output"][1:]


def _other_name(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"]["baseinfo"]["psn_name"] = "测试乙".encode().decode("latin-1")


def _other_stay(info: Body) -> None:
    info["mdtrt_id"] += "9"


def _below_nothing(asked: Body, answer: Body) -> None:
    """A fund gives a yuan and takes it: every sum is what it was."""
    if answer["infcode"] == 0:
        rows = answer["output"]["setldetail"]
        rows.extend({**rows[0], "fund_payamt": Decimal(each)} for each in ("1.00", "-1.00"))


def _other_fund(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"]["setldetail"][0]["fund_pay_type"] = "999105"


def _other_line_amount(asked: Body, answer: Body) -> None:
    if answer["infcode"] == 0:
        answer["output"][0]["det_item_fee_sumamt"] += 5


def _sulks() -> Change:
    """What was refused is kept: the next settlement is refused for its sake."""
    refused: list[Body] = []

    def altered(asked: Body, answer: Body) -> None:
        if answer["infcode"] != 0:
            refused[:] = [answer]
        elif refused:
            answer.update(refused.pop())

    return _bureau(altered, "2304")


def _all_refunded() -> Change:
    """One cancellation shows on every settlement; forgotten with the next sign-in."""
    seen: list[str] = []

    def altered(asked: Body, answer: Body) -> None:
        if asked["infno"] == "9001":
            seen.clear()
        if answer["infcode"] == 0 and asked["infno"] == "2305":
            seen.append("2305")
        if answer["infcode"] == 0 and asked["infno"] == "5203" and seen:
            answer["output"]["setlinfo"]["refd_setl_flag"] = "1"

    return _bureau(altered)


def _as_listed(asked: Body, answer: Body) -> None:
    """No lie: 5203 with the very fields that the page lists for it."""
    if answer["infcode"] == 0:
        for name in ("psn_part_amt", "psn_cash_pay", "hosp_part_amt"):
            answer["output"]["setlinfo"].pop(name)


AS_LISTED = _bureau(_as_listed, "5203")

NHSA_LIES: dict[str, Change] = {
    "the name in another encoding": _bureau(_other_name, "1101"),
    "a bill of another stay": _sheet(_other_stay, "2304"),
    "a fund pays less than nothing": _bureau(_below_nothing, "2304"),
    "another fund than in the trial": _bureau(_other_fund, "2304"),
    "a settled line has another amount": _bureau(_other_line_amount, "5204"),
    "what was refused is kept": _sulks(),
    "one cancellation shows everywhere": _all_refunded(),
    "another number at each sign-in": _moody("9001", "signinoutb", "sign_no"),
    "another person each time": _moody("1101", "baseinfo", "psn_no"),
    "in hospital for ever": _for_ever(),
    "errors are infcode 0": _bureau(_zero_with_error),
    "refuses without a word": _bureau(_silent),
    "everybody is known": _bureau(_everybody, "1101"),
    "no fund grants anything": _bureau(_no_grant, "2001"),
    "admits twice": _bureau(_second_id, "2401"),
    "nobody is in hospital": _bureau(_nobody_in, "5303"),
    "a line is off by a fen": _bureau(_line_off, "2301"),
    "a line is not answered": _bureau(_line_lost, "2301"),
    "bad lines are good": _bureau(_bad_is_good, "2301"),
    "the trial is a fen off": _bureau(_shifted_trial, "2303"),
    "the trial has an id": _sheet(_kept_trial, "2303"),
    "the fund pays a fen more": _sheet(_fen_more, "2304"),
    "another total": _sheet(_other_total, "2304"),
    "finer than a fen": _sheet(_too_fine, "2304"),
    "funds without rows": _bureau(_no_funds, "2304"),
    "a number of its own": _sheet(_own_number, "2304"),
    "settles again": _same_sheet("2304"),
    "cancels again": _same_sheet("2305"),
    "cancellation is positive": _sheet(_positive, "2305"),
    "cancellation does not show": _sheet(_never_refunded, "5203"),
    "a settled line is not shown": _bureau(_other_lines, "5204"),
    "the year stands still": _bureau(_frozen_year, "5206"),
    "everything balances": _bureau(_even, "3201"),
}


# -- aid-xml -----------------------------------------------------------------------------------------------------------


def _operation(request: httpx.Request) -> str:
    return str(request.headers.get("SOAPAction", "").strip('"').removeprefix("urn:"))


def _text(old: str, new: str, *only: str) -> Change:
    """Replace text of an answer by a pattern; ``only`` of these operations."""

    def altered(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if only and _operation(request) not in only:
            return response
        return _again(response, request, re.sub(old.encode(), new.encode(), response.content), response.status_code)

    return altered


def _no_faults(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if response.status_code == 200:
        return response
    return _again(response, request, b"<error>no</error>")


AID_LIES: dict[str, Change] = {
    "another name": _text(r"name>[^<]*<", "name>somebody<", "checkIdentity"),
    "a ratio in words": _text(r"percentage>[^<]*<", "percentage>seventy<"),
    "a ratio below nothing": _text(r"percentage>", "percentage>-"),
    "a ceiling of its own": _text(r"maxPay>[^<]*<", "maxPay>99.00<", "queryBalancePre"),
    "the ceiling in whole yuan": _text(r"(maxPay>-?[0-9]+)\.[0-9]+", r"\1"),
    "the ceiling finer than a fen": _text(r"(maxPay>[^<]*)<", r"\g<1>001<"),
    "no session is needed": _text("0000X", "00000"),
    "any account will do": _text("0L002", "00000", "login"),
    "refusals are good": _text(r"0[1-5]00\d", "00000"),
    "repeats are good": _text("02002", "00000", "balance"),
    "other codes": _text("01002", "01003", "saveInRecord"),
    "lines at any time": _text("03001", "00000", "saveExpenseDetail"),
    "everybody is aided": _text(r"assitanceType></", r"assitanceType>02</", "checkIdentity"),
    "the ceiling stands still": _text(r"maxPay>[^<]*<", "maxPay>1.00<"),
    "the ceiling is not told": _text(r"<ns:maxPay>[^<]*</ns:maxPay>", ""),
    "no ratio": _text(r"<ns:percentage>[^<]*</ns:percentage>", "<ns:percentage/>"),
    "no category": _text(r"<ns:assitanceType>[^<]*</ns:assitanceType>", "<ns:assitanceType/>"),
    "no SOAP faults": _no_faults,
    "another namespace": _text("http://service.aid.example/MedicalAid", "http://elsewhere.example"),
}
