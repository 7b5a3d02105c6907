"""One act at the window: open the case, do the one thing, keep it, look at the entitlement again (一次窗口登记)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from adapter.cases.admission import assess_case
from adapter.cases.reading import OURS, as_rows, case_of, his_resources
from adapter.cases.tools import Act, Tools
from adapter.cases.window.record import WindowRecord, keep_record, record_of
from adapter.fhir.elements import Held
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import EntitlementState
from adapter.model.issues import AdapterError, Issue
from adapter.rules.policy.scheme import Scheme
from adapter.rules.programme import Assessment
from adapter.rules.programme.collection import CollectionTerms, read_collection, require_person
from adapter.rules.programme.reading import read_terms
from adapter.rules.programme.terms import Terms
from adapter.rules.programme.window_issues import no_such_paper


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did.

    Attributes:
        shown: the thing as it stands now, as plain JSON values.
        before, after: the entitlement before and after; a later assessment stands beside the earlier one.
        issues: what the new assessment says; it holds nobody.
    """

    case_id: str
    shown: dict[str, Any]
    before: EntitlementState | None
    after: EntitlementState | None
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id,
            "done": self.shown,
            "entitlement_before": self.before,
            "entitlement": self.after,
            "issues": [issue.code for issue in self.issues],
        }


@dataclass(slots=True)
class Desk:
    """A case on the desk, inside its transaction."""

    tx: Transaction
    row: CaseRow
    tools: Tools
    act: Act
    scheme: Scheme
    terms: Terms
    collection: CollectionTerms
    record: WindowRecord
    resources: tuple[dict[str, Any], ...]

    @property
    def case_id(self) -> str:
        return self.row.case_id

    @property
    def held(self) -> Held:
        return Held.of(self.resources)

    @property
    def born(self) -> date | None:
        """The patient's day of birth, or None while it is not known to the day."""
        text = str((self.held.patient() or {}).get("birthDate", ""))
        return date.fromisoformat(text) if len(text) == 10 else None

    def keep(self, **changes: Any) -> None:
        """Keep the record with these parts changed."""
        self.record = replace(self.record, **changes)
        keep_record(self.tx, self.case_id, self.record, self.act)

    def publish(self, *resources: dict[str, Any]) -> None:
        """Keep the FHIR resources that the act makes."""
        self.tx.put_resources(OURS, self.case_id, as_rows(resources), **self.act.said)

    def done(self, shown: dict[str, Any]) -> Done:
        """Assess the entitlement again on the facts of now, and say what came of it."""
        before = self.row.entitlement
        found: tuple[Issue, ...] = self._assess()[1]
        return Done(self.case_id, shown, before, case_of(self.tx, self.case_id).entitlement, found)

    def _assess(self) -> tuple[Assessment, tuple[Issue, ...]]:
        return assess_case(self.tx, self.case_id, self.tools, self.act)


@contextmanager
def at_desk(case_id: str, tools: Tools, act: Act, *, doing: str, zh: str) -> Iterator[Desk]:
    """A named person acts on a case; all or nothing.

    Raises:
        AdapterError: CASE-302 no such case, PRG-282 the service itself acts, PRG-201 a blank of the programme.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        require_person(case_id, act.actor, doing, zh)
        scheme = tools.book.scheme(row.scheme)
        programme = tools.book.programme(scheme.programme)
        yield Desk(
            tx=tx,
            row=row,
            tools=tools,
            act=act,
            scheme=scheme,
            terms=read_terms(programme, scheme.settings),
            collection=read_collection(programme, scheme.settings),
            record=record_of(tx, case_id),
            resources=his_resources(tx, case_id),
        )


def not_found(case_id: str, what: str, number: object) -> AdapterError:
    """PRG-245: the number names nothing that was recorded."""
    return AdapterError(no_such_paper(case_id, what, str(number)))
