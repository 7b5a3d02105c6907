"""Looking back on settled stays: only those whose newest bill stands, of this hospital, lately discharged."""

from __future__ import annotations

from datetime import date

from adapter.ledger.ledger import Ledger, Transaction
from adapter.model.case import BillState
from adapter.model.money import Money
from tests.rooms.ledger.world import SOURCE, by, open_case, settlement

LONG_AGO = date(2000, 1, 1)


def settled(tx: Transaction, case_id: str, version: int = 1) -> None:
    tx.new_version(case_id, **by())
    subject = str(version)
    tx.start(case_id, "bill", BillState.DRAFT, subject=subject, **by())
    for state in (BillState.PREVIEWED, BillState.SETTLING, BillState.SETTLED):
        tx.move(case_id, "bill", state, subject=subject, **by())
    tx.save_settlement(case_id, version, settlement(case_id, version), **by())


def test_a_settled_stay_is_found_until_it_is_reversed(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        case_id = open_case(tx)
        tx.amend_case(case_id, discharged=date(2021, 3, 1), **by())
        row = tx.case(case_id)
        assert row is not None
        assert tx.settled_stays(SOURCE, row.facility, since=LONG_AGO) == []
        settled(tx, case_id)
        (stay,) = tx.settled_stays(SOURCE, row.facility, since=date(2021, 3, 1))
        assert (stay.case_id, stay.total, stay.patient) == (case_id, Money.yuan("5000.00"), Money.yuan("2540.00"))
        assert tx.settled_stays(SOURCE, row.facility, since=date(2021, 3, 2)) == []
        assert tx.settled_stays(SOURCE, "elsewhere", since=LONG_AGO) == []
        assert tx.settled_stays("another_county", row.facility, since=LONG_AGO) == []
        for state in (BillState.REVERSING, BillState.REVERSED):
            tx.move(case_id, "bill", state, subject="1", **by())
        assert tx.settled_stays(SOURCE, row.facility, since=LONG_AGO) == []
