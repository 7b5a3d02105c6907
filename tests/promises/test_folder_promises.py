"""What a payer behind a folder keeps: one effect, honest answers, equal and opposite, whatever dies in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from adapter.counterparts.state import state
from adapter.fhir.canonical import decode, encode
from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.settlement import Authority, Payer, PayerAnswer
from adapter.payers.delivery.endpoint import Exchange, deliver_safely
from adapter.payers.delivery.endpoints.folder import exchange
from tests.support.aid_xml import aid_facts
from tests.support.exchange import Counter, counter
from tests.support.nhsa import stay_facts
from tests.support.office import TestClock, codes

BILLED = Stage.SETTLE


@dataclass
class Subject:
    """The bureau behind a folder, and the facts of its call."""

    counter: Counter
    facts: CallFacts
    clock: TestClock

    def message(self, stage: Stage) -> OutboundMessage:
        found = self.counter.endpoint.next(stage, self.facts, (), self.clock.now())
        assert isinstance(found, OutboundMessage)
        return found

    def safely(self, message: OutboundMessage, seconds_ago: int | None = None) -> Receipt:
        """As the worker does; ``seconds_ago``: it was leased before, and not heard of since."""
        if seconds_ago is not None:
            earlier = self.clock.moment - timedelta(seconds=seconds_ago)
            message = replace(message, attempts=1, last_attempt=earlier)
        return deliver_safely(message, self.counter.endpoint, self.clock.now())

    def through(self, stage: Stage) -> tuple[PayerAnswer, ...]:
        """A whole stage, the courier coming by after each message."""
        said: list[Exchange] = []
        while isinstance(
            following := self.counter.endpoint.next(stage, self.facts, said, self.clock.now()), OutboundMessage
        ):
            assert self.safely(following).outcome is Outcome.UNKNOWN
            assert self.counter.receiver.collect() == 1
            receipt = self.safely(following, 3600)
            assert receipt.outcome is Outcome.ACCEPTED, receipt.issues
            said.append(Exchange(following, receipt))
        return tuple(answer for each in said for answer in each.receipt.answers)

    def year(self) -> Any:
        return state(self.counter.receiver.desk)["year_to_date"].get("T00000004")


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    clock = TestClock()
    with ExitStack() as stack:
        yield Subject(counter(stack, tmp_path, "bureau", "bureau", clock), stay_facts(), clock)


def test_every_payer_of_the_call_answers_once_and_a_repeat_has_no_effect(subject: Subject) -> None:
    answers = subject.through(BILLED)
    assert tuple(answer.payer for answer in answers) == subject.facts.payers
    for seconds_ago in (0, 3600):
        again = subject.safely(subject.message(BILLED), seconds_ago)
        assert (again.outcome, again.answers, again.sent) == (Outcome.ACCEPTED, answers, False)
    assert subject.counter.receiver.collect() == 0 and subject.counter.settled() == 1


def test_what_is_not_seen_is_not_laid_out_before_the_longest_delay(subject: Subject) -> None:
    message, out = subject.message(BILLED), subject.counter.root / "out"
    assert subject.counter.endpoint.lookup(message).outcome is Outcome.NOT_SEEN
    assert subject.safely(message, 0).outcome is Outcome.UNKNOWN
    assert not out.exists()
    subject.safely(message, 3600)
    assert len(list(out.glob("*.json"))) == 1


def test_a_trial_and_a_question_have_no_effect_and_tell_what_the_settlement_gives(subject: Subject) -> None:
    subject.through(Stage.ELIGIBILITY)
    tried = subject.through(Stage.TRIAL)
    assert subject.counter.settled() == 0
    settled = subject.through(BILLED)
    assert [(each.payer, each.amount) for each in tried] == [(each.payer, each.amount) for each in settled]


def test_a_reversal_is_equal_and_opposite_and_happens_once(subject: Subject) -> None:
    answers = subject.through(BILLED)
    back = subject.through(Stage.REVERSE)
    assert {each.payer: each.amount for each in back} == {each.payer: -each.amount for each in answers}
    assert subject.safely(subject.message(Stage.REVERSE), 3600).answers == back
    assert subject.counter.settled() == 0
    assert all(amount == "0.00" for amount in (subject.year() or {}).get("2021", {}).values())


def test_a_refusal_says_why_and_has_no_effect(subject: Subject) -> None:
    def renamed(resource: Any) -> Any:
        return {**resource, "subscriberId": "T99999999"} if resource["resourceType"] == "Coverage" else resource

    strangers = tuple(renamed(each) for each in subject.facts.resources)
    subject.facts = replace(subject.facts, resources=strangers)
    message = subject.message(BILLED)
    subject.safely(message)
    subject.counter.receiver.collect()
    refused = subject.safely(message, 3600)
    assert refused.outcome is Outcome.REJECTED and refused.body
    assert all(issue.zh and issue.en and issue.hint_zh and issue.hint_en for issue in refused.issues)
    assert "T99999999" not in str(refused.issues) and subject.counter.settled() == 0


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("courier_came", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_process_that_dies_at_any_step_never_settles_twice(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, step: int, courier_came: bool
) -> None:
    """Checksum, mark, file, mark that it is done: killed before each of them, the courier coming by or not."""
    steps = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                raise Killed
            return real(*given)

        return act

    message = subject.message(BILLED)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(exchange, "put", dying(exchange.put))
        patch.setattr(exchange, "done", dying(exchange.done))
        subject.safely(message)
    if courier_came:
        subject.counter.receiver.collect()
    found = subject.safely(message, 3600)
    subject.counter.receiver.collect()
    found = subject.safely(message, 3600)
    if step == 3:
        assert codes(found) == ["DEL-602"], "begun and not there: a person asks"
        assert subject.counter.settled() == 0
        return
    assert found.outcome is Outcome.ACCEPTED
    assert subject.counter.settled() == 1 and subject.counter.receiver.collect() == 0


def test_an_office_that_decides_later_lays_its_receipt_down_again(tmp_path: Path) -> None:
    clock = TestClock()
    with ExitStack() as stack:
        aid = counter(stack, tmp_path, "civil-affairs", "aid", clock)
        subject = Subject(aid, replace(aid_facts(), authority=Authority.PAYER), clock)
        message = subject.message(BILLED)
        subject.safely(message)
        assert (message.operation, aid.receiver.collect()) == ("transaction", 1)
        file = aid.root / "in" / exchange.receipt_name(message.key)
        whole = decode(file.read_bytes())
        lay(file, {name: each for name, each in whole.items() if name != "answer"})
        stored = subject.safely(message, 3600)
        assert (stored.outcome, stored.answers) == (Outcome.ACCEPTED, ())
        asks = aid.endpoint.next(BILLED, subject.facts, [Exchange(message, stored)], clock.now())
        assert isinstance(asks, OutboundMessage) and asks.operation == "ask-answer"
        assert subject.safely(asks).outcome is Outcome.UNKNOWN
        lay(file, whole)
        told = subject.safely(asks, 3600)
        assert [answer.payer for answer in told.answers] == [Payer.MEDICAL_AID]
        assert aid.settled() == 1


def lay(file: Path, content: Any) -> None:
    file.write_bytes(encode(content))
    file.with_name(f"{file.name}.sha256").write_text(sha256(encode(content)).hexdigest(), "utf-8")
