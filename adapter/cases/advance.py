"""An endpoint does not answer and the patient goes home: the hospital advances that call's amount (医院垫付).

The bill stands on what our rules expect of whoever has not answered, booked as ``advanced/<payer>``; the walk goes on
behind it. When everybody has answered, the bill is booked anew from the answers. The person's year-to-date amounts are
not known before that, so nothing is added to them and no other stay of the person is settled.
"""

from __future__ import annotations

from adapter.cases import issues, walk_issues
from adapter.cases.finalise import ADVANCED, advanced_paper, book_again, finalise
from adapter.cases.not_modelled import gaps, nobody_decides
from adapter.cases.reading import Dossier, billed_dossier, case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.walk import Answers, OnHold, Waiting, expectation, held_by_others, hold, roles_of, walk_calls
from adapter.cases.way_back import tell_standing
from adapter.cases.window.later_stays import stay_settled
from adapter.ledger.ledger import Transaction
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import Stage
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Authority, Settlement
from adapter.rules.programme.collection import require_person

__all__ = ["ADVANCED", "advance_bill", "answered"]

#: The hospital bears what a payer pays less than was advanced; what it pays more is the patient's in any case.
HOSPITAL = "hospital"


def advance_bill(case_id: str, tools: Tools, act: Act) -> Settlement:
    """Close the bill for the patient although a payer has not answered.

    Raises:
        AdapterError: CASE-302, CASE-428 where no endpoint is waited for, CASE-434, CASE-306 held for something else,
            CASE-395 where our rules cannot say what the payer would bear, CFG-745, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        require_person(case_id, act.actor, "let the hospital advance an amount", "决定医院垫付")
        if tools.office.advance_difference is None:
            raise AdapterError(walk_issues.advance_rule_unset())
        if row.bill is BillState.SETTLED_ADVANCED:
            raise AdapterError(walk_issues.advanced_already(case_id))
        if row.bill is not BillState.SETTLING:
            raise AdapterError(walk_issues.nothing_to_advance(case_id, str(row.bill or "draft")))
        if others := held_by_others(row):
            raise AdapterError(issues.held(case_id, len(others)), *others)
        case = billed_dossier(tx, case_id, row.version, tools)
        roles = roles_of(tx, case, tools)
        came = walk_calls(tx, case, Stage.SETTLE, tools, act, roles)
        if not isinstance(came, Waiting | OnHold):
            raise AdapterError(walk_issues.nothing_to_advance(case_id, type(came).__name__.lower()))
        settlement = expectation(case, tools, roles, came.answers)
        if settlement.not_modelled:
            raise AdapterError(nobody_decides(case_id, settlement), *gaps(settlement))
        open_shares = [share for share in settlement.shares if share.payer in case.scheme.order]
        payers = frozenset(share.payer for share in open_shares if share.authority is Authority.EXPECTED)
        paper = {
            "payers": {str(payer): settlement.share_of(payer).text for payer in sorted(payers)},
            "by": act.actor.id,
            "at": act.at.isoformat(),
            "reason": act.reason,
            "difference": tools.office.advance_difference,
        }
        tx.file_paper(case_id, advanced_paper(row.version), paper, **act.said)
        finalise(tx, case, settlement, came.answers, act, advanced=payers)
        hold(tx, case_id, (), act)
        tell_standing(tx, case_id, tools, act)
        return settlement


def answered(tx: Transaction, case: Dossier, settlement: Settlement, answers: Answers, tools: Tools, act: Act) -> None:
    """Everybody has answered: the bill as the payers decided it, and the difference where the setting says."""
    case_id, version = case.row.case_id, case.claim.version
    before, paper = tx.settlement(case_id, version), tx.paper(case_id, advanced_paper(version))
    if before is None or paper is None:
        raise LookupError(f"bill {case_id}/{version} was advanced and nothing says how")
    more = max(settlement.patient_pays - before.patient_pays, ZERO)
    borne = more if paper["difference"] == HOSPITAL else Money(0)
    book_again(tx, case, settlement, answers, act, borne=borne)
    stay_settled(tx, case, settlement, tools, act)
