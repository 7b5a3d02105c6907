"""What the insurer's eligibility answer says of the person, against the hospital's registration (医保登记比对)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.fhir.canonical import decode
from adapter.fhir.demographics import insurer_says, registered_as
from adapter.ledger.ledger import Transaction
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Stage
from adapter.model.person import Demographics
from adapter.rules.programme.demographics import differing


def registration_differs(
    tx: Transaction, case_id: str, resources: Sequence[Mapping[str, Any]]
) -> tuple[str, ...] | None:
    """Parts of the registration that differ from the insurer's newest answer; None while it has said nobody's."""
    insured = _insured(tx, case_id)
    return None if insured is None else differing(registered_as(resources), insured)


def _insured(tx: Transaction, case_id: str) -> Demographics | None:
    asked = [row for row in tx.messages_of_case(case_id) if row.message.stage is Stage.ELIGIBILITY]
    for row in reversed(asked):
        for receipt in reversed(tx.receipts(row.message.key)):
            if receipt.outcome is Outcome.ACCEPTED and (said := insurer_says(_read(receipt.body))) is not None:
                return said
    return None


def _read(body: bytes) -> Any:
    """The answer, or None where it is no JSON: another dialect carries no demographics."""
    try:
        return decode(body) if body.strip() else None
    except AdapterError:
        return None
