"""The bureau's memory: one SQLite file. Amounts are text and added as Decimals."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from adapter.counterparts.one_file import OneFile

_TABLES = """
CREATE TABLE IF NOT EXISTS sign_ins (
  opter TEXT NOT NULL, day TEXT NOT NULL, sign_no TEXT NOT NULL, ended INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS visits (
  seq INTEGER PRIMARY KEY, mdtrt_id TEXT NOT NULL UNIQUE, psn_no TEXT NOT NULL, facility TEXT NOT NULL,
  msgid TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('in', 'out', 'cancelled')), info TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS visits_person ON visits (psn_no);
CREATE TABLE IF NOT EXISTS lines (
  seq INTEGER PRIMARY KEY, mdtrt_id TEXT NOT NULL, sn TEXT NOT NULL, bill INTEGER, body TEXT NOT NULL,
  UNIQUE (mdtrt_id, sn));
CREATE TABLE IF NOT EXISTS bills (
  seq INTEGER PRIMARY KEY, setl_id TEXT NOT NULL, mdtrt_id TEXT NOT NULL, psn_no TEXT NOT NULL, facility TEXT NOT NULL,
  msgid TEXT NOT NULL, year INTEGER NOT NULL, setl_time TEXT NOT NULL, refund_of INTEGER, gone INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS bills_person ON bills (psn_no, year);
CREATE INDEX IF NOT EXISTS bills_visit ON bills (mdtrt_id);
CREATE INDEX IF NOT EXISTS bills_facility ON bills (facility, setl_time);
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY, msgid TEXT NOT NULL, infno TEXT NOT NULL, psn_no TEXT NOT NULL, infcode TEXT NOT NULL,
  effect INTEGER, undone INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_msgid ON messages (msgid);
CREATE TABLE IF NOT EXISTS lists (setl_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, name TEXT NOT NULL, facility TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_NAMES = ("sign_ins", "visits", "lines", "bills", "messages", "lists", "files", "notes")


@dataclass(frozen=True, slots=True)
class Visit:
    """One registered stay; ``info`` is what 2401, 2403 and 2402 said, ``diagnoses`` among it."""

    seq: int
    mdtrt_id: str
    psn_no: str
    facility: str
    msgid: str
    state: str
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One uploaded fee line; ``bill`` is the settlement that took it, None while none has."""

    seq: int
    mdtrt_id: str
    sn: str
    bill: int | None
    body: Mapping[str, str]

    def amount(self, name: str) -> Decimal:
        return Decimal(self.body[name])


@dataclass(frozen=True, slots=True)
class Bill:
    """One settlement, or the opposite of one.

    Attributes:
        refund_of: seq of the settlement that this one takes back; None for a settlement.
        gone: taken out by 2601, as if it had never been.
        body: ``amounts``, ``accruals``, ``funds`` and what the answer said besides.
    """

    seq: int
    setl_id: str
    mdtrt_id: str
    psn_no: str
    facility: str
    msgid: str
    year: int
    setl_time: str
    refund_of: int | None
    gone: bool
    body: Mapping[str, Any]

    def amounts(self, name: str = "amounts") -> dict[str, Decimal]:
        return {key: Decimal(value) for key, value in self.body[name].items()}


@dataclass(frozen=True, slots=True)
class Told:
    """One transaction that arrived: how it was answered and what it made (a visit's or a bill's seq)."""

    seq: int
    msgid: str
    infno: str
    psn_no: str
    infcode: str
    effect: int | None
    undone: bool


class Store(OneFile):
    """One file, one connection, one writer at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"BEGIN;{_TABLES}COMMIT;")

    def next_seq(self, table: str) -> int:
        """The number that the next row gets."""
        return int(self._one(f"SELECT COALESCE(MAX(seq), 0) + 1 FROM {table}")[0])  # noqa: S608 - our own names

    # -- operators ------------------------------------------------------------------------------------------------

    def sign_in(self, opter: str, day: str, sign_no: str) -> None:
        self._db.execute("INSERT INTO sign_ins (opter, day, sign_no) VALUES (?,?,?)", (opter, day, sign_no))

    def signed_in(self, opter: str, day: str) -> str | None:
        """The sign_no in force of an operator's day, or None."""
        row = self._one(
            "SELECT sign_no FROM sign_ins WHERE opter = ? AND day = ? AND ended = 0 ORDER BY rowid DESC", opter, day
        )
        return str(row[0]) if row else None

    def sign_out(self, opter: str, sign_no: str) -> bool:
        """Whether there was such a sign-in."""
        done = self._db.execute("UPDATE sign_ins SET ended = 1 WHERE opter = ? AND sign_no = ?", (opter, sign_no))
        return done.rowcount > 0

    # -- stays ----------------------------------------------------------------------------------------------------

    def admit(self, visit: Visit) -> None:
        self._db.execute(
            "INSERT INTO visits VALUES (?,?,?,?,?,?,?)",
            (visit.seq, visit.mdtrt_id, visit.psn_no, visit.facility, visit.msgid, visit.state, _dump(visit.info)),
        )

    def change(self, visit: Visit) -> None:
        """State and info as they are now."""
        self._db.execute("UPDATE visits SET state=?, info=? WHERE seq=?", (visit.state, _dump(visit.info), visit.seq))

    def visit(self, mdtrt_id: str) -> Visit | None:
        return next(iter(self._visits("mdtrt_id = ?", mdtrt_id)), None)

    def visit_by_seq(self, seq: int) -> Visit | None:
        return next(iter(self._visits("seq = ?", seq)), None)

    def visits(self, psn_no: str) -> list[Visit]:
        """A person's stays, oldest first; all persons' for the empty text."""
        return self._visits("psn_no = ?", psn_no) if psn_no else self._visits("1 = 1")

    # -- lines ----------------------------------------------------------------------------------------------------

    def add_line(self, mdtrt_id: str, sn: str, body: Mapping[str, str]) -> Line:
        added = self._db.execute("INSERT INTO lines (mdtrt_id, sn, body) VALUES (?,?,?)", (mdtrt_id, sn, _dump(body)))
        return Line(added.lastrowid or 0, mdtrt_id, sn, None, body)

    def lines(self, mdtrt_id: str) -> list[Line]:
        rows = self._db.execute("SELECT * FROM lines WHERE mdtrt_id = ? ORDER BY seq", (mdtrt_id,)).fetchall()
        return [Line(row["seq"], mdtrt_id, row["sn"], row["bill"], json.loads(row["body"])) for row in rows]

    def remove_line(self, seq: int) -> None:
        self._db.execute("DELETE FROM lines WHERE seq = ?", (seq,))

    def take_lines(self, mdtrt_id: str, bill: int) -> None:
        """Every line that no settlement has taken is this one's."""
        self._db.execute("UPDATE lines SET bill = ? WHERE mdtrt_id = ? AND bill IS NULL", (bill, mdtrt_id))

    def return_lines(self, mdtrt_id: str, bill: int, serials: list[str]) -> None:
        """The lines that a settlement had before it was taken back are its own again."""
        self._db.executemany(
            "UPDATE lines SET bill = ? WHERE mdtrt_id = ? AND sn = ?", [(bill, mdtrt_id, sn) for sn in serials]
        )

    def free_lines(self, bill: int) -> None:
        self._db.execute("UPDATE lines SET bill = NULL WHERE bill = ?", (bill,))

    # -- settlements ----------------------------------------------------------------------------------------------

    def keep(self, bill: Bill) -> None:
        self._db.execute(
            "INSERT INTO bills VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(bill.seq, bill.setl_id, bill.mdtrt_id, bill.psn_no, bill.facility, bill.msgid, bill.year),
                *(bill.setl_time, bill.refund_of, int(bill.gone), _dump(bill.body)),
            ),
        )

    def remove_bill(self, seq: int) -> None:
        """2601: it never was."""
        self._db.execute("UPDATE bills SET gone = 1 WHERE seq = ?", (seq,))

    def bill(self, seq: int) -> Bill | None:
        return next(iter(self._bills("seq = ?", seq)), None)

    def bills(self) -> list[Bill]:
        """Everything that was ever settled, oldest first."""
        return self._bills("1 = 1")

    def bills_of_person(self, psn_no: str) -> list[Bill]:
        """Everything that was ever settled for a person, oldest first."""
        return self._bills("psn_no = ?", psn_no)

    def bills_of(self, mdtrt_id: str) -> list[Bill]:
        """What counts of a stay: settlements and their opposites, oldest first."""
        return self._bills("mdtrt_id = ? AND gone = 0", mdtrt_id)

    def standing(self, mdtrt_id: str) -> list[Bill]:
        """A stay's settlements that nothing took back, oldest first."""
        counted = self.bills_of(mdtrt_id)
        taken_back = {bill.refund_of for bill in counted}
        return [bill for bill in counted if bill.refund_of is None and bill.seq not in taken_back]

    def year(self, psn_no: str, year: int) -> list[Bill]:
        """What counts of a person's year, at every hospital, oldest first."""
        return self._bills("psn_no = ? AND year = ? AND gone = 0", psn_no, year)

    def book(self, facility: str, first: str, last: str) -> list[Bill]:
        """A hospital's settlements and their opposites of some days, both included, by the bureau's time."""
        return self._bills(
            "facility = ? AND gone = 0 AND substr(setl_time, 1, 10) BETWEEN ? AND ?", facility, first[:10], last[:10]
        )

    # -- messages, lists, files, notes ----------------------------------------------------------------------------

    def tell(self, msgid: str, infno: str, psn_no: str, infcode: str, effect: int | None) -> None:
        self._db.execute(
            "INSERT INTO messages (msgid, infno, psn_no, infcode, effect) VALUES (?,?,?,?,?)",
            (msgid, infno, psn_no, infcode, effect),
        )

    def told(self, msgid: str = "") -> list[Told]:
        """What arrived under a msgid, oldest first; everything for the empty text."""
        named = ("WHERE msgid = ?", (msgid,)) if msgid else ("", ())
        rows = self._db.execute(f"SELECT * FROM messages {named[0]} ORDER BY seq", named[1])  # noqa: S608 - our own
        return [_told(row) for row in rows.fetchall()]

    def undo(self, seq: int) -> None:
        self._db.execute("UPDATE messages SET undone = 1 WHERE seq = ?", (seq,))

    def keep_list(self, setl_id: str, body: Any) -> int:
        """Keep a settlement list (清单) in place of an earlier one; gives its number."""
        seq = self.next_seq("lists")
        self._db.execute("INSERT OR REPLACE INTO lists VALUES (?,?,?)", (setl_id, seq, _dump(body)))
        return seq

    def keep_file(self, file_id: str, name: str, facility: str, body: bytes) -> None:
        self._db.execute("INSERT INTO files VALUES (?,?,?,?)", (file_id, name, facility, body))

    def file(self, file_id: str) -> tuple[str, str, bytes] | None:
        """Name, facility and content, or None."""
        row = self._one("SELECT name, facility, body FROM files WHERE id = ?", file_id)
        return (row["name"], row["facility"], row["body"]) if row else None

    def count_files(self) -> int:
        return int(self._one("SELECT COUNT(*) FROM files")[0])

    def note(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?,?)", (name, value))

    def notes(self, prefix: str) -> dict[str, str]:
        """Notes whose names begin so, by the rest of the name."""
        rows = self._db.execute("SELECT name, value FROM notes ORDER BY name").fetchall()
        return {name.removeprefix(prefix): value for name, value in rows if name.startswith(prefix)}

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in _NAMES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from above

    def _one(self, text: str, *values: Any) -> Any:
        return self._db.execute(text, values).fetchone()

    def _visits(self, condition: str, *values: Any) -> list[Visit]:
        rows = self._db.execute(f"SELECT * FROM visits WHERE {condition} ORDER BY seq", values)  # noqa: S608 - our own
        return [_visit(row) for row in rows.fetchall()]

    def _bills(self, condition: str, *values: Any) -> list[Bill]:
        rows = self._db.execute(f"SELECT * FROM bills WHERE {condition} ORDER BY seq", values)  # noqa: S608 - our own
        return [_bill(row) for row in rows.fetchall()]


def _told(row: sqlite3.Row) -> Told:
    return Told(**{**dict(row), "undone": bool(row["undone"])})


def _visit(row: sqlite3.Row) -> Visit:
    return Visit(**{**dict(row), "info": json.loads(row["info"])})


def _bill(row: sqlite3.Row) -> Bill:
    return Bill(**{**dict(row), "gone": bool(row["gone"]), "body": json.loads(row["body"])})


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
