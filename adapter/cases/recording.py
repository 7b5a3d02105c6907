"""Record one stay: map its rows, validate what they make, amend the case; or park the rows with the issues (登记)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from adapter.cases import issues
from adapter.cases.admission import assess_case
from adapter.cases.finalise import ORIGINS, SETTLED_ELEMENTS
from adapter.cases.lineage import keep_records
from adapter.cases.observed import record_observed
from adapter.cases.parking import packed
from adapter.cases.reading import as_rows, dossier
from adapter.cases.settle import estimate_at_admission
from adapter.cases.tools import Act, Feed, Tools
from adapter.cases.way_back import tell_held
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.intake.mapping.engine import MappedStay
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState, StayState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue, stopping
from adapter.model.source import StayRecords


class Fate(StrEnum):
    """What became of a stay."""

    OPENED = "opened"  # 新病例
    CHANGED = "changed"  # 有变更
    UNCHANGED = "unchanged"  # 无变更
    PARKED = "parked"  # 暂存待处理


@dataclass(frozen=True, slots=True)
class StayTaken:
    """One stay of an export and what became of it."""

    stay_key: str
    case_id: str
    fate: Fate
    issues: tuple[Issue, ...] = ()


def case_id_of(source: str, stay_key: str) -> str:
    """The case of a stay: the same stay is the same case for ever."""
    return f"{source}-{stay_key}"


def look_at(feed: Feed, records: StayRecords, tools: Tools) -> StayTaken:
    """What a dry run says of a stay: mapped and validated, not recorded."""
    mapped = feed.mapper.map(records)
    found = (*mapped.issues, *validate(mapped.resources))
    fate = Fate.PARKED if stopping(found) else Fate.OPENED
    return StayTaken(records.stay_key, case_id_of(feed.name, records.stay_key), fate, found)


def take_stay(feed: Feed, records: StayRecords, tools: Tools, act: Act) -> StayTaken:
    """Map and record one stay in one transaction, or park its rows with the issues."""
    mapped = feed.mapper.map(records)
    found = (*mapped.issues, *validate(mapped.resources))
    case_id = case_id_of(feed.name, records.stay_key)
    with tools.ledger.transaction() as tx:
        if stopping(found) or not mapped.resources:
            found = found or (issues.stay_without_admission(records.stay_key),)
            return _park(tx, feed, records, case_id, found, act)
        try:
            row, fate = _record(tx, feed, mapped, case_id, tools, act)
            keep_records(tx, case_id, records, feed, act)
        except AdapterError as error:
            return _park(tx, feed, records, case_id, (*found, *error.issues), act)
        found = (*found, *_decide(tx, row, mapped, feed, tools, act))
        if stopping(found):
            return _park(tx, feed, records, case_id, found, act)
        _resolve(tx, feed.name, records.stay_key, case_id, act)
        if fate is Fate.OPENED:
            estimate_at_admission(tx, case_id, tools, act)
        tell_held(tx, case_id, records.stay_key, (), feed, act)
        return StayTaken(records.stay_key, case_id, fate, found)


def set_aside(feed: Feed, records: StayRecords, found: tuple[Issue, ...], tools: Tools, act: Act) -> StayTaken:
    """Park a stay's rows without looking at them."""
    with tools.ledger.transaction() as tx:
        return _park(tx, feed, records, case_id_of(feed.name, records.stay_key), found, act)


def _record(
    tx: Transaction, feed: Feed, mapped: MappedStay, case_id: str, tools: Tools, act: Act
) -> tuple[CaseRow, Fate]:
    """Open or amend the case, and keep the newest version of every resource."""
    encounter = next(each for each in mapped.resources if each["resourceType"] == "Encounter")
    admitted, discharged = _day(encounter, "start"), _day(encounter, "end")
    row = tx.find_case(feed.name, mapped.stay_key)
    opened = row is None
    if row is None:
        if admitted is None:
            raise AdapterError(issues.stay_without_admission(mapped.stay_key))
        row = tx.open_case(
            case_id,
            source=feed.name,
            stay_key=mapped.stay_key,
            person_key=mapped.person_key,
            scheme=tools.book.scheme_for(feed.name, admitted).name,
            facility=str(encounter["serviceProvider"]["reference"]).partition("/")[2],
            admitted=admitted,
            discharged=discharged,
            **act.said,
        )
    else:
        row = tx.amend_case(case_id, person_key=mapped.person_key, admitted=admitted, discharged=discharged, **act.said)
    put = tx.put_resources(feed.name, case_id, as_rows(_merged(tx, case_id, mapped.resources)), **act.said)
    gone = tx.withdraw_resources(feed.name, case_id, _no_longer(tx, feed.name, case_id, mapped), **act.said)
    changed = sum(each.changed for each in put) + len(gone)
    tx.file_paper(case_id, ORIGINS, origins_of(mapped), **act.said)
    _move_stay(tx, row, encounter, act)
    if changed and not opened and row.bill in (BillState.SETTLING, BillState.SETTLED, BillState.SETTLED_ADVANCED):
        tx.set_held(case_id, [issues.changed_after_settlement(case_id, changed)], **act.said)
    fate = Fate.OPENED if opened else Fate.CHANGED if changed else Fate.UNCHANGED
    return row, fate


#: What an export holds whole for each of its stays: a row that is gone was taken back by the HIS, or is another stay's
#: now, as the charges of a stay that was merged; a patient or an insurance that is gone was replaced by another.
_WHOLE = ("ChargeItem", "Condition", "Coverage", "Location", "Patient", "PaymentReconciliation", "RelatedPerson")


def _no_longer(tx: Transaction, source: str, case_id: str, mapped: MappedStay) -> list[tuple[str, str]]:
    """Resources of the stay that its newest export does not hold any more."""
    there = {(each["resourceType"], each["id"]) for each in mapped.resources}
    kept = ((row.type, row.id) for row in tx.resources_of_case(case_id, _WHOLE) if row.source == source)
    return [name for name in kept if name not in there]


def origins_of(mapped: MappedStay) -> dict[str, object]:
    """By ``Type/id``, the row that made a resource; under ``mapping``, the version of the mapping that did."""
    rows = {each.element: each.record.origin.pointer() for each in mapped.trace.traced()}
    return {"mapping": mapped.trace.mapping, "rows": rows}


def _decide(tx: Transaction, row: CaseRow, mapped: MappedStay, feed: Feed, tools: Tools, act: Act) -> tuple[Issue, ...]:
    """Entitlement, observed settlement, and whether the facts would carry a settlement."""
    found: list[Issue] = []
    state = tx.state(row.case_id, "stay")
    if not (row.stay is StayState.CANCELLED and state is StayState.CANCELLED):
        try:
            _, admission = assess_case(tx, row.case_id, tools, act)
            found += admission
        except AdapterError as error:
            found += error.issues
    found += record_observed(tx, row.case_id, feed.mapper.mapping.observed_settlements, mapped.observed, act)
    if state is StayState.WARD_DISCHARGED and not stopping(found):
        try:
            found += dossier(tx, row.case_id, max(row.version, 1), tools).found
        except AdapterError as error:
            found += error.issues
    return tuple(dict.fromkeys(found))


def _merged(tx: Transaction, case_id: str, mapped: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the HIS says, with the elements that a settlement wrote kept as it wrote them."""
    if not tx.paper(case_id, "settled"):
        return list(mapped)
    stored = {(row.type, row.id): decode(row.body) for row in tx.resources_of_case(case_id, tuple(SETTLED_ELEMENTS))}

    def keep(each: dict[str, Any]) -> dict[str, Any]:
        before = stored.get((each["resourceType"], each["id"]), {})
        kept = {name: before[name] for name in SETTLED_ELEMENTS.get(each["resourceType"], ()) if name in before}
        return {**each, **kept}

    return [keep(each) for each in mapped]


def _move_stay(tx: Transaction, row: CaseRow, encounter: dict[str, Any], act: Act) -> None:
    """Bring the stay machine to where the HIS says the stay is."""
    after = {
        "planned": StayState.PLANNED,
        "arrived": StayState.ARRIVED,
        "in-progress": StayState.IN_PROGRESS,
        "onleave": StayState.ON_LEAVE,
        "finished": StayState.WARD_DISCHARGED,
        "cancelled": StayState.CANCELLED,
        "entered-in-error": StayState.ENTERED_IN_ERROR,
    }[encounter["status"]]
    before = tx.state(row.case_id, "stay")
    if before is None:
        tx.start(row.case_id, "stay", after, **act.said)
    elif before in (StayState.WARD_DISCHARGED, StayState.CLOSED) and after is StayState.IN_PROGRESS:
        tx.move(row.case_id, "stay", StayState.RECALLED, **act.said)
    elif before is not after and not (before is StayState.RECALLED and after is StayState.IN_PROGRESS):
        tx.move(row.case_id, "stay", after, **act.said)


def _park(
    tx: Transaction, feed: Feed, records: StayRecords, case_id: str, found: tuple[Issue, ...], act: Act
) -> StayTaken:
    """Keep the rows as they came, and hold the case if there is one."""
    place = next((rows[0].origin.pointer() for rows in records.tables.values() if rows), records.stay_key)
    tx.park(feed.name, records.stay_key, found, packed(records), place, **act.said)
    if tx.case(case_id) is not None:
        tx.set_held(case_id, stopping(found), **act.said)
    tell_held(tx, case_id, records.stay_key, found, feed, act)
    return StayTaken(records.stay_key, case_id, Fate.PARKED, found)


def _resolve(tx: Transaction, source: str, stay_key: str, case_id: str, act: Act) -> None:
    """What was parked of this stay has been superseded by rows that could be mapped."""
    for parked in tx.parked(source=source, stay_key=stay_key):
        tx.resolve_parked(parked.id, **act.said)
        tx.clear_held(case_id, **act.said)


def _day(encounter: dict[str, Any], end: str) -> date | None:
    text = encounter.get("period", {}).get(end)
    return None if text is None else local_day(datetime.fromisoformat(text))
