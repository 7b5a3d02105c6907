"""What FHIR operations on a stay need beside the use cases: which case it is, and how its bill stands (住院操作)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from adapter.cases import operations_issues as issues
from adapter.cases.admission import assess_case
from adapter.cases.reading import case_of
from adapter.cases.served import case_name
from adapter.cases.settle import Preview, preview_of
from adapter.cases.tools import Act, Tools
from adapter.fhir.canonical import decode
from adapter.fhir.identity import resource_id
from adapter.fhir.programme_task import entitlement_task_id
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState
from adapter.model.issues import AdapterError, Issue

_OPEN = frozenset({BillState.DRAFT, BillState.PREVIEWED})
_UNDER_WAY = frozenset({BillState.SETTLING, BillState.REVERSING})


def case_of_encounter(encounter: str, tools: Tools) -> str:
    """Id of the case that a stay is, also where the HIS took the Encounter back, or posted it under another id.

    Raises:
        AdapterError: CASE-450 there is none, CASE-451 there are several.
    """
    with tools.ledger.reading() as tx:
        found = tx.cases_of_resource("Encounter", case_name(tx, "Encounter", encounter))
    if len(found) != 1:
        raise AdapterError(issues.several_cases_of(encounter, len(found)) if found else issues.no_case_of(encounter))
    return found[0]


@dataclass(frozen=True, slots=True)
class Entitlement:
    """May the stay pay after care?

    Attributes:
        decision: the Task of the assessment; an assessment that says what the last one said has the Task of that one.
        issues: what is missing or open.
    """

    row: CaseRow
    decision: dict[str, Any] = field(repr=False)
    issues: tuple[Issue, ...]


def check_entitlement(case_id: str, tools: Tools, act: Act) -> Entitlement:
    """Assess a case on the facts of now; the question is written down.

    Raises:
        AdapterError: CASE-302, PRG-201 a blank of the programme that the scheme leaves open.
    """
    with tools.ledger.transaction() as tx:
        assessment, found = assess_case(tx, case_id, tools, act)
        tx.note(case_id, "entitlement-asked", {"state": str(assessment.state)}, **act.said)
        row = case_of(tx, case_id)
        task = tx.resource("Task", entitlement_task_id(row.source, case_id))
        assert task is not None, "an assessment leaves its Task"
        return Entitlement(row, decode(task.body), found)


@dataclass(frozen=True, slots=True)
class BillNow:
    """How the bill of a case stands at this moment.

    Attributes:
        shown: what was settled, or was last looked at; None where there is neither.
        invoice: id of the Invoice of this version, where it has one.
        under_way: payers are being asked; it goes on without anybody.
    """

    row: CaseRow
    shown: Preview | None
    invoice: str | None
    under_way: bool


def bill_now(case_id: str, tools: Tools) -> BillNow:
    """The bill of a case. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        row = case_of(tx, case_id)
        trial = tx.paper(case_id, "trial")
        tried = row.bill in _OPEN and trial is not None and trial["state"] == "running"
        under_way = not row.held and (row.bill in _UNDER_WAY or tried)
        invoice = resource_id(row.source, "Invoice", f"{case_id}.v{row.version}")
        there = tx.resource("Invoice", invoice) is not None
        return BillNow(row, _shown(tx, row), invoice if there else None, under_way)


def _shown(tx: Transaction, row: CaseRow) -> Preview | None:
    settled = tx.settlement(row.case_id, row.version) if row.version else None
    if settled is not None:
        return Preview("settled", settled.basis, settled)
    return preview_of(tx, row.case_id) if row.bill is BillState.PREVIEWED else None
