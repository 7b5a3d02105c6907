"""FHIR out: what the service can do, and the newest version of each resource."""

from __future__ import annotations

from datetime import date
from email.utils import format_datetime

from fastapi import APIRouter, Request, Response

from adapter import __version__
from adapter.cases import served
from adapter.doors.web import issues
from adapter.doors.web.answers import fhir
from adapter.doors.web.context import ActorNow, ServiceNow, Why, act
from adapter.fhir.canonical import decode
from adapter.fhir.metadata import SERVED, capability_statement
from adapter.model.issues import AdapterError

#: Day of the version above; the CapabilityStatement changes with the software and with nothing else.
RELEASED = date(2026, 11, 21)

opened = APIRouter(tags=["FHIR"])
router = APIRouter(tags=["FHIR"])

_OUTCOME = {"content": {"application/fhir+json": {"schema": {"type": "object"}}}, "description": "OperationOutcome"}
_RESOURCE = {"content": {"application/fhir+json": {"schema": {"type": "object"}}}, "description": "The resource"}


@opened.get("/fhir/metadata", summary="CapabilityStatement", response_class=Response, responses={200: _RESOURCE})
def metadata(request: Request) -> Response:
    """What can be read here. Open without a token."""
    base = f"{str(request.base_url).rstrip('/')}/fhir"
    return fhir(capability_statement(version=__version__, released=RELEASED, base=base))


@router.get(
    "/fhir/{kind}/{identity}",
    summary="Read a resource",
    response_class=Response,
    responses={200: _RESOURCE, 404: _OUTCOME, 410: _OUTCOME},
)
def read(kind: str, identity: str, service: ServiceNow, actor: ActorNow, reason: Why = None) -> Response:
    """The newest version, with `ETag` and `Last-Modified`. Whoever reads a person's resource stands in the journal."""
    pointer = f"{kind}/{identity}"
    told = act(service, actor, reason, "read")
    found = served.read_resource(kind, identity, service.tools, told) if kind in SERVED else None
    if found is None:
        raise AdapterError(issues.no_such_resource(pointer))
    if found.deleted:
        raise AdapterError(issues.resource_gone(pointer))
    resource = decode(found.body)
    known = {"versionId": str(found.version), "lastUpdated": found.at.isoformat(timespec="milliseconds")}
    headers = {"ETag": f'W/"{found.version}"', "Last-Modified": format_datetime(found.at, usegmt=True)}
    return fhir({**resource, "meta": {**resource.get("meta", {}), **known}}, headers=headers)
