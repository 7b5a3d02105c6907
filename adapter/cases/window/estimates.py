"""Estimate at admission: what own settled stays of the same diagnosis group came to (入院费用估算)."""

from __future__ import annotations

from datetime import date, timedelta

from adapter.cases.tools import Feed
from adapter.fhir.canonical import decode
from adapter.fhir.facts import diagnosis_facts
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.issues import Issue, SettingMissing
from adapter.rules.programme.estimates import (
    Estimate,
    OwnStay,
    diagnosis_group,
    entry_in_force,
    estimate_at_admission,
)
from adapter.rules.programme.notice_terms import NoticeCause, NoticeTerms

#: Stays are compared with those of this many days before.
LOOK_BACK_DAYS = 730


class LookBack:
    """Own settled stays by facility and group, read once for all admissions of a run."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, date], dict[str, list[OwnStay]]] = {}

    def stays(self, tx: Transaction, row: CaseRow, group: str, feed: Feed, on: date) -> list[OwnStay]:
        """Settled stays of the case's hospital and the group, the case itself left out."""
        since = on - timedelta(days=LOOK_BACK_DAYS)
        place = (row.source, row.facility, since)
        if place not in self._found:
            self._found[place] = _by_group(tx, row, feed, since)
        return self._found[place].get(group, [])


def estimate_of(
    tx: Transaction, row: CaseRow, terms: NoticeTerms, feed: Feed, back: LookBack, on: date
) -> tuple[Estimate | None, tuple[Issue, ...]]:
    """The estimate of a stay that begins, or None while its diagnosis is not known, and what is missing."""
    if row.admitted is None:
        return None, ()
    found, missing = _group(tx, row.case_id, feed, row.admitted)
    if found is None:
        return None, missing
    least: int | None = None
    unset: tuple[Issue, ...] = ()
    try:
        least = terms.days("estimate_least_stays")
    except SettingMissing as error:
        unset = error.issues
    stays = back.stays(tx, row, found, feed, on) if least is not None else []
    estimate = estimate_at_admission(
        found,
        stays,
        least=least,
        table=entry_in_force(feed.estimates, found, row.admitted),
        cite=terms.cite(NoticeCause.ESTIMATE),
        stay_key=row.stay_key,
    )
    return estimate, (*unset, *estimate.issues)


def _by_group(tx: Transaction, row: CaseRow, feed: Feed, since: date) -> dict[str, list[OwnStay]]:
    groups: dict[str, list[OwnStay]] = {}
    for stay in tx.settled_stays(row.source, row.facility, since=since):
        if stay.case_id == row.case_id:
            continue
        group, _ = _group(tx, stay.case_id, feed, stay.admitted or since)
        if group is not None:
            groups.setdefault(group, []).append(OwnStay(stay.total, stay.patient))
    return groups


def _group(tx: Transaction, case_id: str, feed: Feed, on: date) -> tuple[str | None, tuple[Issue, ...]]:
    resources = tuple(decode(each.body) for each in tx.resources_of_case(case_id, ("Condition", "Encounter")))
    icd10, found = diagnosis_facts(resources, reference=feed.reference, on=on)
    return (None if icd10 is None else diagnosis_group(icd10)), tuple(found)
