"""Tools: everything a use case may need, as one value; and the act that every write carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from adapter.intake.mapping.engine import Mapper
from adapter.ledger.ledger import Ledger
from adapter.model.case import Actor
from adapter.model.dates import Clock
from adapter.model.issues import Issue
from adapter.model.message import MessageShape, PriceList
from adapter.model.notice import WayBack
from adapter.model.reference import EstimateEntry, ReferenceBook, WindowFacts
from adapter.payers.delivery.endpoint import Endpoint
from adapter.payers.delivery.retry import RetryPolicy
from adapter.payers.delivery.shown import Presented as Presented
from adapter.payers.delivery.shown import Shown
from adapter.payers.delivery.traffic import Traffic
from adapter.rules.policy.book import PolicyBook


class Said(TypedDict):
    """Who did it, when and why: keyword arguments of every ledger write."""

    at: datetime
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a person or of the service: every event of the journal carries it."""

    at: datetime
    actor: Actor
    reason: str

    @property
    def said(self) -> Said:
        return {"at": self.at, "actor": self.actor, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Feed:
    """One hospital's source, ready to read.

    Attributes:
        windows: window facts by stay key.
        messages: how its messages are to be understood; None for a source that sends no messages.
        prices: its item master, where it has one.
        issues: rows of the reference files that could not be read; whatever needs them will miss them.
        way_back: how the HIS hears of decisions; None where it does not.
        estimates: what stays of a diagnosis group usually cost; empty where nobody gave a table.
        password: gives that of the hospital's database when it is needed; None where there is none.
    """

    name: str
    mapper: Mapper
    reference: ReferenceBook
    windows: Mapping[str, WindowFacts]
    issues: tuple[Issue, ...] = ()
    messages: MessageShape | None = None
    prices: PriceList | None = None
    password: Callable[[], str] | None = field(default=None, repr=False)
    way_back: WayBack | None = None
    estimates: tuple[EstimateEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class OfficeRules:
    """What the office decided about settlements, as its settings say.

    Attributes:
        advance_difference: who bears what a payer pays less than the hospital advanced: ``hospital`` or ``patient``;
            None: nobody said, so nothing is advanced.
        refuse_declared: whether a settlement of a month that was declared may no longer be reversed.
        refuse_before_later: whether a settlement on which a later one stands may not be reversed before that one.
        reconcile_days: how many days around a statement's own a settlement is looked for before it is called missing.
    """

    advance_difference: str | None = None
    refuse_declared: bool = False
    refuse_before_later: bool = False
    reconcile_days: int = 1


@dataclass(frozen=True, slots=True)
class SubscriberRules:
    """Whom subscriptions may tell.

    Attributes:
        addresses: what an address must begin with, one of them; none: nobody is told anything.
        ca: PEM with the authorities that are trusted; empty: those of the machine.
        timeout: seconds that an answer may take.
    """

    addresses: tuple[str, ...] = ()
    ca: str = ""
    timeout: int = 10


@dataclass(frozen=True, slots=True)
class ExportRules:
    """Bulk exports: where they are written, how long they are kept.

    Attributes:
        file_lines: resources of one file, at most.
        unfinished: exports that may wait or run at the same time.
    """

    folder: Path = Path("exports")
    hours: int = 24
    file_lines: int = 250_000
    unfinished: int = 10


@dataclass(frozen=True, slots=True)
class Tools:
    """Handed to every use case by wiring.py; tests hand over their own.

    Attributes:
        most_seconds: after so long, an export that is being taken in parks the stays that it has not come to.
        traffic: when each endpoint may be spoken to, and how fast.
        office: what the office decided about settlements.
        shown: what patients showed at the window, until it is sent; never stored.
    """

    ledger: Ledger
    book: PolicyBook
    feed: Callable[[str], Feed]
    endpoints: Mapping[str, Endpoint]
    clock: Clock
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease_seconds: int = 60
    worker: str = "worker"
    most_seconds: float = 3600.0
    traffic: Traffic = field(default_factory=Traffic)
    office: OfficeRules = OfficeRules()
    shown: Shown = field(default_factory=Shown)
    subscribers: SubscriberRules = SubscriberRules()
    exports: ExportRules = ExportRules()

    def act(self, actor: Actor, reason: str) -> Act:
        """An act of this moment."""
        return Act(self.clock.now(), actor, reason)
