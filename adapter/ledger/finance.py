"""Machines and entries that belong to no case: a month's clearing with a payer, a year's prepayment. 财务账。

Each belongs to a ``book``, a path that begins with whom it is about: ``bureau/H99990100001/2021/clearing/03``. What
begins alike can be added up together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from adapter.ledger import issues as said
from adapter.ledger.postings import entry_data
from adapter.ledger.rows import FinancePosting, FinanceState, Posting
from adapter.ledger.session import Session
from adapter.ledger.tables import finance_postings, finance_states
from adapter.model.case import Actor, ClearingState, check_move
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import Payer


class Finance(Session):
    """Open, move and book what finance does beside the cases."""

    def open_book(self, book: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Start the clearing machine of a book. Raises AdapterError LED-437 when it has been started."""
        if self.book_state(book) is not None:
            raise AdapterError(said.book_open_already(book))
        data = {"book": book, "state": str(ClearingState.OPEN)}
        self._append("finance-started", "", data, at=at, actor=actor, reason=reason)

    def move_book(self, book: str, after: ClearingState, *, at: datetime, actor: Actor, reason: str) -> None:
        """Move a book along its table. Raises MoveRefused CASE-301, AdapterError LED-435 before its start."""
        before = self.book_state(book)
        if before is None:
            raise AdapterError(said.book_unknown(book))
        check_move("clearing", book, before, after)
        data = {"book": book, "before": str(before), "after": str(after)}
        self._append("finance-moved", "", data, at=at, actor=actor, reason=reason)

    def book_state(self, book: str) -> ClearingState | None:
        """Where a book stands, or None before its start. In a writing transaction its hospital's books are held."""
        self._hold_books(book)
        found = self._connection.execute(select(finance_states.c.state).where(finance_states.c.book == book)).scalar()
        return None if found is None else ClearingState(found)

    def book_states(self, prefix: str = "") -> list[FinanceState]:
        """Every book that begins so and has a machine, by book."""
        self._hold_books(prefix)
        query = select(finance_states).where(finance_states.c.book.startswith(prefix, autoescape=True))
        rows = self._connection.execute(query.order_by(finance_states.c.book))
        return [FinanceState(row.book, ClearingState(row.state), row.since) for row in rows]

    def book_entries(self, book: str, entries: Sequence[Posting], *, at: datetime, actor: Actor, reason: str) -> int:
        """Book a balanced batch and return its number within the book.

        Raises:
            AdapterError: LED-436 when Σ debit differs from Σ credit.
            ValueError: no entries, or one with both a debit and a credit.
        """
        self._hold_books(book)
        if not entries or any(entry.debit and entry.credit for entry in entries):
            raise ValueError("a batch has entries, and each of them one side")
        debit = Money.total(entry.debit for entry in entries)
        credit = Money.total(entry.credit for entry in entries)
        if debit != credit:
            raise AdapterError(said.book_unbalanced(book, debit, credit))
        last = select(func.max(finance_postings.c.batch)).where(finance_postings.c.book == book)
        batch = int(self._connection.execute(last).scalar() or 0) + 1
        data = {"book": book, "batch": batch, "entries": [entry_data(entry) for entry in entries]}
        self._append("finance-posted", "", data, at=at, actor=actor, reason=reason)
        return batch

    def finance_postings(self, prefix: str = "") -> list[FinancePosting]:
        """Entries of every book that begins so, by book and in the order in which they were booked."""
        self._hold_books(prefix)
        query = select(finance_postings).where(finance_postings.c.book.startswith(prefix, autoescape=True))
        order = (finance_postings.c.book, finance_postings.c.batch, finance_postings.c.number)
        return [_row(row) for row in self._connection.execute(query.order_by(*order))]

    def finance_balances(self, prefix: str = "") -> dict[str, Money]:
        """Per account, debit less credit, over every book that begins so."""
        self._hold_books(prefix)
        table = finance_postings.c
        query = (
            select(table.account, func.sum(table.debit - table.credit).label("net"))
            .where(table.book.startswith(prefix, autoescape=True))
            .group_by(table.account)
            .order_by(table.account)
        )
        return {row.account: Money(int(row.net)) for row in self._connection.execute(query)}

    def _hold_books(self, book: str) -> None:
        """Whoever writes decides alone on all books of one hospital with one counterpart: they count on one another."""
        whose = book.split("/")[:2]
        if len(whose) == 2:
            self._hold(f"finance:{'/'.join(whose)}")


def _row(row: Row[Any]) -> FinancePosting:
    posting = Posting(
        account=row.account,
        debit=Money(row.debit),
        credit=Money(row.credit),
        payer=None if row.payer is None else Payer(row.payer),
        cite=row.cite,
        reference=row.reference,
    )
    return FinancePosting(row.book, row.batch, row.number, posting, row.at)
