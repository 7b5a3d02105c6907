"""Papers of a case, notes, and the journal as a reader sees it. 案卷。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from adapter.ledger import journal
from adapter.ledger.codec import json_object, json_text
from adapter.ledger.rows import JournalRow
from adapter.ledger.session import Session
from adapter.ledger.tables import papers
from adapter.model.case import Actor


class Papers(Session):
    """JSON documents that have no table of their own (assessment, trial, a day's reconciliation …)."""

    def file_paper(
        self, case_id: str, name: str, paper: Mapping[str, object], *, at: datetime, actor: Actor, reason: str
    ) -> None:
        """Keep a JSON document of the case under a name (``assessment``, ``trial`` …); a newer one takes its place.

        A paper of no case has ``case_id=""``. The same paper again writes nothing. Raises TypeError for a float.
        """
        self._hold(f"paper:{case_id}/{name}")
        where = (papers.c.case_id == case_id) & (papers.c.name == name)
        before = self._connection.execute(select(papers.c.content).where(where)).scalar()
        (digest,) = self._keep([json_text(paper).encode()])
        if digest != before:
            data = {"name": name, "content": digest, "first": before is None}
            self._append("paper-filed", case_id, data, at=at, actor=actor, reason=reason)

    def hold_paper(self, case_id: str, name: str) -> None:
        """Keep others from deciding on a paper until this transaction ends."""
        self._hold(f"paper:{case_id}/{name}")

    def paper(self, case_id: str, name: str) -> dict[str, object] | None:
        """The newest paper of that name, or None."""
        where = (papers.c.case_id == case_id) & (papers.c.name == name)
        digest = self._connection.execute(select(papers.c.content).where(where)).scalar()
        return None if digest is None else json_object(self._body(digest))

    def note(
        self, case_id: str, what: str, data: Mapping[str, object], *, at: datetime, actor: Actor, reason: str
    ) -> None:
        """Write an act into the journal that changes no table."""
        self._append("noted", case_id, {"what": what, "data": data}, at=at, actor=actor, reason=reason)

    def journal(self, case_id: str | None = None, *, after: int = 0, limit: int = 1000) -> list[JournalRow]:
        """Journal lines in order, of one case or of all; this transaction's own appear once it has ended."""
        return list(journal.read(self._connection, case_id=case_id, after=after, limit=limit))
