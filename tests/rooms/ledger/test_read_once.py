"""What a transaction reads once it does not read again, and never says anything that is no longer so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import MessageState
from adapter.model.case import CallState
from adapter.model.messages import Outcome
from tests.rooms.ledger.world import after, by, message, open_case, receipt


@pytest.fixture
def case_id(ledger: Ledger) -> str:
    with ledger.transaction() as tx:
        opened = open_case(tx)
        tx.file_paper(opened, "window", {"state": "first"}, **by())
        tx.enqueue(message(opened, "settle"), **by())
        return opened


@contextmanager
def statements(ledger: Ledger) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def asking(_c: Connection, _k: object, statement: str, _p: object, _x: object, _m: object) -> None:
        asked.append(statement)

    event.listen(ledger._engine, "before_cursor_execute", asking)
    try:
        yield asked
    finally:
        event.remove(ledger._engine, "before_cursor_execute", asking)


def test_the_same_is_asked_once(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        first = (tx.case(case_id), tx.paper(case_id, "window"), tx.paper(case_id, "none"), tx.messages_of_case(case_id))
        with statements(ledger) as asked:
            again = (
                tx.case(case_id),
                tx.paper(case_id, "window"),
                tx.paper(case_id, "none"),
                tx.messages_of_case(case_id),
            )
            assert tx.state(case_id, "call", "1/insurance") is None
        assert again == first
        assert asked == []


def test_what_a_transaction_wrote_it_reads(ledger: Ledger, case_id: str) -> None:
    sent = message(case_id, "settle").key
    with ledger.transaction() as tx:
        assert tx.paper(case_id, "window") == {"state": "first"}
        tx.file_paper(case_id, "window", {"state": "second"}, **by(1))
        assert tx.paper(case_id, "window") == {"state": "second"}
        tx.start(case_id, "call", CallState.EXPECTED, subject="1/insurance", **by(1))
        tx.move(case_id, "call", CallState.SUBMITTED, subject="1/insurance", **by(2))
        assert tx.state(case_id, "call", "1/insurance") is CallState.SUBMITTED
        assert [row.state for row in tx.states(case_id, "call")] == [CallState.SUBMITTED]
        assert tx.receipts(sent) == []
        assert [row.state for row in tx.messages_of_case(case_id)] == [MessageState.PENDING]
        tx.lease("w", now=after(3), lease_seconds=30)
        assert [row.state for row in tx.messages_of_case(case_id)] == [MessageState.LEASED]
        tx.record(sent, receipt(Outcome.ACCEPTED, 4), worker="w")
        assert [row.outcome for row in tx.messages_of_case(case_id)] == [Outcome.ACCEPTED]
        assert [each.outcome for each in tx.receipts(sent)] == [Outcome.ACCEPTED]
        before = tx.case(case_id)
        tx.amend_case(case_id, person_key="somebody-else", **by(5))
        now = tx.case(case_id)
        assert before is not None
        assert now is not None
        assert before.person_key != now.person_key == "somebody-else"
        version = tx.new_version(case_id, **by(6))
        opened = tx.case(case_id)
        assert opened is not None
        assert opened.version == version


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)  # SQLite admits one writer at a time
def test_what_was_waited_for_is_looked_at_again(ledger: Ledger, case_id: str) -> None:
    """On PostgreSQL others may write what was read until it is held; whoever holds it reads it anew."""
    with ledger.transaction() as tx:
        assert tx.paper(case_id, "window") == {"state": "first"}
        with ledger.transaction() as other:
            other.file_paper(case_id, "window", {"state": "second"}, **by(1))
        tx.hold_paper(case_id, "window")
        assert tx.paper(case_id, "window") == {"state": "second"}
