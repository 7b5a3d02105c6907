"""What the payers have done, read from their own stores: what stands for whom, and what was counted twice."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from adapter.model.money import Money
from bench.chaos.dialects import Payer, case_of, persons

Amounts = Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class Effects:
    """One payer's books.

    Attributes:
        standing: by case, how many settlements stand.
        paid: by case, what stands of each of the payer's funds (``basic`` …); nil where nothing is kept of it.
        twice: what was counted more than once, in words.
    """

    standing: Mapping[str, int]
    paid: Mapping[str, Amounts]
    twice: tuple[str, ...] = ()


@dataclass
class _Books:
    standing: Counter[str] = field(default_factory=Counter)
    paid: dict[str, dict[str, Money]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    def add(self, case_id: str, number: int, **amounts: str) -> None:
        self.standing[case_id] += number
        mine = self.paid.setdefault(case_id, {})
        for name, amount in amounts.items():
            mine[name] = mine.get(name, Money(0)) + Money.yuan(str(Decimal(amount)))

    def never_twice(self, seen: Counter[str], what: str) -> None:
        self.twice += [f"{what} {name} × {number}" for name, number in seen.items() if number > 1]

    def closed(self) -> Effects:
        self.never_twice(self.standing, "standing")
        return Effects(dict(self.standing), self.paid, tuple(self.twice))


def effects_of(payer: Payer, store: Path) -> Effects:
    """Read a payer's store; nobody need be running."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return _READERS[payer.kind](db).closed()


def _of_fhir(db: sqlite3.Connection) -> _Books:
    books = _Books()
    rows = db.execute("SELECT seq, key, kind, status FROM submissions").fetchall()
    books.never_twice(Counter(f"{row['kind']} {row['key']}" for row in rows), "kept")
    for row in rows:
        if row["kind"] == "settle" and row["status"] == "settled":
            shares = db.execute("SELECT payer, benefit FROM answers WHERE seq = ?", (row["seq"],))
            books.add(row["key"].partition(".v")[0], 1, **{str(payer): str(amount) for payer, amount in shares})
    return books


def _of_nhsa(db: sqlite3.Connection) -> _Books:
    books, cases = _Books(), {each["psn_no"]: case_of(stay) for stay, each in persons().items()}
    bills = db.execute("SELECT * FROM bills WHERE gone = 0").fetchall()
    undone = Counter(str(bill["refund_of"]) for bill in bills if bill["refund_of"] is not None)
    books.never_twice(undone, "taken back")
    for bill in bills:
        if bill["refund_of"] is None and str(bill["seq"]) not in undone:
            amounts = json.loads(bill["body"])["amounts"]
            paid = {name.removeprefix("pay."): amounts[name] for name in amounts if name.startswith("pay.")}
            books.add(cases[bill["psn_no"]], 1, **paid)
    visits = db.execute("SELECT psn_no FROM visits WHERE state <> 'cancelled'").fetchall()
    books.never_twice(Counter(cases[row["psn_no"]] for row in visits), "admitted")
    return books


def _of_aid_xml(db: sqlite3.Connection) -> _Books:
    books, cases = _Books(), {each["id"]: case_of(stay) for stay, each in persons().items()}
    registered: Counter[str] = Counter()
    for row in db.execute("SELECT * FROM records"):
        case_id = cases[row["id_card"]]
        registered[case_id] += row["status"] == "1"
        stands = row["status"] == "2" and row["strike"] in ("00", "03")
        books.add(case_id, int(stands), **{"medical-aid": row["aid"]})
    books.never_twice(registered, "registered")
    return books


_READERS: Mapping[str, Callable[[sqlite3.Connection], _Books]] = {
    "fhir": _of_fhir,
    "folder": _of_fhir,
    "nhsa": _of_nhsa,
    "aid-xml": _of_aid_xml,
}
