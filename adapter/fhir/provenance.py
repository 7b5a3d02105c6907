"""Provenance: which file a resource came from, and in whose place the hospital computed. 来源。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from adapter.fhir.elements import Resource, moment
from adapter.fhir.identity import CANON, concept, full_url, identifier, reference, resource_id

_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"

#: HL7's extension that names the element of a target.
_TARGET_PATH = "http://hl7.org/fhir/StructureDefinition/targetPath"


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


def element_provenance(
    source: str,
    case_id: str,
    target: str,
    path: str,
    cells: Sequence[str],
    *,
    hospital: str,
    recorded: datetime,
    rules: Sequence[str],
) -> Resource:
    """Where one element of a resource came from.

    Args:
        target: ``Type/id``; ``path``: of the element (``ChargeItem.quantity.value``).
        cells: file, row and column of each source (``ZY_FYMX.xml#12/FYSL``); none for a constant of the mapping.
        rules: what was followed: mapping file and line, version of the mapping; relative to ``CANON/mappings/``.
    """
    named: Resource = {
        "resourceType": "Provenance",
        "id": resource_id(source, "Provenance", f"{case_id}/{target}/{path}"),
        "target": [{"extension": [{"url": _TARGET_PATH, "valueString": path}], "reference": target}],
        "recorded": moment(recorded),
        "policy": [f"{CANON}/mappings/{quote(rule, safe='/#')}" for rule in rules],
        "activity": concept(_OPERATION, "CREATE"),
        "agent": [{"type": concept(_PARTICIPANT, "assembler"), "who": reference("Organization", hospital)}],
    }
    if cells:
        named["entity"] = [
            {"role": "source", "what": {"identifier": identifier(f"{source}/cell", cell), "display": cell}}
            for cell in cells
        ]
    return named


def provenance_bundle(provenances: Iterable[Resource]) -> Resource:
    """Provenances as the answer to a question. It is no ``collection``: what they speak of stays where it is."""
    entries = [
        {"fullUrl": full_url("Provenance", each["id"]), "resource": each, "search": {"mode": "match"}}
        for each in provenances
    ]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return {**bundle, "entry": entries} if entries else bundle


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
