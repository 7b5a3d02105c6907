"""Papers of a case, notes, and the journal as a reader sees it. 案卷。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select

from adapter.ledger import journal, quick
from adapter.ledger.codec import json_object, json_text
from adapter.ledger.rows import JournalRow
from adapter.ledger.session import Session
from adapter.ledger.tables import papers
from adapter.model.case import Actor

_FILED = select(papers.c.content).where(papers.c.case_id == bindparam("case_id"), papers.c.name == bindparam("name"))
_OF_CASE = select(papers.c.name, papers.c.content).where(papers.c.case_id == bindparam("case_id"))


class Papers(Session):
    """JSON documents that have no table of their own (assessment, trial, a day's reconciliation …)."""

    def file_paper(
        self, case_id: str, name: str, paper: Mapping[str, object], *, at: datetime, actor: Actor, reason: str
    ) -> None:
        """Keep a JSON document of the case under a name (``assessment``, ``trial`` …); a newer one takes its place.

        A paper of no case has ``case_id=""``. The same paper again writes nothing. Raises TypeError for a float.
        """
        self.hold_paper(case_id, name)
        self._file(case_id, name, json_text(paper).encode(), at=at, actor=actor, reason=reason)

    def file_paper_bytes(
        self, case_id: str, name: str, paper: bytes, *, at: datetime, actor: Actor, reason: str
    ) -> None:
        """As ``file_paper``, of a paper that the codec has written."""
        self.hold_paper(case_id, name)
        self._file(case_id, name, paper, at=at, actor=actor, reason=reason)

    def _file(self, case_id: str, name: str, paper: bytes, *, at: datetime, actor: Actor, reason: str) -> None:
        before = self._filed(case_id, name)
        (digest,) = self._keep([paper])
        if digest != before:
            data = {"name": name, "content": digest, "first": before is None}
            others = self._names(case_id) if case_id else {}
            self._append("paper-filed", case_id, data, at=at, actor=actor, reason=reason)
            self._once("paper", case_id, lambda: {**others, name: digest})

    def hold_paper(self, case_id: str, name: str) -> None:
        """Keep others from deciding on a paper until this transaction ends. A case is held for all of its papers."""
        if case_id:
            self._hold_case(case_id)
        else:
            self._hold(f"paper:{name}")

    def paper(self, case_id: str, name: str) -> dict[str, object] | None:
        """The newest paper of that name, or None."""

        def read() -> dict[str, object] | None:
            body = self.paper_bytes(case_id, name)
            return None if body is None else json_object(body)

        return self._once("paper", (case_id, name), read)

    def paper_bytes(self, case_id: str, name: str) -> bytes | None:
        """The newest paper of that name as it is kept, or None."""
        digest = self._filed(case_id, name)
        return None if digest is None else self._once("content", digest, lambda: self._body(digest))

    def _filed(self, case_id: str, name: str) -> str | None:
        """Digest of a paper; a case's are looked up together, since most are asked for and few are there."""
        if not case_id:
            filed = quick.first(self._connection, _FILED, {"case_id": case_id, "name": name})
            return None if filed is None else str(filed.content)
        return self._names(case_id).get(name)

    def _names(self, case_id: str) -> dict[str, str]:
        """Digests of a case's papers by name."""

        def read() -> dict[str, str]:
            return {row.name: row.content for row in quick.rows(self._connection, _OF_CASE, {"case_id": case_id})}

        return self._once("paper", case_id, read)

    def papers_named(self, case_id: str, beginning: str) -> dict[str, dict[str, object]]:
        """The newest papers whose names begin so, by name."""
        where = (papers.c.case_id == case_id) & papers.c.name.startswith(beginning, autoescape=True)
        if self._connection.dialect.name == "sqlite":  # its LIKE goes through every paper there is; this uses the index
            where &= papers.c.name.between(beginning, f"{beginning}\U0010ffff")
        rows = self._connection.execute(select(papers.c.name, papers.c.content).where(where).order_by(papers.c.name))
        return {row.name: json_object(self._body(row.content)) for row in rows.all()}

    def note(
        self, case_id: str, what: str, data: Mapping[str, object], *, at: datetime, actor: Actor, reason: str
    ) -> None:
        """Write an act into the journal that changes no table."""
        self._append("noted", case_id, {"what": what, "data": data}, at=at, actor=actor, reason=reason)

    def journal(self, case_id: str | None = None, *, after: int = 0, limit: int = 1000) -> list[JournalRow]:
        """Journal lines in order, of one case or of all; this transaction's own appear once it has ended."""
        return list(journal.read(self._connection, case_id=case_id, after=after, limit=limit))
