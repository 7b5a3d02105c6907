"""The service's memory: one SQLite file. Amounts are text and added as Decimals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from adapter.counterparts.one_file import OneFile

ADMITTED, SETTLED = "1", "2"
NORMAL, STRUCK, STRIKE, ANEW = "00", "01", "02", "03"

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY, id_card TEXT NOT NULL, in_date TEXT NOT NULL, hospital TEXT NOT NULL, year INTEGER NOT NULL,
  status TEXT NOT NULL, strike TEXT NOT NULL, aid TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_person ON records (id_card);
CREATE TABLE IF NOT EXISTS details (seq INTEGER PRIMARY KEY, record INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, user TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS failures (user TEXT PRIMARY KEY, number INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a stay.

    Attributes:
        status: 1 admitted, 2 settled.
        strike: 00 normal, 01 struck out, 02 the entry that struck it, 03 settled anew after a strike.
        aid: medical aid as it was told; negative in an entry that strikes another.
    """

    seq: int
    id_card: str
    in_date: str
    hospital: str
    year: int
    status: str
    strike: str
    aid: Decimal
    body: Mapping[str, str]

    @property
    def stands(self) -> bool:
        return self.status == SETTLED and self.strike in (NORMAL, ANEW)


class AidStore(OneFile):
    """One file, one connection, one writer at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _TABLES)

    def add(self, row: Record) -> None:
        """Keep a new record; its ``seq`` is given here."""
        values = (row.id_card, row.in_date, row.hospital, row.year, row.status, row.strike, str(row.aid))
        self._db.execute(
            "INSERT INTO records (id_card, in_date, hospital, year, status, strike, aid, body)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (*values, json.dumps(dict(row.body), ensure_ascii=False)),
        )

    def settle(self, seq: int, year: int, aid: Decimal, body: Mapping[str, str]) -> None:
        """An admitted record becomes a settled one."""
        self._db.execute(
            "UPDATE records SET status = ?, year = ?, aid = ?, body = ? WHERE seq = ?",
            (SETTLED, year, str(aid), json.dumps(dict(body), ensure_ascii=False), seq),
        )

    def strike(self, seq: int) -> None:
        self._db.execute("UPDATE records SET strike = ? WHERE seq = ?", (STRUCK, seq))

    def of_person(self, id_card: str) -> list[Record]:
        """A person's records, oldest first."""
        return self._records("WHERE id_card = ?", id_card)

    def everything(self) -> list[Record]:
        return self._records("")

    def add_details(self, record: int, rows: list[Mapping[str, str]]) -> None:
        bodies = [(record, json.dumps(dict(row), ensure_ascii=False)) for row in rows]
        self._db.executemany("INSERT INTO details (record, body) VALUES (?,?)", bodies)

    def details(self) -> dict[int, int]:
        """How many lines each record has."""
        rows = self._db.execute("SELECT record, COUNT(*) FROM details GROUP BY record")
        return {int(record): int(number) for record, number in rows}

    def open_session(self, id_: str, user: str, at: float) -> None:
        self._db.execute("INSERT INTO sessions VALUES (?,?,?)", (id_, user, at))

    def session(self, id_: str) -> float | None:
        """When a session was last used, or None."""
        row = self._db.execute("SELECT at FROM sessions WHERE id = ?", (id_,)).fetchone()
        return None if row is None else float(row[0])

    def touch(self, id_: str, at: float) -> None:
        self._db.execute("UPDATE sessions SET at = ? WHERE id = ?", (at, id_))

    def close_session(self, id_: str) -> None:
        self._db.execute("DELETE FROM sessions WHERE id = ?", (id_,))

    def close_sessions(self) -> None:
        """As after a restart of the real one."""
        self._db.execute("DELETE FROM sessions")

    def failures(self, user: str) -> int:
        row = self._db.execute("SELECT number FROM failures WHERE user = ?", (user,)).fetchone()
        return 0 if row is None else int(row[0])

    def failed(self, user: str) -> None:
        self._db.execute(
            "INSERT INTO failures VALUES (?,1) ON CONFLICT (user) DO UPDATE SET number = number + 1", (user,)
        )

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in ("records", "details", "sessions", "failures"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above

    def _records(self, condition: str, *values: str) -> list[Record]:
        rows = self._db.execute(f"SELECT * FROM records {condition} ORDER BY seq", values)  # noqa: S608 - our own texts
        return [
            Record(
                row["seq"],
                row["id_card"],
                row["in_date"],
                row["hospital"],
                row["year"],
                row["status"],
                row["strike"],
                Decimal(row["aid"]),
                json.loads(row["body"]),
            )
            for row in rows
        ]
