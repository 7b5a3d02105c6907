"""Why a settlement may not be undone here: its e-receipt is used, its month is declared, a later one stands on it.

What a payer refuses by itself comes back as its answer; these are the hospital's own reasons, each an issue.
"""

from __future__ import annotations

from typing import Any

from adapter.cases import walk_issues
from adapter.cases.clearing_books import hospital_books
from adapter.cases.reading import case_of
from adapter.cases.reconcile import hospital_of
from adapter.cases.tools import Act, Tools
from adapter.cases.window.later_stays import computed_at
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState, ClearingState
from adapter.model.issues import AdapterError, Issue
from adapter.rules.programme.collection import require_person

RECEIPTS = "e-receipts"
_SETTLED = (BillState.SETTLED, BillState.SETTLED_ADVANCED)
_CLOSED = frozenset({ClearingState.DECLARED, ClearingState.AGREED, ClearingState.RECEIVED})


def receipt_used(case_id: str, number: str, tools: Tools, act: Act) -> None:
    """A fiscal e-receipt 财政电子票据 of the settlement was claimed or booked elsewhere: it may not be undone any more.

    Raises AdapterError CASE-302, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        _file(tx, case_id, number, act, used=True)


def receipt_taken_back(case_id: str, number: str, tools: Tools, act: Act) -> None:
    """The e-receipt came back or was voided. Raises AdapterError CASE-302, CASE-433 not on record, PRG-282."""
    with tools.ledger.transaction() as tx:
        if number not in used_receipts(tx, case_id):
            raise AdapterError(walk_issues.receipt_unknown(case_id, number))
        _file(tx, case_id, number, act, used=False)


def used_receipts(tx: Transaction, case_id: str) -> tuple[str, ...]:
    """Numbers of the case's e-receipts that are used."""
    return tuple(number for number, each in _receipts(tx, case_id).items() if each["used"])


def refusals(tx: Transaction, row: CaseRow, tools: Tools, act: Act) -> list[Issue]:
    """Everything that forbids undoing the standing bill of a case; empty when nothing does."""
    found = [walk_issues.receipt_used(row.case_id, number) for number in used_receipts(tx, row.case_id)]
    if row.bill not in _SETTLED:
        return found
    if tools.office.refuse_declared:
        found += _declared(tx, row, tools)
    if tools.office.refuse_before_later:
        found += _standing_on_it(tx, row, act)
    return found


def _declared(tx: Transaction, row: CaseRow, tools: Tools) -> list[Issue]:
    """Months in which a payer's part of this bill was declared and is not disputed."""
    facility, found = hospital_of(row.source, tools), []
    for call in tools.book.scheme(row.scheme).calls:
        for book in tx.book_states(hospital_books(call.endpoint, facility)) if call.is_sent else ():
            lines: Any = (tx.paper("", f"clearing/{book.book}") or {}).get("lines", ())
            mine = [line for line in lines if line["case_id"] == row.case_id and line["call"] == call.name]
            if mine and mine[-1]["kind"] != "reversed" and book.state in _CLOSED:
                found.append(walk_issues.period_closed(row.case_id, book.book, str(book.state)))
    return found


def _standing_on_it(tx: Transaction, row: CaseRow, act: Act) -> list[Issue]:
    """The person's bills of the same year that were settled after this one."""
    mine = tx.settlement(row.case_id, row.version)
    if mine is None:
        return []
    at, found = computed_at(tx, row.case_id, row.version, act), []
    for other in tx.cases(source=row.source, person_key=row.person_key, in_states={"bill": _SETTLED}):
        theirs = tx.settlement(other.case_id, other.version)
        if theirs is None or other.case_id == row.case_id or theirs.accrued.year != mine.accrued.year:
            continue
        if computed_at(tx, other.case_id, other.version, act) > at:
            found.append(walk_issues.later_stay_depends(row.case_id, other.case_id))
    return found


def _file(tx: Transaction, case_id: str, number: str, act: Act, *, used: bool) -> None:
    case_of(tx, case_id)
    require_person(case_id, act.actor, "say what became of an e-receipt", "登记票据使用情况")
    entry = {"used": used, "by": act.actor.id, "at": act.at.isoformat(), "reason": act.reason}
    tx.file_paper(case_id, RECEIPTS, {**_receipts(tx, case_id), number: entry}, **act.said)


def _receipts(tx: Transaction, case_id: str) -> dict[str, Any]:
    return dict(tx.paper(case_id, RECEIPTS) or {})
