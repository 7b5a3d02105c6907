"""``python -m adapter.counterparts folder``: the payer behind a folder, its courier coming by again and again."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from adapter.counterparts.assess import Assessor
from adapter.counterparts.catalogue import load_lists
from adapter.counterparts.desk import Desk
from adapter.counterparts.folder.bad_days import MoodyReceiver
from adapter.counterparts.folder.control import Control
from adapter.counterparts.seed import load_seed
from adapter.counterparts.store import Store
from adapter.counterparts.terms import PlanBook
from adapter.model.issues import AdapterError


def main(argv: Sequence[str]) -> int:
    """Run until stopped. Exit code 2 when the seed, the plans or the folder cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m adapter.counterparts folder", description=__doc__)
    parser.add_argument("role", choices=("bureau", "aid"))
    parser.add_argument("--root", type=Path, required=True, help="the exchange folder, made when it is not there")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file, made when it is not there")
    parser.add_argument("--seed", type=Path, required=True, help="fixtures/endpoints/bureau.yaml or aid.yaml")
    parser.add_argument("--mappings", type=Path, required=True, help="folder of the plan files")
    parser.add_argument("--clock", choices=("claim", "system"), default="system", help="day of record")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two rounds of the courier")
    given = parser.parse_args(argv)
    try:
        seed = load_seed(given.seed)
        assessor = Assessor(seed, PlanBook.load(given.mappings, seed, []), load_lists(seed.items))
        given.root.mkdir(parents=True, exist_ok=True)
        given.store.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError, AdapterError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    store = Store(given.store)
    desk = Desk(given.role, store, assessor, claim_clock=given.clock == "claim", by_transaction=given.role == "aid")
    try:
        _rounds(MoodyReceiver(given.root, desk), given.every)
    finally:
        store.close()
    return 0


def _rounds(receiver: MoodyReceiver, every: float) -> None:
    """Until SIGTERM or SIGINT: take what lies there, answer it, and keep the statements of the days up to date.

    A script that is handed over (``control``) is acted out from the next round on.
    """
    stopped, control = threading.Event(), Control(receiver)

    def stop(number: int, frame: Any) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    control.open()
    changed = receiver.resume()
    sys.stdout.write(f"ready {receiver.root}\n")
    sys.stdout.flush()
    while not stopped.is_set():
        try:
            control.look()
            changed = _round(receiver, changed)
        except OSError as error:  # full, or gone for now: what was taken and not answered is answered in a later round
            sys.stderr.write(f"{type(error).__name__}: {receiver.root}\n")
            changed = -1
        stopped.wait(every)


def _round(receiver: MoodyReceiver, changed: int) -> int:
    """One round of the courier; statements where something was settled. ``changed`` -1: the last round broke off."""
    again = receiver.resume() if changed < 0 else changed
    if receiver.collect() or again:
        for facility, day in _days(receiver.desk):
            receiver.statement(facility, day)
    return 0


def _days(desk: Desk) -> list[tuple[str, date]]:
    """Codes of hospitals and days of record with settlements."""
    with desk.store.transaction():
        rows = desk.store.everything()
    settled = [row for row in rows if row.kind == "settle"]
    named = {(each, row.recorded_on) for row in settled for each in row.facility}
    return sorted((each.partition("|")[2], date.fromisoformat(day)) for each, day in named)
