"""Versions of resources that were written down after a journal line, though they bear an earlier moment (迟到版本).

A long piece of work bears the moment at which it was begun. Whoever copies the state of a moment must leave out what
such work commits while he copies: his copy would hold one half of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import bindparam, select

from adapter.ledger.codec import json_object
from adapter.ledger.session import Session
from adapter.ledger.tables import journal as lines

_LATE = (
    select(lines.c.data)
    .where(
        lines.c.seq > bindparam("after"),
        lines.c.seq <= bindparam("upto"),
        lines.c.kind == "resources-recorded",
        lines.c.at <= bindparam("at"),
    )
    .order_by(lines.c.seq)
)


class Late(Session):
    """What came too late for a moment."""

    def late_versions(self, after: int, upto: int, at: datetime) -> Iterator[tuple[str, str, int]]:
        """Type, id and version of what these lines hold of moments up to ``at``, deletions among it, in order.

        Args:
            after, upto: the journal lines between which to look.
        """
        for data in self._connection.execute(_LATE, {"after": after, "upto": upto, "at": at}).scalars():
            versions = json_object(data)["versions"]
            assert isinstance(versions, list)
            for row in versions:
                yield row["type"], row["id"], row["version"]

    def late_between(self, after: int, upto: int, at: datetime) -> dict[str, list[str]]:
        """As ``late_versions``: the resources' ids in order, by type."""
        found: dict[str, set[str]] = {}
        for kind, id_, _ in self.late_versions(after, upto, at):
            found.setdefault(kind, set()).add(id_)
        return {kind: sorted(ids) for kind, ids in found.items()}
