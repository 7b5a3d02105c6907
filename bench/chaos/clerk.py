"""The clerk of a hospital under fire: tries, settles, reverses, settles anew, by command or through the service."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from adapter.cases import reverse, settle
from adapter.cases.tools import Act, Tools
from adapter.ledger.rows import CaseRow, MessageState
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from bench.chaos.dialects import SOURCE, STAYS
from bench.chaos.hospital import SERVICE, Hospital
from bench.chaos.stores import CLERK

_EVERY_SECONDS = 0.3
_WAITS = (BillState.SETTLING, BillState.REVERSING)
_DOORS = {"trial": settle.start_trial, "settle": settle.start_settlement, "reverse": reverse.start_reversal}


@dataclass
class Clerk:
    """Looks at each stay again and again and does what comes next.

    Attributes:
        closing: settled stays stay settled.
        stuck: stays of which a message is parked: for a person, and for nobody here.
        refused: why an act was not possible, by code.
        rounds: how often a stay was settled.
    """

    hospital: Hospital
    tools: Tools
    dice: random.Random
    closing: bool = False
    stuck: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    rounds: Counter[str] = field(default_factory=Counter)
    _next: float = 0.0
    _seen: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def moving(self) -> int:
        return len(STAYS) - len(self.stuck)

    def look(self) -> None:
        """One round over all stays, a few times a second."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        with self.tools.ledger.reading() as tx:
            rows = tx.cases(source=SOURCE)
            trials = {row.case_id: tx.paper(row.case_id, "trial") for row in rows if row.bill not in _WAITS}
            self.stuck = {row.message.case_id for row in tx.outbox(states=(MessageState.PARKED,))}
        for row in rows:
            trial = trials.get(row.case_id) or {}
            self._note(row)
            if row.case_id not in self.stuck and (door := self._comes_next(row, str(trial.get("state")))):
                self._act(door, row.case_id)

    def through(self) -> bool:
        """Whether every stay is settled or stuck and nothing is on its way."""
        with self.tools.ledger.reading() as tx:
            if tx.outbox(states=(MessageState.PENDING, MessageState.LEASED), limit=1):
                return False
            rows = tx.cases(source=SOURCE)
        return all(row.bill is BillState.SETTLED or row.case_id in self.stuck for row in rows)

    def _note(self, row: CaseRow) -> None:
        now = (row.version, str(row.bill))
        if self._seen.get(row.case_id) != now and row.bill is BillState.SETTLED:
            self.rounds[row.case_id] += 1
        self._seen[row.case_id] = now

    def _comes_next(self, row: CaseRow, trial: str) -> str | None:
        if row.bill is BillState.SETTLED:
            return None if self.closing else "reverse"
        if row.bill in _WAITS or trial == "running":
            return None
        return "settle" if row.bill is BillState.PREVIEWED and trial == "done" else "trial"

    def _act(self, door: str, case_id: str) -> None:
        """By command or by the service; what happens when either dies half-way, the next look shows."""
        work: Callable[[str, Tools, Act], None] = _DOORS[door]
        try:
            if self.dice.random() < 0.5:
                work(case_id, self.tools, self.tools.act(CLERK, door))
            else:
                self._ask(door, case_id)
        except AdapterError as error:
            self.refused.update(issue.code for issue in error.issues[:1])

    def _ask(self, door: str, case_id: str) -> None:
        address = f"{self.hospital.base(SERVICE)}/cases/{case_id}/{door}"
        content = {"reason": door} if door == "reverse" else None
        with suppress(httpx.HTTPError):
            answer = httpx.post(address, json=content, timeout=5)
            if answer.status_code >= 500:
                self.refused[f"HTTP {answer.status_code} {door}"] += 1
