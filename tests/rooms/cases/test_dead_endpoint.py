"""An endpoint that is dead keeps nobody waiting: once the breaker opens, the rest of the batch is given back unsent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from adapter.cases import dispatch
from adapter.cases.endpoints import endpoint_now
from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import MessageState
from adapter.model.messages import OutboundMessage, Receipt
from adapter.payers.delivery.endpoint import Endpoint
from adapter.payers.delivery.traffic import TrafficRules
from bench.queued import Instant, enqueue, office, open_cases
from tests.support.office import TestClock

RULES = TrafficRules(breaker_failures=3, breaker_seconds=600)


def test_the_rest_of_a_batch_is_given_back_when_the_breaker_opens(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'adapter.db'}") as ledger:
        open_cases(ledger)
        enqueue(ledger, "dead", 0, 10)
        enqueue(ledger, "live", 0, 4)
        tools = office(ledger, dead=["dead"], rules=RULES)
        done = dispatch.work_once(tools)
        assert (done.sent, done.accepted, done.unknown) == (7, 4, 3)
        with ledger.reading() as tx:
            rows = tx.outbox(endpoint="dead")
            assert {row.state for row in rows} == {MessageState.PENDING}
            assert sum(row.receipts for row in rows) == 3
        assert endpoint_now("dead", tools).why == "breaker"
        enqueue(ledger, "live", 4, 2)
        assert dispatch.work_once(tools) == dispatch.Delivered(sent=2, accepted=2)


class Slow:
    """The instant counterpart, but each answer takes a while."""

    def __init__(self, inner: Instant, clock: TestClock, seconds: int) -> None:
        self.inner, self.clock, self.seconds = inner, clock, seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def deliver(self, message: OutboundMessage) -> Receipt:
        self.clock.moment += timedelta(seconds=self.seconds)
        return self.inner.deliver(message)


def test_a_batch_is_not_held_for_long(tmp_path: Path) -> None:
    """What a dead worker leaves must not wait until a living one has worked off all that it took.

    A third of a lease and the answer that is awaited by then, which takes half of one at most: with the lease itself
    that is less than twice the lease.
    """
    with Ledger.open(f"sqlite:///{tmp_path / 'adapter.db'}") as ledger:
        open_cases(ledger)
        enqueue(ledger, "live", 0, 6)
        clock = TestClock(datetime.now(UTC) + timedelta(hours=1))
        plain = replace(office(ledger), clock=clock, lease_seconds=60)
        endpoint = plain.endpoints["live"]
        assert isinstance(endpoint, Instant)
        slow = replace(plain, endpoints={"live": cast(Endpoint, Slow(endpoint, clock, 15))})
        assert dispatch.work_once(slow) == dispatch.Delivered(sent=2, accepted=2)
        other = replace(plain, worker="another")
        assert dispatch.work_once(other) == dispatch.Delivered(sent=4, accepted=4)
