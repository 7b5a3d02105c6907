"""Double-entry postings. 复式记账。 Nothing is edited: a reversal posts the opposite of what it undoes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from adapter.ledger import issues as said
from adapter.ledger import quick
from adapter.ledger.rows import Posting, PostingRow
from adapter.ledger.session import Session
from adapter.ledger.tables import bills, postings
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import Payer

_VERSION = select(bills.c.version).where(
    bills.c.case_id == bindparam("case_id"), bills.c.version == bindparam("version")
)
_BOOKED = (
    select(postings).where(postings.c.case_id == bindparam("case_id")).order_by(postings.c.batch, postings.c.number)
)
_BOOKED_FOR = _BOOKED.where(postings.c.version == bindparam("version"))
_LAST_BATCH = select(func.max(postings.c.batch)).where(postings.c.case_id == bindparam("case_id"))


class Postings(Session):
    """Book entries, undo them, and say what each account holds."""

    def post(
        self, case_id: str, version: int, entries: Sequence[Posting], *, at: datetime, actor: Actor, reason: str
    ) -> int:
        """Book a balanced batch and return its number within the case.

        Raises:
            AdapterError: LED-410 when Σ debit differs from Σ credit, LED-414 for an unknown version.
            ValueError: no entries, or one with both a debit and a credit.
        """
        self._require_version(case_id, version)
        return self._book(case_id, version, entries, None, at=at, actor=actor, reason=reason)

    def reverse_postings(
        self, case_id: str, version: int, *, keep: str = "", at: datetime, actor: Actor, reason: str
    ) -> list[int]:
        """Book the opposite of every batch of a version that is not undone yet; the numbers of the new batches.

        Doing it twice changes nothing. Raises AdapterError LED-414.

        Args:
            keep: beginning of accounts whose batches stand: money that changed hands is given back, not booked back.
        """
        self._require_version(case_id, version)
        booked = self.postings(case_id, version)
        undone = {row.reverses for row in booked if row.reverses is not None}
        undone |= {row.batch for row in booked if keep and row.posting.account.startswith(keep)}
        standing = [row for row in booked if row.reverses is None and row.batch not in undone]
        new: list[int] = []
        for batch in sorted({row.batch for row in standing}):
            entries = [_opposite(row.posting) for row in standing if row.batch == batch]
            new.append(self._book(case_id, version, entries, batch, at=at, actor=actor, reason=reason))
        return new

    def postings(self, case_id: str, version: int | None = None) -> list[PostingRow]:
        """Entries in the order in which they were booked."""
        asked = {"case_id": case_id} if version is None else {"case_id": case_id, "version": version}
        rows = quick.rows(self._connection, _BOOKED if version is None else _BOOKED_FOR, asked)
        return [_posting_row(row) for row in rows]

    def balances(self, case_id: str | None = None, version: int | None = None) -> dict[str, Money]:
        """Per account, debit less credit, of one version, one case or everything; accounts at ¥0.00 are listed."""
        net = func.sum(postings.c.debit - postings.c.credit)
        query = select(postings.c.account, net.label("net")).group_by(postings.c.account).order_by(postings.c.account)
        if case_id is not None:
            query = query.where(postings.c.case_id == case_id)
        if version is not None:
            query = query.where(postings.c.version == version)
        return {row.account: Money(int(row.net)) for row in self._connection.execute(query)}

    def _require_version(self, case_id: str, version: int) -> None:
        self._hold_case(case_id)
        if quick.first(self._connection, _VERSION, {"case_id": case_id, "version": version}) is None:
            raise AdapterError(said.unknown_version(case_id, version))

    def _book(
        self,
        case_id: str,
        version: int,
        entries: Sequence[Posting],
        reverses: int | None,
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> int:
        if not entries or any(entry.debit and entry.credit for entry in entries):
            raise ValueError("a batch has entries, and each of them one side")
        debit = Money.total(entry.debit for entry in entries)
        credit = Money.total(entry.credit for entry in entries)
        if debit != credit:
            raise AdapterError(said.unbalanced(case_id, version, debit, credit))
        ((last,),) = quick.rows(self._connection, _LAST_BATCH, {"case_id": case_id})
        batch = (last or 0) + 1
        data = {"version": version, "batch": batch, "reverses": reverses, "entries": list(map(entry_data, entries))}
        self._append("posted", case_id, data, at=at, actor=actor, reason=reason)
        return batch


def _opposite(posting: Posting) -> Posting:
    return Posting(
        posting.account, posting.credit, posting.debit, posting.payer, posting.cite, posting.line, posting.reference
    )


def entry_data(posting: Posting) -> dict[str, object]:
    """One side of an entry as the journal keeps it."""
    return {
        "account": posting.account,
        "debit": posting.debit.fen,
        "credit": posting.credit.fen,
        "payer": None if posting.payer is None else str(posting.payer),
        "cite": posting.cite,
        "line": posting.line,
        "reference": posting.reference,
    }


def _posting_row(row: Row[Any]) -> PostingRow:
    posting = Posting(
        account=row.account,
        debit=Money(row.debit),
        credit=Money(row.credit),
        payer=None if row.payer is None else Payer(row.payer),
        cite=row.cite,
        line=row.line,
        reference=row.reference,
    )
    return PostingRow(row.case_id, row.version, row.batch, row.number, posting, row.reverses, row.at)
