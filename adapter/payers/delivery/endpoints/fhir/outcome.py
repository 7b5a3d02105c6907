"""An OperationOutcome as issues of ours: severity, code, place, the first of its words (对方说明)."""

from __future__ import annotations

from typing import Any

from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError, Issue, Severity
from adapter.payers.delivery.issues import told_by_endpoint

_MOST, _WORDS = 20, 200
_ORDER = (Severity.INFORMATION, Severity.WARNING, Severity.ERROR, Severity.FATAL)


def outcome_issues(body: bytes, key: str, *, highest: Severity = Severity.ERROR) -> tuple[Issue, ...]:
    """What an OperationOutcome says, issue by issue, at most 20; empty for anything else.

    Args:
        highest: severity above which none is shown: what a counterpart calls fatal is not what stops our retries.
    """
    try:
        outcome = decode(body)
    except AdapterError:
        return ()
    if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
        return ()
    listed = outcome.get("issue")
    given = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return tuple(_issue(each, key, highest) for each in given[:_MOST])


def _issue(given: dict[str, Any], key: str, highest: Severity) -> Issue:
    severity = next((each for each in _ORDER if str(each) == given.get("severity")), Severity.ERROR)
    places = given.get("expression") or given.get("location")
    place = str(places[0]) if isinstance(places, list) and places else ""
    code = str(given.get("code", "unknown"))
    return told_by_endpoint(key, min(severity, highest, key=_ORDER.index), code, place, _words(given))


def _words(given: dict[str, Any]) -> str:
    """Its diagnostics, or the text or the first code of its details."""
    details = given.get("details")
    more: dict[str, Any] = details if isinstance(details, dict) else {}
    codings = more.get("coding")
    coding = codings[0] if isinstance(codings, list) and codings and isinstance(codings[0], dict) else {}
    found = given.get("diagnostics") or more.get("text") or coding.get("display") or coding.get("code") or "—"
    return str(found)[:_WORDS]
