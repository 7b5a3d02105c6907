"""A payer behind a folder, in this process: its desk, its courier, and the endpoint that lays files out for it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.folder.receiver import FolderReceiver
from adapter.counterparts.seed import load_seed
from adapter.counterparts.state import state
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.folder.endpoint import FolderEndpoint
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


def counter(stack: ExitStack, folder: Path, name: str, role: str, clock: TestClock) -> Counter:
    seed = load_seed(ROOT / "fixtures" / "endpoints" / f"{role}.yaml")
    store = Store(folder / f"{role}.sqlite")
    stack.callback(store.close)
    assessor = Assessor(seed, PlanBook.load(ROOT / "mappings", seed, []), load_lists(seed.items))
    later = role == "aid"
    desk = Desk(role, store, assessor, by_transaction=later, seconds=lambda: clock.moment.timestamp())
    form = "transaction" if later else "submit"
    config = EndpointConfig(name, "folder", str(folder / name), form=form, simulator=True, longest_delay=5, timeout=1)
    return Counter(FolderEndpoint(config, clock, collect_seconds=1), FolderReceiver(folder / name, desk))
