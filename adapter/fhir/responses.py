"""A payer's answer as a ClaimResponse: what we pass on to later payers and keep in the record. 付款方应答。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from adapter.fhir.claim_elements import response_id
from adapter.fhir.coverage import coverage_id, patient_reference, payer_organization_id
from adapter.fhir.elements import Held, Resource, extension, moment, money
from adapter.fhir.identity import (
    ADJUDICATION,
    CLAIM_TYPE,
    PAYMENT_TYPE,
    codesystem,
    concept,
    reference,
    system,
)
from adapter.fhir.least import provider_id
from adapter.model.call import CallFacts
from adapter.model.money import Money
from adapter.model.settlement import Payer, PayerAnswer

#: Adjudication codes of HL7's own list; all others are the project's.
HL7_ADJUDICATIONS = frozenset({"submitted", "eligible", "deductible", "benefit"})


@lru_cache(maxsize=64)
def adjudication_concept(code: str) -> Resource:
    """An adjudication category, in HL7's list where it has the code. One shared value; never change it in place."""
    return concept(ADJUDICATION if code in HL7_ADJUDICATIONS else codesystem("adjudication"), code)


def totals(figures: Mapping[str, Money]) -> list[Resource]:
    """``total[]`` by category."""
    return [{"category": adjudication_concept(code), "amount": money(amount)} for code, amount in figures.items()]


def header_figures(answer: PayerAnswer, submitted: Money) -> dict[str, Money]:
    """The header figures of an answer: the bill, what the payer named, and what it bears."""
    return {"submitted": submitted, **dict(answer.amounts), "benefit": answer.amount}


def answered(facts: CallFacts, answer: PayerAnswer, held: Held, *, created: datetime) -> Resource:
    """An earlier payer's answer for a later one: header figures only, no lines, notes or diagnoses."""
    sequence = facts.order.index(answer.payer) + 1
    return {
        **response_head(facts.source, facts.case_id, facts.version, answer.payer, answer.reference),
        "status": "active",
        "type": concept(CLAIM_TYPE, "institutional"),
        "use": "claim",
        "patient": patient_reference(facts.source, facts.claim.person, held),
        "created": moment(created),
        "insurer": reference("Organization", payer_organization_id(facts.source, answer.payer, held)),
        "requestor": reference("Organization", provider_id(facts.source, facts.claim.stay.facility, held)),
        "outcome": "complete",
        "insurance": [focal_insurance(sequence, coverage_id(facts.source, answer.payer, facts.claim.person, held))],
        "total": totals(header_figures(answer, facts.claim.total)),
        "payment": payment(answer.amount),
    }


def response_head(source: str, case_id: str, version: int, payer: Payer, settlement_id: str) -> Resource:
    """Id, payer kind and the payer's own settlement id."""
    return {
        "resourceType": "ClaimResponse",
        "id": response_id(source, case_id, version, payer),
        "extension": [extension("payer", valueCode=str(payer))],
        "identifier": [{"system": system(f"settlement/{payer}"), "value": settlement_id}],
    }


def focal_insurance(sequence: int, coverage: str) -> Resource:
    """Whose answer it is."""
    return {"sequence": sequence, "focal": True, "coverage": reference("Coverage", coverage)}


def payment(amount: Money) -> Resource:
    """What the payer bears, in full."""
    return {"type": concept(PAYMENT_TYPE, "complete"), "amount": money(amount)}
