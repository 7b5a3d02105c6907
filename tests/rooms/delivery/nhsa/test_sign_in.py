"""A sign-in ends at midnight: what was composed before and is sent after it goes out under the new day's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.payers.delivery.endpoints.nhsa.history import message_id
from tests.support.nhsa import Answers, Talk, changed_region, dialect, friendly, no, ok, stay_facts, talk

BEFORE_SETTLING = (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL)
COASTAL = "test_coastal"


def composed(said: Talk) -> OutboundMessage:
    """The settlement, composed today and not sent yet; tomorrow has come."""
    said.through(*BEFORE_SETTLING)
    while isinstance(message := said.next(Stage.SETTLE), OutboundMessage) and message.operation != "2304":
        said.take(message)
    assert isinstance(message, OutboundMessage)
    said.later(24 * 60)
    return message


def daily(answers: Answers) -> Answers:
    """Every sign-in has a number of its own."""
    numbers = iter(f"S{number}" for number in range(1, 9))
    answers.by_number["9001"] = lambda body: ok(signinoutb={"sign_time": "", "sign_no": next(numbers)})
    return answers


def test_what_waited_past_midnight_goes_out_under_the_new_days_sign_in() -> None:
    answers = daily(friendly(stay_facts()))
    with talk(answers, spoken=dialect(COASTAL)) as said:
        message = composed(said)
        before = len(answers.asked)
        assert said.take(message).outcome is Outcome.ACCEPTED
        assert said.through(Stage.REVERSE)[0] == "9001", "the walk signs in for what it composes itself"
    sent = answers.asked[before:]
    assert [(each["infno"], each["sign_no"]) for each in sent[:2]] == [("9001", ""), ("2304", "S2")]
    assert sent[1]["msgid"] == message_id(message)


def test_one_sign_in_a_day_serves_all_that_waited() -> None:
    answers = daily(friendly(stay_facts()))
    answers.by_number["2304"] = lambda body: httpx.Response(503)
    with talk(answers, spoken=dialect(COASTAL)) as said:
        message = composed(said)
        before = len(answers.asked)
        for _ in range(3):
            assert said.endpoint.deliver(message).outcome is Outcome.UNKNOWN
        assert answers.numbers()[before:] == ["9001", "2304", "2304", "2304"]
        said.later(24 * 60)
        said.endpoint.deliver(message)
    assert [each["sign_no"] for each in answers.asked[-2:]] == ["", "S3"]


@pytest.mark.parametrize(
    ("reply", "codes"),
    [(no("操作员已停用", "-2"), ["DEL-540"]), (httpx.Response(500), ["DEL-541"]), (httpx.ConnectError("away"), [])],
    ids=["refused", "unclear", "away"],
)
def test_without_a_sign_in_nothing_is_sent(reply: Any, codes: list[str]) -> None:
    answers = friendly(stay_facts())
    with talk(answers, spoken=dialect(COASTAL)) as said:
        message = composed(said)
        answers.by_number["9001"] = lambda body: reply
        receipt = said.endpoint.deliver(message)
    assert (receipt.outcome, receipt.sent) == (Outcome.NOT_SEEN, False)
    assert [issue.code for issue in receipt.issues] == codes
    assert answers.numbers()[-1] == "9001"


def test_what_is_asked_on_another_day_is_asked_under_its_sign_in() -> None:
    answers = daily(friendly(stay_facts()))
    answers.by_number |= {number: lambda body: no("无") for number in ("5201", "5203", "5204", "5303")}
    with talk(answers, spoken=changed_region("test_inland", sign_in=True)) as said:
        message = composed(said)
        before = len(answers.asked)
        said.endpoint.lookup(message)
        said.endpoint.deliver(said.endpoint.compensation(message, said.clock.now()))
    asked = answers.asked[before:]
    assert asked[0]["infno"] == "9001"
    assert {"5204", "2601"} <= {each["infno"] for each in asked}
    assert {each["sign_no"] for each in asked[1:]} == {"S2"}


def test_a_bureau_without_sign_in_is_not_asked_for_one() -> None:
    answers = friendly(stay_facts())
    with talk(answers) as said:
        assert said.take(composed(said)).outcome is Outcome.ACCEPTED
    assert "9001" not in answers.numbers()
