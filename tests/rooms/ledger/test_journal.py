"""The journal is the truth: complete, chained, append-only; every table follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, create_engine, insert, select, text
from sqlalchemy.exc import DBAPIError

from adapter.ledger.engine import engine_for
from adapter.ledger.ledger import Ledger
from adapter.ledger.projector import APPLY
from adapter.ledger.tables import DERIVED, PRIMARY
from tests.rooms.ledger.world import by, everything, open_case

ROOT = Path(__file__).resolve().parents[3]


def dump(engine: Engine, tables: tuple[Table, ...] = (*PRIMARY, *DERIVED)) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that follows from the journal, in key order."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in tables
        }


def test_the_day_has_every_kind_of_event(ledger: Ledger) -> None:
    everything(ledger)
    with ledger.reading() as tx:
        assert {line.event.kind for line in tx.journal()} == set(APPLY)


def test_a_replay_gives_the_same_tables(ledger: Ledger, url: str) -> None:
    everything(ledger)
    engine = engine_for(url)
    before = dump(engine)
    assert all(before.values()), "the day must reach every table, or the comparison says little"
    assert ledger.rebuild() == len(before["journal"])
    assert dump(engine) == before
    engine.dispose()


def test_primary_tables_alone_carry_everything(ledger: Ledger, url: str, new_store: Callable[[], str]) -> None:
    """Journal and content copied to an empty store rebuild all the rest there."""
    everything(ledger)
    here = engine_for(url)
    other_url = new_store()
    with Ledger.open(other_url) as other:
        there = engine_for(other_url)
        rows = dump(here, PRIMARY)
        with there.begin() as connection:
            for table in PRIMARY:
                names = [column.name for column in table.columns]
                connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows[table.name]])
        assert not any(dump(there, DERIVED).values())
        other.rebuild()
        assert dump(there) == dump(here)
        assert other.verify() == []
        there.dispose()
    here.dispose()


@pytest.mark.parametrize("table", [table.name for table in PRIMARY])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_primary_rows_cannot_be_changed(ledger: Ledger, url: str, table: str, statement: str) -> None:
    everything(ledger)
    column = "reason" if table == "journal" else "body"
    engine = engine_for(url)
    before = dump(engine)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement.format(table, column, column)))
    assert dump(engine) == before
    engine.dispose()


def test_a_truncated_journal_is_refused_too(ledger: Ledger, url: str) -> None:
    everything(ledger)
    engine = engine_for(url)
    if engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text("TRUNCATE journal"))
    engine.dispose()


TAMPERINGS = [
    "UPDATE journal SET reason = 'other' WHERE seq = 5",
    "UPDATE journal SET data = 'not json' WHERE seq = 5",
    "UPDATE journal SET actor_id = 'somebody' WHERE seq = 5",
    "UPDATE journal SET at = (SELECT at FROM journal WHERE seq = 7) WHERE seq = 5",
    "UPDATE journal SET seq = 5000 WHERE seq = 5",
    "DELETE FROM journal WHERE seq = 5",
]


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_broken_chain_is_found(ledger: Ledger, url: str, tampering: str) -> None:
    everything(ledger)
    assert ledger.verify() == []
    _past_the_guards(url, tampering)
    assert [(issue.code, issue.pointer) for issue in ledger.verify()] == [("LED-412", "journal#5")]


def test_altered_content_is_found(ledger: Ledger, url: str) -> None:
    everything(ledger)
    _past_the_guards(
        url, "UPDATE content SET digest = digest, body = (SELECT body FROM content ORDER BY digest LIMIT 1)"
    )
    found = ledger.verify()
    assert found
    assert {issue.code for issue in found} == {"LED-413"}


def test_nothing_of_a_failed_transaction_stays(ledger: Ledger, url: str) -> None:
    engine = engine_for(url)
    before = dump(engine)
    with pytest.raises(ZeroDivisionError), ledger.transaction() as tx:
        open_case(tx)
        tx.file_paper("", "day", {"n": 1}, **by())
        raise ZeroDivisionError
    assert dump(engine) == before
    engine.dispose()


def test_the_handbook_lists_every_kind() -> None:
    page = (ROOT / "docs" / "journal.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == set(APPLY)


def _past_the_guards(url: str, statement: str) -> None:
    """What somebody with the database's password could do."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            connection.execute(text("DROP TRIGGER journal_no_update"))
            connection.execute(text("DROP TRIGGER journal_no_delete"))
            connection.execute(text("DROP TRIGGER content_no_update"))
        connection.execute(text(statement))
    engine.dispose()
