"""Codes: $translate over every code table and the dated facts, and the work list of what nobody has mapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.cases.translation import source_named, translated
from adapter.cases.unmapped import unmapped_codes
from adapter.doors.web import terminology_issues as issues
from adapter.doors.web.answers import exact
from adapter.doors.web.context import Service, ServiceNow
from adapter.doors.web.fhir.negotiation import Format, answer, came, wanted
from adapter.doors.web.fhir.reading import CONTENT, OUTCOME
from adapter.doors.web.models import UnmappedPage
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError

router = APIRouter(tags=["codes 编码"])

_ADDRESS = "/fhir/ConceptMap/$translate"
_PARAMETERS: dict[str, Any] = {"content": CONTENT, "description": "Parameters"}
_SAID: dict[int | str, dict[str, Any]] = {200: _PARAMETERS, **dict.fromkeys((400, 404, 406, 422), OUTCOME)}

Wanted = Annotated[Format, Depends(wanted)]

#: Parameters that are read; a request that holds another one is refused, for it might change the answer.
_KNOWN = ("url", "code", "system", "coding", "codeableConcept", "target", "targetsystem", "reverse", "date")
#: Parameters that are allowed and have no bearing: there is one version of each map, and its value sets are not named.
_IDLE = ("source", "conceptMapVersion", "version", "_format")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be translated: each coding is tried, the first that is known answers."""

    codings: tuple[tuple[str | None, str], ...]
    url: str | None
    target: str | None
    reverse: bool
    on: date | None


@router.get("/codes/unmapped", summary="Codes that nobody has mapped", response_model=UnmappedPage)
def unmapped(
    service: ServiceNow, source: Annotated[str | None, Query(description="Only this source.")] = None
) -> Response:
    """Items, diagnoses, charge categories, departments … without a row in their table, by money at stake."""
    found = unmapped_codes(service.tools, source=source)
    return exact({"codes": [each.as_json() for each in found]})


@router.get(
    _ADDRESS,
    summary="Translate a code",
    response_class=Response,
    responses=_SAID,
)
def translate_get(
    service: ServiceNow,
    request: Request,
    wanted: Wanted,
    url: Annotated[str | None, Query(description="Canonical url of one ConceptMap.")] = None,
    code: Annotated[str | None, Query(description="The code, compared exactly.", examples=["1101"])] = None,
    system: Annotated[str | None, Query(description="Code system of the code.")] = None,
    targetsystem: Annotated[str | None, Query(description="Only answers of this code system.")] = None,
    reverse: Annotated[bool, Query(description="From our code to the hospital's.")] = False,
    date: Annotated[str | None, Query(description="Day of the dated facts; today when left out.")] = None,
) -> Response:
    """FHIR R4 `$translate`: items, charge categories, diagnoses, departments, hospital levels, discharge ways …"""
    wrong = [name for name in request.query_params if name not in (*_KNOWN, *_IDLE)]
    if wrong or code is None:
        raise AdapterError(issues.wrong_translate(wrong[0] if wrong else "code"))
    asked = _Asked(((system, code),), url, targetsystem, reverse, _day(date))
    return answer(request, _answer(service, asked), format_=wanted)


@router.post(
    _ADDRESS,
    summary="Translate a code",
    response_class=Response,
    responses={**_SAID, 413: OUTCOME, 415: OUTCOME},
    openapi_extra={"requestBody": {"required": True, "content": CONTENT}},
)
async def translate_post(
    service: ServiceNow, request: Request, sent: Annotated[Any, Depends(came)], wanted: Wanted
) -> Response:
    """The same with a Parameters resource as the body; `coding` and `codeableConcept` may stand for `code`."""
    return answer(request, await run_in_threadpool(_answer, service, _asked(sent)), format_=wanted)


def _asked(body: Any) -> _Asked:
    """What a Parameters resource asks. Raises AdapterError API-830."""
    listed = body.get("parameter") if isinstance(body, dict) and body.get("resourceType") == "Parameters" else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise AdapterError(issues.wrong_translate("body"))
    given: dict[str, Any] = {}
    for each in listed:
        name = str(each.get("name"))
        if name in given or name not in (*_KNOWN, *_IDLE):
            raise AdapterError(issues.wrong_translate(f"parameter.{name}" if name.isalpha() else "parameter"))
        given[name] = next((value for key, value in each.items() if key.startswith("value")), None)
    codings = _codings(given)
    if not codings:
        raise AdapterError(issues.wrong_translate("parameter.code"))
    reverse = given.get("reverse", False)
    if not isinstance(reverse, bool):
        raise AdapterError(issues.wrong_translate("parameter.reverse"))
    return _Asked(codings, _text(given, "url"), _text(given, "targetsystem"), reverse, _day(_text(given, "date")))


def _codings(given: Mapping[str, Any]) -> tuple[tuple[str | None, str], ...]:
    concept = given.get("codeableConcept")
    listed = [given.get("coding"), *(concept.get("coding", ()) if isinstance(concept, dict) else ())]
    codings = [each for each in listed if isinstance(each, dict)]
    if "code" in given:
        codings.insert(0, {"system": given.get("system"), "code": given["code"]})
    return tuple(
        (each.get("system") if isinstance(each.get("system"), str) else None, each["code"])
        for each in codings
        if isinstance(each.get("code"), str)
    )


def _answer(service: Service, asked: _Asked) -> dict[str, Any]:
    ours = service.settings
    on = asked.on or local_day(service.tools.clock.now())
    found: dict[str, Any] | None = None
    for system, code in asked.codings:
        source = source_named(ours.mappings_folder, asked.url, asked.target if asked.reverse else system)
        if source is None:
            continue
        found = translated(
            source,
            ours.mappings_folder,
            ours.reference_folder,
            on,
            code,
            url=asked.url,
            system=system,
            target=asked.target,
            reverse=asked.reverse,
        )
        if found["parameter"][0]["valueBoolean"]:
            break
    if found is None:
        raise AdapterError(issues.no_hospital_named())
    return found


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) and value else None


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise AdapterError(issues.wrong_translate("date")) from None
