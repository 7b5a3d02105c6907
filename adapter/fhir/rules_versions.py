"""An ``active`` financial resource is immutable except for its status (financial module 13.0.8).

An error that is found later means: cancel, tell every receiver, make an amended instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapter.fhir import rule_issues as issues
from adapter.fhir.canonical import canonical
from adapter.model.issues import Issue, Severity

Resource = Mapping[str, Any]

#: The financial resources that have this rule. Coverage and Account are kept up while they are in use.
FINANCIAL = frozenset(
    {
        *("Claim", "ClaimResponse", "CoverageEligibilityRequest", "CoverageEligibilityResponse"),
        *("ExplanationOfBenefit", "PaymentNotice", "PaymentReconciliation"),
    }
)

#: What may change: the status, and what a server keeps for itself.
_FREE = frozenset({"status", "meta", "text"})


def active_findings(before: Resource, after: Resource, prose: Severity = Severity.ERROR) -> Iterator[Issue]:
    """What a new version changes although the earlier one was active.

    Args:
        before, after: two versions of one resource, the earlier one first, both of sound structure.
    """
    kind = after.get("resourceType")
    if kind not in FINANCIAL or before.get("resourceType") != kind or before.get("status") != "active":
        return
    names = sorted((before.keys() | after.keys()) - _FREE)
    changed = [name for name in names if canonical(before.get(name)) != canonical(after.get(name))]
    if changed:
        yield issues.active_changed(f"{kind}/{after.get('id', '?')}", ", ".join(changed), prose)


def history_findings(entries: Sequence[Resource], prose: Severity) -> Iterator[Issue]:
    """The same for the versions in a history Bundle, newest first as a server lists them."""
    newest: dict[tuple[Any, Any], Resource] = {}
    for entry in entries:
        resource = entry.get("resource")
        if resource is None:
            continue
        key = (resource.get("resourceType"), resource.get("id"))
        if not all(isinstance(each, str) for each in key):
            continue  # the resource itself is told as unsound
        if key in newest:
            yield from active_findings(resource, newest[key], prose)
        newest[key] = resource
