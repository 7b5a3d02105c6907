"""What the doors show of cases: one line for a list, everything for one case, files for the auditor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from adapter.cases.call_orders import Order, orders_standing
from adapter.cases.finalise import answers_of, record, record_frame
from adapter.cases.reading import billed_dossier, case_of, his_resources
from adapter.cases.settle import Preview, preview_of
from adapter.cases.tools import Tools
from adapter.fhir.record import RecordFacts, record_bundle
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, JournalRow, MessageRow
from adapter.model.case import BillState
from adapter.model.settlement import Settlement
from adapter.rules.settlement import explain


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list: what it comes to, who bears what, and where it stands."""

    row: CaseRow
    settlement: Settlement | None

    def as_json(self) -> dict[str, Any]:
        row, settled = self.row, self.settlement
        return {
            "case_id": row.case_id,
            "source": row.source,
            "scheme": row.scheme,
            "admitted": row.admitted.isoformat() if row.admitted else None,
            "discharged": row.discharged.isoformat() if row.discharged else None,
            "stay": row.stay,
            "entitlement": row.entitlement,
            "deposit": row.deposit,
            "bill": row.bill,
            "bill_version": row.version,
            "patient_part": row.patient_part,
            "held": row.held,
            "issues": [issue.code for issue in row.issues],
            "total": settled.total.text if settled else None,
            "shares": {str(s.payer): s.amount.text for s in settled.shares} if settled else {},
            "patient_pays": settled.patient_pays.text if settled else None,
            "test_profile": settled.test_profile if settled else None,
        }


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case with everything that is known of it.

    Attributes:
        orders: what persons ordered about its calls; a case whose turn has not come there is not held by them yet.
    """

    line: CaseLine
    preview: Preview | None
    assessment: Mapping[str, object] | None
    refund: Mapping[str, object] | None
    orders: tuple[Order, ...]
    messages: tuple[MessageRow, ...]
    journal: tuple[JournalRow, ...]

    def as_json(self) -> dict[str, Any]:
        settled = self.line.settlement
        return {
            **self.line.as_json(),
            "why_held": [
                {
                    "code": i.code,
                    "severity": str(i.severity),
                    "pointer": i.pointer,
                    "zh": i.zh,
                    "en": i.en,
                    "hint_zh": i.hint_zh,
                    "hint_en": i.hint_en,
                }
                for i in self.line.row.issues
            ],
            "assessment": self.assessment,
            "deposit_refund": self.refund,
            "preview": {"mode": self.preview.mode, "basis": self.preview.basis} if self.preview else None,
            "settlement": explain.as_json(settled) if settled else None,
            "call_orders": [asdict(each) for each in self.orders],
            "messages": [message_json(row) for row in self.messages],
            "journal": [
                {
                    "seq": each.seq,
                    "at": each.event.at.isoformat(),
                    "kind": each.event.kind,
                    "actor": each.event.actor.id,
                    "reason": each.event.reason,
                }
                for each in self.journal
            ],
        }


def message_json(row: MessageRow) -> dict[str, Any]:
    """One outbox message: where it stands, never its body."""
    message = row.message
    return {
        "key": message.key,
        "endpoint": message.endpoint,
        "call": message.call,
        "stage": message.stage,
        "state": row.state,
        "outcome": row.outcome,
        "attempts": message.attempts,
        "enqueued_at": row.enqueued_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
    }


def list_cases(tools: Tools, *, source: str | None = None, held: bool | None = None) -> list[CaseLine]:
    """All cases, oldest admission first."""
    lines: list[CaseLine] = []
    after = ""
    with tools.ledger.reading() as tx:
        while page := tx.cases(source=source, held=held, after=after):
            lines += [CaseLine(row, standing(tx, row)) for row in page]
            after = page[-1].case_id
    return sorted(lines, key=lambda line: (str(line.row.admitted), line.row.case_id))


def show_case(case_id: str, tools: Tools) -> CaseFile:
    """One case. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        row = case_of(tx, case_id)
        return CaseFile(
            line=CaseLine(row, standing(tx, row)),
            preview=preview_of(tx, case_id),
            assessment=tx.paper(case_id, "assessment"),
            refund=tx.paper(case_id, "deposit-refund"),
            orders=orders_standing(tx, case_id, row.version),
            messages=tuple(tx.messages_of_case(case_id)),
            journal=tuple(tx.journal(case_id)),
        )


def full_record(case_id: str, tools: Tools) -> dict[str, Any]:
    """The hospital's full record of a case as one transaction Bundle; of a case that is not settled, what there is."""
    with tools.ledger.reading() as tx:
        row = case_of(tx, case_id)
        settlement = tx.settlement(case_id, row.version) if row.version else None
        if settlement is None:
            return _his_record(tx, row, tools)
        case = billed_dossier(tx, case_id, row.version, tools)
        answers = answers_of(tx, case_id, row.version, settlement)
        undone = row.bill in (BillState.REVERSED, BillState.SUPERSEDED)
        at = datetime.fromisoformat(str((tx.paper(case_id, "settled") or {})["at"]))
        return record(tx, case, settlement, answers, settled_at=at, undone=undone)


def standing(tx: Transaction, row: CaseRow) -> Settlement | None:
    """The settled bill, else what was last looked at."""
    settlement = tx.settlement(row.case_id, row.version) if row.version else None
    if settlement is not None:
        return settlement
    preview = preview_of(tx, row.case_id) if row.bill is BillState.PREVIEWED else None
    return preview.settlement if preview else None


def _his_record(tx: Transaction, row: CaseRow, tools: Tools) -> dict[str, Any]:
    """What the HIS said, for a case that has not been settled."""
    frame = record_frame(tx, row.case_id, row.source, tools.book.scheme(row.scheme))
    facts = RecordFacts(**frame, created=row.opened_at)
    return record_bundle(his_resources(tx, row.case_id), None, facts=facts)


def is_previewed(case_id: str, tools: Tools) -> bool:
    """Whether somebody looked at an estimate or trial of the open bill version."""
    with tools.ledger.reading() as tx:
        return case_of(tx, case_id).bill is BillState.PREVIEWED
