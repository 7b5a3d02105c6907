"""A message that is withdrawn is finished: the next of its queue goes on, and no late answer brings it back."""

from __future__ import annotations

import pytest

from adapter.ledger.ledger import Ledger, Transaction
from adapter.ledger.rows import MessageState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome
from tests.rooms.ledger.test_outbox import enqueue, keys
from tests.rooms.ledger.world import after, by, message, open_case, receipt

UNKNOWN, NOT_SEEN = Outcome.UNKNOWN, Outcome.NOT_SEEN


@pytest.fixture
def case_id(ledger: Ledger) -> str:
    with ledger.transaction() as tx:
        return open_case(tx)


def standing(tx: Transaction, key: str) -> tuple[MessageState, Outcome | None, int]:
    row = tx.message(key)
    assert row is not None
    return row.state, row.outcome, row.receipts


def test_the_next_of_its_queue_goes_on(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "first", "second", "third", order_key="P-1/2021")
    first, second, third = (message(case_id, name).key for name in ("first", "second", "third"))
    with ledger.transaction() as tx:
        assert [tx.waits_behind(key) for key in (first, second, third)] == [None, first, first]
        tx.park_message(first, **by(1, "先核对"))
    with ledger.transaction() as tx:
        parked = tx.parked_by(first)
        assert parked is not None and (parked.actor.id, parked.reason) == ("clerk-01", "先核对")
        tx.withdraw(first, receipt(NOT_SEEN, 2), **by(2))
        assert standing(tx, first) == (MessageState.DONE, NOT_SEEN, 1)
        assert (tx.waits_behind(second), tx.waits_behind(third)) == (None, second)
    assert keys(ledger, "w1", 3) == [("second", 0)]


def test_a_late_answer_is_kept_and_moves_nothing(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    key = message(case_id, "a").key
    assert keys(ledger, "w1", 0) == [("a", 0)]
    with ledger.transaction() as tx:
        with pytest.raises(AdapterError) as caught:
            tx.withdraw(key, receipt(UNKNOWN, 1), **by(1))
        assert caught.value.issues[0].code == "LED-416"
        with pytest.raises(ValueError, match="no answer"):
            tx.withdraw(key, receipt(Outcome.ACCEPTED, 1), **by(1))
        tx.record(key, receipt(UNKNOWN, 2), worker="w1", next_attempt_at=after(60))
        tx.withdraw(key, receipt(UNKNOWN, 3), **by(3))
        for outcome in (Outcome.ACCEPTED, Outcome.REJECTED, UNKNOWN):
            tx.record(key, receipt(outcome, 4), worker="w1", next_attempt_at=after(9))
        assert standing(tx, key) == (MessageState.DONE, UNKNOWN, 5)
        assert tx.parked_by(key) is None
    assert keys(ledger, "w1", 100) == []
    with ledger.transaction() as tx:
        assert len(tx.receipts(key)) == 5
        with pytest.raises(AdapterError):
            tx.withdraw(key, receipt(UNKNOWN, 5), **by(5))
