"""Search with 1,000,000 ChargeItems kept: by whom, where, what, when; 50 a page, newest first, audit line included."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from adapter.cases.searching import search_resources
from adapter.cases.tools import Tools
from adapter.fhir.canonical import canonical, digest_of
from adapter.fhir.search.query import parse
from adapter.ledger.rows import ResourceIn
from adapter.model.case import Actor
from adapter.settings import Settings
from adapter.wiring import open_tools
from bench.report import Bench, Figure, load_now, percentile

ITEMS = 1_000_000
LINES = 200  # of a stay
BATCH = 25  # stays that are kept at once
ASKED = 400  # searches of each kind
AIM = 50.0  # ms, p99

_SYSTEM = "https://bench.example/item"
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_CODES = 3_000

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


def run(items: int = ITEMS) -> Bench:
    """Fill a store, then ask each kind of question of it in turn."""
    load = load_now()
    with TemporaryDirectory(prefix="bench-search-") as folder:
        path = Path(folder) / "search.db"
        settings = Settings(database_url=f"sqlite:///{path}")
        with open_tools(settings) as tools:
            took = fill(tools, items)
            size = path.stat().st_size / (1 << 30)
            random, spent = Random(11), dict[str, list[float]]()
            for _ in range(ASKED):
                for name, asked in questions(random, items // LINES).items():
                    query, act = parse("ChargeItem", asked), tools.act(Actor("bench"), "search")
                    begun = time.perf_counter()
                    search_resources(query, tools, act)
                    spent.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
    figures = [
        Figure("kept", f"{items:,} ChargeItems in {took:.0f} s ({items / took:,.0f} a second); {size:.2f} GiB"),
        *(_figure(name, times) for name, times in spent.items()),
    ]
    return Bench(
        name="search",
        command="python -m bench search",
        how=(
            f"SQLite on disk, filled {BATCH} stays of {LINES} lines at a time the ordinary way, journal and index "
            f"included. Then {ASKED} searches of each kind in turn, each about another stay, 50 a page, newest first, "
            "no total; a search writes its line into the journal and commits it. Times from the parsed query to the "
            "decoded resources, in the same process."
        ),
        figures=tuple(figures),
        load=load,
    )


def _figure(name: str, times: list[float]) -> Figure:
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    return Figure(name, f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", f"aim: p99 under {AIM:.0f} ms", p99 < AIM)
