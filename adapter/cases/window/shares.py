"""What each payer would bear of a stay through a day, by our rules; nothing is previewed and nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from adapter.cases import issues
from adapter.cases.reading import Dossier, dossier
from adapter.cases.tools import Tools
from adapter.cases.walk import expectation, roles_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.issues import AdapterError, Issue
from adapter.model.settlement import Settlement


@dataclass(frozen=True, slots=True)
class Calculated:
    """A case and its bill through a day."""

    case: Dossier
    bill: Settlement


def shares_through(
    tx: Transaction, row: CaseRow, through: date, tools: Tools, *, whole: bool = False
) -> Calculated | tuple[Issue, ...]:
    """The bill of the lines up to a day, that day being the rule date while the patient is there; or why there is none.

    Args:
        whole: every line counts, whatever its day: the patient has left.
    """
    try:
        case = dossier(tx, row.case_id, max(row.version, 1), tools, estimate_on=through)
        lines = tuple(line for line in case.claim.lines if whole or line.service_date <= through)
        case = replace(case, claim=replace(case.claim, lines=lines))
        roles = roles_of(tx, case, tools)
        bill = expectation(case, tools, roles, roles.observed)
    except AdapterError as error:
        return error.issues
    if bill.not_modelled:
        return (issues.layer_not_modelled(row.case_id, ", ".join(bill.not_modelled)),)
    return Calculated(case, bill)
