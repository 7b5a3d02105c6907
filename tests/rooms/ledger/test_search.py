"""The index finds what looking at each resource finds: every way through it, both orders, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import delete, update

from adapter.ledger.engine import engine_for
from adapter.ledger.ledger import Ledger, Transaction
from adapter.ledger.rows import ResourceIn
from adapter.ledger.search_index import Indexer, number_of
from adapter.ledger.search_tables import search_edition, search_names
from adapter.ledger.session import digest_of
from adapter.model.search import (
    NO_END,
    NO_TIME,
    AnyValue,
    Condition,
    Found,
    InRange,
    InTime,
    NoValue,
    OrderBy,
    Search,
    StartsWith,
    Terms,
)
from tests.rooms.ledger.world import SOURCE, after, by

KIND, EVERYTHING, UPDATED = "ChargeItem", 1, 2
COMMON, RARE, SPAN, TEXT = 11, 12, 13, 14
PAGE = 7


def terms(kind: str, body: bytes, at: datetime) -> Terms | None:
    """What is written in the body, and when that was."""
    said = json.loads(body)
    written = int((at - after()).total_seconds())
    return Terms(
        said["first"],
        said["last"],
        ((EVERYTHING, 0), *map(tuple, said["values"])),
        (*map(tuple, said["ranges"]), (UPDATED, written, written)),
        tuple((TEXT, text) for text in said["texts"]),
    )


def drawn(random: Random) -> bytes:
    """A resource with some of everything, drawn at random."""
    first = random.choice([NO_TIME, *random.choices(range(300), k=9)])
    span = random.randrange(100)
    spans = [[SPAN, span, random.choice([span, span + 10, NO_END])], [SPAN, NO_TIME, span]]
    said = {
        "first": first,
        "last": first + random.choice([0, 0, 5, 60]) if first != NO_TIME else random.choice([NO_TIME, 80]),
        "values": [[COMMON, random.randrange(3)], [RARE, random.randrange(20)], [RARE, random.randrange(20)]],
        "ranges": spans[: random.randrange(3)],
        "texts": random.sample(["zhang", "zhao", "li", "lin", "wang"], k=random.randrange(3)),
    }
    return json.dumps(said).encode()


@dataclass(frozen=True)
class Kept:
    """One resource as the test knows it."""

    id: str
    terms: Terms

    @property
    def number(self) -> int:
        return number_of(KIND, self.id)

    def place(self, order: OrderBy) -> tuple[int, int]:
        updated = next(low for parameter, low, _ in self.terms.ranges if parameter == UPDATED)
        return (self.terms.first if order is OrderBy.TIME else updated), self.number


def meets(kept: Terms, asked: Condition) -> bool:
    """Whether a resource meets a condition, by its terms alone."""
    match asked:
        case AnyValue(parameter, values):
            return any((parameter, value) in kept.values for value in values)
        case NoValue(parameter, values):
            return not any((parameter, value) in kept.values for value in values)
        case InTime(first_from, first_to, last_from, last_to):
            return inside(kept.first, first_from, first_to) and inside(kept.last, last_from, last_to)
        case InRange(parameter, low_from, low_to, high_from, high_to):
            return any(
                inside(low, low_from, low_to) and inside(high, high_from, high_to)
                for number, low, high in kept.ranges
                if number == parameter
            )
        case StartsWith(parameter, texts):
            return any(text.startswith(texts) for number, text in kept.texts if number == parameter)


def inside(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def asked(random: Random) -> Search:
    """A search of up to three conditions, drawn at random."""

    def limit(most: int) -> int | None:
        return random.choice([None, random.randrange(most)])

    draw: list[Callable[[], Condition]] = [
        lambda: AnyValue(COMMON, tuple(random.sample(range(4), k=random.choice([1, 3]))), 8),
        lambda: AnyValue(RARE, tuple(random.sample(range(22), k=random.choice([1, 2]))), 3),
        lambda: NoValue(COMMON, (random.randrange(3),)),
        lambda: InTime(limit(300), limit(300), random.randrange(300), limit(300)),
        lambda: InRange(SPAN, limit(100), limit(100), limit(100), limit(100)),
        lambda: InRange(UPDATED, None, None, limit(8), limit(8)),
        lambda: StartsWith(TEXT, tuple(random.sample(["zh", "li", "lin", "wang", "x"], k=2))),
    ]
    conditions = tuple(make() for make in random.sample(draw, k=random.randrange(4)))
    order = random.choice(list(OrderBy))
    return Search(KIND, EVERYTHING, UPDATED, conditions, order, random.random() < 0.5)


def every_page(tx: Transaction, search: Search) -> list[Found]:
    """All that is found, page after page."""
    found: list[Found] = []
    while page := tx.find(replace(search, after=found[-1].place if found else None), PAGE):
        found += page
    return found


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url, indexer=Indexer(terms, 1)) as opened:
        yield opened


def put(ledger: Ledger, random: Random, ids: list[str], seconds: int) -> list[Kept]:
    """Keep new versions, and something of another type that stands on the same lines."""
    bodies = {id_: drawn(random) for id_ in ids}
    items = [ResourceIn(KIND, id_, body, digest_of(body)) for id_, body in bodies.items()]
    items += [ResourceIn("posted", id_, body, digest_of(body)) for id_, body in list(bodies.items())[:9]]
    with ledger.transaction() as tx:
        tx.put_resources(SOURCE, None, items, **by(seconds))
    found = ((id_, terms(KIND, body, after(seconds))) for id_, body in bodies.items())
    return [Kept(id_, each) for id_, each in found if each is not None]


@pytest.mark.parametrize("few", [5_000, 20, 0])
def test_the_index_finds_what_looking_finds(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Few lines or many: each search goes another way and ends in the same place."""
    monkeypatch.setattr("adapter.ledger.search.FEW", few)
    random = Random(few)
    known = {each.id: each for each in put(ledger, random, [f"c{number}" for number in range(60)], 0)}
    for seconds in range(1, 8):
        known |= {each.id: each for each in put(ledger, random, random.sample(sorted(known), k=5), seconds)}
    met = 0
    with ledger.reading() as tx:
        for _ in range(60):
            search = asked(random)
            wanted = [each for each in known.values() if all(meets(each.terms, one) for one in search.conditions)]
            wanted.sort(key=lambda each: each.place(search.order), reverse=search.descending)
            found = every_page(tx, search)
            assert [each.id for each in found] == [each.id for each in wanted], search
            assert all(one.place != other.place for one, other in pairwise(found))
            assert tx.count_found(search) == len(wanted)
            met += bool(found)
    assert met > 20, "searches that find nothing prove little"


def test_an_index_that_an_older_program_left_is_made_anew(url: str) -> None:
    """It knows no times beside the names; the migration took its edition away."""
    search = Search(KIND, EVERYTHING, UPDATED, (StartsWith(TEXT, ("z", "l", "w")),))
    with Ledger.open(url, indexer=Indexer(terms, 1)) as ledger:
        put(ledger, Random(1), [f"c{number}" for number in range(30)], 0)
        with ledger.reading() as tx:
            found = every_page(tx, search)
    engine = engine_for(url)
    with engine.begin() as connection:
        connection.execute(update(search_names).values(first=None, last=None))
        connection.execute(delete(search_edition))
    engine.dispose()
    with Ledger.open(url, indexer=Indexer(terms, 1)) as ledger, ledger.reading() as tx:
        assert every_page(tx, search) == found != []
