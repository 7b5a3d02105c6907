"""What a counterpart has done so far, for tests to look at."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from adapter.counterparts.desk import Desk
from adapter.counterparts.store import REVERSED, SETTLED, Kept


def state(desk: Desk) -> dict[str, Any]:
    """Counts for tests; amounts are text."""
    store = desk.store
    with store.transaction():
        everything = store.everything()
        settlements = [row for row in everything if row.kind == "settle"]
        persons = {(row.subscriber, row.year) for row in settlements}
        persons |= {(key, year) for key, person in desk.assessor.seed.persons.items() for year in person.used}
        years: dict[str, dict[str, dict[str, str]]] = {}
        for subscriber, year in sorted(persons):
            used = {name: str(amount) for name, amount in sorted(desk.used(subscriber, year).items())}
            years.setdefault(subscriber, {})[str(year)] = used
        counted = (store.counts("trials"), store.counts("repeats"), store.counts("breaches"))
    trials, repeats, breaches = counted
    return {
        "role": desk.role,
        "ignore_keys": desk.ignore_keys,
        "settled": sum(row.status == SETTLED for row in settlements),
        "reversed": sum(row.status == REVERSED for row in settlements),
        "trials": trials.get("", 0),
        "repeats": repeats,
        "duplicates": _more_than_once(row.key for row in settlements),
        "settled_twice": _more_than_once(row.case for row in settlements if row.status == SETTLED),
        "keys": {row.key: row.status for row in everything},
        "paid": _paid(settlements),
        "year_to_date": years,
        "least_data_breaches": breaches,
    }


def _more_than_once(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return {name: count for name, count in counts.items() if count > 1}


def _paid(settlements: list[Kept]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for row in settlements:
        for one in row.answers if row.status == SETTLED else ():
            sums[one.payer] = sums.get(one.payer, Decimal(0)) + one.benefit
    return {payer: str(amount) for payer, amount in sums.items()}
