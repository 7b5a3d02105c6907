"""What a case says right now: its HIS-side resources, its claim, its year-to-date amounts, its papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from adapter.cases import issues
from adapter.cases.tools import Act, Feed, Tools
from adapter.cases.window.record import findings_by_line, record_of, window_facts
from adapter.fhir.canonical import canonical, digest_of, reread
from adapter.fhir.facts import claim_facts
from adapter.ledger.codec import billed_bytes, billed_of, claim_bytes, claim_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.resources import Standing
from adapter.ledger.rows import CaseRow, ResourceIn
from adapter.model.case import CallState
from adapter.model.claim import Claim, YearToDate
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import Money
from adapter.rules.policy.scheme import Call, Scheme
from adapter.rules.programme.deferral import with_own_pay
from adapter.rules.settlement.stay_dates import ended_during, in_benefit_year

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
    return tuple(reread(row.body) for row in tx.kept_of_case(case_id) if row.source != OURS)


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
        worked_out: what our rules made of this bill before, by everything that they looked at.
    """

    row: CaseRow
    feed: Feed
    scheme: Scheme
    resources: tuple[dict[str, Any], ...]
    claim: Claim
    accrued: YearToDate
    found: tuple[Issue, ...]
    newer: Bodies = field(default_factory=dict)
    worked_out: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)


def dossier(tx: Transaction, case_id: str, version: int, tools: Tools, *, estimate_on: date | None = None) -> Dossier:
    """Read a case for a bill version. Raises AdapterError with every issue that keeps it from being read."""
    row, resources = case_of(tx, case_id), his_resources(tx, case_id)
    feed, record = tools.feed(row.source), record_of(tx, row.case_id)
    claim, found = claim_facts(
        resources,
        case_id=row.case_id,
        version=version,
        reference=feed.reference,
        window=window_facts(feed.windows.get(row.stay_key), row.stay_key, record),
        estimate_on=estimate_on,
    )
    if claim is None:
        raise AdapterError(*(found or (issues.stay_without_admission(row.stay_key),)))
    scheme = tools.book.scheme(row.scheme)
    programme = tools.book.programme(scheme.programme)
    claim = with_own_pay(claim, programme, scheme.settings, findings_by_line(claim, record))
    registered = feed.reference.registers(claim.person.key, local_day(claim.stay.admitted))
    ended = ended_during(claim, frozenset(entry.category for entry in registered))
    claim = in_benefit_year(claim, tools.book.layers(scheme))
    accrued = accrued_for(tx, row.source, claim, scheme)
    return Dossier(row, feed, scheme, resources, claim, accrued, (*found, *ended))


def billed_dossier(tx: Transaction, case_id: str, version: int, tools: Tools) -> Dossier:
    """Read a case as it was when its bill version began to be settled, whatever anybody has said since.

    What was looked at is what is settled, and what was settled is what is reversed and replayed: the HIS's resources in
    the versions of then, and the claim of facts that was read from them, from the catalogue and from the window.
    Raises AdapterError like ``dossier``.
    """
    paper = tx.paper_bytes(case_id, bill_paper(version))
    if paper is None:
        return dossier(tx, case_id, version, tools)
    made_from, facts = billed_of(paper)
    newest = {f"{each.type}/{each.id}": each for each in tx.versions_of_case(case_id) if each.source != OURS}
    resources, newer = _made_from(tx, case_id, made_from, newest)
    row = case_of(tx, case_id)
    feed, scheme = tools.feed(row.source), tools.book.scheme(row.scheme)
    claim, worked_out = _claim(facts, version)
    accrued = accrued_for(tx, row.source, claim, scheme)
    return Dossier(row, feed, scheme, resources, claim, accrued, (), newer, worked_out)


def _made_from(
    tx: Transaction, case_id: str, made_from: Mapping[str, int], newest: Mapping[str, Standing]
) -> tuple[tuple[dict[str, Any], ...], Bodies]:
    """The resources of a bill as they were, and those that the HIS has changed since, as they are now."""
    changed = {name for name, version in made_from.items() if name not in newest or newest[name].version != version}
    if not changed:
        read = _resources(tuple(newest[name].content for name in made_from))
        if read.resources is None:
            bodies = {f"{row.type}/{row.id}": row.body for row in tx.kept_of_case(case_id)}
            read.resources = tuple(reread(bodies[name]) for name in made_from)
        return read.resources, {}
    resources, newer = [], {}
    for name, version in made_from.items():
        kind, _, id_ = name.partition("/")
        if name in changed and name in newest and (now := tx.resource(kind, id_)) is not None:
            newer[kind, id_] = reread(now.body)
        if (billed := tx.resource(kind, id_, version)) is not None:
            resources.append(reread(billed.body))
    return tuple(resources), newer


@dataclass(slots=True)
class _Read:
    """Resources of a bill, read once while its payers are asked one after the other. Nobody changes them."""

    resources: tuple[dict[str, Any], ...] | None = None


@lru_cache(maxsize=64)
def _resources(_contents: tuple[str, ...]) -> _Read:
    """By the digests of their bytes: other bytes are other resources."""
    return _Read()


@dataclass(slots=True)
class _Known:
    """The facts of a bill, read once while its payers are asked one after the other, and what is worked out of them."""

    claim: Claim | None = None
    worked_out: dict[Any, Any] = field(default_factory=dict)


@lru_cache(maxsize=64)
def _known(_facts: bytes, _version: int) -> _Known:
    return _Known()


def _claim(facts: bytes, version: int) -> tuple[Claim, dict[Any, Any]]:
    known = _known(facts, version)
    if known.claim is None:
        known.claim = replace(claim_of(facts), version=version)
    return known.claim, known.worked_out


def bill_paper(version: int) -> str:
    """Name of the paper that says what a bill version is made from: versions of resources, and the claim of facts."""
    return f"bill/{version}"


def calls_version(tx: Transaction, case_id: str, version: int) -> int:
    """The bill version with which the payers were asked: an earlier one where a late payer made a new version."""
    paper = tx.paper(case_id, carried_paper(version))
    return version if paper is None else int(str(paper["calls"]))


def carried_paper(version: int) -> str:
    """Name of the paper of a bill version that stands on the answers to an earlier one."""
    return f"carried/{version}"


def keep_bill_facts(tx: Transaction, case: Dossier, act: Act) -> Dossier:
    """Write down what a bill version is made from, at the moment when it begins to be settled.

    Returns the dossier as ``billed_dossier`` reads it in the same moment.
    """
    case_id = case.row.case_id
    newest = {f"{each.type}/{each.id}": each for each in tx.versions_of_case(case_id) if each.source != OURS}
    made_from = {name: newest[name].version for name in sorted(newest)}
    facts = claim_bytes(case.claim)
    tx.file_paper_bytes(case_id, bill_paper(case.claim.version), billed_bytes(made_from, facts), **act.said)
    known = _known(facts, case.claim.version)
    if known.claim is None:
        known.claim, known.worked_out = case.claim, case.worked_out
    read = _resources(tuple(newest[name].content for name in made_from))
    if read.resources is None:
        read.resources = tuple(sorted(case.resources, key=lambda each: f"{each['resourceType']}/{each['id']}"))
    return replace(
        case,
        row=case_of(tx, case_id),
        resources=read.resources,
        claim=known.claim,
        found=(),
        worked_out=known.worked_out,
    )


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
        from_whom = _told(tx, source, claim, call) or own
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


def kept_here(tx: Transaction, source: str, claim: Claim, scheme: Scheme) -> frozenset[str]:
    """Payers whose year is known from our own books only: nobody said it for this stay."""
    calls = [call for call in scheme.calls if _told(tx, source, claim, call) is None]
    return frozenset(str(payer) for call in calls for payer in call.payers)


def _told(tx: Transaction, source: str, claim: Claim, call: Call) -> YearToDate | None:
    """What a payer said of the person's year before this very stay."""
    said = tx.asked(source, claim.person.key, claim.stay.settled_on.year, call.endpoint)
    return said if said is not None and said.excludes_case == claim.case_id else None


def call_subject(version: int, call: Call | str) -> str:
    """The subject under which the call machine of a bill version is kept."""
    return f"{version}/{call if isinstance(call, str) else call.name}"


def call_state(tx: Transaction, case_id: str, version: int, call: Call) -> CallState | None:
    """Where a call stands, or None before its bill version is settled."""
    found = tx.state(case_id, "call", call_subject(version, call))
    return None if found is None else CallState(found)
