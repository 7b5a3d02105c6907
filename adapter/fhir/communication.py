"""Notices to the patient: a CommunicationRequest while one is due, and the Communication when it was taken. 告知。

Least data: what was said, to whom by relation and how. No name, no number of a person stands in either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapter.fhir.elements import AnyResource, Held, Resource, case_identifier, moment, tagged
from adapter.fhir.identity import HL7, codesystem, concept, reference, reference_to, resource_id

#: v3-ParticipationMode of each channel.
_MEDIUM = {"paper": "WRITTEN", "in-person": "FACE", "phone": "PHONE", "message": "SMSWRIT"}


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as these resources say it.

    Attributes:
        key: the cause, unique within the case.
        cause: code of ``CodeSystem/notice``.
    """

    source: str
    case_id: str
    key: str
    cause: str
    zh: str
    en: str
    cite: str
    due_at: datetime
    test_profile: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """Its acknowledgement: who took it (relation), how, when, and the clerk's staff number."""

    relation: str
    channel: str
    at: datetime
    by: str


def communication_request(
    resources: Sequence[AnyResource], told: Told, channel: str, *, taken: bool = False
) -> Resource:
    """The request to tell; ``completed`` once it was taken."""
    return tagged(
        {
            "resourceType": "CommunicationRequest",
            "id": resource_id(told.source, "CommunicationRequest", _row(told)),
            "identifier": [case_identifier(told.case_id)],
            "status": "completed" if taken else "active",
            "category": [concept(codesystem("notice"), told.cause)],
            "medium": [concept(f"{HL7}/v3-ParticipationMode", _MEDIUM[channel])],
            **_about(resources),
            "payload": [{"contentString": f"{told.zh}({told.cite})"}, {"contentString": told.en}],
            "authoredOn": moment(told.due_at),
        },
        told.test_profile,
    )


def communication(resources: Sequence[AnyResource], told: Told, taken: Taken) -> Resource:
    """What was told and taken."""
    return tagged(
        {
            "resourceType": "Communication",
            "id": resource_id(told.source, "Communication", _row(told)),
            "identifier": [case_identifier(told.case_id)],
            "basedOn": [
                reference("CommunicationRequest", resource_id(told.source, "CommunicationRequest", _row(told)))
            ],
            "status": "completed",
            "category": [concept(codesystem("notice"), told.cause)],
            "medium": [concept(f"{HL7}/v3-ParticipationMode", _MEDIUM[taken.channel])],
            **_about(resources),
            "sent": moment(taken.at),
            "received": moment(taken.at),
            "payload": [{"contentString": f"{told.zh}({told.cite})"}, {"contentString": told.en}],
            "note": [{"text": f"acknowledged by {taken.relation}, told by {taken.by}"}],
        },
        told.test_profile,
    )


def _row(told: Told) -> str:
    return f"{told.case_id}/notice/{told.key}"


def _about(resources: Sequence[AnyResource]) -> Resource:
    held = Held.of(resources)
    patient, encounter = held.patient(), held.first("Encounter")
    about: Resource = {}
    if patient is not None:
        about |= {"subject": reference_to(patient), "recipient": [reference_to(patient)]}
    if encounter is not None:
        about |= {"encounter": reference_to(encounter)}
    return about
