"""Certificates of settlements: kept with the bill version for good, and worked out again (结算证明)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.cases import issues
from adapter.cases.reading import case_of
from adapter.cases.tools import Tools
from adapter.model.issues import AdapterError, Issue
from adapter.rules.certificate.verify import Finding, verify


def certificate_paper(version: int) -> str:
    """Name of the paper that keeps a bill version's certificate."""
    return f"certificate v{version}"


def certificate_of(case_id: str, tools: Tools, *, version: int | None = None) -> dict[str, object]:
    """The certificate of a bill version, the newest settled one if none is named.

    Raises:
        AdapterError: CASE-302, or CASE-325 when that version was never settled.
    """
    with tools.ledger.reading() as tx:
        row = case_of(tx, case_id)
        wanted = (version,) if version is not None else range(row.version, 0, -1)
        for each in wanted:
            if (found := tx.paper(case_id, certificate_paper(each))) is not None:
                return found
    raise AdapterError(issues.no_certificate(case_id))


def checked(document: Mapping[str, Any], name: str) -> tuple[Issue, ...]:
    """What the independent checker finds in a certificate, as issues (CASE-326); none when all of it holds."""
    return tuple(_issue(finding, name) for finding in verify(document))


def _issue(finding: Finding, name: str) -> Issue:
    return issues.certificate_fails(f"{name}#{finding.place}", finding.promise, finding.what)
