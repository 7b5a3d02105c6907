"""How answers of our own look: exact JSON, issues. FHIR's are written by ``fhir/negotiation.py``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Response

from adapter.fhir.canonical import encode
from adapter.model.issues import Issue


def exact(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON through our own encoder, so that no amount passes through a float."""
    return Response(encode(body), status, headers, "application/json")


def problem(issues: Iterable[Issue], status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Issues as an answer outside /fhir."""
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
