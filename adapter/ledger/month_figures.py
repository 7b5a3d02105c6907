"""Figures of a month by source, counted by the database or streamed. 月报。"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, String, and_, cast, func, select

from adapter.ledger.codec import json_object, settlement_of
from adapter.ledger.session import Session
from adapter.ledger.tables import bills, cases, content, journal, postings, states
from adapter.model.case import BillState
from adapter.model.money import Money
from adapter.model.settlement import Settlement

#: A bill that counts.
_STANDING = (BillState.SETTLED, BillState.SETTLED_ADVANCED)

#: Rows fetched at a time.
_AT_A_TIME = 200


class StateCount(NamedTuple):
    """How many subjects of a machine are in a state, at one source."""

    source: str
    state: str
    number: int


class Flow(NamedTuple):
    """What was booked on an account in a time: Σ debit less Σ credit, and of how many cases."""

    source: str
    moved: bool
    cases: int
    net: Money


class StandingBill(NamedTuple):
    """A stay whose newest bill version stands."""

    source: str
    case_id: str
    admitted: date | None
    discharged: date
    settlement: Settlement


class MonthFigures(Session):
    """Counts and sums over many cases."""

    def stays_by_day(self, column: str, first: date, last: date) -> dict[str, int]:
        """By source, how many stays were ``admitted`` or ``discharged`` from one day to another, both included."""
        day = cases.c[column]
        query = select(cases.c.source, func.count()).where(day >= first, day <= last).group_by(cases.c.source)
        return {str(source): int(number) for source, number in self._connection.execute(query)}

    def schemes_in_use(self) -> list[str]:
        """The scheme of every case, each once."""
        return list(self._connection.execute(select(cases.c.scheme).distinct().order_by(cases.c.scheme)).scalars())

    def states_by_source(self, machine: str, admitted: tuple[date, date] | None = None) -> list[StateCount]:
        """By source and state, how many subjects of a machine: now, or only of stays admitted between two days."""
        where = [states.c.machine == machine]
        if admitted is not None:
            where += [cases.c.admitted >= admitted[0], cases.c.admitted <= admitted[1]]
        query = (
            select(cases.c.source, states.c.state, func.count())
            .join(states, states.c.case_id == cases.c.case_id)
            .where(*where)
            .group_by(cases.c.source, states.c.state)
            .order_by(cases.c.source, states.c.state)
        )
        return [StateCount(*row) for row in self._connection.execute(query)]

    def notes_of_admitted(self, what: str, first: date, last: date) -> Iterator[tuple[str, str, dict[str, object]]]:
        """Source, case and data of each note of that name about a stay admitted between two days, oldest first."""
        query = (
            select(cases.c.source, cases.c.case_id, journal.c.data)
            .join(journal, journal.c.case_id == cases.c.case_id)
            .where(cases.c.admitted >= first, cases.c.admitted <= last, journal.c.kind == "noted")
            .order_by(journal.c.seq)
        )
        for source, case_id, data in self._stream(query):
            note = json_object(data)
            inside = note["data"]
            if note["what"] == what and isinstance(inside, dict):
                yield source, case_id, inside

    def standing_bills(self, first: date, last: date) -> Iterator[StandingBill]:
        """Stays discharged between two days whose newest bill is settled, streamed."""
        bill = and_(states.c.case_id == cases.c.case_id, states.c.machine == "bill")
        newest = and_(bills.c.case_id == cases.c.case_id, bills.c.version == cases.c.version)
        query = (
            select(cases.c.source, cases.c.case_id, cases.c.admitted, cases.c.discharged, content.c.body)
            .join(states, and_(bill, states.c.subject == cast(cases.c.version, String)))
            .join(bills, newest)
            .join(content, content.c.digest == bills.c.settlement)
            .where(cases.c.discharged >= first, cases.c.discharged <= last)
            .where(states.c.state.in_([str(state) for state in _STANDING]))
            .order_by(cases.c.case_id)
        )
        for source, case_id, admitted, discharged, body in self._stream(query):
            yield StandingBill(source, case_id, admitted, discharged, settlement_of(bytes(body)))

    def flows(self, account: str, since: datetime, until: datetime) -> list[Flow]:
        """By source, what was booked on an account from a moment on and before another.

        ``moved``: entries with a reference, which are money that changed hands, apart from the others.
        """
        moved = postings.c.reference.is_not(None)
        query = (
            select(
                cases.c.source,
                moved.label("moved"),
                func.count(postings.c.case_id.distinct()),
                func.sum(postings.c.debit - postings.c.credit),
            )
            .join(cases, cases.c.case_id == postings.c.case_id)
            .where(postings.c.account == account, postings.c.at >= since, postings.c.at < until)
            .group_by(cases.c.source, moved)
            .order_by(cases.c.source, moved)
        )
        rows = self._connection.execute(query)
        return [Flow(source, bool(has), count, Money(int(net))) for source, has, count, net in rows]

    def _stream(self, query: Select[Any]) -> Iterator[Any]:
        yield from self._connection.execute(query.execution_options(yield_per=_AT_A_TIME))
