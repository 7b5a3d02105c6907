"""The patient's part in FHIR: payments, plans, reminders, tasks of collection, the credit flag (个人应付的收取).

A payment is a PaymentReconciliation with its PaymentNotice, a refund the same below zero; a plan is a Contract. What
goes to a village doctor names the debtor, the amount and the day, and refers to nothing else of the stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from adapter.fhir.elements import AnyResource, Held, Resource, extension, moment, money, tagged
from adapter.fhir.identity import HL7, codesystem, concept, identifier, reference_to, resource_id
from adapter.model.case import PlanState
from adapter.model.money import Money
from adapter.model.person import Private

PAYMENT_KIND = f"{HL7}/payment-type"
PAYMENT_STATUS = f"{HL7}/paymentstatus"
FLAG_CATEGORY = f"{HL7}/flag-category"

#: Codes of the Tasks that ask somebody to do something about a debt.
STEP_CODES = frozenset({"village-reminder", "collection", "legal", "written-off", "risk-fund"})

_CONTRACT = {
    PlanState.SIGNED: "executed",
    PlanState.OVERDUE: "executed",
    PlanState.FULFILLED: "terminated",
    PlanState.REPLACED: "revoked",
    PlanState.VOID: "cancelled",
}


def payment_resources(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    amount: Money,
    method: str,
    receipt: str,
    at: datetime,
    cleared: bool,
    test_profile: bool,
    kind: str = "payment",
) -> list[Resource]:
    """One movement of money between the hospital and the debtor, or the risk fund.

    Args:
        amount: CNY; below zero for a refund, or what was passed on to the fund.
        cleared: nothing is open any more.
        kind: ``payment``, or ``fund`` for the risk fund's.
    """
    key, day = f"{case_id}/{kind}/{receipt}", moment(at)[:10]
    how = {"system": codesystem("payment-method"), "code": method}
    hospital = _hospital(Held.of(resources))
    received: Resource = {
        "resourceType": "PaymentReconciliation",
        "id": resource_id(source, "PaymentReconciliation", key),
        "extension": [extension("payment-method", valueCoding=how)],
        "identifier": [identifier("payment", key)],
        "status": "active",
        "created": moment(at),
        "outcome": "complete",
        "paymentDate": day,
        "paymentAmount": money(amount),
        "paymentIdentifier": identifier("receipt", receipt),
        "detail": [{"type": concept(PAYMENT_KIND, "payment"), "date": day, "amount": money(amount)}],
    }
    notice: Resource = {
        "resourceType": "PaymentNotice",
        "id": resource_id(source, "PaymentNotice", key),
        "identifier": [identifier("payment", key)],
        "status": "active",
        "created": moment(at),
        "payment": reference_to(received),
        "paymentDate": day,
        "recipient": hospital or {"display": "医院"},
        "amount": money(amount),
        "paymentStatus": concept(PAYMENT_STATUS, "cleared" if cleared else "paid"),
    }
    return [tagged(each, test_profile) for each in (received, notice)]


def plan_contract(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    version: int,
    state: PlanState,
    signed: date,
    rows: Sequence[tuple[date, Money]],
    cite: str,
    test_profile: bool,
) -> Resource:
    """A plan that was signed; each row is a valued item with its day and amount."""
    held, key = Held.of(resources), f"{case_id}/plan/{version}"
    patient, hospital = held.patient(), _hospital(held)
    items = [
        {"linkId": [str(number)], "net": money(amount), "paymentDate": due.isoformat()}
        for number, (due, amount) in enumerate(rows, 1)
    ]
    built: Resource = {
        "resourceType": "Contract",
        "id": resource_id(source, "Contract", key),
        "identifier": [identifier("plan", key)],
        "status": _CONTRACT[state],
        "issued": signed.isoformat(),
        "applies": {"start": signed.isoformat(), "end": rows[-1][0].isoformat()},
        **({"subject": [reference_to(patient)]} if patient is not None else {}),
        **({"authority": [hospital]} if hospital is not None else {}),
        "title": "延期(分期)还款承诺书",
        "term": [{"offer": {"text": cite}, "asset": [{"valuedItem": items}]}],
    }
    return tagged(built, test_profile)


def credit_flag(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    debtor: str,
    listed: bool,
    start: date,
    end: date | None,
    test_profile: bool,
) -> Resource | None:
    """The flag of a listed patient, without trigger, amount or evidence; None where nobody is a patient here."""
    held = Held.of(resources)
    patient, hospital = held.patient(), _hospital(held)
    if patient is None:
        return None
    built: Resource = {
        "resourceType": "Flag",
        "id": resource_id(source, "Flag", f"{case_id}/credit/{debtor}"),
        "status": "active" if listed else "inactive",
        "category": [concept(FLAG_CATEGORY, "admin")],
        "code": concept(codesystem("credit-state"), "listed" if listed else "cleared"),
        "subject": reference_to(patient),
        "period": {"start": start.isoformat(), **({"end": end.isoformat()} if end is not None else {})},
        **({"author": hospital} if hospital is not None else {}),
    }
    return tagged(built, test_profile)


def village_task_resource(
    resources: Sequence[AnyResource],
    *,
    source: str,
    key: str,
    village: str,
    name: Private,
    amount: Money,
    due: date,
    text: str,
    at: datetime,
    test_profile: bool,
) -> Resource:
    """The least that a village doctor needs: who, how much, since when; no stay, no diagnosis, no reference to him."""
    built = _task(resources, source=source, key=key, code="village-reminder", text=text, amount=amount, at=at)
    built["for"] = {"display": name.reveal()}
    built["owner"] = {"identifier": identifier("village", village)}
    built["input"].append({"type": concept(codesystem("task"), "due-date"), "valueDate": due.isoformat()})
    return tagged(built, test_profile)


def collection_task(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    code: str,
    text: str,
    amount: Money,
    at: datetime,
    test_profile: bool,
    done: bool = False,
) -> Resource:
    """A step of collection as the hospital's own Task: ``collection``, ``legal``, ``written-off``, ``risk-fund``."""
    key = f"{case_id}/collection/{code}"
    built = _task(resources, source=source, key=key, code=code, text=text, amount=amount, at=at)
    built["identifier"] = [identifier("collection", key)]
    built["status"] = "completed" if done else "requested"
    patient = Held.of(resources).patient()
    if patient is not None:
        built["for"] = reference_to(patient)
    return tagged(built, test_profile)


def reminder_request(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    number: str,
    text: str,
    at: datetime,
    test_profile: bool,
) -> Resource:
    """A reminder to be given to the debtor."""
    held, key = Held.of(resources), f"{case_id}/reminder/{number}"
    patient, hospital = held.patient(), _hospital(held)
    built: Resource = {
        "resourceType": "CommunicationRequest",
        "id": resource_id(source, "CommunicationRequest", key),
        "identifier": [identifier("reminder", key)],
        "status": "active",
        **({"subject": reference_to(patient)} if patient is not None else {}),
        "payload": [{"contentString": text}],
        "occurrenceDateTime": moment(at),
        "authoredOn": moment(at),
        **({"sender": hospital} if hospital is not None else {}),
    }
    return tagged(built, test_profile)


def _task(
    resources: Sequence[AnyResource], *, source: str, key: str, code: str, text: str, amount: Money, at: datetime
) -> Resource:
    hospital = _hospital(Held.of(resources))
    return {
        "resourceType": "Task",
        "id": resource_id(source, "Task", key),
        "status": "requested",
        "intent": "order",
        "code": concept(codesystem("task"), code),
        "description": text,
        "authoredOn": moment(at),
        "lastModified": moment(at),
        **({"requester": hospital} if hospital is not None else {}),
        "input": [{"type": concept(codesystem("task"), "amount-due"), "valueMoney": money(amount)}],
    }


def _hospital(held: Held) -> Resource | None:
    provider = held.at((held.first("Encounter") or {}).get("serviceProvider"))
    return reference_to(provider) if provider is not None else None
