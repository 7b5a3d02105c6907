"""医后救助: money of a payer that arrives after the bill was closed makes a new version of it, and can be taken back.

The payers' calls stay with the version that they were made for (``calls_version``); only the bill is a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from adapter.cases import issues
from adapter.cases.finalise import answers_of, book, publish, record, resources_in, settled_at
from adapter.cases.reading import Dossier, bill_paper, billed_dossier, calls_version, carried_paper, case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.way_back import tell_settlement
from adapter.cases.window import late_issues as said
from adapter.cases.window.account import account_of, bill_settled
from adapter.cases.window.books import CASH, given_up
from adapter.cases.window.later_stays import computed_at, stay_changed
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState, PatientPartState
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import Accrual, Payer, Settlement
from adapter.rules.programme.collection import require_person
from adapter.rules.settlement.late_payer import with_late_payer


@dataclass(frozen=True, slots=True)
class LateBill:
    """The bill as it stands now.

    Attributes:
        refund_due: what is to go back to the patient, who had paid more than the part that is left.
    """

    case_id: str
    version: int
    patient_before: Money
    patient_pays: Money
    refund_due: Money
    state: PatientPartState | None

    def as_json(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id,
            "version": self.version,
            "patient_before": self.patient_before.text,
            "patient_pays": self.patient_pays.text,
            "refund_due": self.refund_due.text,
            "patient_part": self.state,
        }


def add_late_payer(
    case_id: str, payer: Payer, amount: Money, reference: str, cite: str, tools: Tools, act: Act, *, received: date
) -> LateBill:
    """Record what a payer paid after the bill was closed.

    Args:
        amount: CNY; at most what the patient bears.
        reference: the payer's number of the payment.
        cite: the document or notice that grants it.
        received: day on which the money or the notice came.

    Raises:
        AdapterError: CASE-302, CASE-306 held, CASE-400 … CASE-402, SET-337 … SET-339, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row, old = _closed_bill(tx, case_id, act)
        if any(reference in (share.reference or "").split("; ") for share in old.shares):
            raise AdapterError(said.recorded_before(case_id, reference))
        new = with_late_payer(old, payer, amount, reference, cite, person_key=row.person_key, version=row.version + 1)
        late = {
            "payer": str(payer),
            "amount": amount.text,
            "reference": reference,
            "cite": cite,
            "received": received.isoformat(),
        }
        return _replace_bill(tx, row, old, new, {"from": str(row.version), "late": late}, tools, act)


def take_back_late_payer(case_id: str, tools: Tools, act: Act) -> LateBill:
    """Take the newest late payment back: a version like the one before it.

    Raises:
        AdapterError: CASE-302, CASE-306 held, CASE-400, CASE-402, CASE-405 where there is none, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row, old = _closed_bill(tx, case_id, act)
        carried = tx.paper(case_id, carried_paper(row.version)) or {}
        before = tx.settlement(case_id, int(str(carried["from"]))) if carried.get("late") else None
        if before is None:
            raise AdapterError(said.nothing_late(case_id))
        earlier = tx.paper(case_id, carried_paper(before.version)) or {"from": "", "late": None}
        stands_on = {"from": earlier["from"], "late": earlier["late"]}
        return _replace_bill(tx, row, old, replace(before, version=row.version + 1), stands_on, tools, act)


def _closed_bill(tx: Transaction, case_id: str, act: Act) -> tuple[CaseRow, Settlement]:
    """A settled bill that a named person may put another payment on."""
    row = case_of(tx, case_id)
    require_person(case_id, act.actor, "record a late payment", "登记结算后到账")
    settlement = tx.settlement(case_id, row.version) if row.version else None
    if row.bill is not BillState.SETTLED or settlement is None:
        raise AdapterError(said.not_closed(case_id, str(row.bill or "draft")))
    if row.held:
        raise AdapterError(issues.held(case_id, len(row.issues)), *row.issues)
    if account_of(tx, case_id).loss is not None:
        raise AdapterError(said.debt_lost(case_id, str(row.patient_part)))
    return row, settlement


def _replace_bill(
    tx: Transaction,
    row: CaseRow,
    old: Settlement,
    new: Settlement,
    stands_on: Mapping[str, object],
    tools: Tools,
    act: Act,
) -> LateBill:
    """The old version is superseded with its postings and accruals; the new one takes its place, all or nothing."""
    case_id, computed = row.case_id, computed_at(tx, row.case_id, old.version, act)
    asked = calls_version(tx, case_id, old.version)
    before = billed_dossier(tx, case_id, old.version, tools)
    given = account_of(tx, case_id).part.adjusted
    _publish_bill_only(tx, before, old, act)
    tx.reverse_postings(case_id, old.version, keep=CASH, **act.said)
    tx.reverse_accruals(case_id, old.version, **act.said)
    tx.move(case_id, "bill", BillState.SUPERSEDED, subject=str(old.version), **act.said)

    version = tx.new_version(case_id, **act.said)
    tx.start(case_id, "bill", BillState.DRAFT, subject=str(version), **act.said)
    for state in (BillState.PREVIEWED, BillState.SETTLING, BillState.SETTLED):
        tx.move(case_id, "bill", state, subject=str(version), **act.said)
    carried = {"calls": str(asked), "computed": computed.isoformat(), **stands_on}
    tx.file_paper(case_id, carried_paper(version), carried, **act.said)
    tx.file_paper(case_id, bill_paper(version), tx.paper(case_id, bill_paper(old.version)) or {}, **act.said)
    book(tx, case_id, version, new, act)
    if given and new.patient_pays:
        tx.post(case_id, version, given_up(min(given, new.patient_pays), "医院减免"), **act.said)
    tx.accumulate(new.accruals, case_id, version, **act.said)
    tx.file_paper(case_id, "settled", {"at": act.at.isoformat(), "version": str(version)}, **act.said)
    now = billed_dossier(tx, case_id, version, tools)
    answers = answers_of(tx, case_id, version, new)
    publish(tx, now, resources_in(record(tx, now, new, answers, settled_at=act.at, undone=False)), act)
    bill_settled(tx, case_id, act)
    tell_settlement(tx, row.stay_key, new, now.feed, act)
    stay_changed(tx, now, _change(old, new), computed, tools, act)
    after = account_of(tx, case_id)
    return LateBill(case_id, version, old.patient_pays, new.patient_pays, after.part.refund_due, after.row.patient_part)


def _publish_bill_only(tx: Transaction, case: Dossier, old: Settlement, act: Act) -> None:
    """The old version's Invoice is cancelled; the payers' Claims and answers stand."""
    answers = answers_of(tx, case.row.case_id, old.version, old)
    undone = record(tx, case, old, answers, settled_at=settled_at(tx, case.row.case_id, act), undone=True)
    publish(tx, case, [each for each in resources_in(undone) if each["resourceType"] == "Invoice"], act)


def _change(old: Settlement, new: Settlement) -> list[Accrual]:
    """What the year-to-date amounts changed by."""
    return [*new.accruals, *(replace(each, amount=-each.amount) for each in old.accruals)]
