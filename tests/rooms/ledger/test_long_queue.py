"""A long queue costs nobody anything: what is leased is found by an index, in order; no more is read than is taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from adapter.ledger.ledger import Ledger
from adapter.ledger.outbox import _ABANDONED, _DUE
from tests.rooms.ledger.world import after, by, message, open_case

QUEUED = 300


@pytest.fixture
def case_id(ledger: Ledger) -> str:
    """A case with a long queue for one endpoint and a short one for another."""
    with ledger.transaction() as tx:
        opened = open_case(tx)
        for number in range(QUEUED):
            tx.enqueue(message(opened, f"dead-{number}", endpoint="dead"), **by())
        for number in range(3):
            tx.enqueue(message(opened, f"live-{number}", endpoint="live"), **by(1))
        return opened


def leased(ledger: Ledger, *endpoints: str, limit: int = 16) -> list[str]:
    with ledger.transaction() as tx:
        got = tx.lease("w", now=after(2), lease_seconds=30, limit=limit, endpoints=endpoints)
    return [one.key.rpartition(".v1.")[2] for one in got]


def test_the_longest_waiting_go_first_whichever_endpoint_they_are_for(ledger: Ledger, case_id: str) -> None:
    assert leased(ledger, "live", "dead", limit=2) == ["dead-0", "dead-1"]
    assert leased(ledger, "live") == ["live-0", "live-1", "live-2"]


def test_a_paused_endpoint_is_left_alone_however_long_its_queue(ledger: Ledger, case_id: str) -> None:
    with ledger.transaction() as tx:
        tx.pause("dead", after(60), **by(1))
        assert tx.next_due(("dead",)) == after(60)
        assert tx.next_due(("dead", "live")) == after(1)
    assert leased(ledger, "dead", "live") == ["live-0", "live-1", "live-2"]
    with ledger.transaction() as tx:
        assert tx.next_due(("dead", "live")) == after(2) + timedelta(seconds=30)
        assert tx.next_due(("nobody",)) is None


@pytest.mark.parametrize("new_store", ["sqlite"], indirect=True)  # PostgreSQL plans by how many rows there are
@pytest.mark.parametrize("query", [_DUE, _ABANDONED], ids=["due", "abandoned"])
def test_the_plan_reads_the_outbox_by_its_index(ledger: Ledger, case_id: str, query: object) -> None:
    compiled = query.compile(ledger._engine)  # type: ignore[attr-defined]
    values = {"endpoint": "live", "now": "2026-01-01T00:00:00.000000Z", "most": 16}
    given = [values.get(name, compiled.params[name]) for name in compiled.positiontup]
    with ledger._engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(map(str, given))).all()
    plan = [row.detail for row in rows]
    assert any("SEARCH outbox USING INDEX outbox_due (endpoint=? AND state=?" in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan


@pytest.mark.parametrize("new_store", ["postgresql"], indirect=True)
def test_postgresql_has_the_index_too(ledger: Ledger, case_id: str) -> None:
    with ledger._engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        compiled = _DUE.compile(ledger._engine)
        values = {"endpoint": "live", "now": after(2), "most": 16}
        given = {name: values.get(name, value) for name, value in compiled.params.items()}
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {compiled}", given))
    assert "Index Scan using outbox_due" in plan, plan
