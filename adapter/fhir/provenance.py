"""Provenance: which file a resource came from, and in whose place the hospital computed. 来源。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapter.fhir.elements import Resource, moment
from adapter.fhir.identity import concept, identifier, reference, resource_id

_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"


def source_provenances(
    source: str, case_id: str, origins: Mapping[str, str], *, hospital: str, recorded: datetime
) -> list[Resource]:
    """One Provenance per file of the export, with the resources that were made from it.

    Args:
        origins: by ``Type/id``, the record it was made from (``ZY_FYMX.xml#12``); file names only, no folders.
        hospital: id of the hospital's Organization.
    """
    by_file: dict[str, list[str]] = {}
    for target, pointer in sorted(origins.items()):
        by_file.setdefault(pointer.partition("#")[0], []).append(target)
    return [
        {
            "resourceType": "Provenance",
            "id": resource_id(source, "Provenance", f"{case_id}/{file}"),
            "target": [{"reference": target} for target in targets],
            "recorded": moment(recorded),
            "activity": concept(_OPERATION, "CREATE"),
            "agent": [{"type": concept(_PARTICIPANT, "assembler"), "who": reference("Organization", hospital)}],
            "entity": [
                {"role": "source", "what": {"identifier": identifier(f"{source}/file", file), "display": file}},
            ],
        }
        for file, targets in by_file.items()
    ]


def computed_provenance(source: str, response: Resource, *, hospital: str, payer: str, recorded: datetime) -> Resource:
    """The hospital computed this answer in the payer's place; it is never sent to that payer.

    Args:
        hospital, payer: ids of the two Organizations.
    """
    return {
        "resourceType": "Provenance",
        "id": resource_id(source, "Provenance", f"ClaimResponse/{response['id']}"),
        "target": [reference("ClaimResponse", response["id"])],
        "recorded": moment(recorded),
        "activity": concept(_OPERATION, "CREATE"),
        "agent": [
            {
                "type": concept(_PARTICIPANT, "author"),
                "who": reference("Organization", hospital),
                "onBehalfOf": reference("Organization", payer),
            }
        ],
    }
