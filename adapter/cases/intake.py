"""Take an export in: read, map, validate, record; or hold with issues and keep every row (接收).

One bad row never stops the others: its stay is parked with its rows and issues, and replayed when the cause is fixed.
The same export twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path
from typing import Any

from adapter.cases import issues
from adapter.cases.admission import assess_case
from adapter.cases.finalise import ORIGINS, SETTLED_ELEMENTS
from adapter.cases.lineage import keep_records
from adapter.cases.messages_in import keep_messages, stays_looked_at, stays_tied
from adapter.cases.observed import record_observed
from adapter.cases.parking import packed
from adapter.cases.reading import as_rows, dossier
from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import decode, encode
from adapter.fhir.validation import validate
from adapter.intake.mapping.engine import MappedStay
from adapter.intake.readers.formats import files_of
from adapter.intake.readers.messages import StagedMessages, message_files, stage_messages
from adapter.intake.readers.staging import Staged, stage
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


@dataclass(slots=True)
class Taken:
    """The result of taking an export in."""

    files: int = 0
    known_files: int = 0
    stays: list[StayTaken] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def parked(self) -> int:
        return sum(stay.fate is Fate.PARKED for stay in self.stays)

    @property
    def stopped(self) -> bool:
        """Whether something waits for a person."""
        return bool(stopping(self.issues)) or any(stopping(stay.issues) for stay in self.stays)


def case_id_of(source: str, stay_key: str) -> str:
    """The case of a stay: the same stay is the same case for ever."""
    return f"{source}-{stay_key}"


def ingest(
    source: str,
    paths: Sequence[Path],
    tools: Tools,
    act: Act,
    *,
    dry_run: bool = False,
    taken_one: Callable[[StayTaken], None] = lambda _: None,
) -> Taken:
    """Take files or folders of one source in. A dry run maps and validates everything and writes nothing.

    Raises:
        AdapterError: the source is unknown or its mapping is wrong; nothing was read.
    """
    feed = tools.feed(source)
    taken = Taken()
    with _staged(feed, paths) as (files, staged):
        taken.files = len(files)
        taken.issues += [*feed.issues, *staged.issues]
        digests = {} if dry_run else {path: _digest(path) for path in files if path.is_file()}
        taken.issues += _receive(source, digests, tools, act, taken)
        for records in _stays(staged, feed, tools, act, taken, dry_run=dry_run):
            one = look_at(feed, records, tools) if dry_run else take_stay(feed, records, tools, act)
            taken.stays.append(one)
            taken_one(one)
        if not dry_run:
            if isinstance(staged, Staged):
                _park_strays(source, files, staged.issues, taken, tools, act)
            _processed(source, digests, tools, act)
    return taken


@contextmanager
def _staged(feed: Feed, paths: Sequence[Path]) -> Iterator[tuple[list[Path], Staged | StagedMessages]]:
    """The files that this source's reader takes, and what it reads in them."""
    shape = feed.mapper.mapping.shape
    if feed.messages is None:
        files = files_of(paths, shape)
        with stage(files, shape, feed.name) as staged:
            yield files, staged
    else:
        files = message_files(paths)
        with stage_messages(files, feed.messages, feed.name, prices=feed.prices) as messages:
            yield files, messages


def _stays(
    staged: Staged | StagedMessages, feed: Feed, tools: Tools, act: Act, taken: Taken, *, dry_run: bool
) -> Iterator[StayRecords]:
    """The stays to be taken: those of the files, or those that the files' messages are tied to."""
    if isinstance(staged, Staged):
        return staged.stays()
    if dry_run:
        return stays_looked_at(staged, feed, tools)
    kept = keep_messages(staged, feed, tools, act)
    taken.issues += kept.issues
    return stays_tied(feed, kept.keys, tools)


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
        return StayTaken(records.stay_key, case_id, fate, found)


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
_WHOLE = ("ChargeItem", "Condition", "Coverage", "Patient", "PaymentReconciliation")


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
    return StayTaken(records.stay_key, case_id, Fate.PARKED, found)


def _resolve(tx: Transaction, source: str, stay_key: str, case_id: str, act: Act) -> None:
    """What was parked of this stay has been superseded by rows that could be mapped."""
    for parked in tx.parked(source=source, stay_key=stay_key):
        tx.resolve_parked(parked.id, **act.said)
        tx.clear_held(case_id, **act.said)


#: The inbox keeps the bytes of files up to this size; of larger ones the digest, and the rows that were parked.
KEPT_BYTES = 64 * 1024 * 1024


def _receive(source: str, digests: Mapping[Path, str], tools: Tools, act: Act, taken: Taken) -> list[Issue]:
    """Write every file into the inbox before anything is made of it."""
    found = []
    for path, digest in digests.items():
        size = path.stat().st_size
        body = path.read_bytes() if size <= KEPT_BYTES else None
        with tools.ledger.transaction() as tx:
            row = tx.receive(source, path.name, digest, size, body, **act.said)
        if not row.new:
            taken.known_files += 1
            found.append(issues.duplicate_file(path.name, row.received_at.date().isoformat()))
    return found


def _park_strays(source: str, files: list[Path], found: Sequence[Issue], taken: Taken, tools: Tools, act: Act) -> None:
    """What stopped a row or a file that belongs to no stay waits for a person too, under its place.

    The bytes are in the inbox. A file of the same name coming again without the issue settles the matter.
    """
    names = {path.name for path in files}
    of_stays = {issue for stay in taken.stays for issue in stay.issues}
    strays = [issue for issue in stopping(found) if issue not in of_stays]
    with tools.ledger.transaction() as tx:
        for parked in tx.parked(source=source):
            gone = parked.place not in {issue.pointer for issue in strays}
            if parked.stay_key is None and gone and parked.place.partition("#")[0] in names:
                tx.resolve_parked(parked.id, **act.said)
        for issue in strays:
            tx.park(source, None, [issue], encode({"pointer": issue.pointer}), issue.pointer, **act.said)


def _processed(source: str, digests: Mapping[Path, str], tools: Tools, act: Act) -> None:
    with tools.ledger.transaction() as tx:
        for digest in digests.values():
            tx.mark_processed(source, digest, **act.said)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _day(encounter: dict[str, Any], end: str) -> date | None:
    text = encounter.get("period", {}).get(end)
    return None if text is None else local_day(datetime.fromisoformat(text))
