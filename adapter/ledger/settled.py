"""Settled stays of one hospital, newest first: what an estimate looks back on. 已结算病例。"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import String, cast, select

from adapter.ledger.codec import settlement_of
from adapter.ledger.session import Session
from adapter.ledger.tables import bills, cases, content, states
from adapter.model.case import BillState
from adapter.model.money import Money


class SettledStay(NamedTuple):
    """A stay whose newest bill version stands, with its total and the patient's part."""

    case_id: str
    admitted: date | None
    total: Money
    patient: Money


class SettledStays(Session):
    """Look back on settled stays."""

    def settled_stays(self, source: str, facility: str, *, since: date, limit: int = 2000) -> list[SettledStay]:
        """Stays of a facility that were discharged on or after a day and whose newest bill is settled, newest first."""
        standing = (BillState.SETTLED, BillState.SETTLED_ADVANCED)
        bill = (states.c.case_id == cases.c.case_id) & (states.c.machine == "bill")
        newest = (bills.c.case_id == cases.c.case_id) & (bills.c.version == cases.c.version)
        query = (
            select(cases.c.case_id, cases.c.admitted, content.c.body)
            .join(states, bill & (states.c.subject == cast(cases.c.version, String)))
            .join(bills, newest)
            .join(content, content.c.digest == bills.c.settlement)
            .where(cases.c.source == source, cases.c.facility == facility, cases.c.discharged >= since)
            .where(states.c.state.in_([str(state) for state in standing]))
            .order_by(cases.c.discharged.desc(), cases.c.case_id)
            .limit(limit)
        )
        found = []
        for case_id, admitted, body in self._connection.execute(query):
            settlement = settlement_of(bytes(body))
            found.append(SettledStay(case_id, admitted, settlement.total, settlement.patient_pays))
        return found
