"""Kept resources in the order in which they came, and as they stood at a moment: for whoever follows or copies them.

Both are read page by page, so that a million of them take no more room than a thousand.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select

from adapter.ledger import journal
from adapter.ledger.among import among
from adapter.ledger.codec import json_object
from adapter.ledger.rows import ResourceRow
from adapter.ledger.session import Session
from adapter.ledger.tables import content, resources
from adapter.ledger.tables import journal as lines

_RECORDED = (
    select(lines.c.seq, lines.c.data)
    .where(
        lines.c.seq > bindparam("after"),
        lines.c.seq <= bindparam("upto"),
        lines.c.kind == "resources-recorded",
    )
    .order_by(lines.c.seq)
)
_OTHER = resources.alias("other")
_LAST_THEN = (
    select(func.max(_OTHER.c.version))
    .where(_OTHER.c.type == resources.c.type, _OTHER.c.id == resources.c.id, _OTHER.c.at <= bindparam("at"))
    .scalar_subquery()
)
_COLUMNS = ("type", "id", "version", "source", "digest", "deleted", "newest", "at")
_AT_COLUMNS: Select[Any] = select(*(resources.c[name] for name in _COLUMNS), content.c.body).outerjoin(
    content, content.c.digest == resources.c.content
)
_AT = (
    _AT_COLUMNS.where(resources.c.type == bindparam("type"), resources.c.id > bindparam("after"))
    .where(resources.c.version == _LAST_THEN)
    .order_by(resources.c.id)
    .limit(bindparam("most"))
)
_NAMED = _AT_COLUMNS.where(
    resources.c.type == bindparam("type"),
    among("ids", resources.c.id),
    resources.c.version == _LAST_THEN,
)
_AT_SINCE = _AT.where(resources.c.at > bindparam("since"))
_AT_ALL = _AT.where(resources.c.deleted.is_(False))


class Recorded(Session):
    """Follow what is kept, or copy it."""

    def journal_end(self) -> int:
        """Number of the newest journal line; 0 before the first."""
        return journal.last_line(self._connection)[0]

    def recorded_after(self, after: int, *, most: int) -> tuple[int, list[tuple[int, list[tuple[str, str, int]]]]]:
        """Versions of resources that were written after a journal line, among the next ``most`` lines.

        Returns:
            The line up to which was looked, and by line (type, id, version); deletions are left out.
        """
        upto = min(self.journal_end(), after + most)
        found = []
        for seq, data in self._connection.execute(_RECORDED, {"after": after, "upto": upto}):
            versions = json_object(data)["versions"]
            assert isinstance(versions, list)
            kept = [(row["type"], row["id"], row["version"]) for row in versions if row["content"] is not None]
            found.append((seq, kept))
        return upto, found

    def resources_named_at(self, kind: str, ids: Collection[str], at: datetime) -> list[ResourceRow]:
        """As ``resources_at``, those of these ids, deleted ones among them, in no order."""
        asked = {"type": kind, "ids": [[each] for each in ids], "at": at}
        rows = self._connection.execute(_NAMED, asked) if ids else ()
        return [_row(row) for row in rows]

    def resources_at(
        self, kind: str, at: datetime, *, since: datetime | None = None, after: str = "", most: int = 1000
    ) -> list[ResourceRow]:
        """Resources of a type as they stood at a moment, by id; give the last id as ``after`` for the next page.

        Args:
            since: only those written after this moment, deleted ones among them; None: all, without deleted ones.
        """
        asked = {"type": kind, "at": at, "after": after, "most": most}
        query = _AT_ALL if since is None else _AT_SINCE
        rows = self._connection.execute(query, asked if since is None else {**asked, "since": since})
        return [_row(row) for row in rows]


def _row(row: Row[Any]) -> ResourceRow:
    known = {name: getattr(row, name) for name in _COLUMNS}
    return ResourceRow(**known, body=bytes(row.body or b""))
