"""Books that belong to no case: moved along their table, balanced, added up by how they begin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapter.ledger.ledger import Ledger, Transaction
from adapter.ledger.rows import Posting
from adapter.model.case import ClearingState
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from tests.rooms.ledger.world import by, prepaid

MARCH, APRIL = "bureau/H1/2021/clearing/03", "bureau/H1/2021/clearing/04"


def refusal(tx: Transaction, act: Callable[[Transaction], object]) -> str:
    with pytest.raises(AdapterError) as caught:
        act(tx)
    return caught.value.issues[0].code


def test_a_book_is_opened_once_and_moves_along_its_table(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        assert tx.book_state(MARCH) is None
        assert refusal(tx, lambda tx: tx.move_book(MARCH, ClearingState.DECLARED, **by())) == "LED-435"
        tx.open_book(MARCH, **by())
        assert refusal(tx, lambda tx: tx.open_book(MARCH, **by())) == "LED-437"
        assert refusal(tx, lambda tx: tx.move_book(MARCH, ClearingState.RECEIVED, **by())) == "CASE-301"
        tx.move_book(MARCH, ClearingState.DECLARED, **by(1))
        tx.open_book(APRIL, **by(2))
    with ledger.reading() as tx:
        assert [(each.book, each.state) for each in tx.book_states("bureau/H1/")] == [
            (MARCH, ClearingState.DECLARED),
            (APRIL, ClearingState.OPEN),
        ]
        assert tx.book_states("bureau/H2/") == []


def test_entries_balance_or_are_refused(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        odd = [*prepaid()[:1], Posting("prepaid/bureau", credit=Money(1))]
        assert refusal(tx, lambda tx: tx.book_entries(MARCH, odd, **by())) == "LED-436"
        with pytest.raises(ValueError, match="entries"):
            tx.book_entries(MARCH, [], **by())
        with pytest.raises(ValueError, match="one side"):
            tx.book_entries(MARCH, [Posting("a", Money(1), Money(1))], **by())
        assert tx.finance_postings() == []


def test_books_add_up_by_how_they_begin(ledger: Ledger) -> None:
    books = {"bureau/H1/2021/prepayment": "9000.00", "bureau/H1/2022/prepayment": "1.00", "bureau/H_/2021/x": "0.01"}
    with ledger.transaction() as tx:
        for book, amount in books.items():
            assert [tx.book_entries(book, prepaid(amount), **by()) for _ in range(2)] == [1, 2]
    with ledger.reading() as tx:
        for prefix, held in (
            ("bureau/H1/2021/", "-18000.00"),
            ("bureau/H1/", "-18002.00"),
            ("bureau/H_/", "-0.02"),  # a sign of a pattern is a sign like any other
            ("", "-18002.02"),
        ):
            assert tx.finance_balances(prefix)["prepaid/bureau"].text == held
        assert [row.posting.reference for row in tx.finance_postings("bureau/H1/2022/")] == ["R-1"] * 4
