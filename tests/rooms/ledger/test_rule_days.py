"""Cases found by rule date or discharge, and a store that was made before they could be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import text

from adapter.ledger.codec import settlement_bytes
from adapter.ledger.engine import engine_for
from adapter.ledger.ledger import Ledger, Transaction
from tests.rooms.ledger.test_journal import dump
from tests.rooms.ledger.world import by, open_case, settlement

DAY = date(2021, 3, 1)


def billed(tx: Transaction, number: int, on: date) -> str:
    case_id = open_case(tx, number)
    tx.new_version(case_id, **by())
    tx.save_settlement(case_id, 1, replace(settlement(case_id), on=on), **by())
    return case_id


def test_cases_are_found_by_rule_date_and_by_discharge(ledger: Ledger) -> None:
    day = timedelta(days=1)
    with ledger.transaction() as tx:
        ruled = [billed(tx, number, DAY + number * day) for number in range(5)]
        left = open_case(tx, 7)
        tx.amend_case(left, discharged=DAY + 2 * day, **by())
        tx.amend_case(ruled[4], discharged=DAY + 3 * day, **by())  # the HIS says another day since
        tx.new_version(ruled[3], **by())
        tx.save_settlement(ruled[3], 2, replace(settlement(ruled[3], 2), on=DAY + 9 * day), **by())
    with ledger.reading() as tx:
        assert tx.cases_ruled(DAY + day, DAY + 2 * day) == sorted([*ruled[1:3], left])
        assert tx.cases_ruled(DAY + 3 * day, DAY + 3 * day) == sorted([ruled[3], ruled[4]])
        assert tx.cases_ruled(DAY + 4 * day, DAY + 9 * day) == sorted([ruled[3], ruled[4]])
        assert tx.cases_ruled(DAY + 10 * day, DAY + 20 * day) == []
        assert tx.cases_ruled(DAY + day, DAY) == []


def test_a_store_of_before_learns_its_rule_dates(url: str) -> None:
    """Its journal names the settlement only; a replay finds the same dates in what was kept."""
    with Ledger.open(url) as ledger, ledger.transaction() as tx:
        case_id = billed(tx, 1, DAY)
        tx.new_version(case_id, **by())
        tx.new_version(case_id, **by())
        (digest,) = tx._keep([settlement_bytes(replace(settlement(case_id, 2), on=date(2021, 4, 9)))])
        old = {"version": 2, "settlement": digest, "basis": "b" * 64, "complete": True}
        tx._append("settlement-saved", case_id, old, **by())
    engine = engine_for(url)
    before = dump(engine)
    with engine.begin() as connection:
        for statement in (
            "DROP INDEX bills_ruled",
            "DROP INDEX cases_discharged",
            "ALTER TABLE bills DROP COLUMN ruled_on",
            "UPDATE alembic_version SET version_num = '0005'",
        ):
            connection.execute(text(statement))
    with Ledger.open(url) as ledger:
        assert dump(engine) == before
        with ledger.reading() as tx:
            assert tx.cases_ruled(date(2021, 4, 9), date(2021, 4, 9)) == [case_id]
        ledger.rebuild()
        assert dump(engine) == before
    engine.dispose()
