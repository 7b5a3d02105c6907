"""What our books say of a hospital and a counterpart around a day: our side of a reconciliation (本院账)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

from adapter.cases.reading import call_state, calls_version
from adapter.cases.tools import Tools
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import UNFINISHED, CaseRow
from adapter.model.case import CallState
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer, PayerAnswer, Settlement
from adapter.payers.delivery.endpoint import Booked, Exchange, OurSide
from adapter.payers.reconciliation.matching import Settled
from adapter.rules.policy.scheme import Call

_STANDS = frozenset({CallState.ACCEPTED, CallState.REVERSING})


def our_side(tx: Transaction, endpoint: str, day: date, facility: str, tools: Tools, *, span: int) -> OurSide:
    """Settlements that an endpoint accepted from a hospital, and those that it may have, around a day.

    Only cases that have to do with these days are read, however many there are.

    Args:
        span: days before and after; rule date, answer or cancellation falls among them.
    """
    sources: dict[str, bool] = {}
    booked: list[Booked] = []
    answered = _answered_near(tx, endpoint, day, span)

    def wanted(stem: str, on: date) -> bool:
        return stem in answered or abs(on - day) <= timedelta(days=span)

    ruled = tx.cases_ruled(day - timedelta(days=span), day + timedelta(days=span))
    for case_id in sorted({*answered.values(), *ruled}):
        row = tx.case(case_id)
        if row is not None and row.version and _is_of(row.source, facility, tools, sources):
            booked += _of_case(tx, row, endpoint, tools, wanted)
    unsure = [each for each in _unsure(tx, endpoint) if _is_of_case(tx, each.case_id, facility, tools, sources)]
    return OurSide(tuple(booked), tuple(unsure))


def hospital_of(source: str, tools: Tools) -> str:
    """The code by which payers know a source's hospital; one office may serve several hospitals."""
    settings = tools.feed(source).mapper.mapping.settings
    return settings.get("facility.national_code") or settings.get("facility.code", "")


def lines_of(booked: Booked) -> list[Settled]:
    """What each payer bears, line by line; nothing of what was taken back."""
    if booked.undone is not None:
        return []
    return [Settled(booked.key, payer, amount) for payer, amount in booked.shares]


def standing_days(tx: Transaction, row: CaseRow, tools: Tools) -> set[tuple[str, date]]:
    """Endpoint and rule date of each standing settlement of a case."""
    endpoints = {call.endpoint for call in tools.book.scheme(row.scheme).calls if call.is_sent}
    booked = [(name, each) for name in endpoints for each in _of_case(tx, row, name, tools)]
    return {(name, each.on) for name, each in booked if each.undone is None}


def _is_of(source: str, facility: str, tools: Tools, known: dict[str, bool]) -> bool:
    if source not in known:
        known[source] = facility == hospital_of(source, tools)
    return known[source]


def _is_of_case(tx: Transaction, case_id: str, facility: str, tools: Tools, known: dict[str, bool]) -> bool:
    row = tx.case(case_id)
    return row is not None and _is_of(row.source, facility, tools, known)


#: Whether a settlement is looked for, by ``<case>.v<version>.<call>`` and rule date.
Wanted = Callable[[str, date], bool]


def _of_case(
    tx: Transaction, row: CaseRow, endpoint: str, tools: Tools, wanted: Wanted = lambda stem, on: True
) -> Iterator[Booked]:
    calls = [call for call in tools.book.scheme(row.scheme).calls if call.endpoint == endpoint and call.is_sent]
    for version in range(1, row.version + 1) if calls else ():
        if calls_version(tx, row.case_id, version) != version:
            continue  # what came late was paid outside this exchange
        settlement = tx.settlement(row.case_id, version)
        for call in calls:
            shares, on, total = _parts(tx, row, version, call, settlement)
            if not shares or on is None or not wanted(f"{row.case_id}.v{version}.{call.name}", on):
                continue
            found = _booked(tx, row, version, call)
            if found is not None:
                yield Booked(found[0], on, total, shares, found[1])


def _parts(
    tx: Transaction, row: CaseRow, version: int, call: Call, settlement: Settlement | None
) -> tuple[tuple[tuple[Payer, Money], ...], date | None, Money]:
    """What each payer of a call bears, rule date and bill; of a bill that waits for other payers, from the answers."""
    if settlement is None:
        answers = {answer.payer: answer.amount for answer in _answers(tx, row, version, call)}
        return tuple(answers.items()), row.discharged, Money.total(answers.values())
    shares = tuple(
        (share.payer, share.amount)
        for share in settlement.shares
        if share.payer in call.payers and share.authority is not Authority.OBSERVED
    )
    return shares, settlement.on, settlement.total


def _answers(tx: Transaction, row: CaseRow, version: int, call: Call) -> Iterator[PayerAnswer]:
    for each in tx.messages_of_case(row.case_id, version):
        message = each.message
        if message.call == call.name and message.stage is Stage.SETTLE and each.outcome is Outcome.ACCEPTED:
            yield from tx.receipts(message.key)[-1].answers


def _booked(tx: Transaction, row: CaseRow, version: int, call: Call) -> tuple[Exchange, Exchange | None] | None:
    """The settlement that stands, or that was taken back with what took it back."""
    state = call_state(tx, row.case_id, version, call)
    stem = f"{row.case_id}.v{version}.{call.name}"
    exchange = _accepted(tx, f"{stem}.settle")
    if exchange is None or state in _STANDS:
        return None if exchange is None else (exchange, None)
    undone = _accepted(tx, f"{stem}.reverse") if state is CallState.REVERSED else None
    return None if undone is None else (exchange, undone)


def _accepted(tx: Transaction, key: str) -> Exchange | None:
    row = tx.message(key)
    if row is None or row.outcome is not Outcome.ACCEPTED:
        return None
    return Exchange(row.message, [each for each in tx.receipts(key) if each.outcome is Outcome.ACCEPTED][-1])


def _answered_near(tx: Transaction, endpoint: str, day: date, span: int) -> dict[str, str]:
    """Of which ``<case>.v<version>.<call>`` a settlement or a reversal was accepted near a day, and its case."""
    since = datetime.combine(day - timedelta(days=span), time.min, HOSPITAL_ZONE)
    until = datetime.combine(day + timedelta(days=span + 1), time.min, HOSPITAL_ZONE)
    found: dict[str, str] = {}
    for stage in (Stage.SETTLE, Stage.REVERSE):
        after = ""
        while page := tx.outbox(
            endpoint=endpoint,
            stage=stage,
            outcome=Outcome.ACCEPTED,
            finished_from=since,
            finished_before=until,
            after=after,
        ):
            found |= {row.message.key.rpartition(".")[0]: row.message.case_id for row in page}
            after = page[-1].message.key
    return found


def _unsure(tx: Transaction, endpoint: str) -> Iterator[OutboundMessage]:
    """Settlements that were sent, or may have been, and have no answer."""
    after = ""
    while page := tx.outbox(endpoint=endpoint, stage=Stage.SETTLE, states=UNFINISHED, after=after):
        yield from (row.message for row in page if row.message.effect and row.message.attempts)
        after = page[-1].message.key
