"""``$validate``: a resource that is sent, or one that is kept, against R4's rules, ours, and profiles (校验).

What is wrong stands in the OperationOutcome of a 200. What others wrote is held to R4's prose with warnings, what we
made ourselves with errors, as ``adapter validate`` does with and without ``--receiving``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from adapter.cases import served
from adapter.cases.reading import OURS
from adapter.doors.web import issues
from adapter.doors.web.context import ActorNow, Service, ServiceNow, Why, act
from adapter.doors.web.fhir.addresses import Identity, Kind
from adapter.doors.web.fhir.negotiation import Format, answer, came, wanted
from adapter.doors.web.fhir.operation_issues import (
    never_deleted,
    no_such_profile,
    nothing_to_validate,
    other_id,
    wrong_parameter,
)
from adapter.doors.web.fhir.parameters import given, text_of
from adapter.doors.web.fhir.reading import CONTENT, OUTCOME
from adapter.fhir.canonical import decode
from adapter.fhir.judging import judged
from adapter.fhir.metadata import SERVED, VALIDATED
from adapter.fhir.outcome import operation_outcome
from adapter.fhir.profiles import Profiles, load_profiles
from adapter.fhir.profiles.issues import wrong_kind
from adapter.fhir.profiles.tree import Tree
from adapter.model.case import Actor
from adapter.model.issues import AdapterError, Issue

router = APIRouter(tags=["FHIR"])

_MODES = ("create", "update", "delete", "profile")
_BASE = "http://hl7.org/fhir/StructureDefinition/"

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": CONTENT,
        "description": "The resource; or Parameters with `resource`, `mode`, `profile`",
    }
}
_SAID: dict[int | str, dict[str, Any]] = {
    200: {**OUTCOME, "description": "OperationOutcome: what is wrong, or that nothing is"},
    **dict.fromkeys((400, 404, 406, 422), OUTCOME),
}
_TAKEN = {**_SAID, 413: OUTCOME, 415: OUTCOME}

Wanted = Annotated[Format, Depends(wanted)]
Sent = Annotated[Any, Depends(came)]
Mode = Annotated[str | None, Query(description="`create`, `update`, `delete` or `profile`.")]
Profile = Annotated[str | None, Query(max_length=300, description="Canonical address of a profile.")]


@router.post(
    "/fhir/{kind:kind}/$validate",
    summary="Validate 校验",
    response_class=Response,
    responses=_TAKEN,
    openapi_extra=_BODY,
)
async def validate_type(
    request: Request,
    kind: Kind,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    mode: Mode = None,
    profile: Profile = None,
) -> Response:
    """A resource of this type, as the body or as `resource` of Parameters. Nothing is stored."""
    _known(kind)
    resource, mode, profile = _asked(sent, kind, mode, profile)
    if resource is None:
        raise AdapterError(nothing_to_validate(kind))
    found = await run_in_threadpool(_judged, resource, kind, mode, profile, service, sending=False)
    return answer(request, operation_outcome(found), format_=wanted)


@router.post(
    "/fhir/{kind:kind}/{identity:identity}/$validate",
    summary="Validate a kept resource, or a change of it 校验",
    response_class=Response,
    responses={**_TAKEN, 410: OUTCOME},
    openapi_extra=_BODY,
)
async def validate_instance(
    request: Request,
    kind: Kind,
    identity: Identity,
    sent: Sent,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    mode: Mode = None,
    profile: Profile = None,
    reason: Why = None,
) -> Response:
    """What is sent, as new content of this resource; where nothing is sent, the resource as it is kept."""
    _known(kind)
    resource, mode, profile = _asked(sent, kind, mode, profile)
    if resource is None:
        return await run_in_threadpool(_stored, request, kind, identity, wanted, service, actor, mode, profile, reason)
    found = await run_in_threadpool(_judged, resource, kind, mode, profile, service, sending=False)
    if mode in (None, "update") and resource.get("id") != identity:
        found.insert(0, other_id(f"{kind}.id"))
    return answer(request, operation_outcome(found), format_=wanted)


@router.get(
    "/fhir/{kind:kind}/{identity:identity}/$validate",
    summary="Validate a kept resource 校验",
    response_class=Response,
    responses={**_SAID, 410: OUTCOME},
)
def validate_kept(
    request: Request,
    kind: Kind,
    identity: Identity,
    wanted: Wanted,
    service: ServiceNow,
    actor: ActorNow,
    mode: Mode = None,
    profile: Profile = None,
    reason: Why = None,
) -> Response:
    """The resource as it is kept, against what it claims or against `profile`. Whoever asks stands in the journal."""
    _known(kind)
    return _stored(request, kind, identity, wanted, service, actor, _mode(mode), profile, reason)


def _stored(
    request: Request,
    kind: str,
    identity: str,
    wanted: Format,
    service: Service,
    actor: Actor,
    mode: str | None,
    profile: str | None,
    reason: str | None,
) -> Response:
    told = act(service, actor, reason, "validate")
    found = served.read_resource(kind, identity, service.tools, told) if kind in SERVED else None
    if found is None:
        raise AdapterError(issues.no_such_resource(f"{kind}/{identity}"))
    if found.deleted:
        raise AdapterError(issues.resource_gone(f"{kind}/{identity}"))
    said = _judged(decode(found.body), kind, mode, profile, service, sending=found.source == OURS)
    return answer(request, operation_outcome(said), format_=wanted)


def _asked(
    sent: Any, kind: str, mode: str | None, profile: str | None
) -> tuple[dict[str, Any] | None, str | None, str | None]:
    """Resource, mode and profile, in the body or in the address. Raises AdapterError API-874, API-876."""
    plain = not (isinstance(sent, dict) and sent.get("resourceType") == "Parameters")
    if plain or (kind == "Parameters" and not _speaks_of_validation(sent)):
        resource = sent
    else:
        found = given(sent, ("resource", "mode", "profile"))
        resource = found.get("resource")
        mode, profile = text_of(found, "mode") or mode, text_of(found, "profile") or profile
    if resource is not None and not (isinstance(resource, dict) and resource.get("resourceType") == kind):
        raise AdapterError(nothing_to_validate(kind))
    return resource, _mode(mode), profile


def _speaks_of_validation(parameters: dict[str, Any]) -> bool:
    """Whether Parameters are those of the operation, and not themselves what is to be validated."""
    listed = parameters.get("parameter")
    return isinstance(listed, list) and any(isinstance(each, dict) and "resource" in each for each in listed)


def _mode(mode: str | None) -> str | None:
    if mode is not None and mode not in _MODES:
        told = f"mode 应为 {'、'.join(_MODES)} 之一", f"mode is one of {', '.join(_MODES)}"
        raise AdapterError(wrong_parameter("Parameters.parameter(mode)", *told))
    return mode


def _judged(
    resource: dict[str, Any], kind: str, mode: str | None, profile: str | None, service: Service, *, sending: bool
) -> list[Issue]:
    profiles = _profiles(service.settings.mappings_folder)
    wanted: list[Tree] = []
    found: list[Issue] = [never_deleted(kind)] if mode == "delete" else []
    if profile is not None and profile.partition("|")[0] != f"{_BASE}{kind}":
        tree = profiles.tree(profile)
        if tree is None:
            found.append(no_such_profile())
        elif tree.kind != kind:
            found.append(wrong_kind(kind, tree.kind, tree.name))
        else:
            wanted.append(tree)
    return [*found, *judged(resource, profiles, wanted, sending=sending)]


def _known(kind: str) -> None:
    if kind not in VALIDATED:
        raise AdapterError(issues.no_such_resource(kind))


@lru_cache(maxsize=4)
def _profiles(mappings: Path) -> Profiles:
    """The profiles of a folder, read once for as long as the process lives."""
    return load_profiles(mappings / "profiles")
