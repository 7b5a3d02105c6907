"""Where each element of a case came from, and what a source field touched: as JSON, or as FHIR Provenance."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from adapter.cases.lineage import lineage_for
from adapter.cases.masking import Shown
from adapter.doors.web.answers import exact, issues_json
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act
from adapter.doors.web.fhir.negotiation import answer
from adapter.doors.web.models import LineageOut, Problem
from adapter.fhir.provenance import provenance_bundle

router = APIRouter(tags=["cases 病例"])

#: Either of FHIR's own formats is taken to mean Provenances.
_FHIR = "application/fhir+"

Path_ = Annotated[
    str | None,
    Query(max_length=300, description="Only at or below this FHIR path.", examples=["ChargeItem.quantity.value"]),
]
Field_ = Annotated[
    str | None,
    Query(max_length=300, description="Only what this source field touched, TABLE.COLUMN.", examples=["ZY_FYMX.ZJJE"]),
]


@router.get(
    "/cases/{case_id}/lineage",
    summary="Lineage 血缘",
    response_model=LineageOut,
    responses={
        200: {
            "content": {
                "application/fhir+json": {"schema": {"type": "object"}},
                "application/fhir+xml": {"schema": {"type": "string"}},
            },
            "description": "Elements, or a Bundle of Provenances",
        },
        404: {"model": Problem},
        406: {"model": Problem},
    },
)
def lineage(
    case_id: str,
    request: Request,
    service: ServiceNow,
    actor: ActorNow,
    path: Path_ = None,
    field: Field_ = None,
    reason: Why = None,
) -> Response:
    """File, row and column (or resource and element), rule and mapping version of each element; personal data masked.

    With `Accept: application/fhir+json` or `application/fhir+xml` a searchset of FHIR Provenances. Whoever looks stands
    in the journal.
    """
    told = act(service, actor, reason, "lineage")
    found = lineage_for(case_id, service.tools, told, path=path, field=field)
    if _FHIR in request.headers.get("accept", ""):
        return answer(request, provenance_bundle(found.provenances()))
    shown = found.as_json(Shown(found.personal, reveal=False))
    return exact({**shown, "issues": issues_json(found.issues)})
