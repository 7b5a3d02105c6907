"""The counterpart's own memory: one SQLite file. Amounts are kept as text and added as Decimals."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapter.counterparts.one_file import OneFile

SETTLED = "settled"
REVERSED = "reversed"

_TABLES = """
CREATE TABLE IF NOT EXISTS submissions (
  seq INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('settle', 'reverse')),
  digest TEXT NOT NULL, case_id TEXT NOT NULL, subscriber TEXT NOT NULL, year INTEGER NOT NULL,
  settled_on TEXT NOT NULL, recorded_on TEXT NOT NULL, facility TEXT NOT NULL, total TEXT NOT NULL,
  status TEXT NOT NULL, at REAL NOT NULL, asked INTEGER NOT NULL DEFAULT 0, reply BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS submissions_key ON submissions (key);
CREATE INDEX IF NOT EXISTS submissions_person ON submissions (subscriber, year);
CREATE INDEX IF NOT EXISTS submissions_day ON submissions (recorded_on);
CREATE TABLE IF NOT EXISTS answers (
  seq INTEGER NOT NULL REFERENCES submissions, position INTEGER NOT NULL, payer TEXT NOT NULL, benefit TEXT NOT NULL,
  coverage TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (seq, position));
CREATE TABLE IF NOT EXISTS accruals (
  seq INTEGER NOT NULL REFERENCES submissions, name TEXT NOT NULL, amount TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS accruals_seq ON accruals (seq);
CREATE TABLE IF NOT EXISTS resources (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, identifier TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (kind, identifier));
CREATE TABLE IF NOT EXISTS counts (what TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (what, name));
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """One payer's ClaimResponse, byte for byte as it was answered."""

    payer: str
    benefit: Decimal
    coverage: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A settlement or a reversal that counts.

    Attributes:
        kind: ``settle`` or ``reverse``.
        status: ``settled`` or ``reversed``; a reversal itself stays ``settled``.
        at: seconds since the epoch when it was received.
        asked: how often it was looked up.
        reply: the HTTP body that answered it.
    """

    seq: int
    key: str
    kind: str
    digest: str
    case: str
    subscriber: str
    year: int
    settled_on: str
    recorded_on: str
    facility: tuple[str, ...]
    total: Decimal
    status: str
    at: float
    asked: int
    reply: bytes
    answers: tuple[Answer, ...] = ()


class Store(OneFile):
    """One file, one connection, one writer at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLES)

    def next_seq(self) -> int:
        """The number that the next submission gets."""
        return int(self._db.execute("SELECT COALESCE(MAX(seq), 0) + 1 FROM submissions").fetchone()[0])

    def keep(self, row: Kept, accruals: Mapping[str, Decimal]) -> None:
        """Record a settlement or reversal with its answers and what it adds to the year."""
        self._db.execute(
            "INSERT INTO submissions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(row.seq, row.key, row.kind, row.digest, row.case, row.subscriber, row.year, row.settled_on),
                *(row.recorded_on, json.dumps(row.facility), str(row.total), row.status, row.at, row.asked, row.reply),
            ),
        )
        self._db.executemany(
            "INSERT INTO answers VALUES (?,?,?,?,?,?)",
            [(row.seq, n, one.payer, str(one.benefit), one.coverage, one.body) for n, one in enumerate(row.answers)],
        )
        self._db.executemany(
            "INSERT INTO accruals VALUES (?,?,?)", [(row.seq, name, str(amount)) for name, amount in accruals.items()]
        )

    def mark_reversed(self, seq: int) -> None:
        self._db.execute("UPDATE submissions SET status = ? WHERE seq = ?", (REVERSED, seq))

    def asked(self, seq: int) -> None:
        """One more look-up of this submission."""
        self._db.execute("UPDATE submissions SET asked = asked + 1 WHERE seq = ?", (seq,))

    def by_key(self, key: str) -> list[Kept]:
        """Everything under a key, oldest first."""
        return self._kept("key = ?", key)

    def recorded_on(self, day: str, facility: str) -> list[Kept]:
        """Settlements recorded on a day for a facility (``system|code``), oldest first."""
        found = self._kept("kind = 'settle' AND recorded_on = ?", day)
        return [row for row in found if facility in row.facility]

    def standing(self, subscriber: str, year: int) -> list[Kept]:
        """A person's settlements of a year that are not reversed, oldest first."""
        return self._kept("kind = 'settle' AND status = 'settled' AND subscriber = ? AND year = ?", subscriber, year)

    def everything(self) -> list[Kept]:
        return self._kept("1 = 1")

    def accrued(self, subscriber: str, year: int, *, without_case: str | None = None) -> dict[str, Decimal]:
        """What this counterpart's standing settlements add to a person's year, by ``<payer>.<accumulator>``."""
        rows = self._db.execute(
            "SELECT name, amount FROM accruals JOIN submissions USING (seq)"
            " WHERE status = 'settled' AND subscriber = ? AND year = ? AND case_id IS NOT ?",
            (subscriber, year, without_case),
        )
        sums: dict[str, Decimal] = {}
        for name, amount in rows:
            sums[name] = sums.get(name, Decimal(0)) + Decimal(amount)
        return sums

    def resource(self, kind: str, identifier: str) -> int | None:
        """Our id of a resource that was created before, or None."""
        row = self._db.execute(
            "SELECT id FROM resources WHERE kind = ? AND identifier = ?", (kind, identifier)
        ).fetchone()
        return int(row[0]) if row else None

    def create(self, kind: str, identifier: str, body: bytes) -> int:
        """Create a resource, or a further one of the same identifier where keys are ignored; gives its id."""
        place = identifier if self.resource(kind, identifier) is None else f"{identifier}#{self.next_seq()}"
        cursor = self._db.execute("INSERT INTO resources (kind, identifier, body) VALUES (?,?,?)", (kind, place, body))
        return int(cursor.lastrowid or 0)

    def update(self, number: int, body: bytes) -> None:
        """Replace a resource by its id."""
        self._db.execute("UPDATE resources SET body = ? WHERE id = ?", (body, number))

    def stored(self, kind: str, number: int) -> bytes | None:
        """A resource by its id, or None."""
        row = self._db.execute("SELECT body FROM resources WHERE kind = ? AND id = ?", (kind, number)).fetchone()
        return bytes(row[0]) if row else None

    def count(self, what: str, name: str = "") -> None:
        """Add one to a counter that only ``state`` reads."""
        self._db.execute(
            "INSERT INTO counts VALUES (?,?,1) ON CONFLICT (what, name) DO UPDATE SET number = number + 1", (what, name)
        )

    def counts(self, what: str) -> dict[str, int]:
        rows = self._db.execute("SELECT name, number FROM counts WHERE what = ? ORDER BY name", (what,))
        return {str(name): int(number) for name, number in rows}

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in ("answers", "accruals", "submissions", "resources", "counts"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above

    def _kept(self, condition: str, *values: Any) -> list[Kept]:
        rows = self._db.execute(
            f"SELECT * FROM submissions WHERE {condition} ORDER BY seq",  # noqa: S608 - our own texts
            values,
        ).fetchall()
        return [_kept(row, self._answers(row["seq"])) for row in rows]

    def _answers(self, seq: int) -> Iterable[sqlite3.Row]:
        return self._db.execute("SELECT * FROM answers WHERE seq = ? ORDER BY position", (seq,)).fetchall()


def _kept(row: sqlite3.Row, answers: Iterable[sqlite3.Row]) -> Kept:
    return Kept(
        seq=row["seq"],
        key=row["key"],
        kind=row["kind"],
        digest=row["digest"],
        case=row["case_id"],
        subscriber=row["subscriber"],
        year=row["year"],
        settled_on=row["settled_on"],
        recorded_on=row["recorded_on"],
        facility=tuple(json.loads(row["facility"])),
        total=Decimal(row["total"]),
        status=row["status"],
        at=row["at"],
        asked=row["asked"],
        reply=row["reply"],
        answers=tuple(Answer(one["payer"], Decimal(one["benefit"]), one["coverage"], one["body"]) for one in answers),
    )
