"""Issues → OperationOutcome, the form in which FHIR says what is wrong. 问题清单。"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapter.fhir.identity import codesystem
from adapter.model.issues import Issue, Severity

#: FHIR's issue type by number range of our codes; the code itself says more and stands in ``details``.
_TYPES = (
    ("FHIR-10", "structure"),
    ("FHIR-111", "required"),
    ("FHIR-113", "code-invalid"),
    ("FHIR-118", "invariant"),
    ("FHIR-123", "not-found"),
    ("FHIR-13", "business-rule"),
    ("FHIR-280", "not-found"),
    ("FHIR-286", "multiple-matches"),
    ("FHIR-287", "conflict"),
    ("FHIR-288", "duplicate"),
    ("FHIR-28", "invalid"),
    ("FHIR-290", "duplicate"),
    ("FHIR-292", "conflict"),
    ("FHIR-29", "invalid"),
    ("API-857", "not-supported"),
    ("API-858", "not-supported"),
    ("API-899", "not-supported"),
    ("FHIR-300", "invalid"),
    ("FHIR-11", "structure"),
    ("FHIR-12", "invariant"),
    ("SRC-", "invalid"),
    ("MAP-", "invalid"),
    ("REF-", "not-found"),
    ("DEL-", "transient"),
)


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome with every issue; no issue at all is said in one ``informational`` entry.

    ``details`` carries our code and the Chinese text, ``diagnostics`` the English one with the hints,
    ``expression`` the pointer.
    """
    entries = [_entry(issue) for issue in issues]
    return {"resourceType": "OperationOutcome", "issue": entries or [_ALL_WELL]}


_ALL_WELL = {
    "severity": Severity.INFORMATION.value,
    "code": "informational",
    "details": {"text": "没有发现问题"},
    "diagnostics": "no issues found",
}


def _entry(issue: Issue) -> dict[str, Any]:
    words = [issue.en, issue.hint_zh, issue.hint_en]
    return {
        "severity": issue.severity.value,
        "code": next((kind for prefix, kind in _TYPES if issue.code.startswith(prefix)), "processing"),
        "details": {"coding": [{"system": codesystem("issue"), "code": issue.code}], "text": issue.zh},
        "diagnostics": " | ".join(word for word in words if word),
        "expression": [issue.pointer],
    }
