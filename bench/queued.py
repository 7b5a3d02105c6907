"""Messages that wait, and counterparts in this process that answer at once or never: what the outbox alone costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from adapter.cases.tools import Tools
from adapter.ledger.ledger import Ledger
from adapter.model.call import CallFacts
from adapter.model.case import Actor
from adapter.model.dates import Clock, SystemClock
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Remittance, Stage
from adapter.model.money import ZERO
from adapter.payers.delivery.endpoint import Done, Endpoint, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.traffic import Traffic, TrafficRules
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.load import load_book
from adapter.wiring import feeds
from bench.prepared import MAPPINGS, SOURCE

ACTOR, REASON = Actor("bench", "operator"), "bench"
CASES = 100  # among which the messages are spread
QUESTION = b'{"resourceType": "CoverageEligibilityRequest", "status": "active", "purpose": ["benefits"]}'
ANSWER = b'{"resourceType": "CoverageEligibilityResponse", "status": "active", "outcome": "complete"}'


@dataclass(slots=True)
class Instant:
    """A counterpart that gives the same answer to everything, without a wire; or, when it is dead, none."""

    config: EndpointConfig
    clock: Clock
    alive: bool = True
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
        if not self.alive:
            return Receipt(Outcome.NOT_SEEN, self.clock.now(), sent=False)
        return Receipt(Outcome.ACCEPTED, self.clock.now(), body=ANSWER)

    def lookup(self, message: OutboundMessage) -> Receipt:
        return self.deliver(message)

    def remittance(self, day: date, facility: str) -> Remittance:
        return Remittance(self.config.name, day, 0, ZERO, ())

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        return Statement(self.remittance(day, facility))


def office(ledger: Ledger, *, dead: Sequence[str] = (), rules: TrafficRules | None = None) -> Tools:
    """A worker's tools: ``live`` answers at once, those named in ``dead`` never do."""
    clock = SystemClock()
    names = ("live", *dead)
    endpoints: dict[str, Endpoint] = {
        name: Instant(EndpointConfig(name, "fhir", "http://127.0.0.1:9", simulator=True), clock, name not in dead)
        for name in names
    }
    traffic = Traffic(dict.fromkeys(names, rules) if rules is not None else {})
    book: PolicyBook = load_book(MAPPINGS)
    feed = feeds(MAPPINGS, Path("nowhere"))
    return Tools(ledger=ledger, book=book, feed=feed, endpoints=endpoints, clock=clock, traffic=traffic, worker="bench")


def open_cases(ledger: Ledger) -> None:
    """The cases that the messages belong to; no bill is under way, so nothing follows from an answer."""
    with ledger.transaction() as tx:
        for number in range(CASES):
            tx.open_case(
                f"case-{number}",
                source=SOURCE,
                stay_key=f"stay-{number}",
                person_key=f"person-{number}",
                scheme="test_hunan_two_calls",
                facility="bench",
                at=datetime.now(UTC),
                actor=ACTOR,
                reason=REASON,
            )


def enqueue(ledger: Ledger, endpoint: str, first: int, count: int) -> None:
    """``count`` questions for an endpoint, numbered from ``first``, in one transaction."""
    with ledger.transaction() as tx:
        at = datetime.now(UTC)
        for number in range(first, first + count):
            message = OutboundMessage(
                key=f"{endpoint}-{number}",
                case_id=f"case-{number % CASES}",
                version=1,
                endpoint=endpoint,
                call="insurance",
                stage=Stage.ELIGIBILITY,
                operation="eligibility",
                composed=QUESTION,
                content_type="application/fhir+json",
                effect=False,
            )
            tx.enqueue(message, at=at, actor=ACTOR, reason=REASON)
