"""Bills by where they stand: only the newest version counts, and who waits for a message is left out."""

from __future__ import annotations

from adapter.ledger.ledger import Ledger, Transaction
from adapter.model.case import BillState
from adapter.model.messages import Stage
from tests.rooms.ledger.world import by, message, open_case, some_issue

SETTLING = (BillState.PREVIEWED, BillState.SETTLING)


def billed(tx: Transaction, number: int, *moves: BillState) -> str:
    case_id = open_case(tx, number)
    version = str(tx.new_version(case_id, **by()))
    tx.start(case_id, "bill", BillState.DRAFT, subject=version, **by())
    for state in moves:
        tx.move(case_id, "bill", state, subject=version, **by())
    return case_id


def test_bills_are_found_by_state_without_those_that_wait(ledger: Ledger) -> None:
    undone = (*SETTLING, BillState.SETTLED, BillState.REVERSING, BillState.REVERSED, BillState.SUPERSEDED)
    with ledger.transaction() as tx:
        free, waits, held = (billed(tx, number, *SETTLING) for number in (1, 2, 3))
        billed(tx, 4, *SETTLING, BillState.SETTLED)
        again = billed(tx, 5, *undone)
        tx.new_version(again, **by())
        tx.start(again, "bill", BillState.DRAFT, subject="2", **by())
        tx.enqueue(message(waits), **by())
        tx.set_held(held, [some_issue()], **by())
        tx.file_paper(again, "trial", {"state": "running"}, **by())
        tx.file_paper(free, "trial", {"state": "done"}, **by())
    sent = message(waits)
    stages, endpoints = (sent.stage,), (sent.endpoint,)
    with ledger.reading() as tx:
        found = tx.idle_bills(BillState.SETTLING, stages=stages, endpoints=endpoints)
        assert found == {free: False, held: True}
        assert tx.idle_bills(BillState.DRAFT, BillState.SETTLED, stages=(), endpoints=()).keys() >= {again}
        for others in ({"stages": (Stage.NOTIFY,), "endpoints": endpoints}, {"stages": stages, "endpoints": ()}):
            assert waits in tx.idle_bills(BillState.SETTLING, **others)
        assert tx.idle_bills(BillState.SUPERSEDED, stages=stages, endpoints=endpoints) == {}, "an earlier version"
        assert tx.papers_of_bills("trial", BillState.DRAFT) == {again: {"state": "running"}}
    with ledger.transaction() as tx:
        tx.park_message(sent.key, **by())
    with ledger.reading() as tx:
        assert waits in tx.idle_bills(BillState.SETTLING, stages=stages, endpoints=endpoints)
