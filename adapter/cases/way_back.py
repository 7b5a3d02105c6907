"""Tell the HIS what was decided, in the transaction that decided it (回传).

The outbox carries it, each stay's notices in the order in which they were decided. What was told last of a kind is
kept in a paper of the case, so the same thing is never told twice and a change always is. A source that names no way
back is told nothing, and nothing is stored for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from adapter.cases.tools import Act, Feed, Tools
from adapter.fhir.canonical import digest
from adapter.ledger.ledger import Transaction
from adapter.model.issues import AdapterError, Issue, stopping
from adapter.model.money import Money
from adapter.model.notice import Notice, NoticeKind, WayBack
from adapter.model.settlement import Settlement
from adapter.payers.delivery.endpoints.his.compose import message_for
from adapter.rules.programme import Assessment, RefundTask
from adapter.rules.settlement import explain

#: Paper with the number of the last notice of a stay and the digest of what was told last of each kind.
PAPER = "way-back"


def tell_eligibility(
    tx: Transaction,
    case_id: str,
    assessment: Assessment,
    received: Money,
    refund: RefundTask | None,
    feed: Feed,
    test_profile: bool,
    act: Act,
) -> None:
    """The entitlement with its reasons, and what to do about a deposit.

    Args:
        received: deposits that the feed brought.
        refund: what is to be given back of them.
    """
    if not _wanted(feed, NoticeKind.ELIGIBILITY):
        return
    deposit: dict[str, Any] = {
        "state": str(assessment.deposit.state),
        "zh": assessment.deposit.zh,
        "en": assessment.deposit.en,
        "cite": assessment.deposit.cite,
        "received": received.text,
    }
    if refund is not None:
        deposit["refund"] = {"amount": refund.amount.text, "zh": refund.zh, "en": refund.en, "cite": refund.cite}
    told = {
        "state": str(tx.state(case_id, "entitlement")),
        "assessed": str(assessment.state),
        "programme": assessment.programme,
        "version": assessment.version,
        "reasons": [
            {
                "code": reason.code,
                "met": str(reason.met),
                "effect": str(reason.effect),
                "zh": reason.zh,
                "en": reason.en,
                "cite": reason.cite,
                "todo_zh": reason.todo_zh,
                "todo_en": reason.todo_en,
            }
            for reason in assessment.reasons
        ],
        "deposit": deposit,
    }
    stay_key, kind = assessment.stay_key, NoticeKind.ELIGIBILITY
    tell(tx, case_id, stay_key, kind, told, feed, act, test_profile=test_profile)


def tell_estimate(tx: Transaction, stay_key: str, settlement: Settlement, mode: str, feed: Feed, act: Act) -> None:
    """What the bill would come to: by our rules (``estimate``) or by the payers' own (``trial``)."""
    if _wanted(feed, NoticeKind.ESTIMATE):
        _tell_bill(tx, stay_key, NoticeKind.ESTIMATE, {"mode": mode, **_bill(settlement)}, settlement, feed, act)


def tell_settlement(tx: Transaction, stay_key: str, settlement: Settlement, feed: Feed, act: Act) -> None:
    """A bill version is settled."""
    if (way := _wanted(feed, NoticeKind.SETTLEMENT)) is not None:
        told = {"settled_at": _moment(act.at, way), **_bill(settlement)}
        _tell_bill(tx, stay_key, NoticeKind.SETTLEMENT, told, settlement, feed, act)


def tell_reversal(tx: Transaction, stay_key: str, settlement: Settlement, feed: Feed, act: Act) -> None:
    """A settled bill version is undone: its amounts with the opposite sign."""
    if (way := _wanted(feed, NoticeKind.REVERSAL)) is not None:
        told = {"reversed_at": _moment(act.at, way), **_bill(settlement, sign=-1)}
        _tell_bill(tx, stay_key, NoticeKind.REVERSAL, told, settlement, feed, act)


def tell_standing(tx: Transaction, case_id: str, tools: Tools, act: Act) -> None:
    """Whether a case waits for a person, at the end of whatever happened to it.

    A source whose files are wrong by now keeps no case from going on: what it missed it hears when they are mended.
    """
    row = tx.case(case_id)
    if row is None:
        return
    try:
        feed = tools.feed(row.source)
    except AdapterError:
        return
    tell_held(tx, case_id, row.stay_key, (), feed, act)


def tell_held(tx: Transaction, case_id: str, stay_key: str, parked: Iterable[Issue], feed: Feed, act: Act) -> None:
    """A stay waits for a person, for other reasons than before, or no longer.

    Args:
        parked: why its rows were set aside; there may be no case yet.
    """
    if not _wanted(feed, NoticeKind.ISSUES):
        return
    row = tx.case(case_id)
    why = stopping(row.issues) if row is not None and row.held else stopping(parked)
    if not why and NoticeKind.ISSUES not in _book(tx, case_id)[1]:
        return  # it never waited
    told = {"held": bool(why), "issues": [explain.issue_json(issue) for issue in why]}
    tell(tx, case_id, stay_key, NoticeKind.ISSUES, told, feed, act)


def tell(
    tx: Transaction,
    case_id: str,
    stay_key: str,
    kind: NoticeKind,
    told: Mapping[str, object],
    feed: Feed,
    act: Act,
    *,
    same: Mapping[str, object] | None = None,
    version: int = 0,
    test_profile: bool = False,
) -> None:
    """Store a notice for sending, unless the last one of its kind told the same of this stay.

    Args:
        same: what decides whether it is the same, where ``told`` also names moments.
        version: of the bill that it is about.
    """
    way = _wanted(feed, kind)
    if way is None:
        return
    row = tx.case(case_id)  # holds the case, so that nobody else counts its notices meanwhile
    number, before = _book(tx, case_id)
    mark = digest(told if same is None else same)
    if before.get(kind) == mark:
        return
    notice = Notice(
        key=f"{case_id}.back.{kind}.{number + 1}",
        kind=kind,
        sequence=number + 1,
        at=act.at.astimezone(way.zone),
        source=feed.name,
        case_id=case_id,
        stay_key=stay_key,
        facility=way.facility,
        told=told,
        test_profile=test_profile,
    )
    tx.enqueue(message_for(notice, way, version=version or (row.version if row is not None else 0)), **act.said)
    tx.file_paper(case_id, PAPER, {"number": number + 1, "told": {**before, kind: mark}}, **act.said)


def _tell_bill(
    tx: Transaction,
    stay_key: str,
    kind: NoticeKind,
    told: Mapping[str, object],
    settlement: Settlement,
    feed: Feed,
    act: Act,
) -> None:
    same = {name: value for name, value in told.items() if name not in ("settled_at", "reversed_at")}
    tell(
        tx,
        settlement.case_id,
        stay_key,
        kind,
        told,
        feed,
        act,
        same=same,
        version=settlement.version,
        test_profile=settlement.test_profile,
    )


def _bill(settlement: Settlement, *, sign: int = 1) -> dict[str, object]:
    def amount(money: Money) -> str:
        return (money if sign > 0 else -money).text

    return {
        "version": settlement.version,
        "scheme": settlement.scheme,
        "settled_on": settlement.on.isoformat(),
        "total": amount(settlement.total),
        "patient_pays": amount(settlement.patient_pays),
        "shares": [
            {
                "payer": str(share.payer),
                "zh": explain.PAYERS[share.payer][0],
                "en": explain.PAYERS[share.payer][1],
                "amount": amount(share.amount),
                "authority": str(share.authority),
                "cite": share.cite,
                "reference": share.reference,
            }
            for share in settlement.shares
        ],
        "patient": {name: amount(part) for name, part in explain.patient_amounts(settlement.patient)},
        "basis": settlement.basis,
    }


def _wanted(feed: Feed, kind: NoticeKind) -> WayBack | None:
    """The way back of a source that wants to hear of this kind."""
    way = feed.way_back
    return way if way is not None and kind in way.send else None


def _moment(at: datetime, way: WayBack) -> str:
    return at.astimezone(way.zone).isoformat(timespec="seconds")


def _book(tx: Transaction, case_id: str) -> tuple[int, dict[str, str]]:
    """How many notices the stay has had, and what was told last, by kind."""
    paper: Mapping[str, Any] = tx.paper(case_id, PAPER) or {"number": 0, "told": {}}
    return int(paper["number"]), dict(paper["told"])
