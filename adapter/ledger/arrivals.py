"""Files that came together: written down when their taking in begins, and again when nothing of them is left. 到件。

An arrival that was begun and not finished was interrupted, or is under way elsewhere; whoever finds it may go on with
it, because taking the same files in again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from adapter.ledger.rows import ArrivalRow
from adapter.ledger.session import Session, digest_of
from adapter.ledger.tables import arrival
from adapter.model.case import Actor


class Arrivals(Session):
    """Begin and finish an arrival; find those that are not finished."""

    def begin_arrival(
        self, source: str, files: Iterable[tuple[str, str]], *, at: datetime, actor: Actor, reason: str
    ) -> str:
        """Say that these files are being taken in together. Returns the arrival's id, which derives from them.

        The newest arrival of a source beginning once more changes nothing; an older one counts as having come anew.

        Args:
            files: name and digest of each.
        """
        named = sorted(files)
        number = digest_of(json.dumps(named, ensure_ascii=False).encode())[:16]
        self._hold(f"arrival:{source}")
        newest = select(arrival.c.id, arrival.c.received_at).where(arrival.c.source == source)
        found = self._connection.execute(newest.order_by(arrival.c.received_at.desc(), arrival.c.id).limit(1)).first()
        if found is None or found.id != number:
            there = select(arrival.c.id).where(arrival.c.source == source, arrival.c.id == number)
            first = self._connection.execute(there).first() is None
            data = {"source": source, "id": number, "files": [list(each) for each in named], "first": first}
            self._append("arrival-begun", "", data, at=at, actor=actor, reason=reason)
        return number

    def finish_arrival(self, source: str, number: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Say that every record of the arrival is taken or parked; said once, it stays. Raises LookupError."""
        self._hold(f"arrival:{source}")
        there = self._connection.execute(
            select(arrival).where(arrival.c.source == source, arrival.c.id == number)
        ).first()
        if there is None:
            raise LookupError(f"no arrival {number} of {source} was begun")
        if there.finished_at is None:
            data = {"source": source, "id": number}
            self._append("arrival-finished", "", data, at=at, actor=actor, reason=reason)

    def arrivals_open(self, source: str | None = None) -> list[ArrivalRow]:
        """Arrivals that were begun and not finished, oldest first."""
        query = select(arrival).where(arrival.c.finished_at.is_(None))
        if source is not None:
            query = query.where(arrival.c.source == source)
        rows = self._connection.execute(query.order_by(arrival.c.received_at, arrival.c.source, arrival.c.id))
        return [_arrival_row(row) for row in rows]

    def arrivals_after(self, source: str, moment: datetime) -> list[ArrivalRow]:
        """Arrivals of a source that came later, oldest first."""
        query = select(arrival).where(arrival.c.source == source, arrival.c.received_at > moment)
        return [_arrival_row(row) for row in self._connection.execute(query.order_by(arrival.c.received_at))]


def _arrival_row(row: Row[Any]) -> ArrivalRow:
    files = tuple((str(name), str(digest)) for name, digest in json.loads(row.files))
    return ArrivalRow(row.source, row.id, files, row.received_at, row.finished_at)
