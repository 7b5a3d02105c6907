"""Accumulators by person and year: our own sums, and what payers said when asked. 年度累计。"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select

from adapter.ledger import issues as said
from adapter.ledger import quick
from adapter.ledger.codec import amounts_data, amounts_of
from adapter.ledger.session import Session
from adapter.ledger.tables import accruals, asked, cases, moment_text
from adapter.model.case import Actor
from adapter.model.claim import YearToDate
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import Accrual

ADDED, REVERSED = "added", "reversed"

_ENTERED = (
    select(accruals)
    .where(
        accruals.c.case_id == bindparam("case_id"),
        accruals.c.version == bindparam("version"),
        accruals.c.entry == bindparam("entry"),
    )
    .order_by(accruals.c.year, accruals.c.name)
)
_ANSWERS = (
    select(asked)
    .where(
        asked.c.hospital == bindparam("hospital"),
        asked.c.person_key == bindparam("person_key"),
        asked.c.year == bindparam("year"),
    )
    .order_by(asked.c.asked_at)
)
_SUMS = (
    select(accruals.c.name, func.sum(accruals.c.fen).label("fen"))
    .where(
        accruals.c.source == bindparam("source"),
        accruals.c.person_key == bindparam("person_key"),
        accruals.c.year == bindparam("year"),
        accruals.c.case_id != bindparam("but"),
    )
    .group_by(accruals.c.name)
    .order_by(accruals.c.name)
)
_SOURCE = select(cases.c.source).where(cases.c.case_id == bindparam("case_id"))


class YearsToDate(Session):
    """Add once per case, version and name; take back by an opposite entry."""

    def accumulate(
        self,
        additions: Iterable[Accrual],
        case_id: str,
        version: int,
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> None:
        """Add a settlement's accruals. The same again changes nothing.

        Raises:
            AdapterError: LED-411, the version has already added another amount under the same year and name.
        """
        self._hold_case(case_id)
        there = {(row.year, row.name): row for row in self._accruals(case_id, version, ADDED)}
        fresh = []
        for addition in additions:
            row = there.get((addition.year, addition.name))
            if row is None:
                fresh.append(addition)
            elif (row.fen, row.person_key) != (addition.amount.fen, addition.person_key):
                raise AdapterError(said.accrued_otherwise(case_id, version, addition.name))
        self._enter(fresh, case_id, version, ADDED, at=at, actor=actor, reason=reason)

    def reverse_accruals(
        self, case_id: str, version: int, *, at: datetime, actor: Actor, reason: str
    ) -> tuple[Accrual, ...]:
        """Enter the opposite of whatever a version added and has not taken back; those entries."""
        self._hold_case(case_id)
        back = {(row.year, row.name) for row in self._accruals(case_id, version, REVERSED)}
        standing = [row for row in self._accruals(case_id, version, ADDED) if (row.year, row.name) not in back]
        opposite = tuple(Accrual(row.person_key, row.year, row.name, Money(-row.fen)) for row in standing)
        self._enter(opposite, case_id, version, REVERSED, at=at, actor=actor, reason=reason)
        return opposite

    def year_to_date(self, source: str, person_key: str, year: int, excluding_case: str | None = None) -> YearToDate:
        """Our own knowledge of a person's year: sums of what was added less what was taken back.

        A person key means somebody only within its source. In a writing transaction the person's year is held until
        the end, so two stays cannot both take the same room.
        """
        self._hold(f"year:{source}/{person_key}/{year}")
        whose = {"source": source, "person_key": person_key, "year": year, "but": excluding_case or ""}
        rows = quick.rows(self._connection, _SUMS, whose)
        amounts = tuple((row.name, Money(int(row.fen))) for row in rows)
        return YearToDate(year=year, amounts=amounts, source="own", excludes_case=excluding_case)

    def record_asked(
        self,
        source: str,
        person_key: str,
        answer: YearToDate,
        *,
        endpoint: str,
        case_id: str = "",
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> None:
        """Keep what a payer said, with the time when it was asked (``answer.asked_at``, else ``at``).

        The same answer of the same moment again changes nothing.
        """
        asked_at = answer.asked_at or at
        self._hold_case(case_id)
        self._hold(f"asked:{source}/{person_key}/{answer.year}/{endpoint}")
        mine = _asked_of(source, person_key, answer.year, endpoint)
        if self._connection.execute(select(asked.c.year).where(mine, asked.c.asked_at == asked_at)).first():
            return
        data = {
            "hospital": source,
            "person_key": person_key,
            "year": answer.year,
            "endpoint": endpoint,
            "asked_at": moment_text(asked_at),
            "excludes_case": answer.excludes_case,
            "source": answer.source,
            "amounts": amounts_data(answer.amounts),
        }
        self._append("year-asked", case_id, data, at=at, actor=actor, reason=reason)

    def asked(self, source: str, person_key: str, year: int, endpoint: str) -> YearToDate | None:
        """An endpoint's newest answer about a person's year, or None when it was never asked."""
        row = self._once("asked", (source, person_key, year), lambda: self._asked(source, person_key, year)).get(
            endpoint
        )
        if row is None:
            return None
        return YearToDate(row.year, amounts_of(row.amounts), row.source, row.asked_at, row.excludes_case)

    def _asked(self, source: str, person_key: str, year: int) -> dict[str, Row[Any]]:
        """By endpoint, its newest answer about a person's year."""
        rows = quick.rows(self._connection, _ANSWERS, {"hospital": source, "person_key": person_key, "year": year})
        return {row.endpoint: row for row in rows}

    def _accruals(self, case_id: str, version: int, entry: str) -> list[Row[Any]]:
        return list(quick.rows(self._connection, _ENTERED, {"case_id": case_id, "version": version, "entry": entry}))

    def _enter(
        self,
        entries: Iterable[Accrual],
        case_id: str,
        version: int,
        entry: str,
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> None:
        rows = [
            {"person_key": one.person_key, "year": one.year, "name": one.name, "fen": one.amount.fen} for one in entries
        ]
        if rows:
            of = quick.first(self._connection, _SOURCE, {"case_id": case_id})
            if of is None:
                raise AdapterError(said.unknown_case(case_id))
            data = {"source": of.source, "version": version, "entry": entry, "accruals": rows}
            self._append("accumulated", case_id, data, at=at, actor=actor, reason=reason)


def _asked_of(source: str, person_key: str, year: int, endpoint: str) -> ColumnElement[bool]:
    person = (asked.c.hospital == source) & (asked.c.person_key == person_key)
    return person & (asked.c.year == year) & (asked.c.endpoint == endpoint)
