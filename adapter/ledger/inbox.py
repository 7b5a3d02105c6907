"""What came in: files as received, and records that wait for a person. 收件与搁置。"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from adapter.ledger import issues as said
from adapter.ledger.codec import issues_data, issues_of
from adapter.ledger.rows import InboxRow, ParkedRow
from adapter.ledger.session import Session, digest_of
from adapter.ledger.tables import content, inbox, parked
from adapter.model.case import Actor
from adapter.model.issues import AdapterError, Issue


class Inbox(Session):
    """Receive files once; park what could not be mapped."""

    def receive(
        self,
        source: str,
        name: str,
        digest: str,
        size: int,
        body: bytes | None = None,
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> InboxRow:
        """Enter a file. The same bytes from the same source again change nothing and come back with ``new=False``.

        Args:
            name: without its folder; folders may name persons or machines.
            digest: sha256 hex of the bytes.
            body: the bytes themselves, or None when the file is kept outside.
        """
        self._hold(f"inbox:{source}/{digest}")
        there = self.received(source, digest)
        if there is not None:
            return there
        kept = None if body is None else self._keep([body])[0]
        data = {"source": source, "digest": digest, "name": name, "size": size, "content": kept}
        self._append("file-received", "", data, at=at, actor=actor, reason=reason)
        return InboxRow(source, digest, name, size, at, None, new=True)

    def received(self, source: str, digest: str) -> InboxRow | None:
        """The file as it was entered, or None."""
        query = select(inbox).where(inbox.c.source == source, inbox.c.digest == digest)
        row = self._connection.execute(query).first()
        return None if row is None else _inbox_row(row)

    def received_body(self, source: str, digest: str) -> bytes | None:
        """The raw bytes of a received file; None when it is unknown or kept outside."""
        query = select(inbox.c.content).where(inbox.c.source == source, inbox.c.digest == digest)
        kept = self._connection.execute(query).scalar()
        return None if kept is None else self._body(kept)

    def keeps_bodies(self, source: str, digests: Iterable[str]) -> bool:
        """Whether the bytes of all of these files are here."""
        wanted = set(digests)
        query = select(inbox.c.digest).where(inbox.c.source == source, inbox.c.content.is_not(None))
        there = self._connection.execute(query.where(inbox.c.digest.in_(sorted(wanted))))
        return {row.digest for row in there} == wanted

    def unprocessed(self, source: str | None = None) -> list[InboxRow]:
        """Files received and not yet processed, oldest first."""
        query = select(inbox).where(inbox.c.processed_at.is_(None)).order_by(inbox.c.received_at, inbox.c.digest)
        if source is not None:
            query = query.where(inbox.c.source == source)
        return [_inbox_row(row) for row in self._connection.execute(query)]

    def mark_processed(self, source: str, digest: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Say that every record of the file is mapped or parked; said once, it stays. Raises LookupError."""
        self._hold(f"inbox:{source}/{digest}")
        there = self.received(source, digest)
        if there is None:
            raise LookupError(f"no file {digest} was received from {source}")
        if there.processed_at is None:
            data = {"source": source, "digest": digest}
            self._append("file-processed", "", data, at=at, actor=actor, reason=reason)

    def park(
        self,
        source: str,
        stay_key: str | None,
        issues: Iterable[Issue],
        body: bytes,
        place: str,
        *,
        at: datetime,
        actor: Actor,
        reason: str,
    ) -> str:
        """Set records aside with their issues. Returns the parked id, which derives from source, stay and bytes.

        The same records again change nothing while their issues are the same; resolved ones are parked anew.

        Args:
            body: the records as the caller can read them back.
            place: file and row (``ZY_FYMX.xml#12``).
        """
        parked_id = "P-" + digest_of(f"{source}\n{stay_key or place}\n{digest_of(body)}".encode())[:16]
        self._hold(f"parked:{parked_id}")
        why = tuple(issues)
        there = self._connection.execute(select(parked).where(parked.c.id == parked_id)).first()
        if there is not None and there.resolved_at is None and issues_of(there.issues) == why:
            return parked_id
        data = {"id": parked_id, "source": source, "stay_key": stay_key, "place": place}
        more = {"content": self._keep([body])[0], "issues": issues_data(why), "first": there is None}
        self._append("records-parked", "", data | more, at=at, actor=actor, reason=reason)
        return parked_id

    def parked(
        self, *, source: str | None = None, stay_key: str | None = None, open_only: bool = True, limit: int = 1000
    ) -> list[ParkedRow]:
        """Parked records, oldest first."""
        query = select(parked, content.c.body).join(content, content.c.digest == parked.c.content)
        if source is not None:
            query = query.where(parked.c.source == source)
        if stay_key is not None:
            query = query.where(parked.c.stay_key == stay_key)
        if open_only:
            query = query.where(parked.c.resolved_at.is_(None))
        rows = self._connection.execute(query.order_by(parked.c.parked_at, parked.c.id).limit(limit))
        return [_parked_row(row) for row in rows]

    def parked_ids(self, *, source: str | None = None, after: str = "", limit: int = 1000) -> list[str]:
        """Ids of everything that waits, page by page: give the last id as ``after``. No record is read."""
        query = select(parked.c.id).where(parked.c.resolved_at.is_(None), parked.c.id > after)
        if source is not None:
            query = query.where(parked.c.source == source)
        return list(self._connection.execute(query.order_by(parked.c.id).limit(limit)).scalars())

    def parked_one(self, parked_id: str) -> ParkedRow | None:
        """One parked record, or None."""
        query = select(parked, content.c.body).join(content, content.c.digest == parked.c.content)
        row = self._connection.execute(query.where(parked.c.id == parked_id)).first()
        return None if row is None else _parked_row(row)

    def resolve_parked(self, parked_id: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Say that the records went through; said once, it stays. Raises AdapterError LED-415."""
        self._hold(f"parked:{parked_id}")
        there = self.parked_one(parked_id)
        if there is None:
            raise AdapterError(said.unknown_parked(parked_id))
        if there.resolved_at is None:
            self._append("records-resolved", "", {"id": parked_id}, at=at, actor=actor, reason=reason)


def _inbox_row(row: Row[Any]) -> InboxRow:
    return InboxRow(row.source, row.digest, row.name, row.size, row.received_at, row.processed_at)


def _parked_row(row: Row[Any]) -> ParkedRow:
    return ParkedRow(
        id=row.id,
        source=row.source,
        stay_key=row.stay_key,
        place=row.place,
        issues=issues_of(row.issues),
        parked_at=row.parked_at,
        resolved_at=row.resolved_at,
        body=bytes(row.body),
    )
