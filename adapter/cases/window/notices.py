"""Notices: look at every stay, tell what is due, once; and who acknowledged it (费用告知).

One case is one transaction: its bill, its notices, the resources and the message to the HIS are written together or
not at all. A case that cannot be looked at is named and stops nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from adapter.cases.reading import OURS, as_rows, case_of, his_resources
from adapter.cases.tools import Act, Feed, Tools
from adapter.cases.way_back import tell
from adapter.cases.window.daily_bill import make_bill
from adapter.cases.window.estimates import LookBack
from adapter.cases.window.notice_issues import already_acknowledged, case_not_looked_at, no_such_notice
from adapter.cases.window.outlook import alerts
from adapter.fhir.communication import Taken, Told, communication, communication_request
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import Actor, StayState
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.notice import NoticeKind
from adapter.model.window import Relation
from adapter.rules.programme.collection import require_person
from adapter.rules.programme.notice_issues import day_not_reached, planned_day_impossible, relation_unknown
from adapter.rules.programme.notice_terms import CHANNELS, read_notices
from adapter.rules.programme.notices import Due, not_told, told_bill

#: Paper with every notice of a case, oldest first.
PAPER = "notices"
PLANNED = "planned-discharge"

#: How a notice may be handed over, beside what its clause says.
TOLD_BY = (*CHANNELS, "phone", "message")

_THERE = (StayState.ARRIVED, StayState.IN_PROGRESS, StayState.ON_LEAVE, StayState.RECALLED)
_GONE = (StayState.WARD_DISCHARGED, StayState.CLOSED)

#: A stay that ended longer ago has its bills; corrections go through the window.
AFTER_DAYS = 30


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking at one case came to: notices that are new, and what kept others from being worked out."""

    case_id: str
    due: tuple[Due, ...]
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        due = [{"key": each.key, "cause": str(each.cause), "zh": each.zh, "en": each.en} for each in self.due]
        return {"case_id": self.case_id, "due": due, "issues": [issue.code for issue in self.issues]}


class _DryRun(Exception):
    """Ends a transaction that is only tried."""


def run_notices(tools: Tools, actor: Actor, *, on: date | None = None, dry_run: bool = False) -> Iterator[Looked]:
    """Look at every stay that is going on or ended lately; gives those with something new or something wrong.

    Args:
        on: the day that it is done for; today in the hospital. A day's bill is that of the day before.
        dry_run: the same work, and nothing is kept.

    Raises:
        AdapterError: PRG-265 for a day that has not come yet.
    """
    act = tools.act(actor, "notices")
    today = local_day(act.at)
    day, back = on or today, LookBack()
    if day > today:
        raise AdapterError(day_not_reached(day, today))
    for case_id in list(_candidates(tools, day)):
        looked = _one(case_id, day, tools, act, back, dry_run=dry_run)
        if looked.due or looked.issues:
            yield looked


def _candidates(tools: Tools, day: date) -> Iterator[str]:
    """Cases by id: patients who are there, and those who left in the last days."""
    after = ""
    while True:
        with tools.ledger.reading() as tx:
            page = tx.cases(in_states={"stay": (*_THERE, *_GONE)}, after=after)
        if not page:
            return
        after = page[-1].case_id
        yield from (row.case_id for row in page if row.stay in _THERE or _left_lately(row, day))


def _left_lately(row: CaseRow, day: date) -> bool:
    return row.discharged is not None and (day - row.discharged).days <= AFTER_DAYS


def _one(case_id: str, day: date, tools: Tools, act: Act, back: LookBack, *, dry_run: bool) -> Looked:
    """One case, and whatever stops it as an issue of its own."""
    looked = Looked(case_id, (), ())
    try:
        with tools.ledger.transaction() as tx:
            looked = look_at(tx, case_of(tx, case_id), day, tools, act, back)
            if dry_run:
                raise _DryRun
    except _DryRun:
        return looked
    except AdapterError as error:
        codes = ", ".join(dict.fromkeys(issue.code for issue in error.issues))
        return Looked(case_id, (), (case_not_looked_at(case_id, codes), *error.issues))
    return looked


def look_at(tx: Transaction, row: CaseRow, day: date, tools: Tools, act: Act, back: LookBack) -> Looked:
    """Make the daily bill, find what else is due, and write down what was never told."""
    feed, scheme = tools.feed(row.source), tools.book.scheme(row.scheme)
    terms = read_notices(tools.book.programme(scheme.programme), scheme.settings)
    before = notices_in(tx, row.case_id)
    due: list[Due] = []
    issues: tuple[Issue, ...] = ()
    bill = make_bill(tx, row, terms, day, tools, act)
    if bill is not None:
        told = told_bill(terms, bill.number, bill.bill.charged, bill.bill.corrected, bill.bill.running)
        due += [told] if told is not None else []
    if row.stay in _THERE:
        more, issues = alerts(tx, row, terms, _planned(tx, row.case_id), day, before, tools, back)
        due += more
    fresh = not_told(due, {str(each["key"]) for each in before})
    if fresh:
        _record(tx, row, fresh, before, feed, act, test_profile=scheme.test_profile)
    return Looked(row.case_id, fresh, issues)


def notices_in(tx: Transaction, case_id: str) -> list[dict[str, Any]]:
    """Every notice of a case, oldest first."""
    found = (tx.paper(case_id, PAPER) or {}).get("notices")
    return list(found) if isinstance(found, list) else []


def list_notices(tools: Tools, *, case_id: str | None = None, open_only: bool = False) -> list[dict[str, Any]]:
    """Notices with their case, of one case or of all; only those nobody acknowledged, if so wanted.

    Raises:
        AdapterError: CASE-302 for a case that is not there.
    """
    found: list[dict[str, Any]] = []
    with tools.ledger.reading() as tx:
        page = [case_of(tx, case_id)] if case_id is not None else tx.cases()
        while page:
            for row in page:
                each = ({"case_id": row.case_id, **notice} for notice in notices_in(tx, row.case_id))
                found += [notice for notice in each if not (open_only and notice["acknowledged"])]
            page = [] if case_id is not None else tx.cases(after=page[-1].case_id)
    return found


def acknowledge(case_id: str, key: str, relation: str, channel: str, tools: Tools, act: Act) -> dict[str, Any]:
    """Record that a notice was told and by whom it was taken, seen from the patient.

    Args:
        relation: a word of ``Relation``; never a name.
        channel: how it was told, a word of ``TOLD_BY``; empty: as the clause says.

    Raises:
        AdapterError: CASE-302, CASE-365, CASE-366, PRG-261, PRG-282 for nobody in person.
    """
    require_person(case_id, act.actor, "acknowledgement of a notice", "告知确认")
    if relation not in tuple(Relation) or channel not in ("", *TOLD_BY):
        known = ", ".join((*Relation, *TOLD_BY))
        raise AdapterError(relation_unknown(f"{case_id}/notices/{key}", f"{relation} {channel}".strip(), known))
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        notices = notices_in(tx, case_id)
        found = next((each for each in notices if each["key"] == key), None)
        if found is None:
            raise AdapterError(no_such_notice(case_id, key))
        if found["acknowledged"]:
            raise AdapterError(already_acknowledged(case_id, key, str(found["acknowledged"]["relation"])))
        how = channel or str(found["channel"])
        taken = {"at": act.at.isoformat(), "by": act.actor.id, "relation": relation, "channel": how}
        after = [{**each, "acknowledged": taken} if each["key"] == key else each for each in notices]
        tx.file_paper(case_id, PAPER, {"notices": after}, **act.said)
        if found["to"] != "hospital":
            told = _told(row, found, test_profile=tools.book.scheme(row.scheme).test_profile)
            resources = his_resources(tx, case_id)
            both = [
                communication_request(resources, told, str(found["channel"]), taken=True),
                communication(resources, told, Taken(relation, how, act.at, act.actor.id)),
            ]
            tx.put_resources(OURS, case_id, as_rows(both), **act.said)
        return {"case_id": case_id, **found, "acknowledged": taken}


def plan_discharge(case_id: str, day: date, tools: Tools, act: Act) -> None:
    """Record the day on which the doctor means to discharge; a later one takes its place and is told anew.

    Raises:
        AdapterError: CASE-302, PRG-262 before the admission, PRG-282 for nobody in person.
    """
    require_person(case_id, act.actor, "planned discharge", "拟出院日登记")
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        if row.admitted is not None and day < row.admitted:
            raise AdapterError(planned_day_impossible(case_id, day, row.admitted))
        tx.file_paper(case_id, PLANNED, {"day": day.isoformat(), "by": act.actor.id}, **act.said)


def _planned(tx: Transaction, case_id: str) -> date | None:
    paper = tx.paper(case_id, PLANNED)
    return None if paper is None else date.fromisoformat(str(paper["day"]))


def _record(
    tx: Transaction,
    row: CaseRow,
    fresh: tuple[Due, ...],
    before: list[dict[str, Any]],
    feed: Feed,
    act: Act,
    *,
    test_profile: bool,
) -> None:
    """Keep new notices, each with its CommunicationRequest, and tell the HIS."""
    entries = [_entry(each, act) for each in fresh]
    tx.file_paper(row.case_id, PAPER, {"notices": [*before, *entries]}, **act.said)
    resources = his_resources(tx, row.case_id)
    requests = [
        communication_request(resources, _told(row, each, test_profile=test_profile), str(each["channel"]))
        for each in entries
        if each["to"] != "hospital"
    ]
    tx.put_resources(OURS, row.case_id, as_rows(requests), **act.said)
    for each in entries:
        told = {name: each[name] for name in ("cause", "zh", "en", "cite", "to", "channel", "figures")}
        told = {**told, "number": each["key"]}
        tell(tx, row.case_id, row.stay_key, NoticeKind.NOTICE, told, feed, act, test_profile=test_profile)


def _entry(due: Due, act: Act) -> dict[str, Any]:
    return {
        "key": due.key,
        "cause": str(due.cause),
        "zh": due.zh,
        "en": due.en,
        "cite": due.cite,
        "to": due.to,
        "channel": due.channel,
        "figures": dict(due.amounts),
        "due_at": act.at.isoformat(),
        "acknowledged": None,
    }


def _told(row: CaseRow, entry: Mapping[str, Any], *, test_profile: bool) -> Told:
    return Told(
        source=row.source,
        case_id=row.case_id,
        key=str(entry["key"]),
        cause=str(entry["cause"]),
        zh=str(entry["zh"]),
        en=str(entry["en"]),
        cite=str(entry["cite"]),
        due_at=datetime.fromisoformat(str(entry["due_at"])),
        test_profile=test_profile,
    )
