"""Tell the subscribers: follow the journal, queue a notice for each change that matches, send what is due (订阅推送).

The journal holds every version of every resource in the order of commits, whichever way it came in. How far it was
followed is kept in the transaction that queues the notices, so a killed process misses nothing and repeats nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from adapter.cases.dispatch import Delivered, work_once
from adapter.cases.searching import told
from adapter.cases.subscriptions import PAPER, Subscribed, every, keep, subscribed
from adapter.cases.subscriptions_checked import allowed, has_ended, query_of, understood
from adapter.cases.subscriptions_issues import address_refused, criteria_unusable, is_over
from adapter.cases.tools import Act, Tools
from adapter.fhir.canonical import decode, encode
from adapter.fhir.xml_out import xml_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import ResourceRow
from adapter.model.case import Actor
from adapter.model.issues import Issue
from adapter.model.messages import OutboundMessage, Stage
from adapter.model.subscription import CALL, NOTICES, PINGS, Channel, SubscriptionState, Told
from adapter.payers.delivery.endpoint import Endpoint
from adapter.payers.delivery.endpoints.his.rest_hook import RestHook

#: Paper with the place in the journal up to which notices are queued.
CURSOR = "subscriptions-followed"
#: Notices that are queued at once, and journal lines that are looked at for them.
_BATCH, _LINES = 200, 500
#: So many lines in which nothing matched are remembered without being written down.
_UNWRITTEN = 5_000

_SPOKEN_TO = (SubscriptionState.SHAKING, SubscriptionState.ACTIVE, SubscriptionState.SILENT)
_LISTENING = (*_SPOKEN_TO, SubscriptionState.REFUSED)


class Place(NamedTuple):
    """How far the journal was followed: every line up to ``seq``, and of the next one with resources so many."""

    seq: int
    within: int = 0


class SubscriberLane:
    """Queues and sends, round by round. Several may work on one ledger; ``close`` it at the end."""

    def __init__(self, tools: Tools) -> None:
        self._tools = replace(tools, endpoints={}, worker=f"{tools.worker}-subscribers")
        self._hooks: dict[str, RestHook] = {}
        self._seen = Place(0)

    def close(self) -> None:
        """Give connections back."""
        for hook in self._hooks.values():
            hook.close()

    def round(self, *, limit: int = 16) -> tuple[Delivered, bool]:
        """One round; returns what was sent, and whether there is more to queue at once."""
        behind = self._queue()
        hooks = self._opened()
        if not hooks:
            return Delivered(), behind
        return work_once(replace(self._tools, endpoints=hooks), limit=limit), behind

    def until_idle(
        self,
        *,
        wait: Callable[[float], None],
        give_up_at: datetime,
        heard: Callable[[Delivered], None] = lambda _: None,
    ) -> bool:
        """Go on until nothing is left that goes out by itself; False when time ran out first."""
        while True:
            done, behind = self.round()
            heard(done)
            if done.sent or behind:
                continue
            with self._tools.ledger.reading() as tx:
                due = tx.next_due(tuple(self._hooks)) if self._hooks else None
            if due is None:
                return True
            now = self._tools.clock.now()
            if now >= give_up_at:
                return False
            wait(min(max((due - now) / timedelta(seconds=1), 0.02), 0.5))

    # -- what is to be told ------------------------------------------------------------------------------------------

    def _queue(self) -> bool:
        """Queue notices of what came since; returns whether there is more."""
        with self._tools.ledger.reading() as tx:
            listening = [each for each in every(tx) if _listens(each)]
            if not listening:
                return False
            written = _followed(tx)
            begun = max(written, self._seen, Place(min(each.since or 0 for each in listening)))
            found, then = _changes(tx, listening, begun)
            behind = then.within > 0 or then.seq < tx.journal_end()
        if found or then.seq - written.seq >= _UNWRITTEN:
            with self._tools.ledger.transaction() as tx:
                tx.hold_paper("", CURSOR)
                if _followed(tx) != written:
                    return True  # another worker was there first
                act = self._act("changed")
                for subscription, row in found:
                    _enqueue(tx, subscription, row, act)
                tx.file_paper("", CURSOR, {"seq": then.seq, "within": then.within}, **act.said)
        self._seen = then
        return behind

    # -- whom it is told ---------------------------------------------------------------------------------------------

    def _opened(self) -> dict[str, Endpoint]:
        """The endpoints that may be spoken to now; a subscription whose time is over is ended here."""
        now, rules = self._tools.clock.now(), self._tools.subscribers
        opened: dict[str, RestHook] = {}
        with self._tools.ledger.reading() as tx:
            known = [each for each in every(tx) if each.state in _SPOKEN_TO]
        for each in known:
            if (over := _over(each, self._tools.subscribers.addresses, now)) is not None:
                self._end(each, *over)
                continue
            name = f"{PINGS if each.state is SubscriptionState.SHAKING else NOTICES}{each.id}"
            opened[name] = self._hook(name, each.channel, rules.timeout, rules.ca)
        for name in self._hooks.keys() - opened.keys():
            self._hooks[name].close()
        self._hooks = opened
        return dict(opened)

    def _hook(self, name: str, channel: Channel, timeout: int, ca: str) -> RestHook:
        """The same as before while nothing changed: it knows how long nobody has answered."""
        there = self._hooks.get(name)
        if there is not None and there.channel == channel:
            return there
        if there is not None:
            there.close()
        return RestHook(name, channel, self._tools.clock, timeout=timeout, ca=ca)

    def _end(self, known: Subscribed, state: SubscriptionState, why: Issue) -> None:
        with self._tools.ledger.transaction() as tx:
            tx.hold_paper("", f"{PAPER}{known.id}")
            if subscribed(tx, known.id) == known:
                since = None if state is SubscriptionState.OFF else known.since
                keep(tx, replace(known, since=since), state, self._act(why.code), f"{why.code}: {why.zh} · {why.en}")

    def _act(self, reason: str) -> Act:
        return self._tools.act(Actor(self._tools.worker, "worker"), reason)


def _followed(tx: Transaction) -> Place:
    paper = tx.paper("", CURSOR)
    return Place(0) if paper is None else Place(int(str(paper["seq"])), int(str(paper["within"])))


def _changes(
    tx: Transaction, listening: list[Subscribed], begun: Place
) -> tuple[list[tuple[Subscribed, ResourceRow]], Place]:
    """Versions that match after a place, as many as are queued at once, and the place after the last of them."""
    upto, lines = tx.recorded_after(begun.seq, most=_LINES)
    found: list[tuple[Subscribed, ResourceRow]] = []
    done, skip = begun.seq, begun.within
    for seq, versions in lines:
        for number, (kind, identity, version) in enumerate(versions[skip:], skip + 1):
            found += _matching(tx, listening, seq, kind, identity, version)
            if len(found) >= _BATCH:
                return found, Place(done, number)
        done, skip = seq, 0
    return found, Place(upto)


def _listens(known: Subscribed) -> bool:
    """Whether changes are told to it, now or when it is mended; one that nobody understands stops no other."""
    return known.since is not None and known.state in _LISTENING and understood(known.criteria)


def _matching(
    tx: Transaction, listening: list[Subscribed], seq: int, kind: str, identity: str, version: int
) -> Iterator[tuple[Subscribed, ResourceRow]]:
    """R4: the new value decides; what no longer matches, or is deleted, is not told."""
    wanted = [each for each in listening if (each.since or 0) < seq and query_of(each.criteria).type == kind]
    row = tx.resource(kind, identity, version) if wanted else None
    if row is None or row.deleted:
        return
    resource = told(row, decode(row.body))
    for each in wanted:
        if all(criterion.matches(resource) for criterion in query_of(each.criteria).criteria):
            yield each, row


def _enqueue(tx: Transaction, known: Subscribed, row: ResourceRow, act: Act) -> None:
    """Store a notice; where it carries the resource, the file of each case that it belongs to says so."""
    payload = known.channel.payload
    composed = b""
    if payload:
        resource = told(row, decode(row.body))
        composed = xml_of(resource) if payload.endswith("xml") else encode(resource)
        for case_id in tx.cases_of_resource(row.type, row.id):
            data = {"type": row.type, "id": row.id, "version": row.version, "to": f"Subscription/{known.id}"}
            tx.note(case_id, "resource-told", data, **act.said)
    endpoint = f"{NOTICES}{known.id}"
    tx.enqueue(
        OutboundMessage(
            key=f"subscription.{known.id}.{row.type}.{row.id}.{row.version}",
            case_id=f"{PAPER}{known.id}/{row.type}/{row.id}",
            version=0,
            endpoint=endpoint,
            call=CALL,
            stage=Stage.NOTIFY,
            operation=Told.RESOURCE if payload else Told.CHANGED,
            composed=composed,
            content_type=f"{payload}; fhirVersion=4.0" if payload else "",
            effect=False,
            order_key=f"{endpoint}/{row.type}/{row.id}",
        ),
        **act.said,
    )


def _over(known: Subscribed, addresses: tuple[str, ...], now: datetime) -> tuple[SubscriptionState, Issue] | None:
    """Why nothing may be told any more, or None."""
    if has_ended(known.resource, now):
        return SubscriptionState.OFF, is_over()
    if not allowed(known.channel.url, addresses):
        return SubscriptionState.REFUSED, address_refused()
    if not understood(known.criteria):
        return SubscriptionState.REFUSED, criteria_unusable()
    return None
