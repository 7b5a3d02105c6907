"""Nothing is resent while its effect is unknown; an empty look-up proves something only after the longest delay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.payers.delivery.endpoint import (
    Done,
    EndpointConfig,
    Exchange,
    OurSide,
    Statement,
    deliver_safely,
    proof_after,
)
from adapter.payers.delivery.retry import RetryPolicy, needs_person, next_attempt

NOW = datetime(2021, 3, 12, 8, 0, tzinfo=UTC)
MESSAGE = OutboundMessage(
    key="c.v1.insurance.settle",
    case_id="c",
    version=1,
    endpoint="bureau",
    call="insurance",
    stage=Stage.SETTLE,
    operation="claim-submit",
    composed=b"{}",
    content_type="application/fhir+json",
)


@dataclass
class Scripted:
    """An endpoint that says what it is told to and notes what it was asked."""

    found: Outcome = Outcome.NOT_SEEN
    config: EndpointConfig = field(
        default_factory=lambda: EndpointConfig("bureau", "fhir", "http://127.0.0.1", longest_delay=60, timeout=10)
    )
    asked: list[str] = field(default_factory=list)
    stages: tuple[Stage, ...] = ()

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        return Done()

    def deliver(self, message: OutboundMessage) -> Receipt:
        self.asked.append("deliver")
        return Receipt(Outcome.ACCEPTED, NOW)

    def lookup(self, message: OutboundMessage) -> Receipt:
        self.asked.append("lookup")
        return Receipt(self.found, NOW)

    def remittance(self, day: date, facility: str) -> Remittance:
        raise AssertionError("not asked for here")

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        raise AssertionError("not asked for here")


def again(seconds: int) -> OutboundMessage:
    return replace(MESSAGE, attempts=1, last_attempt=NOW - timedelta(seconds=seconds))


def test_a_first_sending_goes_straight_out() -> None:
    endpoint = Scripted()
    assert deliver_safely(MESSAGE, endpoint, NOW).outcome is Outcome.ACCEPTED
    assert endpoint.asked == ["deliver"]


def test_what_no_attempt_can_have_sent_goes_straight_out() -> None:
    """No connection was made, or it was given back unsent: a payer that cannot be asked is not asked about nothing."""
    endpoint = Scripted(Outcome.UNKNOWN)
    assert deliver_safely(replace(MESSAGE, attempts=3, last_attempt=None), endpoint, NOW).outcome is Outcome.ACCEPTED
    assert endpoint.asked == ["deliver"]


def test_a_second_sending_asks_first_and_keeps_what_it_learns() -> None:
    for found in (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN):
        endpoint = Scripted(found)
        assert deliver_safely(again(3600), endpoint, NOW).outcome is found
        assert endpoint.asked == ["lookup"]


def test_not_there_yet_proves_nothing_before_the_longest_delay() -> None:
    endpoint = Scripted()
    receipt = deliver_safely(again(69), endpoint, NOW)
    assert (receipt.outcome, receipt.retry_after, endpoint.asked) == (Outcome.UNKNOWN, 1, ["lookup"])


def test_not_there_after_the_longest_delay_is_proof() -> None:
    endpoint = Scripted()
    assert deliver_safely(again(70), endpoint, NOW).outcome is Outcome.ACCEPTED
    assert endpoint.asked == ["lookup", "deliver"]


def test_a_question_may_be_asked_again_at_will() -> None:
    endpoint = Scripted()
    deliver_safely(replace(again(1), effect=False), endpoint, NOW)
    assert endpoint.asked == ["deliver"]


def test_proof_needs_to_know_when_it_was_sent() -> None:
    assert proof_after(again(0), Scripted().config) == NOW + timedelta(seconds=70)


POLICY = RetryPolicy(first=1, most=60, limit=5)


@given(st.integers(1, 20), st.sampled_from(list(Outcome)), st.one_of(st.none(), st.integers(0, 600)))
def test_when_to_try_again(attempts: int, outcome: Outcome, retry_after: int | None) -> None:
    receipt = Receipt(outcome, NOW, retry_after=retry_after)
    when = next_attempt("key", receipt, attempts, POLICY, NOW)
    person = needs_person(receipt, attempts, POLICY)
    if outcome is Outcome.ACCEPTED:
        assert when is None and not person
    elif outcome is Outcome.REJECTED or attempts % POLICY.limit == 0:
        assert when is None and person
    else:
        assert when is not None and not person
        wait = (when - NOW).total_seconds()
        assert max(0.5, float(retry_after or 0)) <= wait <= max(60.0, float(retry_after or 0))


@pytest.mark.parametrize("attempts", [1024, 1025, 1999])
def test_a_notice_that_is_tried_for_a_week_keeps_its_longest_pause(attempts: int) -> None:
    when = next_attempt("key", Receipt(Outcome.UNKNOWN, NOW), attempts, RetryPolicy(limit=2000), NOW)
    assert when is not None and timedelta(seconds=150) <= when - NOW <= timedelta(seconds=300)


def test_keys_spread_and_the_answer_is_always_the_same() -> None:
    receipt = Receipt(Outcome.UNKNOWN, NOW)
    waits = {next_attempt(f"key-{n}", receipt, 4, POLICY, NOW) for n in range(50)}
    assert len(waits) > 10
    assert next_attempt("k", receipt, 4, POLICY, NOW) == next_attempt("k", receipt, 4, POLICY, NOW)
