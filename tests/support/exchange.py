"""A payer behind a folder, in this process: its desk, its courier, and the endpoint that lays files out for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.folder.receiver import FolderReceiver
from adapter.counterparts.seed import load_seed
from adapter.counterparts.state import state
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Receipt, Remittance, Stage
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange, OurSide, Statement
from adapter.payers.delivery.endpoints.folder.endpoint import FolderEndpoint
from adapter.payers.delivery.endpoints.folder.exchange import receipt_name
from tests.support.office import ROOT, TestClock


@dataclass
class Counter:
    """One payer behind a folder."""

    endpoint: FolderEndpoint
    receiver: FolderReceiver

    @property
    def root(self) -> Path:
        return self.receiver.root

    def settled(self) -> int:
        return int(state(self.receiver.desk)["settled"])


@cache
def _assessor(role: str) -> Assessor:
    seed = load_seed(ROOT / "fixtures" / "endpoints" / f"{role}.yaml")
    return Assessor(seed, PlanBook.load(ROOT / "mappings", seed, []), load_lists(seed.items))


def counter(stack: ExitStack, folder: Path, name: str, role: str, clock: TestClock) -> Counter:
    store = Store(folder / f"{role}.sqlite")
    stack.callback(store.close)
    later = role == "aid"
    desk = Desk(role, store, _assessor(role), by_transaction=later, seconds=lambda: clock.moment.timestamp())
    form = "transaction" if later else "submit"
    (folder / name).mkdir()
    config = EndpointConfig(name, "folder", str(folder / name), form=form, simulator=True, longest_delay=5, timeout=1)
    return Counter(FolderEndpoint(config, clock, collect_seconds=1), FolderReceiver(folder / name, desk))


@dataclass
class Couriered:
    """A folder endpoint whose payer's courier comes by after every file and before every statement.

    Attributes:
        spoils: what happens to the next receipt on the way: ``torn``, ``no-checksum`` or ``another``.
    """

    real: FolderEndpoint
    receiver: FolderReceiver
    spoils: str = ""
    whole: tuple[str, bytes] | None = None
    stages: tuple[Stage, ...] = ()

    def __post_init__(self) -> None:
        self.config = self.real.config

    def next(
        self,
        stage: Stage,
        facts: CallFacts,
        so_far: Sequence[Exchange],
        at: datetime,
        *,
        before: Sequence[Exchange] = (),
    ) -> OutboundMessage | Done:
        return self.real.next(stage, facts, so_far, at, before=before)

    def deliver(self, message: OutboundMessage) -> Receipt:
        laid_out = self.real.deliver(message)
        if self.receiver.collect() == 0:
            return laid_out
        if self.spoils:
            self._spoil(receipt_name(message.key))
        return self.real.lookup(message)

    def lookup(self, message: OutboundMessage) -> Receipt:
        return self.real.lookup(message)

    def remittance(self, day: date, facility: str) -> Remittance:
        self.receiver.statement(facility, day)
        return self.real.remittance(day, facility)

    def statement(self, day: date, facility: str, ours: OurSide) -> Statement:
        return Statement(self.remittance(day, facility))

    def mend(self) -> None:
        """The courier lays the receipt down again, whole."""
        if self.whole is not None:
            self.receiver._lay(*self.whole)

    def _spoil(self, name: str) -> None:
        file = self.receiver.root / "in" / name
        self.whole = (name, file.read_bytes())
        if self.spoils == "torn":
            file.write_bytes(file.read_bytes()[:40])
        elif self.spoils == "no-checksum":
            file.with_name(f"{name}.sha256").unlink()
        else:
            self.receiver._lay(name, b'{"key": "another", "outcome": "accepted"}')
