"""A payer behind a folder in this process, for the conformance kit: its courier comes by whenever the kit waits.

with folder_here("bureau", tmp_path) as here:
    here.lie(TOLD["no reason"])
    list(conform("folder", "insurance", here.target, scenarios))
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adapter.counterparts.conformance.dialects import Target, site_for
from adapter.counterparts.conformance.site import Site
from adapter.counterparts.desk import Desk
from adapter.counterparts.faults import FHIR_OWN, fault_of
from adapter.counterparts.folder.bad_days import MoodyReceiver
from adapter.counterparts.folder.process import _days
from adapter.counterparts.state import state
from adapter.counterparts.store import Store
from adapter.counterparts.wire import decode, encode
from tests.support.conformance import MAPPINGS, _assessor

#: What a lie makes of a file that is laid into ``in``: its name and content.
Change = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Liar(MoodyReceiver):
    """A receiver whose files say something else than its desk."""

    changes: list[Change] = field(default_factory=list)

    def _lay(self, name: str, body: bytes) -> None:
        if not self.changes:
            super()._lay(name, body)
            return
        content = decode(body)
        for change in self.changes:
            change(name, content)
        super()._lay(name, encode(content))


@dataclass
class Here:
    """One counterpart and the folder that it watches."""

    receiver: MoodyReceiver
    target: Target

    def round(self, seconds: float = 0.0) -> None:
        """The courier comes by, and the desk brings its statements up to date."""
        if self.receiver.collect():
            for facility, day in _days(self.receiver.desk):
                self.receiver.statement(facility, day)

    def script(self, *faults: Mapping[str, Any]) -> None:
        self.receiver.faults.script([fault_of(each, FHIR_OWN) for each in faults])

    def reset(self, kind: type[MoodyReceiver] = MoodyReceiver, **given: Any) -> None:
        """An empty folder, an empty desk, a receiver of this kind."""
        self.receiver.desk.store.reset()
        shutil.rmtree(self.receiver.root)
        self.receiver.root.mkdir()
        self.receiver = kind(self.receiver.root, self.receiver.desk, **given)

    def state(self) -> dict[str, Any]:
        return state(self.receiver.desk)

    def lying(self) -> list[str]:
        """What lies in ``out``."""
        return sorted(each.name for each in (self.receiver.root / "out").glob("*"))


@contextmanager
def folder_here(role: str, folder: Path) -> Iterator[Here]:
    """``bureau`` or ``aid``, with the site file as shipped."""
    root = folder / "交换 目录"
    root.mkdir(parents=True)
    store = Store(folder / f"{role}.sqlite")
    desk = Desk(role, store, _assessor(role), by_transaction=role == "aid")
    site = site_for("folder", "aid" if role == "aid" else "insurance", MAPPINGS, None)
    assert isinstance(site, Site)
    here: Here

    def pause(seconds: float) -> None:
        here.round(seconds)

    here = Here(MoodyReceiver(root, desk), Target(str(root), replace(site, wait_seconds=1), pause=pause))
    try:
        yield here
    finally:
        store.close()
