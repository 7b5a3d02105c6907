"""What must be true when everybody was let go on: nothing lost, nothing doubled, both sides' books the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapter.cases.tools import Tools
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import JournalRow, MessageRow, MessageState
from adapter.model.case import BillState
from adapter.model.messages import Outcome, Stage
from adapter.model.money import Money
from bench.chaos.dialects import STAYS, case_of
from bench.chaos.effects import Effects, effects_of
from bench.chaos.hospital import LEASE_SECONDS, SERVICE, WORKERS, Hospital

#: What a leased message may wait beyond the lease: a worker with nothing to do looks once a second.
POLL_SECONDS = 1.0
_SETTLES = frozenset({"claim-submit", "transaction", "2304", "balance"})
_REVERSES = _SETTLES | {"2305"}


@dataclass
class Kill:
    """One death.

    Attributes:
        kind: ``step`` at a named step, ``fault`` while a scripted fault had the request, ``random``.
        pid: of the process that died.
        at: seconds since the epoch.
        in_hand: keys of messages that the victim had leased, or that were being sent to it.
        taken_over: seconds until each of them was leased or answered again.
        meanwhile: how many messages others leased until the last of them was; 0: nobody did anything.
    """

    number: int
    kind: str
    victim: str
    step: str
    pid: int
    at: float
    in_hand: tuple[str, ...] = ()
    taken_over: tuple[float, ...] = ()
    meanwhile: int = 0


@dataclass
class Verdict:
    """What was found; ``lost``, ``doubled`` and ``wrong`` in words, empty when all is well."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    parked: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    messages: int = 0


def check(hospital: Hospital, tools: Tools) -> Verdict:
    """Compare our ledger with the payers' own stores, and with itself."""
    found = Verdict()
    found.wrong += [str(issue) for issue in tools.ledger.verify()]
    theirs = {name: effects_of(payer, hospital.store(name)) for name, payer in hospital.payers.items()}
    for name, effects in theirs.items():
        found.doubled += [f"{name}: {each}" for each in effects.twice]
    with tools.ledger.reading() as tx:
        if total := Money.total(tx.balances().values()):
            found.wrong.append(f"postings do not balance: {total}")
        for stay in STAYS:
            _check_stay(tx, case_of(stay), theirs, found)
    return found


def _check_stay(tx: Transaction, case_id: str, theirs: dict[str, Effects], found: Verdict) -> None:
    row = tx.case(case_id)
    if row is None:
        found.lost.append(f"{case_id} is gone")
        return
    messages = tx.messages_of_case(case_id)
    found.messages += len(messages)
    parked = [each for each in messages if each.state is MessageState.PARKED]
    found.lost += [
        f"{each.message.key} is {each.state}, {[str(i) for r in tx.receipts(each.message.key)[-1:] for i in r.issues]}"
        for each in messages
        if each.state not in (MessageState.DONE, MessageState.PARKED)
    ]
    for each in parked:
        why = [issue.code for receipt in tx.receipts(each.message.key)[-1:] for issue in receipt.issues[:1]]
        found.parked[f"{each.message.endpoint} {each.message.operation} {why[0] if why else 'tried too often'}"] += 1
    refused = [each.message.key for each in messages if each.outcome is Outcome.REJECTED]
    found.wrong += [f"refused: {key}: {_words(tx, key)}" for key in refused]
    for name, effects in theirs.items():
        check_payer(case_id, name, effects, messages, found)
    if row.bill is BillState.SETTLED and not parked:
        found.settled += 1
        settlement = tx.settlement(case_id, row.version)
        for effects in theirs.values():
            for fund, amount in effects.paid.get(case_id, {}).items():
                ours = next((s.amount for s in settlement.shares if s.payer == fund), Money(0)) if settlement else None
                if ours != amount:
                    found.wrong.append(f"{case_id} {fund}: ours {ours}, theirs {amount}")
    elif not parked:
        codes = [issue.code for issue in row.issues]
        found.lost.append(f"{case_id} stopped: bill {row.bill}, held {row.held} {codes}")


def check_payer(case_id: str, name: str, effects: Effects, messages: Sequence[MessageRow], found: Verdict) -> None:
    """As many settlements stand there as our accepted messages say; what is parked may have arrived or not."""
    ours = maybe_more = maybe_less = 0
    for each in messages:
        sign = _sign(each)
        if each.message.endpoint != name or not sign:
            continue
        if each.outcome is Outcome.ACCEPTED:
            ours += sign
        elif each.state is MessageState.PARKED:
            maybe_more, maybe_less = maybe_more + (sign > 0), maybe_less + (sign < 0)
    standing = effects.standing.get(case_id, 0)
    if standing > ours + maybe_more:
        found.doubled.append(f"{case_id} at {name}: {standing} stand, {ours} are ours")
    if standing < ours - maybe_less:
        found.lost.append(f"{case_id} at {name}: {standing} stand, {ours} are ours")


def _sign(row: MessageRow) -> int:
    stage, operation = row.message.stage, row.message.operation
    if stage is Stage.SETTLE and operation in _SETTLES:
        return 1
    return -1 if stage is Stage.REVERSE and operation in _REVERSES else 0


def _words(tx: Transaction, key: str) -> list[str]:
    return [str(issue) for receipt in tx.receipts(key)[-1:] for issue in receipt.issues]


# -- who had what in hand, and how long it lay -------------------------------------------------------------


def look_back(kills: Iterable[Kill], hospital: Hospital, tools: Tools) -> None:
    """From the journal: what each victim had in hand when it died, and when somebody else took it."""
    with tools.ledger.reading() as tx:
        lines = [line for line in tx.journal(limit=10_000_000) if line.event.kind in _HANDLING]
        endpoints = {row.message.key: row.message.endpoint for row in _every(tx)}
    for kill in kills:
        held = _held_at(lines, kill, endpoints, hospital)
        kill.in_hand = tuple(sorted({*kill.in_hand, *held}))
        if kill.victim in (*WORKERS, SERVICE):
            kill.taken_over = tuple(_seconds_until(lines, key, kill.at) for key in held)
            kill.meanwhile = _leases(lines, kill.at, kill.at + max(kill.taken_over, default=0.0))


_HANDLING = frozenset({"message-leased", "lease-renewed", "message-answered", "message-released", "message-retried"})


def _held_at(lines: Sequence[JournalRow], kill: Kill, endpoints: dict[str, str], hospital: Hospital) -> list[str]:
    holders: dict[str, str] = {}
    for line in lines:
        if line.event.at.timestamp() > kill.at:
            continue
        key = str(line.event.data["key"])
        if line.event.kind == "message-leased":
            holders[key] = str(line.event.data["worker"])
        elif line.event.kind != "lease-renewed":
            holders.pop(key, None)
    if kill.victim in hospital.payers:
        return [key for key in holders if endpoints.get(key) == kill.victim]
    return [key for key, worker in holders.items() if f"-{kill.pid}-" in worker]


def _seconds_until(lines: Sequence[JournalRow], key: str, at: float) -> float:
    """Until the message was leased by somebody else, or its answer came in another way."""
    after = (line.event.at for line in lines if line.event.data["key"] == key and line.event.at.timestamp() > at)
    first: datetime | None = min(after, default=None)
    return float("inf") if first is None else first.timestamp() - at


def _leases(lines: Sequence[JournalRow], since: float, until: float) -> int:
    """How many messages were leased between two moments, the last one left out."""
    leased = [line.event.at.timestamp() for line in lines if line.event.kind == "message-leased"]
    return sum(since < at < until for at in leased)


def too_late(kills: Iterable[Kill], delays: Sequence[tuple[float, float]]) -> list[str]:
    """Messages that lay longer than twice the lease.

    Args:
        delays: when the machine kept this process itself waiting, and for how long: that much is nobody's fault.
    """
    found = []
    for kill in kills:
        for each in kill.taken_over:
            starved = sum(seconds for at, seconds in delays if kill.at <= at <= kill.at + each)
            if each > 2 * LEASE_SECONDS + POLL_SECONDS + starved:
                what = f"kill {kill.number} ({kill.victim}, {kill.step or kill.kind})"
                found.append(f"{what}: taken over after {each:.1f} s, {kill.meanwhile} others leased meanwhile")
    return found


def _every(tx: Transaction) -> list[MessageRow]:
    found: list[MessageRow] = []
    while page := tx.outbox(after=found[-1].message.key if found else ""):
        found += page
    return found
