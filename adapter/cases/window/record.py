"""What acts established for one stay, kept as one paper; and how it goes together with the window file (窗口登记)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec

from adapter.cases.tools import Act
from adapter.ledger.ledger import Transaction
from adapter.model.case import DocumentState
from adapter.model.claim import Claim
from adapter.model.money import Money
from adapter.model.reference import DocumentFact, WindowFacts
from adapter.model.window import (
    Agreement,
    Checked,
    CheckStep,
    Consent,
    DepositOverride,
    HeldDocument,
    ItemFinding,
    StayFacts,
)
from adapter.rules.programme.agreements import declined_kinds, signed_kinds
from adapter.rules.programme.checks import last_by
from adapter.rules.programme.facts import Decision

#: Name of the paper. Every act files it anew; the versions before stay in the ledger.
WINDOW = "window"

#: A paper that was shown stays shown, whatever became of it afterwards.
_SHOWN = frozenset({DocumentState.HELD, DocumentState.PRESENTED, DocumentState.RETURNED, DocumentState.LOST})


@dataclass(frozen=True, slots=True)
class WindowRecord:
    """Everything that acts at the window recorded for a stay, oldest first."""

    documents: tuple[HeldDocument, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    consents: tuple[Consent, ...] = ()
    checks: tuple[Checked, ...] = ()
    findings: tuple[ItemFinding, ...] = ()
    facts: StayFacts = field(default_factory=StayFacts)
    overrides: tuple[DepositOverride, ...] = ()

    @property
    def deposit_let(self) -> Money:
        """Deposits that named persons let be taken although they are not allowed, in all."""
        return Money.total(each.amount for each in self.overrides)

    @property
    def waived(self) -> frozenset[str]:
        """Requirements that a person let the patient off."""
        return frozenset(each.name for each in self.documents if each.state is DocumentState.WAIVED)


def record_of(tx: Transaction, case_id: str) -> WindowRecord:
    """What acts recorded so far; empty before the first."""
    paper = tx.paper(case_id, WINDOW)
    return WindowRecord() if paper is None else msgspec.convert(paper, WindowRecord)


def keep_record(tx: Transaction, case_id: str, record: WindowRecord, act: Act) -> None:
    """File the record as it stands after an act."""
    tx.file_paper(case_id, WINDOW, record_json(record), **act.said)


def record_json(record: WindowRecord) -> Mapping[str, Any]:
    """The record as plain JSON values."""
    return cast("Mapping[str, Any]", msgspec.to_builtins(record))


def decision_of(facts: StayFacts) -> Decision | None:
    """A person's decision about an excluded cause, or None."""
    return None if facts.excluded is None else Decision(facts.decided_by or "", facts.excluded)


def findings_by_line(claim: Claim, record: WindowRecord) -> dict[str, bool]:
    """The doctors' last answers about excluded items, by line id."""
    said = {each.line: each.excepted for each in record.findings}
    return {line.id: said[line.row_key] for line in claim.lines if line.row_key in said}


def window_facts(file: WindowFacts | None, stay_key: str, record: WindowRecord) -> WindowFacts | None:
    """The window file and the acts together: where both say something, the act counts.

    Args:
        file: what ``window.yaml`` says; None where it does not name the stay.

    Returns:
        None where neither says anything: nothing was established.
    """
    if record == WindowRecord():
        return file
    base, facts = file or WindowFacts(stay_key), record.facts
    decided, liable = facts.emergency is not None, facts.third_party is not None
    return replace(
        base,
        cause=facts.cause or base.cause,
        emergency=facts.emergency if decided else base.emergency,
        emergency_decided_by=facts.emergency_decided_by if decided else base.emergency_decided_by,
        third_party=facts.third_party if liable else base.third_party,
        third_party_amount=facts.third_party_amount if liable else base.third_party_amount,
        admission_order=facts.admission_order or base.admission_order,
        verifier=last_by(record.checks, CheckStep.IDENTITY) or base.verifier,
        documents=_documents(base.documents, record),
    )


def _documents(file: tuple[DocumentFact, ...], record: WindowRecord) -> tuple[DocumentFact, ...]:
    """Papers of the kinds that acts speak about come from the acts, all others from the file."""
    signed = signed_kinds(record.agreements)
    spoken = {each.kind for each in record.documents} | signed | declined_kinds(record.agreements)
    kept = [each for each in file if each.kind not in spoken]
    taken = [each.fact for each in record.documents if each.state in _SHOWN]
    return (*kept, *taken, *(DocumentFact(kind) for kind in sorted(signed)))
