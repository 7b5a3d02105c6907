"""From nothing to the present schema, on both databases, with several starting at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from adapter.ledger.engine import engine_for
from adapter.ledger.ledger import Ledger
from adapter.ledger.migrate import alembic_config
from adapter.ledger.tables import SCHEMA, metadata
from adapter.model.issues import AdapterError
from tests.rooms.ledger.conftest import BACKENDS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("postgres").empty())


def test_the_migrations_make_the_tables_of_the_code(empty_url: str) -> None:
    Ledger.open(empty_url).close()
    Ledger.open(empty_url).close()
    engine = engine_for(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == SCHEMA
        assert ScriptDirectory.from_config(alembic_config(connection)).get_heads() == [SCHEMA]
    engine.dispose()


@pytest.mark.slow
def test_several_processes_open_an_empty_store_at_once(empty_url: str) -> None:
    program = "import sys; from adapter.ledger.ledger import Ledger; Ledger.open(sys.argv[1]).close()"
    starting = [subprocess.Popen([sys.executable, "-c", program, empty_url], cwd=ROOT) for _ in range(4)]
    assert [process.wait(60) for process in starting] == [0, 0, 0, 0]
    with Ledger.open(empty_url) as ledger:
        assert ledger.verify() == []


def test_a_store_of_a_newer_program_is_left_alone(empty_url: str) -> None:
    Ledger.open(empty_url).close()
    engine = engine_for(empty_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(AdapterError) as raised:
        Ledger.open(empty_url)
    assert raised.value.issues[0].code == "LED-402"


REFUSED = [
    ("mysql://host/db", "LED-401"),
    ("sqlite://", "LED-401"),
    ("sqlite:///:memory:", "LED-401"),
    ("no address at all", "LED-401"),
    ("sqlite:////nowhere/at/all/ledger.db", "LED-417"),
    ("postgresql://nobody:secret@127.0.0.1:1/none", "LED-417"),
]


@pytest.mark.parametrize(("address", "code"), REFUSED, ids=[address for address, _ in REFUSED])
def test_an_address_that_cannot_be_opened(address: str, code: str) -> None:
    with pytest.raises(AdapterError) as raised:
        Ledger.open(address)
    assert raised.value.issues[0].code == code
    assert "secret" not in str(raised.value)


def test_sqlite_keeps_every_commit_on_disk(new_store: Callable[[], str]) -> None:
    """WAL, FULL and foreign keys hold for every connection, not only for the first."""
    url = new_store()
    Ledger.open(url).close()
    engine = engine_for(url)
    if engine.dialect.name == "sqlite":
        with engine.connect() as one, engine.connect().execution_options(ledger_reads=True) as two:
            del one
            pragmas = {
                name: two.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    engine.dispose()
