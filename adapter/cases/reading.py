"""What a case says right now: its HIS-side resources, its claim, its year-to-date amounts, its papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapter.cases import issues
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.fhir.facts import claim_facts
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow, ResourceIn
from adapter.model.case import CallState
from adapter.model.claim import Claim, YearToDate
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import Money
from adapter.rules.policy.scheme import Call, Scheme

#: Under this name the ledger keeps what we made ourselves; everything else of a case came from its feed.
OURS = "adapter"


def case_of(tx: Transaction, case_id: str) -> CaseRow:
    """The case, or CASE-302."""
    found = tx.case(case_id)
    if found is None:
        raise AdapterError(issues.unknown_case(case_id))
    return found


def his_resources(tx: Transaction, case_id: str) -> tuple[dict[str, Any], ...]:
    """The newest version of every resource that came from the HIS."""
    return tuple(decode(row.body) for row in tx.resources_of_case(case_id) if row.source != OURS)


def as_rows(resources: Iterable[Mapping[str, Any]]) -> list[ResourceIn]:
    """Resources as the ledger keeps them: canonical bytes and their digest."""
    bodies = [(str(each["resourceType"]), str(each["id"]), canonical(each)) for each in resources]
    return [ResourceIn(kind, id_, body, digest_of(body)) for kind, id_, body in bodies]


#: By type and id, a resource's newest body.
Bodies = Mapping[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Dossier:
    """One case, read once: what every decision about its bill starts from.

    Attributes:
        newer: of the resources that a bill was made from, those that the HIS has changed since, as they are now.
    """

    row: CaseRow
    feed: Feed
    scheme: Scheme
    resources: tuple[dict[str, Any], ...]
    claim: Claim
    accrued: YearToDate
    found: tuple[Issue, ...]
    newer: Bodies = field(default_factory=dict)


def dossier(tx: Transaction, case_id: str, version: int, tools: Tools, *, estimate_on: date | None = None) -> Dossier:
    """Read a case for a bill version. Raises AdapterError with every issue that keeps it from being read."""
    return _dossier(tx, case_of(tx, case_id), his_resources(tx, case_id), {}, version, tools, estimate_on)


def billed_dossier(tx: Transaction, case_id: str, version: int, tools: Tools) -> Dossier:
    """Read a case as it was when its bill version began to be settled, whatever the HIS has said since.

    What was looked at is what is settled, and what was settled is what is reversed. Raises AdapterError like
    ``dossier``.
    """
    paper = tx.paper(case_id, bill_paper(version))
    made_from = paper["resources"] if paper is not None else None
    if not isinstance(made_from, dict):
        return dossier(tx, case_id, version, tools)
    newest = {(row.type, row.id): row for row in tx.resources_of_case(case_id) if row.source != OURS}
    resources, newer = [], {}
    for name, kept in made_from.items():
        kind, _, id_ = name.partition("/")
        row = newest.get((kind, id_))
        if row is not None and row.version != kept:
            newer[kind, id_] = decode(row.body)
        billed = row if row is not None and row.version == kept else tx.resource(kind, id_, int(kept))
        if billed is not None:
            resources.append(decode(billed.body))
    return _dossier(tx, case_of(tx, case_id), tuple(resources), newer, version, tools, None)


def bill_paper(version: int) -> str:
    """Name of the paper that says which versions of the HIS's resources a bill version is made from."""
    return f"bill/{version}"


def keep_bill_facts(tx: Transaction, case_id: str, version: int, act: Act) -> None:
    """Write down what a bill version is made from, at the moment when it begins to be settled."""
    made_from = {f"{row.type}/{row.id}": row.version for row in tx.resources_of_case(case_id) if row.source != OURS}
    tx.file_paper(case_id, bill_paper(version), {"resources": made_from}, **act.said)


def _dossier(
    tx: Transaction,
    row: CaseRow,
    resources: tuple[dict[str, Any], ...],
    newer: Bodies,
    version: int,
    tools: Tools,
    estimate_on: date | None,
) -> Dossier:
    feed = tools.feed(row.source)
    claim, found = claim_facts(
        resources,
        case_id=row.case_id,
        version=version,
        reference=feed.reference,
        window=feed.windows.get(row.stay_key),
        estimate_on=estimate_on,
    )
    if claim is None:
        raise AdapterError(*(found or (issues.stay_without_admission(row.stay_key),)))
    scheme = tools.book.scheme(row.scheme)
    accrued = accrued_for(tx, row.source, claim, scheme)
    return Dossier(row, feed, scheme, resources, claim, accrued, tuple(found), newer)


def accrued_for(tx: Transaction, source: str, claim: Claim, scheme: Scheme) -> YearToDate:
    """Year-to-date amounts before this stay: asked of the payers where they said so, else our own knowledge.

    An answer counts only when it leaves this very case out.
    """
    person, year = claim.person.key, claim.stay.settled_on.year
    own = tx.year_to_date(source, person, year, excluding_case=claim.case_id)
    amounts: dict[str, Money] = {}
    sources: set[str] = set()
    asked_at = None
    for call in scheme.calls:
        said = tx.asked(source, person, year, call.endpoint)
        answered = said is not None and said.excludes_case == claim.case_id
        from_whom = said if said is not None and answered else own
        sources.add(from_whom.source)
        asked_at = from_whom.asked_at or asked_at
        names = {str(payer) for payer in call.payers}
        amounts.update({name: amount for name, amount in from_whom.amounts if name.partition(".")[0] in names})
    return YearToDate(
        year=year,
        amounts=tuple(sorted(amounts.items())),
        source="payer" if sources == {"payer"} else "own",
        asked_at=asked_at,
        excludes_case=claim.case_id,
    )


def call_subject(version: int, call: Call | str) -> str:
    """The subject under which the call machine of a bill version is kept."""
    return f"{version}/{call if isinstance(call, str) else call.name}"


def call_state(tx: Transaction, case_id: str, version: int, call: Call) -> CallState | None:
    """Where a call stands, or None before its bill version is settled."""
    found = tx.state(case_id, "call", call_subject(version, call))
    return None if found is None else CallState(found)
