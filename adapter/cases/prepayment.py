"""Prepayment of a fund's yearly total: budget and schedule, money that came, the year-end assessment (总额预付)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapter.cases import clearing_issues as said
from adapter.cases.clearing_books import (
    CASH,
    assessed,
    prepaid,
    prepaid_left,
    prepayment_book,
    year_book,
    year_of,
)
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Transaction
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.payers.reconciliation.clearing import Received
from adapter.rules.programme.collection import read_collection, require_person
from adapter.rules.programme.prepayment import (
    Assessed,
    Budget,
    PrepaymentTerms,
    Schedule,
    Year,
    assess_year,
    expected_offset,
    prepaid_issues,
    prepayment_terms,
    schedule,
)


@dataclass(frozen=True, slots=True)
class Prepayment:
    """A year's prepayment as it stands.

    Attributes:
        due: what should have come by today under the schedule, CNY.
        result: of the year-end assessment that was recorded just now, None otherwise.
        again: it was on record before; nothing was booked now.
    """

    planned: Schedule
    year: Year
    due: Money
    issues: tuple[Issue, ...] = ()
    result: Assessed | None = None
    again: bool = False

    def as_json(self) -> dict[str, Any]:
        planned = self.planned
        names = ("prepaid", "settled", "offset", "retained", "deducted", "prepaid_left")
        return {
            "year": planned.budget.book,
            "budget": planned.budget.amount.text,
            "document": planned.budget.document,
            "schedule": [
                {"number": each.number, "due": each.due.isoformat(), "amount": each.amount.text}
                for each in planned.advances
            ],
            "waits_for_assessment": planned.waits.text,
            "due": self.due.text,
            **{name: getattr(self.year, name).text for name in names},
            "zh": planned.zh,
            "en": planned.en,
            "cite": planned.cite,
            "assessed": None if self.result is None else {"zh": self.result.zh, "en": self.result.en},
            "again": self.again,
            "issues": [issue.code for issue in self.issues],
        }


def set_budget(
    endpoint: str, facility: str, year: int, amount: Money, document: str, scheme: str, tools: Tools, act: Act
) -> Prepayment:
    """Record the year's total as the insurance office set it; a later paper takes its place and the schedule follows.

    Args:
        scheme: whose programme and settings say what is prepaid, and how often.

    Raises:
        AdapterError: POL codes for an unknown scheme, PRG-300, PRG-303, PRG-282 by the service itself.
        SettingMissing: PRG-201 while share or rhythm is not filled in.
    """
    book = year_book(endpoint, facility, year)
    require_person(book, act.actor, "budget", "登记年度预算")
    schedule(Budget(book, year, amount, document), _terms(scheme, tools))
    with tools.ledger.transaction() as tx:
        paper = {"amount": amount.text, "document": document, "scheme": scheme, "by": act.actor.id}
        tx.file_paper("", _paper(book), paper, **act.said)
        return _standing(tx, endpoint, facility, year, tools, act)


def prepayment_of(endpoint: str, facility: str, year: int, tools: Tools, act: Act) -> Prepayment:
    """A year's schedule and where it stands. Raises AdapterError CASE-391 without a budget."""
    with tools.ledger.reading() as tx:
        return _standing(tx, endpoint, facility, year, tools, act)


def receive_prepayment(
    endpoint: str, facility: str, year: int, amount: Money, reference: str, tools: Tools, act: Act
) -> Prepayment:
    """Book a prepayment that came in. The same payment again books nothing.

    Raises AdapterError CASE-391, CASE-392 for nothing, CASE-393, PRG-282.
    """
    book = prepayment_book(endpoint, facility, year)
    require_person(book, act.actor, "prepayment", "登记预付到账")
    with tools.ledger.transaction() as tx:
        now = _standing(tx, endpoint, facility, year, tools, act)
        if amount <= ZERO:
            raise AdapterError(said.receipt_wrong(book, "预付金额须大于零", "a prepayment is above zero"))
        if _booked(tx, book, reference, amount):
            return _again(now)
        tx.book_entries(book, prepaid(endpoint, amount, reference, now.planned.cite), **act.said)
        return _standing(tx, endpoint, facility, year, tools, act)


def assess(
    endpoint: str,
    facility: str,
    year: int,
    tools: Tools,
    act: Act,
    *,
    released: Money,
    returned: Money,
    document: str,
) -> Prepayment:
    """Book the year-end result: what is not released of the retained part is the hospital's loss.

    The same paper again books nothing. Raises AdapterError CASE-391, CASE-393, PRG-302, PRG-282.
    """
    book = prepayment_book(endpoint, facility, year)
    require_person(book, act.actor, "assessment", "登记年终考核")
    with tools.ledger.transaction() as tx:
        now = _standing(tx, endpoint, facility, year, tools, act)
        if document.strip() and _booked(tx, book, document, released - returned):
            return _again(now)
        terms = _terms_of(tx, endpoint, facility, year, tools)
        result = assess_year(book, now.year, released=released, returned=returned, document=document, terms=terms)
        entries = assessed(endpoint, result, document)
        if entries:
            tx.book_entries(book, entries, **act.said)
        told = {"released": released.text, "forfeited": result.forfeited.text, "returned": returned.text}
        tx.note("", "prepayment-assessed", {"book": book, "document": document, **told}, **act.said)
        after = _standing(tx, endpoint, facility, year, tools, act)
        return Prepayment(after.planned, after.year, after.due, after.issues, result)


def expected_parts(
    tx: Transaction, endpoint: str, facility: str, year: int, book: str, received: Received, tools: Tools
) -> tuple[Issue, ...]:
    """Where a month's retained and offset parts differ from what the clause gives; nothing where nobody prepays."""
    if tx.paper("", _paper(year_book(endpoint, facility, year))) is None:
        return ()
    terms = _terms_of(tx, endpoint, facility, year, tools)
    wanted = expected_offset(received.gross, prepaid_left(tx, endpoint, facility), terms)
    pairs = (
        ("留存", "retained", received.retained, wanted.retained),
        ("冲抵预付", "offset", received.offset, wanted.offset),
    )
    return tuple(
        said.not_as_expected(book, zh, name, told, expected, wanted.cite)
        for zh, name, told, expected in pairs
        if told != expected
    )


def _standing(tx: Transaction, endpoint: str, facility: str, year: int, tools: Tools, act: Act) -> Prepayment:
    book = year_book(endpoint, facility, year)
    planned = _planned(tx, book, year, tools)
    settled = Money.total(
        Money.yuan(str(paper["gross"]))
        for each in tx.book_states(f"{book}/clearing/")
        if (paper := tx.paper("", f"clearing/{each.book}")) is not None
    )
    stands = year_of(tx, endpoint, facility, year, settled)
    issues = prepaid_issues(book, stands.prepaid, planned)
    return Prepayment(planned, stands, planned.due_on(local_day(act.at)), issues)


def _planned(tx: Transaction, book: str, year: int, tools: Tools) -> Schedule:
    paper = _budget_paper(tx, book)
    budget = Budget(book, year, Money.yuan(str(paper["amount"])), str(paper["document"]))
    return schedule(budget, _terms(str(paper["scheme"]), tools))


def _terms_of(tx: Transaction, endpoint: str, facility: str, year: int, tools: Tools) -> PrepaymentTerms:
    return _terms(str(_budget_paper(tx, year_book(endpoint, facility, year))["scheme"]), tools)


def _terms(scheme_name: str, tools: Tools) -> PrepaymentTerms:
    scheme = tools.book.scheme(scheme_name)
    return prepayment_terms(read_collection(tools.book.programme(scheme.programme), scheme.settings))


def _budget_paper(tx: Transaction, book: str) -> dict[str, object]:
    paper = tx.paper("", _paper(book))
    if paper is None:
        raise AdapterError(said.nothing_to_show(book, "尚未登记年度预算", "no budget of the year was recorded"))
    return paper


def _booked(tx: Transaction, book: str, reference: str, cash: Money) -> bool:
    """Whether this very payment is booked. Raises AdapterError CASE-393 for another one under its number."""
    if not reference.strip():
        raise AdapterError(said.reference_used(book, reference))
    known = [row.posting for row in tx.finance_postings(book) if row.posting.reference == reference]
    moved = Money.total(each.debit - each.credit for each in known if each.account == CASH)
    if known and moved != cash:
        raise AdapterError(said.reference_used(book, reference))
    return bool(known)


def _again(now: Prepayment) -> Prepayment:
    return Prepayment(now.planned, now.year, now.due, now.issues, again=True)


def _paper(book: str) -> str:
    return f"prepayment/{book}"
