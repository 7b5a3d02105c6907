"""What was asked of others about a debt ends with it: reminders, the village's task, steps of collection (结束催办)."""

from __future__ import annotations

from typing import Any

from adapter.cases.reading import OURS, as_rows
from adapter.cases.tools import Act
from adapter.fhir.canonical import decode
from adapter.fhir.collection import STEP_CODES
from adapter.fhir.elements import coded, moment
from adapter.fhir.identity import codesystem
from adapter.ledger.ledger import Transaction
from adapter.model.case import PatientPartState

_P = PatientPartState

#: The debt is gone: because it was paid, or because there is another bill or a plan now.
_PAID = frozenset({_P.PAID, _P.RECOVERED})
_GONE = frozenset({_P.OPEN, _P.PART_PAID, _P.ON_PLAN, _P.REFUND_DUE, _P.REFUNDED})


def close_requests(tx: Transaction, case_id: str, after: PatientPartState, act: Act) -> None:
    """End every open request of the case once nothing is overdue any more; one that is ended stays as it is."""
    if after not in _PAID | _GONE:
        return
    made = [row for row in tx.resources_of_case(case_id, ("CommunicationRequest", "Task")) if row.source == OURS]
    ended = [_ended(each, after in _PAID, act) for each in map(decode, (row.body for row in made)) if _open(each)]
    if ended:
        tx.put_resources(OURS, case_id, as_rows(ended), **act.said)


def _open(resource: dict[str, Any]) -> bool:
    if resource["resourceType"] == "Task":
        return resource["status"] == "requested" and coded(resource.get("code"), codesystem("task")) in STEP_CODES
    numbers = [str(each.get("value", "")) for each in resource.get("identifier", ())]
    return resource["status"] == "active" and any("/reminder/" in each for each in numbers)


def _ended(resource: dict[str, Any], paid: bool, act: Act) -> dict[str, Any]:
    if resource["resourceType"] == "Task":
        status = "completed" if paid else "cancelled"
        return {**resource, "status": status, "lastModified": moment(act.at)}
    return {**resource, "status": "completed" if paid else "revoked"}
