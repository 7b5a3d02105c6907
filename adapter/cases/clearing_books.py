"""Books of finance: which book a month or a year has, what each act books on two sides, what a year came to (清算账).

``receivable/<payer>`` is what bills debited; a month that was received credits it. The patient's account is in none of
these entries: what a payer deducts is ``loss/deducted``, the hospital's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import Posting
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from adapter.payers.reconciliation.clearing import Received
from adapter.rules.programme.prepayment import Assessed, Year

CASH = "cash/transfer"
LOSS = "loss/deducted"  # 拒付、扣减,医院承担


def prepaid_account(endpoint: str) -> str:
    """What the fund paid before anything was settled (预收)."""
    return f"prepaid/{endpoint}"


def retained_account(endpoint: str) -> str:
    """What the fund keeps back until the assessment (留存、质量保证金)."""
    return f"retained/{endpoint}"


def hospital_books(endpoint: str, facility: str) -> str:
    """How every book of one hospital with one counterpart begins."""
    return f"{endpoint}/{facility}/"


def year_book(endpoint: str, facility: str, year: int) -> str:
    """How every book of a year begins, without the slash; also the year's own name."""
    return f"{hospital_books(endpoint, facility)}{year:04}"


def prepayment_book(endpoint: str, facility: str, year: int) -> str:
    return f"{year_book(endpoint, facility, year)}/prepayment"


def clearing_book(endpoint: str, facility: str, month: date) -> str:
    return f"{year_book(endpoint, facility, month.year)}/clearing/{month.month:02}"


def came_in(endpoint: str, payers: Mapping[Payer, Money], received: Received, reference: str) -> list[Posting]:
    """A month was received: what each payer owed goes, money and the other parts come."""
    cite = "清算 (clearing)"
    parts = (
        (CASH, received.cash),
        (prepaid_account(endpoint), received.offset),
        (retained_account(endpoint), received.retained),
        (LOSS, received.deducted),
    )
    debit = [_side(account, amount, None, cite, reference) for account, amount in parts if amount]
    credit = [
        _side(f"receivable/{payer}", -amount, payer, cite, reference) for payer, amount in payers.items() if amount
    ]
    return [*debit, *credit]


def prepaid(endpoint: str, amount: Money, reference: str, cite: str) -> list[Posting]:
    """The fund prepays."""
    return [
        _side(CASH, amount, None, cite, reference),
        _side(prepaid_account(endpoint), -amount, None, cite, reference),
    ]


def assessed(endpoint: str, result: Assessed, reference: str) -> list[Posting]:
    """The year-end result: the retained part is paid or lost, a rest of the prepayment goes back."""
    sides = (
        (CASH, result.released - result.returned),
        (LOSS, result.forfeited),
        (retained_account(endpoint), -(result.released + result.forfeited)),
        (prepaid_account(endpoint), result.returned),
    )
    return [_side(account, amount, None, result.cite, reference) for account, amount in sides if amount]


def prepaid_left(tx: Transaction, endpoint: str, facility: str) -> Money:
    """Prepaid and not offset yet, over all years; never below ¥0.00."""
    held = tx.finance_balances(hospital_books(endpoint, facility)).get(prepaid_account(endpoint), ZERO)
    return max(-held, ZERO)


def year_of(tx: Transaction, endpoint: str, facility: str, year: int, settled: Money) -> Year:
    """What the year's books say.

    Args:
        settled: declared for its months, CNY.
    """
    book = year_book(endpoint, facility, year)
    advance, kept = prepaid_account(endpoint), retained_account(endpoint)
    prepaid_in = offset = retained = deducted = ZERO
    for row in tx.finance_postings(f"{book}/"):
        net = row.posting.debit - row.posting.credit
        if row.posting.account == advance and row.book.endswith("/prepayment"):
            prepaid_in -= net
        elif row.posting.account == advance:
            offset += net
        elif row.posting.account == kept:
            retained += net
        elif row.posting.account == LOSS:
            deducted += net
    return Year(prepaid_in, settled, offset, retained, deducted, prepaid_left(tx, endpoint, facility))


def _side(account: str, amount: Money, payer: Payer | None, cite: str, reference: str) -> Posting:
    """Above zero on the debit side, below zero on the credit side."""
    return Posting(account, max(amount, ZERO), max(-amount, ZERO), payer, cite, reference=reference)
