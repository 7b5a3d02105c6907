"""The outbox against a model of it: any sequence of enqueue, lease, record, release, park, retry, pause and time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import MessageState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome
from tests.rooms.ledger.world import after, by, message, open_case, receipt

LEASE = 30
WORKERS = ("w1", "w2")
ENDPOINTS = ("bureau", "civil-affairs")


@dataclass
class Expected:
    """What the model knows about one message."""

    number: int
    order_key: str | None
    endpoint: str
    due: int
    state: MessageState = MessageState.PENDING
    attempts: int = 0
    worker: str | None = None
    until: int = 0
    outcome: Outcome | None = None
    receipts: list[Outcome] = field(default_factory=list)


class OutboxMachine(RuleBasedStateMachine):
    """One ledger, two workers, a clock that only the rules move."""

    new_url: Callable[[], str]

    @initialize()
    def open(self) -> None:
        self.ledger = Ledger.open(self.new_url())
        self.now = 0
        self.known: dict[str, Expected] = {}
        self.paused: dict[str, int] = {}
        with self.ledger.transaction() as tx:
            self.case_id = open_case(tx)

    @rule(seconds=st.sampled_from([1, 7, LEASE]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(
        order_key=st.sampled_from([None, None, "P-1/2021", "P-2/2021"]),
        endpoint=st.sampled_from(ENDPOINTS),
        wait=st.sampled_from([0, 0, 10]),
    )
    def enqueue(self, order_key: str | None, endpoint: str, wait: int) -> None:
        number = len(self.known)
        one = message(self.case_id, f"m{number:03}", order_key=order_key, endpoint=endpoint)
        with self.ledger.transaction() as tx:
            assert tx.enqueue(one, not_before=after(self.now + wait), **by(self.now))
            assert not tx.enqueue(one, **by(self.now))
        self.known[one.key] = Expected(number, order_key, endpoint, self.now + wait)

    @rule(worker=st.sampled_from(WORKERS), limit=st.integers(1, 4))
    def lease(self, worker: str, limit: int) -> None:
        with self.ledger.transaction() as tx:
            got = tx.lease(worker, now=after(self.now), lease_seconds=LEASE, limit=limit)
        may = {key for key in self.known if self._may_be_leased(key)}
        assert {one.key for one in got} <= may
        assert len(got) == min(limit, len(may))
        for one in got:
            expected = self.known[one.key]
            assert one.attempts == expected.attempts
            expected.state, expected.worker, expected.until = MessageState.LEASED, worker, self.now + LEASE
            expected.attempts += 1

    @precondition(lambda self: self.known)
    @rule(data=st.data(), outcome=st.sampled_from(Outcome), worker=st.sampled_from(WORKERS), parked=st.booleans())
    def record(self, data: st.DataObject, outcome: Outcome, worker: str, parked: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.known)))
        expected = self.known[key]
        with self.ledger.transaction() as tx:
            tx.record(
                key, receipt(outcome, self.now), worker=worker, next_attempt_at=after(self.now + 5), parked=parked
            )
        expected.receipts.append(outcome)
        final = outcome in (Outcome.ACCEPTED, Outcome.REJECTED)
        if expected.state is MessageState.DONE:
            if outcome is Outcome.ACCEPTED:
                expected.outcome = outcome
        elif final:
            expected.state, expected.outcome, expected.worker = MessageState.DONE, outcome, None
        elif expected.state is MessageState.LEASED and expected.worker == worker:
            expected.state, expected.outcome, expected.worker = MessageState.PARKED, outcome, None
            if not parked:
                expected.state, expected.due = MessageState.PENDING, self.now + 5

    @precondition(lambda self: self.known)
    @rule(data=st.data(), worker=st.sampled_from(WORKERS))
    def release(self, data: st.DataObject, worker: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.known)))
        with self.ledger.transaction() as tx:
            tx.release(key, worker, now=after(self.now))
        expected = self.known[key]
        if expected.state is MessageState.LEASED and expected.worker == worker:
            expected.state, expected.worker = MessageState.PENDING, None

    @precondition(lambda self: self.known)
    @rule(data=st.data(), act=st.sampled_from(["retry", "park_message"]))
    def a_person_acts(self, data: st.DataObject, act: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.known)))
        expected = self.known[key]
        may = expected.state in (MessageState.PENDING, MessageState.PARKED)
        may = may or (act == "retry" and expected.state is MessageState.DONE and expected.outcome is Outcome.REJECTED)
        try:
            with self.ledger.transaction() as tx:
                getattr(tx, act)(key, **by(self.now))
        except AdapterError as error:
            assert error.issues[0].code == "LED-416"
            assert not may
            return
        assert may
        expected.state = MessageState.PARKED
        if act == "retry":
            expected.state, expected.due = MessageState.PENDING, self.now

    @precondition(lambda self: self.known)
    @rule(data=st.data(), arrived=st.booleans())
    def a_person_says(self, data: st.DataObject, arrived: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.known)))
        expected = self.known[key]
        may = expected.state is MessageState.PARKED and expected.outcome is Outcome.UNKNOWN
        try:
            with self.ledger.transaction() as tx:
                if arrived:
                    tx.told(key, receipt(Outcome.ACCEPTED, self.now), **by(self.now))
                else:
                    tx.never_arrived(key, **by(self.now))
        except AdapterError as error:
            assert error.issues[0].code == "LED-418"
            assert not may
            return
        assert may
        if arrived:
            expected.state, expected.outcome = MessageState.DONE, Outcome.ACCEPTED
            expected.receipts.append(Outcome.ACCEPTED)
        else:
            expected.state, expected.outcome, expected.attempts = MessageState.PENDING, Outcome.NOT_SEEN, 0
            expected.due = self.now

    @rule(endpoint=st.sampled_from(ENDPOINTS), seconds=st.sampled_from([None, 20]))
    def pause(self, endpoint: str, seconds: int | None) -> None:
        until = None if seconds is None else after(self.now + seconds)
        with self.ledger.transaction() as tx:
            tx.pause(endpoint, until, **by(self.now))
        self.paused[endpoint] = 0 if seconds is None else self.now + seconds

    @invariant()
    def the_tables_agree(self) -> None:
        with self.ledger.reading() as tx:
            rows = {row.message.key: row for row in tx.messages_of_case(self.case_id)}
        assert list(rows) == list(self.known)
        for key, expected in self.known.items():
            row = rows[key]
            assert (row.state, row.worker, row.outcome) == (expected.state, expected.worker, expected.outcome)
            assert (row.message.attempts, row.receipts) == (expected.attempts, len(expected.receipts))

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            with self.ledger.reading() as tx:
                for key, expected in self.known.items():
                    assert [one.outcome for one in tx.receipts(key)] == expected.receipts
            self.ledger.rebuild()
            self.the_tables_agree()
            assert self.ledger.verify() == []
            self.ledger.close()

    def _may_be_leased(self, key: str) -> bool:
        one = self.known[key]
        if one.state is MessageState.PENDING:
            due = one.due <= self.now
        else:
            due = one.state is MessageState.LEASED and one.until <= self.now
        older = (
            other for other in self.known.values() if other.order_key == one.order_key and other.number < one.number
        )
        blocked = one.order_key is not None and any(other.state is not MessageState.DONE for other in older)
        return due and not blocked and self.paused.get(one.endpoint, 0) <= self.now


@pytest.mark.parametrize(("backend", "examples"), [("sqlite", 25), ("postgresql", 6)])
def test_the_outbox_behaves_like_its_model(request: pytest.FixtureRequest, backend: str, examples: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = iter(range(100_000))
        server = request.getfixturevalue("postgres") if backend == "postgresql" else None

        class Here(OutboxMachine):
            @staticmethod
            def new_url() -> str:
                return server.migrated() if server else f"sqlite:///{Path(folder) / f'{next(names)}.db'}"

        slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
        run_state_machine_as_test(
            Here,
            settings=settings(deadline=None, max_examples=examples, stateful_step_count=30, suppress_health_check=slow),
        )
