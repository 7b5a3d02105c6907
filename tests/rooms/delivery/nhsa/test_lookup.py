"""After a lost answer: what is asked, what it proves, and that nothing is settled twice meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.payers.delivery.endpoint import Exchange, deliver_safely
from tests.support.nhsa import (
    PSN_NO,
    Answers,
    Talk,
    changed_region,
    dialect,
    friendly,
    no,
    ok,
    setlinfo,
    stay_facts,
    talk,
)
from tests.support.office import codes

BEFORE = {
    "2401": (Stage.ELIGIBILITY,),
    "2301": (Stage.ELIGIBILITY, Stage.ADMIT),
    "2304": (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL),
    "2305": (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL, Stage.SETTLE),
}
STAGE = {"2401": Stage.ADMIT, "2301": Stage.CHARGES, "2304": Stage.SETTLE, "2305": Stage.REVERSE}


def lost(said: Talk, number: str) -> OutboundMessage:
    """The transaction as it went out once and was not answered, long ago."""
    said.through(*BEFORE[number])
    while (message := said.next(STAGE[number])) and isinstance(message, OutboundMessage):
        if message.operation == number:
            return replace(message, attempts=1, last_attempt=said.clock.moment - timedelta(hours=1))
        said.take(message)
    raise AssertionError(number)


def looked(number: str, answers: Answers, **asked: Any) -> tuple[Receipt, Answers, OutboundMessage]:
    """The receipt of sending a lost transaction safely."""
    for question, reply in asked.items():
        answers.by_number[question.removeprefix("q")] = reply if callable(reply) else (lambda body, r=reply: r)
    with talk(answers) as said:
        message = lost(said, number)
        before = len(answers.asked)
        receipt = deliver_safely(message, said.endpoint, said.clock.now())
        answers.asked = answers.asked[before:]
    return receipt, answers, message


def inpatient(**row: Any) -> dict[str, Any]:
    return ok(data=[{"mdtrt_id": "M9", "psn_no": PSN_NO, "ipt_otp_no": "", "insutype": "390", **row}])


def test_a_lost_admission_is_found_among_the_inpatients() -> None:
    receipt, answers, message = looked("2401", friendly(stay_facts()), q5303=inpatient())
    assert (receipt.outcome, receipt.sent, answers.numbers()) == (Outcome.ACCEPTED, False, ["5303"])
    asked = answers.asked[0]["input"]["data"]
    assert asked["psn_no"] == PSN_NO and asked["begntime"] < asked["endtime"]
    assert answers.asked[0]["msgid"] not in message.composed.decode()


def test_what_was_found_feeds_later_stages() -> None:
    answers = friendly(stay_facts())
    answers.by_number["5303"] = lambda body: inpatient()
    with talk(answers) as said:
        message = lost(said, "2401")
        said.said.append(Exchange(message, said.endpoint.lookup(message)))
        said.through(Stage.CHARGES)
    assert answers.asked[-1]["input"]["feedetail"][0]["mdtrt_id"] == "M9"


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        (ok(data=[]), Outcome.ACCEPTED),  # not there, so it is sent
        (inpatient(ipt_otp_no="another"), Outcome.UNKNOWN),
        (ok(data=None), Outcome.UNKNOWN),
        (ok(data=[{"mdtrt_id": "A", "psn_no": PSN_NO}, {"mdtrt_id": "B", "psn_no": PSN_NO}]), Outcome.UNKNOWN),
        (no("查询失败"), Outcome.UNKNOWN),
        (httpx.Response(500), Outcome.UNKNOWN),
    ],
    ids=["nobody", "another stay", "null", "two", "refused", "down"],
)
def test_an_admission_is_sent_again_only_when_it_is_not_there(rows: Any, outcome: Outcome) -> None:
    receipt, answers, _ = looked("2401", friendly(stay_facts()), q5303=rows)
    assert receipt.outcome is outcome
    assert ("2401" in answers.numbers()) is (outcome is Outcome.ACCEPTED)


def lines_with(setl_id: str) -> Any:
    """5204 of a visit whose lines all bear this settlement."""
    return ok(root=[]) | {"output": [{"feedetl_sn": "9100040004", "setl_id": setl_id, "mdtrt_id": "M1"}]}


def settlement(msgid: str, **more: Any) -> dict[str, Any]:
    info = setlinfo(Money.yuan("1006.95"), basic="300.00", setl_id="SETL7", mdtrt_id="M1", medins_setl_id=msgid)
    info["setlinfo"] |= {"psn_pay": info["setlinfo"].pop("psn_part_amt"), "refd_setl_flag": "0", **more}
    info["setlinfo"]["cash_payamt"] = info["setlinfo"].pop("psn_cash_pay")
    return ok(**info)


def test_a_lost_settlement_that_stands_is_found_and_divided() -> None:
    answers = friendly(stay_facts())
    answers.by_number["5204"] = lambda body: lines_with("SETL7")
    with talk(answers) as said:
        message = lost(said, "2304")
        msgid = message.composed.decode().split('"msgid":"')[1][:30]
        answers.by_number["5203"] = lambda body: settlement(msgid)
        before = len(answers.asked)
        receipt = deliver_safely(message, said.endpoint, said.clock.now())
    assert [each["infno"] for each in answers.asked[before:]] == ["5204", "5203"]
    assert (receipt.outcome, receipt.reference, receipt.sent) == (Outcome.ACCEPTED, "SETL7", False)
    assert [each.amount.text for each in receipt.answers] == ["300.00", "0.00"]


def test_a_settlement_that_never_came_is_sent_once_after_the_longest_delay() -> None:
    answers = friendly(stay_facts())
    answers.by_number["5204"] = lambda body: lines_with("")
    with talk(answers) as said:
        message = lost(said, "2304")
        early = replace(message, last_attempt=said.clock.moment)
        first = deliver_safely(early, said.endpoint, said.clock.now())
        assert (first.outcome, "2304" in answers.numbers()) == (Outcome.UNKNOWN, False)
        assert deliver_safely(message, said.endpoint, said.clock.now()).outcome is Outcome.ACCEPTED
    assert answers.numbers().count("2304") == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"q5204": lines_with("SETL7"), "q5203": settlement("somebody else's")},
        {"q5204": lines_with("SETL7"), "q5203": no("无")},
        {"q5204": {"infcode": 0, "err_msg": "", "output": []}},
        {"q5204": no("参数错误")},
    ],
    ids=["another message", "no detail", "no lines", "refused"],
)
def test_a_settlement_that_is_not_clear_stays_unknown(asked: dict[str, Any]) -> None:
    receipt, answers, _ = looked("2304", friendly(stay_facts()), **asked)
    assert receipt.outcome is Outcome.UNKNOWN
    assert "2304" not in answers.numbers()


def test_where_nobody_can_be_asked_a_person_is() -> None:
    """The coastal region has no way to look: the message is set aside, and never sent again by itself."""
    answers = friendly(stay_facts())
    with talk(answers, spoken=dialect("test_coastal")) as said:
        message = lost(said, "2304")
        before = answers.numbers().count("2304")
        for _ in range(3):
            receipt = deliver_safely(message, said.endpoint, said.clock.now())
            assert (receipt.outcome, codes(receipt)) == (Outcome.UNKNOWN, ["DEL-552"])
            assert receipt.issues[0].severity == "fatal"
    assert answers.numbers().count("2304") == before


def test_a_reversal_of_the_unknown_names_the_lost_message() -> None:
    answers = friendly(stay_facts())
    with talk(answers, spoken=dialect("test_coastal")) as said:
        message = lost(said, "2304")
        undo = said.endpoint.compensation(message, said.clock.now())
        assert said.endpoint.deliver(undo).outcome is Outcome.ACCEPTED
    sent = answers.asked[-1]
    assert sent["infno"] == "2601"
    assert sent["input"]["data"] == {
        "psn_no": PSN_NO,
        "omsgid": message.composed.decode().split('"msgid":"')[1][:30],
        "oinfno": "2304",
    }
    assert sent["msgid"] != sent["input"]["data"]["omsgid"]
    assert undo.effect
    assert undo.key.startswith(f"{message.key}.reversal.")


def test_a_reversal_may_stay_unknown_itself() -> None:
    answers = friendly(stay_facts())
    answers.by_number["2601"] = lambda body: httpx.ReadTimeout("slow")
    with talk(answers) as said:
        undo = said.endpoint.compensation(lost(said, "2304"), said.clock.now())
        assert said.endpoint.deliver(undo).outcome is Outcome.UNKNOWN
        again = replace(undo, attempts=1, last_attempt=said.clock.moment - timedelta(hours=1))
        assert codes(deliver_safely(again, said.endpoint, said.clock.now())) == ["DEL-552"]
    assert answers.numbers().count("2601") == 1


def test_lines_that_nobody_can_ask_about_are_withdrawn_and_sent_again() -> None:
    answers = friendly(stay_facts())
    with talk(answers, spoken=dialect("test_coastal")) as said:
        message = lost(said, "2301")
        assert codes(deliver_safely(message, said.endpoint, said.clock.now())) == ["DEL-552"]
        undo = said.endpoint.compensation(message, said.clock.now())
        assert (undo.operation, said.take(undo).outcome) == ("2302", Outcome.ACCEPTED)
        assert said.through(Stage.CHARGES)[:2] == ["2301", "2301"]
    withdrawn = next(each for each in answers.asked if each["infno"] == "2302")["input"]["data"]
    assert [row["feedetl_sn"] for row in withdrawn] == ["0000"]


def test_what_the_bureau_cannot_reverse_is_refused_here() -> None:
    with talk(friendly(stay_facts()), spoken=changed_region("test_inland", reversible=("2401",))) as said:
        message = lost(said, "2304")
        with pytest.raises(AdapterError) as caught:
            said.endpoint.compensation(message, said.clock.now())
    assert codes(caught.value) == ["DEL-552"]


@pytest.mark.parametrize(("flag", "again"), [("1", False), ("0", True)])
def test_a_lost_cancellation_shows_on_the_settlement(flag: str, again: bool) -> None:
    receipt, answers, _ = looked(
        "2305", friendly(stay_facts()), q5203=settlement("x", setl_id="SETL1", refd_setl_flag=flag)
    )
    assert receipt.outcome is Outcome.ACCEPTED
    assert [each.amount.text for each in receipt.answers] == ["-300.00", "0.00"]
    assert ("2305" in answers.numbers()) is again


@pytest.mark.parametrize(
    ("state", "outcome"), [("0", Outcome.ACCEPTED), ("1", Outcome.NOT_SEEN), ("", Outcome.UNKNOWN)]
)
def test_a_lost_discharge_shows_on_the_visit(state: str, outcome: Outcome) -> None:
    answers = friendly(stay_facts())
    rows = [{"mdtrt_id": "M0", "inhosp_stas": "1"}, {"mdtrt_id": "M1", "psn_no": PSN_NO, "inhosp_stas": state}]
    answers.by_number["5201"] = lambda body: ok(mdtrtinfo=rows)
    with talk(answers) as said:
        said.through(*BEFORE["2304"])
        message = said.next(Stage.SETTLE)
        assert isinstance(message, OutboundMessage)
        assert message.operation == "2402"
        found = said.endpoint.lookup(message)
        assert found.outcome is outcome
        if outcome is Outcome.ACCEPTED:
            said.said.append(Exchange(message, found))
            assert said.through(Stage.SETTLE) == ["2304"]
    asked = next(each for each in answers.asked if each["infno"] == "5201")["input"]["data"]
    admitted = str(stay_facts().claim.stay.admitted)
    assert asked["begntime"] < admitted < asked["endtime"], "the stay lies in it, however late it is settled"
    assert (asked["mdtrt_id"], asked["med_type"]) == ("M1", "2101")


def test_lost_lines_are_found_all_or_none() -> None:
    facts = stay_facts()
    answers = friendly(facts)
    with talk(answers) as said:
        message = lost(said, "2301")
        sent = [row["feedetl_sn"] for row in decode(message.composed)["input"]["feedetail"]]
        for seen, outcome in ((sent, Outcome.ACCEPTED), (sent[:5], Outcome.UNKNOWN), ([], Outcome.NOT_SEEN)):
            rows = [{"feedetl_sn": each, "setl_id": "", "det_item_fee_sumamt": "1.00"} for each in seen]
            answers.by_number["5204"] = lambda body, r=rows: {"infcode": 0, "err_msg": "", "output": r}
            assert said.endpoint.lookup(message).outcome is outcome


def test_what_may_be_repeated_is_repeated() -> None:
    """Trials and questions are asked at will."""
    with talk(friendly(stay_facts())) as said:
        said.settled()
        effects = {each.message.operation: each.message.effect for each in said.said}
    assert effects == {
        **dict.fromkeys(("1101", "2001", "5206", "2303"), False),
        **dict.fromkeys(("2401", "2301", "2402", "2304"), True),
    }
