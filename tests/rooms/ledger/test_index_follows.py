"""However resources change, the index stands as if it had been made anew, by the terms that the product searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from adapter.fhir.canonical import canonical, digest_of
from adapter.ledger import search_index
from adapter.ledger.ledger import Ledger
from adapter.ledger.rows import ResourceIn
from adapter.ledger.search_tables import search_names, search_ranges, search_texts, search_values
from adapter.wiring import INDEXER
from tests.rooms.ledger.world import SOURCE, by

LINES = (search_names, search_values, search_ranges, search_texts)
IDS = ("a", "b", "c")


def charge(random: Random, id_: str) -> dict[str, Any]:
    """A charge of which now one thing differs from before, now another: searched, not searched, the words beside."""
    return {
        "resourceType": "ChargeItem",
        "id": id_,
        "status": random.choice(["billable", "billed"]),
        "subject": {"reference": f"Patient/{random.choice('pq')}"},
        "code": {"coding": [{"system": "urn:x", "code": random.choice(["1", "2"])}]},
        "occurrenceDateTime": random.choice(["2026-03-01T10:00:00+08:00", "2026-03-02"]),
        "note": [{"text": random.choice(["one", "another"])}],
    }


def patient(random: Random, id_: str) -> dict[str, Any]:
    name = random.choice([[], [{"text": "张三"}], [{"family": "李"}]])
    born = random.choice(["1960-01-01", "1961"])
    return {"resourceType": "Patient", "id": id_, "birthDate": born, **({"name": name} if name else {})}


def lines(ledger: Ledger) -> list[set[tuple[Any, ...]]]:
    with ledger._engine.connect() as connection:
        return [{tuple(row) for row in connection.execute(table.select())} for table in LINES]


def put(ledger: Ledger, resources: list[dict[str, Any]], seconds: int) -> None:
    bodies = [(each["resourceType"], each["id"], canonical(each)) for each in resources]
    with ledger.transaction() as tx:
        items = [ResourceIn(kind, id_, body, digest_of(body)) for kind, id_, body in bodies]
        tx.put_resources(SOURCE, None, items, **by(seconds))


def test_the_index_stands_as_if_it_were_made_anew(url: str) -> None:
    ways: list[bool] = []

    def counted(*given: Any) -> Any:
        found = INDEXER.moved(*given)
        ways.append(found is not None)
        return found

    with Ledger.open(url, indexer=replace(INDEXER, moved=counted)) as ledger:
        changed_again_and_again(ledger, Random(7))
        stands = lines(ledger)
        with ledger._engine.begin() as connection:
            search_index.fill(connection, INDEXER)
        assert stands == lines(ledger)
    assert min(ways.count(way) for way in (True, False)) > 5, "one of the two ways is not taken"


def changed_again_and_again(ledger: Ledger, random: Random) -> None:
    makers: tuple[Callable[[Random, str], dict[str, Any]], ...] = (charge, patient)
    for seconds in range(90):
        put(ledger, [make(random, id_) for make in makers for id_ in random.sample(IDS, k=2)], seconds)
        if seconds % 9 == 5:
            with ledger.transaction() as tx:
                tx.delete_resources(SOURCE, None, [("ChargeItem", random.choice(IDS))], **by(seconds))
