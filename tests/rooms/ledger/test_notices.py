"""Notices in the outbox: of stays that are no case yet, refused ones that wait, and when a worker is needed next."""

from __future__ import annotations

from datetime import datetime

from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import MessageState
from adapter.model.messages import OutboundMessage, Outcome, Stage
from tests.rooms.ledger.test_outbox import keys
from tests.rooms.ledger.world import after, by, message, open_case, receipt

HIS = "his:here"


def notice(name: str, case_id: str = "a stay that is no case") -> OutboundMessage:
    return message(case_id, name, endpoint=HIS, stage=Stage.NOTIFY, effect=False, order_key=f"{HIS}/{case_id}")


def due(ledger: Ledger, *endpoints: str) -> datetime | None:
    with ledger.reading() as tx:
        return tx.next_due(endpoints or (HIS,))


def test_a_stay_need_not_be_a_case_to_be_told_of(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        assert tx.enqueue(notice("a"), **by())
        tx.file_paper(notice("a").case_id, "way-back", {"number": 1}, **by())
    assert keys(ledger, "w1", 1) == [("a", 0)]
    with ledger.transaction() as tx:
        tx.record(notice("a").key, receipt(seconds=2), worker="w1")
        assert [row.state for row in tx.messages_of_case(notice("a").case_id)] == [MessageState.DONE]
    ledger.rebuild()
    assert ledger.verify() == []
    with ledger.reading() as tx:
        assert tx.paper(notice("a").case_id, "way-back") == {"number": 1}


def test_a_refused_notice_is_set_aside_where_a_refused_message_is_done(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        for each in (notice("a", case_id), notice("b", case_id), message(case_id, "to a payer")):
            tx.enqueue(each, **by())
    assert sorted(keys(ledger, "w1", 1)) == [("a", 0), ("to a payer", 0)]
    with ledger.transaction() as tx:
        for each in (notice("a", case_id), message(case_id, "to a payer")):
            tx.record(each.key, receipt(Outcome.REJECTED, 2), worker="w1", parked=True)
        states = {row.message.key.rpartition(".v1.")[2]: (row.state, row.outcome) for row in tx.outbox()}
    assert states["a"] == (MessageState.PARKED, Outcome.REJECTED)
    assert states["to a payer"] == (MessageState.DONE, Outcome.REJECTED)
    assert keys(ledger, "w1", 1000) == [], "the later one waits"
    with ledger.transaction() as tx:
        tx.record(notice("a", case_id).key, receipt(Outcome.REJECTED, 1001), worker="a person")
    assert keys(ledger, "w1", 1002) == [("b", 0)], "let go, the next one goes"


def test_when_a_worker_is_needed_next(ledger: Ledger) -> None:
    assert due(ledger) is None
    with ledger.transaction() as tx:
        for name in ("a", "b"):
            tx.enqueue(notice(name), **by())
    assert due(ledger) == after()
    assert due(ledger, "bureau") is None, "others have nothing to do with it"
    keys(ledger, "w1", 5)
    assert due(ledger) == after(35), "not for what waits behind it, but when the lease ends"
    with ledger.transaction() as tx:
        tx.record(notice("a").key, receipt(Outcome.UNKNOWN, 6), worker="w1", next_attempt_at=after(7))
        tx.pause(HIS, after(60), **by(6))
    assert due(ledger) == after(60), "no earlier than its pause ends"
    with ledger.transaction() as tx:
        tx.pause(HIS, None, **by(7))
    assert due(ledger) == after(7)
    with ledger.transaction() as tx:
        tx.park_message(notice("a").key, **by(8))
    assert due(ledger) is None
