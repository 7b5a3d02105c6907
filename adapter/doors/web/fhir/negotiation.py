"""JSON or XML: what is asked for, what came, and how an answer is written (内容协商)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from fastapi import Request, Response

from adapter.doors.web import issues
from adapter.doors.web.fhir import operation_issues
from adapter.doors.web.fhir.versions import NUMBERS, said, version_of
from adapter.fhir.canonical import decode, encode, pretty
from adapter.fhir.outcome import operation_outcome
from adapter.fhir.written import from_xml
from adapter.fhir.xml_out import xml_of
from adapter.model.issues import AdapterError, Issue


class Format(StrEnum):
    """How a resource is written."""

    JSON = "application/fhir+json"
    XML = "application/fhir+xml"


_NAMES: Mapping[str, Format] = {
    **dict.fromkeys(("json", "application/json", "application/fhir+json", "text/json"), Format.JSON),
    **dict.fromkeys(("xml", "application/xml", "application/fhir+xml", "text/xml"), Format.XML),
    "*/*": Format.JSON,
    "application/*": Format.JSON,
}


def wanted(request: Request) -> Format:
    """The format to answer in: ``_format`` before ``Accept``, JSON where nothing is said.

    Raises:
        AdapterError: API-850 (406) when only other formats, or another version of FHIR, are taken.
    """
    return wanted_by(request, request.query_params.get("_format"))


def wanted_by(request: Request, asked: str | None) -> Format:
    """As ``wanted``, where the ``_format`` that was asked for may stand in a form.

    Raises:
        AdapterError: API-850 (406) when only other formats, or another version of FHIR, are taken.
    """
    if asked:  # R4: one that is left empty counts as not said
        # a + in an address that was not escaped arrives as a space
        kind, version = _kind_and_version(asked.strip().replace(" ", "+"), NUMBERS[version_of(request)])
        found = _NAMES.get(kind)
        if found is None or not version.startswith(NUMBERS[version_of(request)]):
            raise AdapterError(issues.not_acceptable())
        return found
    header = request.headers.get("accept", "")
    if not header.strip():
        return Format.JSON
    ours = NUMBERS[version_of(request)]
    ranked = sorted(((_quality(part), -number, part) for number, part in enumerate(header.split(","))), reverse=True)
    refused = {
        _NAMES.get(_kind_and_version(part, ours)[0]) for quality, _, part in ranked if not quality and "*" not in part
    }
    for quality, _, part in ranked:
        kind, version = _kind_and_version(part, ours)
        if quality > 0 and kind in _NAMES and version.startswith(ours):
            fitting = [*Format] if "*" in kind else [_NAMES[kind]]
            if left := [each for each in fitting if each not in refused]:
                return left[0]
    raise AdapterError(issues.not_acceptable())


def wanted_anyway(request: Request) -> Format:
    """As ``wanted``, for answers that must be given in any case: JSON where nothing fits."""
    try:
        return wanted(request)
    except AdapterError:
        return Format.JSON


def answer(
    request: Request,
    resource: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    format_: Format | None = None,
) -> Response:
    """An R4 resource in the format, and the version, that was asked for."""
    format_ = format_ or wanted(request)
    version = version_of(request)
    resource, losses = said(request, resource)
    if format_ is Format.XML:
        body = xml_of(resource, version)
    else:
        body = pretty(resource) if request.query_params.get("_pretty") == "true" else encode(resource)
    told = {"Vary": "Accept", **losses, **(headers or {})}
    return Response(body, status, told, f"{format_}; fhirVersion={NUMBERS[version]}")


def outcome(
    request: Request, found: Iterable[Issue], status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Issues as an OperationOutcome, in the format that was asked for as far as there is one."""
    return answer(request, operation_outcome(found), status, headers, format_=wanted_anyway(request))


async def came(request: Request) -> Any:
    """The body as a plain value, whichever format ``Content-Type`` names; JSON where it names none, None for no body.

    Raises:
        AdapterError: API-875 (415) another format, or another version of FHIR; FHIR-101, FHIR-102, FHIR-236 not
            well-formed.
    """
    body = await request.body()
    if not body.strip():
        return None  # many clients name a format even then
    ours = NUMBERS[version_of(request)]
    kind, version = _kind_and_version(request.headers.get("content-type", ""), ours)
    format_ = _NAMES.get(kind or "json")
    if format_ is None or "*" in kind or not version.startswith(ours):
        raise AdapterError(operation_issues.unknown_format())
    return from_xml(body) if format_ is Format.XML else decode(body)


def _kind_and_version(part: str, ours: str) -> tuple[str, str]:
    kind, *parameters = (each.strip() for each in part.split(";"))
    versions = [each.partition("=")[2].strip('"') for each in parameters if each.lower().startswith("fhirversion=")]
    return kind.lower(), versions[0] if versions else ours


def _quality(part: str) -> float:
    for each in part.split(";")[1:]:
        name, _, value = each.strip().partition("=")
        if name == "q":
            try:
                return max(0.0, min(1.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
