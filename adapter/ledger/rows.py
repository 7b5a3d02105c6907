"""What a transaction takes and gives: frozen rows, money as Money, times with their zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from adapter.model.case import (
    BillState,
    ClearingState,
    DepositState,
    EntitlementState,
    Event,
    PatientPartState,
    StayState,
)
from adapter.model.issues import Issue
from adapter.model.messages import OutboundMessage, Outcome
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One journal line with its place in the chain: ``hash`` covers the line and ``prev``."""

    seq: int
    event: Event
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as it stands now.

    Attributes:
        version: newest bill version; 0 before the first.
        bill: state of that version.
        stay, entitlement, deposit, patient_part: None while the machine has not been started.
        issues: why the case is held; empty when it is not.
    """

    case_id: str
    source: str
    stay_key: str
    person_key: str
    scheme: str
    facility: str
    opened_at: datetime
    admitted: date | None
    discharged: date | None
    stay: StayState | None
    entitlement: EntitlementState | None
    deposit: DepositState | None
    version: int
    bill: BillState | None
    patient_part: PatientPartState | None
    held: bool
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class StateRow:
    """Where one machine of a case stands, and since when."""

    machine: str
    subject: str
    state: StrEnum
    since: datetime


@dataclass(frozen=True, slots=True)
class ResourceIn:
    """A resource to keep: its canonical JSON bytes and their digest; equal digests mean nothing changed."""

    type: str
    id: str
    body: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True)
class ResourcePut:
    """What became of a resource that was put: its version now, and whether that version is new."""

    type: str
    id: str
    version: int
    changed: bool


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One version of a resource; a deleted one has no body (``b""``)."""

    type: str
    id: str
    version: int
    source: str
    digest: str
    deleted: bool
    newest: bool
    at: datetime
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A received file. ``new`` is True only in the answer to the very first receipt."""

    source: str
    digest: str
    name: str
    size: int
    received_at: datetime
    processed_at: datetime | None
    new: bool = False


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """Files that came together.

    Attributes:
        files: name and digest of each.
        received_at: when they came, the last time that they did.
        finished_at: None while something of them may not have been taken.
    """

    source: str
    id: str
    files: tuple[tuple[str, str], ...]
    received_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """Source records that could not be mapped, with the reasons; they wait for a person or a replay."""

    id: str
    source: str
    stay_key: str | None
    place: str
    issues: tuple[Issue, ...]
    parked_at: datetime
    resolved_at: datetime | None
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a double entry (复式记账). Exactly one of debit and credit may be other than ¥0.00.

    Attributes:
        account: ``charges``, ``receivable/basic``, ``receivable/patient`` …; docs/journal.md lists them.
        line: ChargeItem id, where the entry belongs to one.
        reference: the payer's settlement id, where it answered.
    """

    account: str
    debit: Money = ZERO
    credit: Money = ZERO
    payer: Payer | None = None
    cite: str = ""
    line: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A posting as booked. ``batch`` counts per case; ``reverses`` names the batch that this one undoes."""

    case_id: str
    version: int
    batch: int
    number: int
    posting: Posting
    reverses: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class FinanceState:
    """Where a book of no case stands, and since when."""

    book: str
    state: ClearingState
    since: datetime


@dataclass(frozen=True, slots=True)
class FinancePosting:
    """An entry as booked in a book of no case. ``batch`` counts per book."""

    book: str
    batch: int
    number: int
    posting: Posting
    at: datetime


class MessageState(StrEnum):
    """Where an outbox message stands."""

    PENDING = "pending"  # waits for its time
    LEASED = "leased"  # a worker has it; it may have been sent
    PARKED = "parked"  # waits for a person
    DONE = "done"  # accepted or rejected


#: States of a message that goes out by itself, or is on its way; and of one that is not through.
WAITING = (MessageState.PENDING, MessageState.LEASED)
UNFINISHED = (*WAITING, MessageState.PARKED)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """An outbox message and what became of it. ``message.attempts`` counts sends that may have happened.

    Attributes:
        outcome: of the newest receipt, or None before the first; final once the state is done.
        finished_at: when the final outcome was learned.
    """

    message: OutboundMessage
    state: MessageState
    not_before: datetime
    worker: str | None
    lease_until: datetime | None
    outcome: Outcome | None
    receipts: int
    enqueued_at: datetime
    finished_at: datetime | None

    @classmethod
    def waiting(cls, message: OutboundMessage, at: datetime) -> Self:
        """A message as it stands when it has just been stored, due at once."""
        return cls(message, MessageState.PENDING, at, None, None, None, 0, at, None)


@dataclass(frozen=True, slots=True)
class Health:
    """Counts for the operator; no case and no person can be told from them.

    Attributes:
        states: per machine, how many subjects are in which state.
        outbox: per endpoint, how many messages are in which state.
        oldest_due: when the first of the messages that will go out by themselves becomes due (a leased one: when its
            lease ends), or None when nothing will: what is parked, or waits behind a parked one, needs a person.
    """

    cases: int
    held: int
    states: Mapping[str, Mapping[str, int]]
    outbox: Mapping[str, Mapping[str, int]]
    oldest_due: datetime | None
    parked: int
    unprocessed_files: int
    journal_length: int
