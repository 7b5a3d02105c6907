"""Errors → answers: the issues that were raised, with the status that fits the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope

from adapter.doors.web import issues
from adapter.doors.web.answers import problem
from adapter.doors.web.fhir.negotiation import outcome
from adapter.model.issues import AdapterError, Issue

#: What a code means to an HTTP client. Everything else is 422: the request was understood and cannot be done.
STATUS: dict[str, int] = {
    "API-801": 401,
    "API-802": 413,
    "API-807": 413,
    "API-808": 404,
    "API-809": 404,
    "API-810": 410,
    "API-811": 500,
    "API-813": 503,
    "API-830": 400,
    "API-831": 404,
    "API-850": 406,
    "API-854": 400,
    "API-857": 405,
    "API-858": 405,
    "API-859": 400,
    "API-860": 413,
    "API-874": 400,
    "API-875": 415,
    "API-876": 400,
    **{f"API-{number}": 400 for number in (882, 883, 884)},
    "API-885": 403,
    "API-898": 415,
    "API-899": 404,
    "API-871": 409,
    "API-872": 409,
    "CASE-301": 409,
    "CASE-302": 404,
    **{f"CASE-{number}": 409 for number in range(303, 312)},
    "CASE-314": 404,
    "CASE-325": 404,
    "CASE-315": 409,
    "CASE-318": 409,
    "CASE-319": 409,
    "CASE-320": 409,
    "CASE-365": 404,
    "CASE-366": 409,
    "CASE-367": 404,
    **{f"CASE-{number}": 409 for number in range(400, 408)},
    **{f"CASE-{number}": 409 for number in (422, 423, 424, 425, 426, 427, 428, 430, 431, 432, 434, 435)},
    "CASE-421": 404,
    "CASE-429": 404,
    "CASE-433": 404,
    **{f"CASE-{number}": 409 for number in (436, 437, 438, 440, 443, 444, 445, 471)},
    "CASE-442": 404,
    "CASE-450": 404,
    "CASE-451": 409,
    "CASE-465": 404,
    "CASE-467": 500,
    "CASE-468": 429,
    "CASE-486": 500,
    "CASE-487": 500,
    "CASE-469": 404,
    **{f"CASE-{number}": 409 for number in (500, 501, 502, 503)},
    "LED-418": 409,
    "CFG-745": 409,
    "DEL-502": 502,
    "DEL-504": 502,
    "LED-403": 503,
    **{f"CASE-{number}": 409 for number in (370, 371, 372, 373, 374, 375, 378, 379, 382, 384, 476, 477)},
    "CASE-376": 404,
    "CASE-377": 404,
    "CASE-389": 404,
    "CASE-390": 404,
    "CASE-391": 404,
    "CASE-393": 409,
    "FHIR-201": 404,
    **dict.fromkeys(("FHIR-280", "FHIR-286", "FHIR-287", "FHIR-292"), 412),
    **dict.fromkeys(("FHIR-281", "FHIR-283", "FHIR-284", "FHIR-285", "FHIR-291", "FHIR-295"), 400),
    **dict.fromkeys(("FHIR-288", "FHIR-289", "FHIR-290"), 409),
    **{f"FHIR-{number}": 400 for number in (202, 203, 204, 205, 207, 208, 209, 294, 299, 300)},
    "LED-404": 404,
    "LED-405": 409,
    "LED-406": 409,
    "LED-407": 409,
    "LED-408": 409,
    "LED-409": 404,
    "LED-414": 404,
    "LED-415": 404,
    "LED-416": 409,
    "MAP-101": 500,  # the hospital's own mapping is broken: not the caller's fault
    "MAP-102": 500,
    "MAP-112": 404,
    **{f"PRG-{number}": 409 for number in (243, 246, 248, 251, 252)},
    "PRG-245": 404,
    "REC-603": 404,
    "MAP-114": 500,
}


def status_of(found: Sequence[Issue]) -> int:
    """The status for a list of issues: that of the first, which says what stopped the work."""
    return STATUS.get(found[0].code, 422)


def answer(scope: Scope, found: Sequence[Issue]) -> Response:
    """The answer for issues that were raised before any route was reached."""
    status = status_of(found)
    return _say(Request(scope), found, status, _headers(status))


def _headers(status: int) -> dict[str, str] | None:
    again = {429: {"Retry-After": "60"}, 503: {"Retry-After": "1"}}
    return {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "GET"}, **again}.get(status)


def install(app: FastAPI) -> None:
    """Tell the app what to answer when something is raised."""
    app.add_exception_handler(AdapterError, _adapter_error)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(HTTPException, _no_such_address)


def wrong_fields(errors: Sequence[Any], place: str = "") -> list[Issue]:
    """Pydantic's findings as issues; what was sent is not repeated."""
    return [
        issues.wrong_request(".".join(str(part) for part in (place, *error["loc"]) if part != ""), str(error["msg"]))
        for error in errors
    ]


def _adapter_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AdapterError)
    return _say(request, error.issues, status_of(error.issues), _headers(status_of(error.issues)))


def _wrong_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = wrong_fields(error.errors())
    return _say(request, found, status_of(found), None)


def _no_such_address(request: Request, error: Exception) -> Response:
    """The framework's own refusals: no such route, method not allowed."""
    assert isinstance(error, HTTPException)
    found = [issues.no_such_address(request.method, error.status_code)]
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return _say(request, found, error.status_code, headers)


def _allowed(request: Request) -> str:
    """Every method of the address; the framework's own header names those of one route only."""
    address = getattr(request.scope.get("route"), "path_format", "")
    return ", ".join(sorted(method.upper() for method in request.app.openapi()["paths"].get(address, {"get": {}})))


def _say(request: Request, found: Sequence[Issue], status: int, headers: Mapping[str, str] | None) -> Response:
    """Issues as an answer; under /fhir in the format that was asked for."""
    path = request.url.path
    if path == "/fhir" or path.startswith("/fhir/"):
        return outcome(request, found, status, headers)
    return problem(found, status, headers)
