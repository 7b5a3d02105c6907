"""Messages of a HIS, kept for good: what comes later is folded together with them. 收到的消息。"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, select

from adapter.ledger.session import Session
from adapter.ledger.tables import content, feed_message, feed_message_key
from adapter.model.case import Actor
from adapter.model.message import KeptMessage


class MessagesIn(Session):
    """Keep each message once; find everything that keys tie together."""

    def keep_message(self, source: str, kept: KeptMessage, *, at: datetime, actor: Actor, reason: str) -> bool:
        """Keep a message; False, and nothing changes, when one of the same identity is there already."""
        self._hold(f"feed:{source}")
        query = select(feed_message.c.identity).where(
            feed_message.c.source == source, feed_message.c.identity == kept.identity
        )
        if self._connection.execute(query).first() is not None:
            return False
        data = {
            "source": source,
            "identity": kept.identity,
            "file": kept.file,
            "number": kept.number,
            "content": self._keep([kept.text.encode()])[0],
            "arrived": kept.arrived,
            "keys": sorted(set(kept.keys)),
        }
        self._append("feed-message-kept", "", data, at=at, actor=actor, reason=reason)
        return True

    def messages_tied(self, source: str, keys: Iterable[str]) -> list[KeptMessage]:
        """Every message that names one of these keys, or a key that such a message names, and so on.

        In order of arrival. Keys that no message names tie nothing.
        """
        tied, named = _tied(source, keys), feed_message_key
        of_messages: defaultdict[str, list[str]] = defaultdict(list)
        pairs = select(named.c.identity, named.c.key).where(_names(source, tied))
        for identity, key in self._connection.execute(pairs.order_by(named.c.identity, named.c.key)):
            of_messages[identity].append(key)
        query = (
            select(feed_message, content.c.body)
            .join(content, content.c.digest == feed_message.c.content)
            .where(feed_message.c.source == source, feed_message.c.identity.in_(_identities(source, tied)))
            .order_by(feed_message.c.received_at, feed_message.c.arrived, feed_message.c.identity)
        )
        return [
            KeptMessage(
                row.identity,
                tuple(of_messages[row.identity]),
                row.file,
                row.number,
                bytes(row.body).decode(),
                row.arrived,
            )
            for row in self._connection.execute(query)
        ]

    def identities_tied(self, source: str, keys: Iterable[str]) -> frozenset[str]:
        """Which messages ``messages_tied`` would give, without reading them."""
        rows = self._connection.execute(_identities(source, _tied(source, keys)))
        return frozenset(row.identity for row in rows)


def _tied(source: str, keys: Iterable[str]) -> CTE:
    """All keys that messages tie to these."""
    first, one, other = feed_message_key.alias(), feed_message_key.alias(), feed_message_key.alias()
    start = select(first.c.key).where(first.c.source == source, first.c.key.in_(sorted(set(keys)))).distinct()
    tied = start.cte("tied", recursive=True)
    further = (
        select(other.c.key)
        .join(one, (one.c.source == other.c.source) & (one.c.identity == other.c.identity))
        .join(tied, tied.c.key == one.c.key)
        .where(one.c.source == source)
    )
    return tied.union(further)


def _names(source: str, tied: CTE) -> ColumnElement[bool]:
    named = feed_message_key
    return and_(named.c.source == source, named.c.key.in_(select(tied.c.key)))


def _identities(source: str, tied: CTE) -> Select[Any]:
    return select(feed_message_key.c.identity).where(_names(source, tied)).distinct()
