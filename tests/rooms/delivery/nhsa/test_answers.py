"""What an answer proves, and who bears what: infcode, odd values, money identities, funds by code."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapter.fhir.canonical import encode
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoints.nhsa.envelope import read_answer
from adapter.payers.delivery.endpoints.nhsa.values import amount_of, fhir_day, moment_text, text_of
from adapter.payers.delivery.retry import RetryPolicy, needs_person
from tests.support.nhsa import Talk, changed_region, dialect, friendly, no, ok, setlinfo, stay_facts, talk
from tests.support.office import codes

BEFORE_SETTLING = (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL)
#: The bill of the stay that the tests settle.
TOTAL = Money.yuan("1006.95")


def gateway(code: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=encode({"code": code, "message": "签名错误", "data": None}))


#: What came back for 2401, and what it proves.
ANSWERS: dict[str, tuple[Any, Outcome, str]] = {
    "number zero": (ok(result={"mdtrt_id": "M1"}), Outcome.ACCEPTED, ""),
    "text zero": ({**ok(result={"mdtrt_id": 12345}), "infcode": "0"}, Outcome.ACCEPTED, ""),
    "success word": ({**ok(result={"mdtrt_id": "M1"}), "err_msg": "成功"}, Outcome.ACCEPTED, ""),
    "null words": ({**ok(result={"mdtrt_id": "M1"}), "err_msg": None}, Outcome.ACCEPTED, ""),
    "a warning beside it": ({**ok(result={"mdtrt_id": "M1"}), "warn_msg": "余额不足"}, Outcome.ACCEPTED, ""),
    "list for object": (ok(result=[{"mdtrt_id": "M1"}]), Outcome.ACCEPTED, ""),
    "zero with an error text": ({"infcode": 0, "err_msg": "人员信息不存在"}, Outcome.UNKNOWN, "DEL-541"),
    "zero without output": ({"infcode": 0, "err_msg": ""}, Outcome.UNKNOWN, "DEL-541"),
    "zero with null id": (ok(result={"mdtrt_id": "null"}), Outcome.UNKNOWN, "DEL-541"),
    "one": ({**ok(result={"mdtrt_id": "M1"}), "infcode": 1}, Outcome.UNKNOWN, "DEL-541"),
    "refused": (no("不允许"), Outcome.REJECTED, "DEL-540"),
    "refused as text": (no("不允许", "-1"), Outcome.REJECTED, "DEL-540"),
    "refused without words": ({"infcode": -1}, Outcome.REJECTED, "DEL-540"),
    "a middleware hides the network": (gateway("999"), Outcome.UNKNOWN, "DEL-541"),
    "gateway 401": (gateway(401), Outcome.REJECTED, "DEL-542"),
    "gateway by status": (gateway("", 403), Outcome.REJECTED, "DEL-542"),
    "server error": (httpx.Response(502, content=b"<html>"), Outcome.UNKNOWN, "DEL-541"),
    "busy": (httpx.Response(429, headers={"retry-after": "7"}), Outcome.UNKNOWN, "DEL-541"),
    "redirect": (httpx.Response(302, headers={"location": "/login"}), Outcome.UNKNOWN, "DEL-541"),
    "garbage": (httpx.Response(200, content=b"\x00\x01"), Outcome.UNKNOWN, "DEL-541"),
    "no object": (httpx.Response(200, content=b"[1]"), Outcome.UNKNOWN, "DEL-541"),
    "broken characters": (
        httpx.Response(200, content='{"infcode":-1,"err_msg":"不允许"}'.encode("gb18030")),
        Outcome.REJECTED,
        "DEL-540",
    ),
    "cut off": (httpx.ReadTimeout("slow"), Outcome.UNKNOWN, ""),
    "not reached": (httpx.ConnectError("down"), Outcome.NOT_SEEN, ""),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_an_answer_proves(case: str) -> None:
    reply, outcome, code = ANSWERS[case]
    answers = friendly(stay_facts())
    answers.by_number["2401"] = lambda body: reply
    with talk(answers) as said:
        said.through(Stage.ELIGIBILITY)
        receipt = said.take(message(said, Stage.ADMIT))
    assert receipt.outcome is outcome
    assert codes(receipt)[:1] == ([code] if code else [])
    assert receipt.sent is (case != "not reached")


@pytest.mark.parametrize("setl_id", ["", "null", None])
def test_a_trials_sheet_is_no_settlement(setl_id: str | None) -> None:
    """The answer before comes once more: it adds up, and nothing of it could ever be taken back."""
    answers = friendly(stay_facts())
    answers.by_number["2304"] = lambda body: ok(**setlinfo(TOTAL, basic="300.00", mdtrt_id="M1", setl_id=setl_id))
    with talk(answers) as said:
        said.through(*BEFORE_SETTLING)
        while (asked := message(said, Stage.SETTLE)).operation != "2304":
            said.take(asked)
        receipt = said.take(asked)
    assert (receipt.outcome, codes(receipt)[:1]) == (Outcome.UNKNOWN, ["DEL-541"])


@pytest.mark.parametrize(("theirs", "told"), [("M2", ["DEL-541"]), ("M1", []), (None, [])])
def test_a_bill_of_another_stay_says_nothing_of_ours(theirs: str | None, told: list[str]) -> None:
    """The total happens to be ours; an id that is left out proves nothing."""
    answers = friendly(stay_facts())
    answers.by_number["2304"] = lambda body: ok(**setlinfo(TOTAL, basic="300.00", mdtrt_id=theirs, setl_id="S9"))
    with talk(answers) as said:
        said.through(*BEFORE_SETTLING)
        while (asked := message(said, Stage.SETTLE)).operation != "2304":
            said.take(asked)
        receipt = said.take(asked)
    assert receipt.outcome is (Outcome.UNKNOWN if told else Outcome.ACCEPTED)
    assert codes(receipt)[:1] == told and bool(receipt.answers) != bool(told)


def test_a_bureaus_words_name_nobody() -> None:
    answers = friendly(stay_facts())
    answers.by_number["2401"] = lambda body: no("人员测试丁(999999198301250084)电话13800000004在H1有未结算就诊")
    with talk(answers) as said:
        said.through(Stage.ELIGIBILITY)
        receipt = said.take(message(said, Stage.ADMIT))
    text = str(receipt.issues[0])
    assert "未结算就诊" in text
    for secret in ("测试丁", "999999198301250084", "13800000004"):
        assert secret not in text


def test_where_minus_one_is_a_system_error_it_proves_nothing() -> None:
    answers = friendly(stay_facts())
    answers.by_number["2304"] = lambda body: no("系统异常")
    spoken = changed_region("test_inland", unclear=("-1",), refusals=("-2",))
    with talk(answers, spoken=spoken) as said:
        said.through(*BEFORE_SETTLING)
        said.take(message(said, Stage.SETTLE))
        assert said.take(message(said, Stage.SETTLE)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("value", [None, "", "null", "NULL", " ", {}, []])
def test_every_way_of_saying_nothing(value: Any) -> None:
    assert text_of(value) == ""
    assert amount_of(value) is None


def test_amounts_come_as_they_come() -> None:
    assert [amount_of(v) for v in ("12.30", Decimal("12.3"), 12, " 12.300 ", "-0.01")] == [
        Money(1230), Money(1230), Money(1200), Money(1230), Money(-1),
    ]  # fmt: skip
    for wrong in ("12.345", "1,000.00", "abc", True, "1e3", "NaN"):
        with pytest.raises(ValueError, match=r"."):
            amount_of(wrong)


def test_days_and_moments() -> None:
    assert moment_text("2021-05-10T02:00:00+00:00") == "2021-05-10 10:00:00"
    assert moment_text("2021-05-10") == "2021-05-10 00:00:00"
    assert fhir_day(" 1983-01-25 00:00:00") == "1983-01-25"
    with pytest.raises(ValueError, match="zone"):
        moment_text("2021-05-10T02:00:00")


def test_keys_under_other_names_are_read() -> None:
    body = encode({"infcode": 0, "output": {"setlInfo": {"med_fee_sumamt": 1, "psnCash_pay": 2, "medfee_sumamt": 3}}})
    row = read_answer(body, dialect().definitions).first("setlinfo")
    assert row == {"psn_cash_pay": 2, "medfee_sumamt": 3}


@pytest.mark.parametrize(("found", "says"), [([], True), (None, True), ({}, False), ("null", False)])
def test_nothing_in_a_list_is_an_answer(found: Any, says: bool) -> None:
    answer = read_answer(encode({"infcode": 0, "output": {"cuminfo": found}}), dialect().definitions)
    assert answer.has(dialect().definitions.transactions["5206"].output) is says


def test_output_as_text_is_read() -> None:
    inner = encode({"result": {"mdtrt_id": "M1"}}).decode()
    answer = read_answer(encode({"infcode": "0", "output": inner}), dialect().definitions)
    assert answer.first("result") == {"mdtrt_id": "M1"}


# -- who bears what ----------------------------------------------------------------------------------------------------


def settle_with(output: dict[str, Any], *, spoken: Any = None, payers: tuple[Payer, ...] | None = None) -> Talk:
    """A stay settled with this answer to 2304."""
    facts = stay_facts() if payers is None else replace(stay_facts(), payers=payers)
    answers = friendly(facts)
    answers.by_number["2303"] = lambda body: ok(**output)
    answers.by_number["2304"] = lambda body: ok(
        **{**output, "setlinfo": {**output["setlinfo"], "setl_id": "SETL1", "mdtrt_id": "M1"}}
    )
    with talk(answers, facts=facts, spoken=spoken) as said:
        said.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES)
        said.take(message(said, Stage.SETTLE))
        said.take(message(said, Stage.SETTLE))
    return said


def message(said: Talk, stage: Stage) -> OutboundMessage:
    found = said.next(stage)
    assert isinstance(found, OutboundMessage)
    return found


def test_one_answer_divides_among_several_payers() -> None:
    """Aid behind 999997 is found by setl_proc_info; a refined code of the basic fund by its first digits."""
    output = setlinfo(TOTAL, basic="300.00", aid="80.05")
    output["setldetail"][0]["fund_pay_type"] = "390101"
    payers = (Payer.BASIC, Payer.CRITICAL_ILLNESS, Payer.MEDICAL_AID)
    receipt = settle_with(output, payers=payers).said[-1].receipt
    assert [each.amount.text for each in receipt.answers] == ["300.00", "0.00", "80.05"]
    assert len({each.reference for each in receipt.answers}) == 3


def test_a_fund_that_nobody_mapped_holds_the_case_until_it_is() -> None:
    output = setlinfo(TOTAL, basic="300.00", aid="80.05")
    output["setldetail"][1] = {"fund_pay_type": "620199", "fund_pay_type_name": "惠民保", "fund_payamt": "80.05"}
    said = settle_with(output, payers=(Payer.BASIC, Payer.COMMERCIAL), spoken=without_fund("6201"))
    receipt = said.said[-1].receipt
    assert (receipt.outcome, receipt.reference, receipt.answers) == (Outcome.ACCEPTED, "SETL1", ())
    assert "DEL-561" in codes(receipt)
    with pytest.raises(AdapterError) as caught:
        said.next(Stage.SETTLE)
    assert "DEL-561" in codes(caught.value)
    mended = friendly(said.facts)
    mended.by_number["5203"] = lambda body: ok(
        setlinfo={**output["setlinfo"], "setl_id": "SETL1", "mdtrt_id": "M1"}, setldetail=output["setldetail"]
    )
    with talk(mended, facts=said.facts) as later:
        later.said = said.said
        later.clock.moment = said.clock.moment
        assert later.through(Stage.SETTLE) == ["5203"]
        assert [each.amount.text for each in later.said[-1].receipt.answers] == ["300.00", "80.05"]


def without_fund(prefix: str) -> Any:
    region = dialect().region
    return changed_region("test_inland", funds={code: who for code, who in region.funds.items() if code != prefix})


def test_an_unmapped_fund_of_nothing_is_nothing() -> None:
    output = setlinfo(TOTAL, basic="300.00")
    output["setldetail"].append({"fund_pay_type": "888888", "fund_payamt": 0})
    assert settle_with(output).said[-1].receipt.answers


def test_a_payer_outside_the_call_holds_the_case() -> None:
    receipt = settle_with(setlinfo(TOTAL, basic="300.00", aid="80.05")).said[-1].receipt
    assert codes(receipt) == ["DEL-562"]


BROKEN = {
    "parts of the bill": {"fund_pay_sumamt": "300.01"},
    "parts of the scope": {"preselfpay_amt": "0.01"},
    "parts of the patient": {"psn_cash_pay": "1.00"},
    "another total": {"medfee_sumamt": "1006.94"},
}


@pytest.mark.parametrize("case", BROKEN)
def test_amounts_that_do_not_add_up_hold_the_case(case: str) -> None:
    output = setlinfo(TOTAL, basic="300.00", **BROKEN[case])
    said = settle_with(output)
    receipt = said.said[-1].receipt
    assert receipt.answers == ()
    assert "DEL-560" in codes(receipt)
    assert not needs_person(receipt, 1, RetryPolicy())  # done at the bureau: the walk holds it, no retry does
    with pytest.raises(AdapterError):
        said.next(Stage.SETTLE)


def test_another_total_than_ours_is_said() -> None:
    less = TOTAL - Money(1)
    assert "DEL-563" in codes(settle_with(setlinfo(less, basic="300.00")).said[-1].receipt)


def test_an_amount_finer_than_a_fen_is_not_read() -> None:
    assert codes(settle_with(setlinfo(TOTAL, basic="300.00", acct_pay="0.001")).said[-1].receipt) == ["DEL-564"]


def test_the_personal_account_inside_or_outside_the_fund_total() -> None:
    """Inside, the fund total holds it; either way it is the patient's own, unless the call answers for it."""
    left = TOTAL - Money.yuan("300.00")
    cash = (left - Money.yuan("50.00")).text
    account = {"fund_pay_type": "310200", "fund_payamt": "50.00"}
    for spoken, fund in (("test_inland", "300.00"), ("test_coastal", "350.00")):
        inside = changed_region("test_inland", account_inside_fund=dialect(spoken).region.account_inside_fund)
        output = setlinfo(TOTAL, basic="300.00", fund_pay_sumamt=fund, acct_pay="50.00", psn_cash_pay=cash)
        output["setldetail"].append(account)
        receipt = settle_with(output, spoken=inside).said[-1].receipt
        assert [each.amount.text for each in receipt.answers] == ["300.00", "0.00"], codes(receipt)
        with_account = (Payer.BASIC, Payer.PERSONAL_ACCOUNT)
        shares = settle_with(output, spoken=inside, payers=with_account).said[-1].receipt.answers
        assert [each.amount.text for each in shares] == ["300.00", "50.00"]


def test_what_the_hospital_bears_is_a_payers_part() -> None:
    output = setlinfo(TOTAL, basic="300.00", hosp_part_amt="20.00")
    left = (TOTAL - Money.yuan("320.00")).text
    output["setlinfo"] |= {"psn_part_amt": left, "psn_cash_pay": left}
    output["setldetail"].append({"fund_pay_type": "999996", "fund_payamt": "20.00"})
    shares = settle_with(output, payers=(Payer.BASIC, Payer.HOSPITAL)).said[-1].receipt.answers
    assert [each.amount.text for each in shares] == ["300.00", "20.00"]
    assert codes(settle_with(output).said[-1].receipt) == ["DEL-562"]


@pytest.mark.parametrize("amounts", ["negative", "positive", "none"])
def test_a_cancellation_takes_back_what_was_borne_whatever_its_signs(amounts: str) -> None:
    answers = friendly(stay_facts())
    if amounts == "positive":
        answers.by_number["2305"] = lambda body: ok(**setlinfo(TOTAL, basic="300.00", setl_id="S2", mdtrt_id="M1"))
    if amounts == "none":
        answers.by_number["2305"] = lambda body: ok(setlinfo={"setl_id": "S2", "mdtrt_id": "M1"}, setldetail=None)
    with talk(answers) as said:
        said.settled()
        said.through(Stage.REVERSE)
        receipt = said.said[-1].receipt
    assert receipt.outcome is Outcome.ACCEPTED
    assert [each.amount.text for each in receipt.answers][:1] == ([] if amounts == "none" else ["-300.00"])
