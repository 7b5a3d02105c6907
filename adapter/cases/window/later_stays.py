"""A person's other stays of the year, when one of them changes: which are to be settled again (重新结算).

Only where the year is kept on our own books: what a payer said of the year is its own to correct.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from adapter.cases.finalise import answers_of, settled_at
from adapter.cases.reading import Dossier, billed_dossier, carried_paper, case_of, kept_here
from adapter.cases.tools import Act, Tools
from adapter.cases.walk import expectation, roles_of
from adapter.cases.way_back import tell_standing
from adapter.cases.window import late_issues as said
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState
from adapter.model.issues import AdapterError, Issue
from adapter.model.settlement import Accrual, Settlement
from adapter.rules.programme.collection import require_person
from adapter.rules.settlement.accumulators import advanced

_SETTLED = (BillState.SETTLED, BillState.SETTLED_ADVANCED)

#: Paper that says when the newest settled version of a case was undone.
UNDONE = "undone"

#: Makes the mark: the marked case, the one that changed, the payers whose amounts would differ.
Mark = Callable[[str, str, str], Issue]


def stay_settled(tx: Transaction, case: Dossier, settlement: Settlement, tools: Tools, act: Act) -> None:
    """A stay was settled: stays of later days that were settled without it are marked (trap 7)."""
    undone = tx.paper(case.row.case_id, UNDONE)
    since = None if undone is None else datetime.fromisoformat(str(undone["at"]))

    def later(theirs: Settlement, settled: datetime) -> bool:
        return theirs.on > settlement.on and (since is None or settled > since)

    _mark(tx, case, settlement.accruals, later, said.earlier_settled_later, tools, act)


def refuse_before_later(tx: Transaction, row: CaseRow) -> None:
    """Last settled is first undone: a stay is not settled again while a bill that stood on it waits to be undone.

    Raises:
        AdapterError: CASE-407, one issue for each such bill.
    """
    held = tx.cases(source=row.source, person_key=row.person_key, held=True)
    waiting = [each.case_id for each in held if any(said.is_mark_after(issue, row.case_id) for issue in each.issues)]
    if waiting:
        raise AdapterError(*(said.later_first(row.case_id, other) for other in waiting))


def stay_changed(tx: Transaction, case: Dossier, more: Sequence[Accrual], at: datetime, tools: Tools, act: Act) -> None:
    """A settled stay was undone or changed: stays that were settled after it stood on its amounts (trap 8).

    Args:
        more: what its year-to-date amounts changed by.
        at: when it had been settled.
    """
    _mark(tx, case, more, lambda _, settled: settled > at, said.settle_again, tools, act)


def stay_undone(tx: Transaction, case: Dossier, tools: Tools, act: Act) -> None:
    """A bill was reversed whole."""
    settlement = tx.settlement(case.row.case_id, case.claim.version)
    if settlement is not None:
        tx.file_paper(case.row.case_id, UNDONE, {"at": act.at.isoformat()}, **act.said)
        back = [replace(each, amount=-each.amount) for each in settlement.accruals]
        stay_changed(tx, case, back, computed_at(tx, case.row.case_id, settlement.version, act), tools, act)


def computed_at(tx: Transaction, case_id: str, version: int, act: Act) -> datetime:
    """When a bill's shares were computed; a late payer makes a later version and computes nothing."""
    carried = tx.paper(case_id, carried_paper(version))
    return settled_at(tx, case_id, act) if carried is None else datetime.fromisoformat(str(carried["computed"]))


def stands(case_id: str, tools: Tools, act: Act) -> None:
    """A named person records that a marked bill stands as it is.

    Raises:
        AdapterError: CASE-302, CASE-406 where nothing is marked, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        require_person(case_id, act.actor, "let a bill stand", "维持原结算")
        marked = [issue for issue in row.issues if issue.code in said.MARKS]
        if not marked:
            raise AdapterError(said.not_marked(case_id))
        tx.note(case_id, "bill-stands", {"marks": [issue.pointer for issue in marked]}, **act.said)
        _hold(tx, row, [issue for issue in row.issues if issue not in marked], act)
        tell_standing(tx, case_id, tools, act)


def _mark(
    tx: Transaction,
    case: Dossier,
    more: Sequence[Accrual],
    later: Callable[[Settlement, datetime], bool],
    mark: Mark,
    tools: Tools,
    act: Act,
) -> None:
    mine = case.row
    for row in tx.cases(source=mine.source, person_key=mine.person_key, in_states={"bill": _SETTLED}):
        if row.case_id == mine.case_id or any(issue.code in said.MARKS for issue in row.issues):
            continue
        if (theirs := tx.settlement(row.case_id, row.version)) is None:
            continue
        if not later(theirs, computed_at(tx, row.case_id, row.version, act)):
            continue
        if payers := _differing(tx, row, theirs, more, tools):
            _hold(tx, row, [*row.issues, mark(row.case_id, mine.case_id, ", ".join(payers))], act)
            tell_standing(tx, row.case_id, tools, act)


def _differing(
    tx: Transaction, row: CaseRow, theirs: Settlement, more: Sequence[Accrual], tools: Tools
) -> tuple[str, ...]:
    """Payers for whom our rules give another amount once the year-to-date amounts changed."""
    other = billed_dossier(tx, row.case_id, row.version, tools)
    mine = kept_here(tx, row.source, other.claim, other.scheme)
    year = theirs.accrued.year
    counts = [each for each in more if each.amount and each.year == year and each.name.partition(".")[0] in mine]
    if not counts:
        return ()
    now = replace(other, accrued=advanced(theirs.accrued, counts))
    answers = answers_of(tx, row.case_id, row.version, theirs)
    again = expectation(now, tools, roles_of(tx, other, tools), answers)
    expected = {share.payer: share.expected for share in theirs.shares}
    return tuple(
        str(share.payer)
        for share in again.shares
        if share.payer in expected and share.expected is not None and share.expected != expected[share.payer]
    )


def _hold(tx: Transaction, row: CaseRow, why: Sequence[Issue], act: Act) -> None:
    if why:
        tx.set_held(row.case_id, tuple(why), **act.said)
    else:
        tx.clear_held(row.case_id, **act.said)
