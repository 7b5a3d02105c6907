"""Bill versions and their settlements. 账单版本。"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import bindparam, select, union

from adapter.ledger import issues as said
from adapter.ledger import quick
from adapter.ledger.codec import settlement_bytes, settlement_of
from adapter.ledger.session import Session
from adapter.ledger.tables import bills, cases
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.settlement import Settlement

_NEWEST = select(cases.c.version).where(cases.c.case_id == bindparam("case_id"))
_SAVED = select(bills.c.version, bills.c.settlement).where(
    bills.c.case_id == bindparam("case_id"), bills.c.version == bindparam("version")
)
_RULED = union(
    select(cases.c.case_id).where(cases.c.discharged.between(bindparam("since"), bindparam("until"))),
    select(bills.c.case_id).where(bills.c.ruled_on.between(bindparam("since"), bindparam("until"))),
).order_by("case_id")


class Bills(Session):
    """Settling again is a new version; a version's settlement may be replaced only by a later look at it."""

    def new_version(self, case_id: str, *, at: datetime, actor: Actor, reason: str) -> int:
        """Open the next bill version. Its ``bill`` machine is the caller's to start. Raises AdapterError LED-404."""
        self._hold_case(case_id)
        newest = self._connection.execute(_NEWEST, {"case_id": case_id}).scalar()
        if newest is None:
            raise AdapterError(said.unknown_case(case_id))
        self._append("bill-opened", case_id, {"version": newest + 1}, at=at, actor=actor, reason=reason)
        return int(newest) + 1

    def save_settlement(
        self,
        case_id: str,
        version: int,
        settlement: Settlement,
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> None:
        """Keep a version's settlement; older ones stay reachable through the journal. Raises AdapterError LED-414."""
        self._hold_case(case_id)
        (digest,) = self._keep([settlement_bytes(settlement)])
        there = quick.first(self._connection, _SAVED, {"case_id": case_id, "version": version})
        if there is None:
            raise AdapterError(said.unknown_version(case_id, version))
        if there.settlement != digest:
            data = {"version": version, "settlement": digest, "basis": settlement.basis}
            data |= {"complete": settlement.complete, "on": settlement.on.isoformat()}
            self._append("settlement-saved", case_id, data, at=at, actor=actor, reason=reason)

    def settlement(self, case_id: str, version: int | None = None) -> Settlement | None:
        """The settlement of a version, or of the newest one; None when none was saved."""
        query = select(bills.c.settlement).where(bills.c.case_id == case_id)
        if version is not None:
            query = query.where(bills.c.version == version)
        digest = self._connection.execute(query.order_by(bills.c.version.desc()).limit(1)).scalar()
        return None if digest is None else settlement_of(self._body(digest))

    def cases_ruled(self, since: date, until: date) -> list[str]:
        """Ids, in order, of cases that were discharged in these days, or that have a settlement with such a rule date.

        Args:
            since, until: the first day and the last.
        """
        return list(self._connection.execute(_RULED, {"since": since, "until": until}).scalars())
