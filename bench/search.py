"""Search with 1,000,000 ChargeItems kept: by whom, where, what, when; 50 a page, newest first, audit line included."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import func, select

from adapter.cases.searching import search_resources
from adapter.cases.tools import Tools
from adapter.doors.web.fhir.bundles import searchset
from adapter.fhir.canonical import canonical, digest_of, encode
from adapter.fhir.search.query import parse
from adapter.ledger.engine import engine_for
from adapter.ledger.rows import ResourceIn
from adapter.model.case import Actor
from adapter.settings import Settings
from adapter.wiring import open_tools
from bench.report import Bench, Figure, load_now, percentile

ITEMS = 1_000_000
LINES = 200  # of a stay
BATCH = 25  # stays that are kept at once
ASKED = 400  # searches of each kind
WARM = 5  # of each kind before them: statements are compiled once in a process
AIM = 50.0  # ms, p99

_SYSTEM = "https://bench.example/item"
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_CODES = 3_000
_FILLED = "bench-filled"

Resource = dict[str, Any]


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_OID, name))


def _code(random: Random) -> str:
    """An item: a few are on every bill, most are rare."""
    return str(1000 + min(int(random.paretovariate(0.7)), _CODES))


def stay(number: int, random: Random) -> Iterator[Resource]:
    """One stay of one of half as many persons, with its charges."""
    patient, encounter, account = (_id(f"{kind}{number // 2 if kind == 'p' else number}") for kind in "pea")
    subject = {"reference": f"Patient/{patient}"}
    admitted = _FIRST + timedelta(days=number % 1500)
    yield {"resourceType": "Patient", "id": patient, "gender": "female"}
    yield {"resourceType": "Account", "id": account, "status": "active", "subject": [subject]}
    yield {
        "resourceType": "Encounter",
        "id": encounter,
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": subject,
        "period": {"start": admitted.isoformat(), "end": (admitted + timedelta(days=10)).isoformat()},
    }
    for line in range(LINES):
        at = (admitted + timedelta(minutes=random.randrange(14_400))).isoformat()
        yield {
            "resourceType": "ChargeItem",
            "id": _id(f"c{number}.{line}"),
            "identifier": [{"system": "https://bench.example/line", "value": f"{number}.{line}"}],
            "status": "billable",
            "code": {"coding": [{"system": _SYSTEM, "code": _code(random)}], "text": "二级护理"},
            "subject": subject,
            "context": {"reference": f"Encounter/{encounter}"},
            "account": [{"reference": f"Account/{account}"}],
            "occurrenceDateTime": at,
            "enteredDate": at,
            "quantity": {"value": Decimal("1.00")},
            "priceOverride": {"value": Decimal("18.00"), "currency": "CNY"},
        }


def fill(tools: Tools, items: int) -> float:
    """Keep that many charges with what they point to; returns the seconds it took."""
    random, begun = Random(7), time.monotonic()
    said = tools.act(Actor("bench"), "fill").said
    for first in range(0, items // LINES, BATCH):
        kept = []
        for number in range(first, min(first + BATCH, items // LINES)):
            for resource in stay(number, random):
                body = canonical(resource)
                kept.append(ResourceIn(resource["resourceType"], resource["id"], body, digest_of(body)))
        with tools.ledger.transaction() as tx:
            tx.put_resources("bench", None, kept, **said)
        if first % 500 == 0:
            print(f"  {first * LINES:,} kept, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return time.monotonic() - begun


def questions(random: Random, stays: int) -> dict[str, list[tuple[str, str]]]:
    """One search of each kind, about a stay drawn at random."""
    number = random.randrange(stays)
    day = (_FIRST + timedelta(days=random.randrange(1500))).date()
    page = [("_count", "50"), ("_sort", "-date")]
    when = [("occurrence", f"ge{day}"), ("occurrence", f"lt{day + timedelta(days=30)}")]
    return {
        "by subject": [("subject", f"Patient/{_id(f'p{number // 2}')}"), *page],
        "by context": [("context", f"Encounter/{_id(f'e{number}')}"), *page],
        "by account": [("account", f"Account/{_id(f'a{number}')}"), *page],
        "by identifier": [("identifier", f"https://bench.example/line|{number}.{random.randrange(LINES)}"), *page],
        "by code and 30 days": [("code", f"{_SYSTEM}|{_code(random)}"), *when, *page],
        "by three codes": [("code", ",".join(_code(random) for _ in range(3))), *page],
        "newest of all": page,
        "by subject and code": [("patient", _id(f"p{number // 2}")), ("code", _code(random)), *page],
        "by context with _include": [
            *(("context", f"Encounter/{_id(f'e{number}')}"), *page),
            *(
                ("_include", "ChargeItem:subject"),
                ("_include", "ChargeItem:context"),
                ("_include", "ChargeItem:account"),
            ),
        ],
    }


def run(store: str | None = None, items: int = ITEMS) -> Bench:
    """Fill a store, then ask each kind of question of it in turn.

    Args:
        store: address of the store, which is kept and filled only where it is empty; None: one of our own on disk, for
            this run alone.
    """
    with _address(store) as address, open_tools(Settings(database_url=address)) as tools:
        kept = _kept(tools, items)
        gc.collect()
        gc.freeze()  # as the service does after its start
        load = load_now()
        spent = _asked(tools, kept.items // LINES)
        gc.unfreeze()
        size = _size(address) / (1 << 30)
    rate = kept.items / kept.seconds
    figures = [
        Figure("kept", f"{kept.items:,} ChargeItems in {kept.seconds:,.0f} s ({rate:,.0f} a second); {size:.2f} GiB"),
        *(_figure(name, times) for name, times in spent.items()),
    ]
    sqlite = address.startswith("sqlite")
    named = "" if store is None else f" --store {'sqlite:///…' if sqlite else 'postgresql://…'}"
    return Bench(
        name="search" if sqlite else "search on PostgreSQL",
        command=f"python -m bench search{named}{'' if items == ITEMS else f' --items {items}'}",
        how=(
            f"{'SQLite on disk' if sqlite else 'PostgreSQL on the same machine, as it is installed'}, filled {BATCH} "
            f"stays of {LINES} lines at a time the ordinary way, journal and index included"
            f"{'' if kept.now else ' (by an earlier run, whose time is given)'}. Then, after {WARM} searches of each "
            f"kind, {ASKED} of each in turn, each about another stay, 50 a page, newest first, no total; a search "
            "writes its line into the journal and commits it. Times from the parameters to the bytes of the Bundle, in "
            "one process, one search at a time; the aim is held against the clock. Processor time is this process's."
        ),
        figures=tuple(figures),
        load=load,
    )


@contextmanager
def _address(store: str | None) -> Iterator[str]:
    if store is not None:
        yield store
        return
    with TemporaryDirectory(prefix="bench-search-") as folder:
        yield f"sqlite:///{Path(folder) / 'search.db'}"


class _Kept(NamedTuple):
    """What the store holds, how long that took, and whether it was this run that filled it."""

    items: int
    seconds: float
    now: bool


def _kept(tools: Tools, items: int) -> _Kept:
    """Fill an empty store; one that a run has filled says so in the journal line after the last batch."""
    with tools.ledger.reading() as tx:
        lines = tx.journal(limit=1)
        notes = [line.event.data for line in tx.journal(after=-(-items // LINES // BATCH), limit=1)]
    if not lines:
        seconds = fill(tools, items)
        with tools.ledger.transaction() as tx:
            tx.note("", _FILLED, {"items": items, "seconds": int(seconds)}, **tools.act(Actor("bench"), "fill").said)
        return _Kept(items, seconds, now=True)
    if not notes or notes[0].get("what") != _FILLED:
        raise SystemExit(f"the store is not one that this bench filled with {items:,} ChargeItems")
    said: Any = notes[0]["data"]
    return _Kept(said["items"], said["seconds"], now=False)


def _asked(tools: Tools, stays: int) -> dict[str, list[tuple[float, float]]]:
    """How long searches took, and how much processor time of this process, in ms, by kind."""
    random, spent = Random(), dict[str, list[tuple[float, float]]]()
    for round_ in range(WARM + ASKED):
        for name, asked in questions(random, stays).items():
            begun, used = time.perf_counter(), time.process_time()
            query, act = parse("ChargeItem", asked), tools.act(Actor("bench"), "search")
            encode(searchset(query, search_resources(query, tools, act), "https://bench.example/fhir"))
            if round_ >= WARM:
                took = 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - used)
                spent.setdefault(name, []).append(took)
    return spent


def _size(address: str) -> int:
    """Of the whole store, in bytes."""
    engine = engine_for(address)
    if engine.dialect.name == "sqlite":
        return Path(str(engine.url.database)).stat().st_size
    with engine.connect() as connection:
        return int(connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one())


def _figure(name: str, times: list[tuple[float, float]]) -> Figure:
    took, used = zip(*times, strict=True)
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    value = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms; processor time p99 {percentile(used, 0.99):.1f} ms"
    return Figure(name, value, f"aim: p99 under {AIM:.0f} ms", p99 < AIM)
