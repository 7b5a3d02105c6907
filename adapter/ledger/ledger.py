"""The ledger: open it, and do everything else through a transaction. 账簿。

A writing transaction is all or nothing: the caller's rows, the journal lines that explain them and the messages that
follow from them are committed together. Several threads and processes may share one ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.exc import OperationalError

from adapter.ledger import issues as said
from adapter.ledger import journal, migrate, projector, search_index
from adapter.ledger.arrivals import Arrivals
from adapter.ledger.bills import Bills
from adapter.ledger.by_state import ByState
from adapter.ledger.cases import Cases
from adapter.ledger.engine import BUSY_SECONDS, READS, engine_for
from adapter.ledger.finance import Finance
from adapter.ledger.health import Counts
from adapter.ledger.inbox import Inbox
from adapter.ledger.late import Late
from adapter.ledger.messages_in import MessagesIn
from adapter.ledger.month_figures import MonthFigures
from adapter.ledger.outbox_verdicts import OutboxVerdicts
from adapter.ledger.papers import Papers
from adapter.ledger.postings import Postings
from adapter.ledger.recorded import Recorded
from adapter.ledger.resources import Resources
from adapter.ledger.rows_in import RowsIn
from adapter.ledger.search import Finder
from adapter.ledger.search_index import Indexer
from adapter.ledger.session import digest_of
from adapter.ledger.settled import SettledStays
from adapter.ledger.tables import DERIVED, content
from adapter.ledger.year_to_date import YearsToDate
from adapter.model.issues import AdapterError, Issue


class Transaction(
    Cases,
    ByState,
    Papers,
    Resources,
    Inbox,
    Arrivals,
    MessagesIn,
    RowsIn,
    Bills,
    Postings,
    YearsToDate,
    OutboxVerdicts,
    Counts,
    SettledStays,
    Finance,
    Finder,
    Recorded,
    Late,
    MonthFigures,
):
    """One piece of work. Each parent is one part of the memory and has its own file."""


class Ledger:
    """A store that is open. Use ``Ledger.open``."""

    def __init__(self, engine: Engine, indexer: Indexer | None = None) -> None:
        self._engine = engine
        self._indexer = indexer

    @classmethod
    def open(cls, url: str, *, busy_seconds: int = BUSY_SECONDS, indexer: Indexer | None = None) -> Self:
        """Open a store and bring its schema up to date; several processes may do so at once.

        Args:
            url: ``sqlite:///path/to/file`` or ``postgresql://user@host/database``.
            busy_seconds: how long a transaction waits for others.
            indexer: what resources are found under; None where nobody searches. An index of another edition, or none,
                is made anew here, once.

        Raises:
            AdapterError: LED-401 for another kind of address, LED-402 for a store of a newer program, LED-417 for
                one that cannot be reached.
        """
        engine = engine_for(url, busy_seconds=busy_seconds)
        try:
            migrate.upgrade(engine)
            if indexer is not None:
                _bring_up_to_date(engine, indexer)
        except OperationalError as error:
            engine.dispose()
            if _in_the_way(error):
                raise said.LedgerBusy(said.busy()) from error
            raise AdapterError(said.store_unreachable(engine.dialect.name)) from error
        return cls(engine, indexer)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Work that writes: committed at the end of the block, undone when anything is raised in it.

        Raises:
            LedgerBusy: LED-403, others were in the way; nothing was written and the work may be done again.
        """
        try:
            with self._engine.begin() as connection:
                work = Transaction(connection, writing=True, indexer=self._indexer)
                yield work
                work._finish()
        except OperationalError as error:
            if _in_the_way(error):
                raise said.LedgerBusy(said.busy()) from error
            raise

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Work that only reads, on one unchanging view of the store; it waits for nobody."""
        with self._engine.connect() as plain:
            connection = plain.execution_options(**{READS: True})
            with connection.begin():
                yield Transaction(connection, writing=False, indexer=self._indexer)

    def verify(self) -> list[Issue]:
        """Check the journal's chain (LED-412) and every kept content against its digest (LED-413)."""
        with self.reading() as work:
            connection = work._connection
            broken = journal.first_broken(connection)
            found = [] if broken is None else [said.chain_broken(broken)]
            return found + [said.content_altered(digest) for digest in _altered(connection)]

    def rebuild(self) -> int:
        """Empty every derived table and replay the journal onto it; returns the number of lines.

        All or nothing. Meant for a ledger that nobody else is using.
        """
        with self._engine.begin() as connection:
            for table in reversed(DERIVED):
                connection.execute(delete(table))
            count = 0
            for line in journal.read(connection):
                projector.apply(connection, line.event)
                count += 1
            if self._indexer is not None:
                search_index.fill(connection, self._indexer)
            return count

    def close(self) -> None:
        """Let every connection go."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _bring_up_to_date(engine: Engine, indexer: Indexer) -> None:
    """Index everything anew where the index is of another edition; others who open the store wait."""
    with engine.connect() as connection:
        if search_index.edition_of(connection) == indexer.edition:
            return
    with engine.begin() as connection:
        migrate.wait_for_others(connection)
        if search_index.edition_of(connection) != indexer.edition:
            search_index.fill(connection, indexer)


def _in_the_way(error: OperationalError) -> bool:
    """Whether others' locks stopped the work: SQLite busy, PostgreSQL deadlock or lock timeout."""
    state = getattr(error.orig, "sqlstate", None)
    return state in ("40P01", "40001", "55P03") or getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def _altered(connection: Connection) -> list[str]:
    rows = connection.execution_options(yield_per=200).execute(select(content).order_by(content.c.digest))
    return [row.digest for row in rows if digest_of(bytes(row.body)) != row.digest]
