"""The hospital's entitlement decision as a profiled Task: may this stay pay after care, and why. 资格认定。

The decision is the hospital's own, under the programme; it says nothing about whether a payer covers the stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from adapter.fhir.elements import AnyResource, Held, Resource, case_identifier, moment, money, tagged
from adapter.fhir.identity import codesystem, concept, extension_url, reference_to, resource_id
from adapter.model.case import EntitlementState
from adapter.model.money import Money

#: A decision that still waits for a paper or a person is in progress.
_STATUS = {
    EntitlementState.UNASSESSED: "requested",
    EntitlementState.PROVISIONAL: "in-progress",
    EntitlementState.GRANTED: "completed",
    EntitlementState.REFUSED: "completed",
    EntitlementState.REVOKED: "completed",
}


class ReasonLike(Protocol):
    """One reason of an assessment: its clause, its finding, its article."""

    @property
    def code(self) -> str: ...

    @property
    def met(self) -> object: ...

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...

    @property
    def cite(self) -> str: ...


def entitlement_task(
    resources: Sequence[AnyResource],
    *,
    source: str,
    case_id: str,
    programme: str,
    state: EntitlementState,
    reasons: Sequence[ReasonLike],
    decided: datetime,
    deposit: str | None = None,
    deposit_amount: Money | None = None,
    number: int = 1,
    test_profile: bool = False,
) -> Resource:
    """The Task of one assessment.

    Args:
        resources: the HIS-side resources; Patient, Encounter and hospital are referred to.
        programme: name of the programme under which was decided (``yongzhou-2017-67``).
        deposit: state of the deposit that follows (``not-allowed``, ``required``), or None.
        number: 1 for the first assessment of the case; a later one is a Task of its own.
    """
    held = Held.of(resources)
    built: Resource = {
        "resourceType": "Task",
        "id": entitlement_task_id(source, case_id, number),
        "meta": {"profile": [extension_url("entitlement-task")]},
        "identifier": [case_identifier(case_id)],
        "status": _STATUS[state],
        "businessStatus": concept(codesystem("entitlement-state"), str(state)),
        "intent": "order",
        "code": concept(codesystem("task"), "entitlement"),
        **_parties(held),
        "authoredOn": moment(decided),
        "lastModified": moment(decided),
        "input": [{"type": concept(codesystem("task"), "programme"), "valueString": programme}],
    }
    outputs = [_reason(each) for each in reasons] + _deposit(deposit, deposit_amount)
    if outputs:
        built["output"] = outputs
    return tagged(built, test_profile)


def entitlement_task_id(source: str, case_id: str, number: int = 1) -> str:
    """Id of the Task of an assessment."""
    return resource_id(source, "Task", f"{case_id}/entitlement/{number}")


def _parties(held: Held) -> Resource:
    patient, encounter = held.patient(), held.first("Encounter")
    provider = held.at((encounter or {}).get("serviceProvider"))
    parties: Resource = {}
    if encounter is not None:
        parties |= {"focus": reference_to(encounter)}
    if patient is not None:
        parties |= {"for": reference_to(patient)}
    if encounter is not None:
        parties |= {"encounter": reference_to(encounter)}
    if provider is not None:
        parties |= {"owner": reference_to(provider)}
    return parties


def _reason(reason: ReasonLike) -> Resource:
    finding = concept(codesystem("entitlement-finding"), str(reason.met))
    return {
        "type": {**concept(codesystem("entitlement-reason"), reason.code), "text": reason.cite},
        "valueCodeableConcept": {**finding, "text": f"{reason.zh} / {reason.en}"},
    }


def _deposit(state: str | None, amount: Money | None) -> list[Resource]:
    outputs: list[Resource] = []
    if state is not None:
        kind = concept(codesystem("task"), "deposit")
        outputs.append({"type": kind, "valueCodeableConcept": concept(codesystem("deposit-state"), state)})
    if amount is not None:
        outputs.append({"type": concept(codesystem("task"), "deposit-amount"), "valueMoney": money(amount)})
    return outputs
