"""How answers look: exact JSON, FHIR JSON, issues. Decimals keep their digits on the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Response

from adapter.fhir.canonical import encode
from adapter.fhir.outcome import operation_outcome
from adapter.model.issues import Issue

FHIR_JSON = "application/fhir+json; fhirVersion=4.0"


def exact(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON through our own encoder, so that no amount passes through a float."""
    return Response(encode(body), status, headers, "application/json")


def fhir(resource: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A FHIR resource."""
    return Response(encode(resource), status, headers, FHIR_JSON)


def problem(path: str, issues: Iterable[Issue], status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Issues as an answer: an OperationOutcome under /fhir, a list elsewhere."""
    if path.startswith("/fhir/"):
        return fhir(operation_outcome(issues), status, headers)
    return exact({"issues": issues_json(issues)}, status, headers)


def issues_json(issues: Iterable[Issue]) -> list[dict[str, str]]:
    """Issues for programs; the field names are those of the command line's ``--json``."""
    return [
        {
            "code": issue.code,
            "severity": str(issue.severity),
            "pointer": issue.pointer,
            "zh": issue.zh,
            "en": issue.en,
            "hint_zh": issue.hint_zh,
            "hint_en": issue.hint_en,
        }
        for issue in issues
    ]
