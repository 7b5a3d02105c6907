"""The outbox, case by case: one worker at a time, in order, and the truth about what may have been sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.ledger.issues import MessageConflict
from adapter.ledger.ledger import Ledger, Transaction
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt, Stage
from adapter.model.settlement import Payer
from tests.rooms.ledger.world import after, by, message, open_case, receipt

ACCEPTED, REJECTED, NOT_SEEN, UNKNOWN = Outcome


@pytest.fixture
def case_id(ledger: Ledger) -> str:
    with ledger.transaction() as tx:
        return open_case(tx)


def keys(ledger: Ledger, worker: str, seconds: float, limit: int = 16) -> list[tuple[str, int]]:
    """Names and attempts of what a worker gets."""
    with ledger.transaction() as tx:
        got = tx.lease(worker, now=after(seconds), lease_seconds=30, limit=limit)
    return [(one.key.rpartition(".v1.")[2], one.attempts) for one in got]


def enqueue(ledger: Ledger, case_id: str, *names: str, order_key: str | None = None, endpoint: str = "bureau") -> None:
    with ledger.transaction() as tx:
        for name in names:
            tx.enqueue(message(case_id, name, order_key=order_key, endpoint=endpoint), **by())


def recorded(tx: Transaction, key: str, answer: Receipt, *, worker: str, parked: bool = False) -> MessageRow:
    """The message after an answer that needs no next attempt."""
    tx.record(key, answer, worker=worker, parked=parked)
    row = tx.message(key)
    assert row is not None
    return row


def test_what_was_stored_is_what_is_leased(ledger: Ledger, case_id: str) -> None:
    sent = message(
        case_id,
        composed=b'{"a":1.10}\x00\xff',
        order_key="P-1/2021",
        effect=False,
        stage=Stage.TRIAL,
        payers=(Payer.BASIC, Payer.CRITICAL_ILLNESS),
    )
    with ledger.transaction() as tx:
        assert tx.enqueue(sent, **by())
        assert tx.message(sent.key) == MessageRow.waiting(sent, by()["at"])
        assert tx.lease("w", now=after(), lease_seconds=30) == [sent]


def test_one_row_per_key(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        assert tx.enqueue(message(case_id), **by())
        assert not tx.enqueue(message(case_id), **by(1))
        for other in ({"composed": b"other"}, {"endpoint": "civil-affairs"}, {"operation": "transaction"}):
            with pytest.raises(MessageConflict) as raised:
                tx.enqueue(message(case_id, **other), **by(2))
            assert raised.value.issues[0].code == "LED-408"
        assert len(tx.messages_of_case(case_id)) == 1


def test_nothing_goes_before_its_time_or_twice(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        tx.enqueue(message(case_id, "later"), not_before=after(10), **by())
        tx.enqueue(message(case_id, "now"), **by())
    assert keys(ledger, "w1", 9.999) == [("now", 0)]
    assert keys(ledger, "w2", 10) == [("later", 0)]
    assert keys(ledger, "w1", 29) == []


def test_an_ended_lease_is_taken_over_and_counted(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    assert keys(ledger, "w1", 0) == [("a", 0)]
    assert keys(ledger, "w2", 29.999) == []
    assert keys(ledger, "w2", 30) == [("a", 1)]
    with ledger.transaction() as tx:
        key = message(case_id, "a").key
        assert not tx.renew(key, "w1", now=after(31), lease_seconds=30), "the first worker has lost it"
        assert tx.renew(key, "w2", now=after(31), lease_seconds=60)
    assert keys(ledger, "w1", 90) == []
    assert keys(ledger, "w1", 91) == [("a", 2)]


def test_when_a_message_may_last_have_been_sent(ledger: Ledger, case_id: str) -> None:
    """A dead worker may have sent until its lease ended; a look-up proves "not seen" only long enough after that."""
    enqueue(ledger, case_id, "a")
    key = message(case_id, "a").key

    def leased_at(seconds: float) -> tuple[int, object]:
        with ledger.transaction() as tx:
            (one,) = tx.lease("w", now=after(seconds), lease_seconds=30)
            return one.attempts, one.last_attempt

    assert leased_at(0) == (0, None)
    assert leased_at(100) == (1, after(30))
    with ledger.transaction() as tx:
        tx.renew(key, "w", now=after(110), lease_seconds=60)
    assert leased_at(500) == (2, after(170))
    with ledger.transaction() as tx:
        tx.record(key, receipt(UNKNOWN, 501), worker="w", next_attempt_at=after(600))
    assert leased_at(600) == (3, after(501))
    with ledger.transaction() as tx:
        asked = replace(receipt(UNKNOWN, 601), sent=False)
        tx.record(key, asked, worker="w", next_attempt_at=after(700))
    assert leased_at(700) == (4, after(501)), "a look-up is no attempt, or the proof would move away for ever"
    with ledger.transaction() as tx:
        tx.release(key, "w", now=after(701))
    assert leased_at(702) == (5, after(501)), "nor is an unsent message"


def test_a_released_message_goes_to_the_next(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    keys(ledger, "w1", 0)
    with ledger.transaction() as tx:
        tx.release(message(case_id, "a").key, "w2", now=after(1))
    assert keys(ledger, "w2", 1) == [], "only the holder can give it back"
    with ledger.transaction() as tx:
        tx.release(message(case_id, "a").key, "w1", now=after(1))
    assert keys(ledger, "w2", 1) == [("a", 1)]


def test_messages_of_one_order_key_go_in_sequence(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "z1", "a2", "m3", order_key="P-1/2021")
    enqueue(ledger, case_id, "free")
    assert keys(ledger, "w1", 0) == [("z1", 0), ("free", 0)]
    assert keys(ledger, "w2", 1) == []
    with ledger.transaction() as tx:
        tx.record(message(case_id, "z1").key, receipt(UNKNOWN, 2), worker="w1", next_attempt_at=after(100))
    assert keys(ledger, "w2", 3) == [], "what waits for its next attempt keeps its place"
    with ledger.transaction() as tx:
        tx.record(message(case_id, "z1").key, receipt(ACCEPTED, 4), worker="person")
    assert keys(ledger, "w2", 5) == [("a2", 0)]
    with ledger.transaction() as tx:
        tx.record(message(case_id, "a2").key, receipt(REJECTED, 6), worker="w2")
    assert keys(ledger, "w2", 7) == [("m3", 0)]


def test_a_parked_message_blocks_its_order_key(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "first", "second", order_key="P-1/2021")
    keys(ledger, "w1", 0)
    with ledger.transaction() as tx:
        row = recorded(tx, message(case_id, "first").key, receipt(UNKNOWN, 1), worker="w1", parked=True)
        assert (row.state, row.outcome) == (MessageState.PARKED, UNKNOWN)
    assert keys(ledger, "w1", 100) == []
    with ledger.transaction() as tx:
        tx.retry(message(case_id, "first").key, **by(101))
    assert keys(ledger, "w1", 101) == [("first", 1)]


def test_a_paused_endpoint_gets_nothing(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    enqueue(ledger, case_id, "b", endpoint="civil-affairs")
    with ledger.transaction() as tx:
        tx.pause("bureau", after(60), **by())
        assert tx.paused_until("bureau") == after(60)
    assert keys(ledger, "w1", 1) == [("b", 0)]
    assert keys(ledger, "w1", 60) == [("a", 0), ("b", 1)]
    with ledger.transaction() as tx:
        tx.pause("bureau", after(500), **by(100))
        tx.pause("bureau", None, **by(100))
    assert ("a", 1) in keys(ledger, "w1", 101)


def test_a_worker_may_serve_some_endpoints_only(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    enqueue(ledger, case_id, "b", endpoint="civil-affairs")
    with ledger.transaction() as tx:
        got = tx.lease("w", now=after(), lease_seconds=30, endpoints=["civil-affairs"])
        assert [one.endpoint for one in got] == ["civil-affairs"]


def test_receipts_are_stored_as_they_came(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    key = message(case_id, "a").key
    keys(ledger, "w1", 0)
    with ledger.transaction() as tx:
        tx.record(key, receipt(UNKNOWN, 1), worker="w1", next_attempt_at=after(2))
        keys_due = tx.lease("w1", now=after(2), lease_seconds=30)
        assert [one.attempts for one in keys_due] == [1]
        row = recorded(tx, key, receipt(ACCEPTED, 3), worker="w1")
        assert (row.state, row.outcome, row.finished_at, row.worker) == (MessageState.DONE, ACCEPTED, after(3), None)
        assert tx.receipts(key) == [receipt(UNKNOWN, 1), receipt(ACCEPTED, 3)]
    assert keys(ledger, "w1", 1000) == []


def test_a_late_truth_from_a_worker_that_lost_its_lease_counts(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    key = message(case_id, "a").key
    keys(ledger, "w1", 0)
    keys(ledger, "w2", 40)
    with ledger.transaction() as tx:
        tx.record(key, receipt(UNKNOWN, 41), worker="w1", next_attempt_at=after(42))
        row = next(each for each in tx.messages_of_case(case_id) if each.message.key == key)
        assert (row.state, row.worker, row.outcome) == (MessageState.LEASED, "w2", None), "not its to decide any more"
        row = recorded(tx, key, receipt(ACCEPTED, 43), worker="w1")
        assert (row.state, row.outcome) == (MessageState.DONE, ACCEPTED)
        row = recorded(tx, key, receipt(REJECTED, 44), worker="w2")
        assert (row.state, row.outcome, row.finished_at) == (MessageState.DONE, ACCEPTED, after(43))
        assert [one.outcome for one in tx.receipts(key)] == [UNKNOWN, ACCEPTED, REJECTED]


def test_an_acceptance_after_a_rejection_is_believed(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    key = message(case_id, "a").key
    with ledger.transaction() as tx:
        tx.record(key, receipt(REJECTED, 1), worker="w1")
        row = recorded(tx, key, receipt(UNKNOWN, 2), worker="w1", parked=True)
        assert (row.state, row.outcome) == (MessageState.DONE, REJECTED)
        row = recorded(tx, key, receipt(ACCEPTED, 3), worker="w2")
        assert (row.state, row.outcome) == (MessageState.DONE, ACCEPTED)


def test_an_open_outcome_needs_to_go_somewhere(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    with ledger.transaction() as tx:
        for outcome in (UNKNOWN, NOT_SEEN):
            with pytest.raises(ValueError, match="next attempt"):
                tx.record(message(case_id, "a").key, receipt(outcome), worker="w1")


def test_retry_and_park_know_when(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "a")
    key = message(case_id, "a").key

    def refused(act: str) -> str:
        with pytest.raises(AdapterError) as raised, ledger.transaction() as tx:
            getattr(tx, act)(key, **by(1))
        return raised.value.issues[0].code

    keys(ledger, "w1", 0)
    assert (refused("retry"), refused("park_message")) == ("LED-416", "LED-416")
    with ledger.transaction() as tx:
        tx.record(key, receipt(REJECTED, 1), worker="w1")
    assert refused("park_message") == "LED-416"
    with ledger.transaction() as tx:
        tx.retry(key, **by(2))
        tx.park_message(key, **by(3))
        assert [row.message.key for row in tx.outbox(states=[MessageState.PARKED])] == [key]
        tx.retry(key, **by(4))
    assert keys(ledger, "w1", 5) == [("a", 1)]
    with ledger.transaction() as tx:
        tx.record(key, receipt(ACCEPTED, 6), worker="w1")
    assert refused("retry") == "LED-416"


def test_what_will_go_out_by_itself_and_when(ledger: Ledger, case_id: str) -> None:
    def due() -> object:
        with ledger.reading() as tx:
            return tx.health().oldest_due

    assert due() is None
    enqueue(ledger, case_id, "a", "b", order_key="P-1/2021")
    assert due() == after()
    keys(ledger, "w1", 5)
    with ledger.transaction() as tx:
        tx.enqueue(message(case_id, "c"), not_before=after(100), **by())
        assert due() == after()  # "b" is due, though it waits for "a"
        tx.record(message(case_id, "a").key, receipt(UNKNOWN, 6), worker="w1", parked=True)
    assert due() == after(100), "behind a parked message nothing goes by itself"
    keys(ledger, "w1", 100)
    assert due() == after(130)
    with ledger.transaction() as tx:
        tx.record(message(case_id, "c").key, receipt(seconds=101), worker="w1")
    assert due() is None


@pytest.mark.parametrize("act", ["retry", "park_message", "record", "renew", "release"])
def test_unknown_keys(ledger: Ledger, act: str) -> None:
    with pytest.raises(AdapterError) as raised, ledger.transaction() as tx:
        if act == "record":
            tx.record("nobody", receipt(), worker="w")
        elif act == "renew":
            tx.renew("nobody", "w", now=after(), lease_seconds=1)
        elif act == "release":
            tx.release("nobody", "w", now=after())
        else:
            getattr(tx, act)("nobody", **by())
    assert raised.value.issues[0].code == "LED-409"


def test_the_outbox_can_be_asked(ledger: Ledger, case_id: str) -> None:
    enqueue(ledger, case_id, "b", "a")
    enqueue(ledger, case_id, "c", endpoint="civil-affairs")
    with ledger.transaction() as tx:
        tx.lease("w1", now=after(), lease_seconds=30, limit=1)
        tx.record(message(case_id, "b").key, receipt(seconds=50), worker="w1")
        assert [row.message.key[-1] for row in tx.messages_of_case(case_id)] == ["b", "a", "c"]
        assert tx.messages_of_case(case_id, 2) == []
        assert [row.message.key[-1] for row in tx.outbox(endpoint="bureau")] == ["a", "b"]
        assert [row.message.key[-1] for row in tx.outbox(limit=2, after=message(case_id, "a").key)] == ["b", "c"]
        done = tx.outbox(stage=Stage.SETTLE, outcome=ACCEPTED, finished_from=after(50), finished_before=after(51))
        assert [row.message.key[-1] for row in done] == ["b"]
        assert tx.outbox(finished_from=after(51)) == []
        health = tx.health()
        assert health.outbox == {"bureau": {"done": 1, "pending": 1}, "civil-affairs": {"pending": 1}}
        assert health.oldest_due == after()
