"""Subscriptions: who wants to hear of which resources, kept as FHIR and as what is known of each (订阅).

Nothing is told before the receiver has answered a ping. From then on every change that matches is queued, whatever
becomes of the sending: while the receiver is silent or refuses, the notices wait, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from adapter.cases.endpoints import unpause
from adapter.cases.subscriptions_checked import PAYLOADS, Headers, allowed, check, headers_of, hidden
from adapter.cases.subscriptions_issues import address_refused, no_subscription
from adapter.cases.tools import Act, Tools
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.fhir.posted_issues import version_is_another
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import UNFINISHED, MessageState, ResourceIn, ResourceRow
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.subscription import CALL, NOTICES, PINGS, STATUS, Channel, SubscriptionState, Told

Json = dict[str, Any]

#: Paper of a subscription, by id: what its resource does not show.
PAPER = "subscription/"
#: Under which source subscriptions are kept.
SOURCE = "subscriptions"

#: Notices that are let go in one transaction: others wait for the ledger meanwhile.
_AT_ONCE = 500

_TYPE = "Subscription"


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One subscription as it stands.

    Attributes:
        since: the journal line after which changes are told; None before anybody answered.
        pings: how many times it was tried to reach the receiver; the last one counts.
        headers: with their values, which the resource does not show.
        resource: as it is read; empty once it is deleted.
    """

    id: str
    state: SubscriptionState
    since: int | None
    pings: int
    headers: Headers = field(repr=False)
    resource: Json = field(repr=False)

    @property
    def criteria(self) -> str:
        return str(self.resource["criteria"])

    @property
    def error(self) -> str:
        return str(self.resource.get("error", ""))

    @property
    def channel(self) -> Channel:
        told = self.resource["channel"]
        return Channel(told["endpoint"], PAYLOADS.get(told.get("payload", "").partition(";")[0], ""), self.headers)


def subscribe(
    resource: Json, tools: Tools, act: Act, identity: str | None = None, *, version: int | None = None
) -> tuple[ResourceRow, bool]:
    """Keep a subscription, new or changed, and try to reach its receiver; status ``off`` only keeps it.

    What was to be told before a change is told after it; what changes while it is off is not.

    Args:
        identity: its id; None: a new one is made.
        version: the present one, as the caller read it; None: whichever it is.

    Returns:
        The resource as it is kept, and whether it is new.

    Raises:
        AdapterError: FHIR-1xx, FHIR-201 to -209, FHIR-287, CASE-460 to CASE-464, CASE-466; nothing is changed then.
    """
    identity = identity or str(uuid4())
    with tools.ledger.transaction() as tx:
        tx.hold_paper("", f"{PAPER}{identity}")
        known = subscribed(tx, identity)
        there = known if known is not None and known.state is not SubscriptionState.DELETED else None
        present = tx.resource(_TYPE, identity)
        if version is not None and version != (standing := present.version if there and present else 0):
            raise AdapterError(version_is_another(f"{_TYPE}/{identity}", standing))
        before = _known_headers(there, resource)
        check({**resource, "id": identity}, tools.subscribers.addresses, before, act.at)
        headers = headers_of(resource["channel"].get("header", ()), before)
        now = Subscribed(
            identity,
            SubscriptionState.OFF,
            since=None if there is None or there.state is SubscriptionState.OFF else there.since,
            pings=0 if known is None else known.pings,
            headers=headers,
            resource=_as_kept(resource, identity, headers),
        )
        if resource["status"] == "off":
            keep(tx, replace(now, since=None), SubscriptionState.OFF, act)
        else:
            shake_hands(tx, now, act)
        row = tx.resource(_TYPE, identity)
        assert row is not None
        return row, there is None


def try_again(identity: str, tools: Tools, act: Act) -> None:
    """Reach the receiver anew after its cause was mended; what waited then goes out.

    Raises AdapterError CASE-465, and CASE-461 for an address that the settings no longer allow.
    """
    with tools.ledger.transaction() as tx:
        tx.hold_paper("", f"{PAPER}{identity}")
        known = _there(tx, identity)
        if not allowed(known.channel.url, tools.subscribers.addresses):
            raise AdapterError(address_refused())
        shake_hands(tx, known, act)


def unsubscribe(identity: str, tools: Tools, act: Act) -> None:
    """Delete a subscription; what was to be told is let go first. Raises AdapterError CASE-465."""
    more = True
    while more:
        with tools.ledger.transaction() as tx:
            tx.hold_paper("", f"{PAPER}{identity}")
            known = _there(tx, identity)
            more = _let_go(tx, (f"{NOTICES}{identity}", f"{PINGS}{identity}"), act)
            if not more:
                _file(tx, replace(known, state=SubscriptionState.DELETED, since=None, headers=()), act)
                tx.delete_resources(SOURCE, None, [(_TYPE, identity)], **act.said)


def subscriptions_now(tools: Tools) -> list[tuple[Subscribed, int]]:
    """Every subscription that was not deleted, by id, with how many notices of it are not finished."""
    with tools.ledger.reading() as tx:
        waiting = tx.health().outbox
        found = []
        for each in every(tx):
            if each.state is not SubscriptionState.DELETED:
                counts = waiting.get(f"{NOTICES}{each.id}", {})
                left = sum(number for state, number in counts.items() if state != MessageState.DONE)
                found.append((each, left))
        return found


def every(tx: Transaction) -> list[Subscribed]:
    """Every subscription, by id, deleted ones among them."""
    return [_of(tx, name.removeprefix(PAPER), paper) for name, paper in tx.papers_named("", PAPER).items()]


def subscribed(tx: Transaction, identity: str) -> Subscribed | None:
    """One subscription, a deleted one too; None where there never was one."""
    paper = tx.paper("", f"{PAPER}{identity}")
    return None if paper is None else _of(tx, identity, paper)


def keep(tx: Transaction, known: Subscribed, state: SubscriptionState, act: Act, error: str = "") -> Subscribed:
    """Write down where a subscription stands; the resource's status and error say the same."""
    resource = {name: value for name, value in known.resource.items() if name != "error"}
    resource |= {"status": STATUS[state], **({"error": error} if error else {})}
    now = replace(known, state=state, resource=resource)
    body = canonical(resource)
    tx.put_resources(SOURCE, None, [ResourceIn(_TYPE, known.id, body, digest_of(body))], **act.said)
    _file(tx, now, act)
    return now


def shake_hands(tx: Transaction, known: Subscribed, act: Act) -> None:
    """Ask the receiver whether it is there, with an empty message; earlier questions are let go."""
    _let_go(tx, (f"{PINGS}{known.id}",), act)
    for name in (f"{PINGS}{known.id}", f"{NOTICES}{known.id}"):
        unpause(tx, name, act)
    asked = keep(tx, replace(known, pings=known.pings + 1), SubscriptionState.SHAKING, act)
    tx.enqueue(
        OutboundMessage(
            key=ping_key(asked),
            case_id=f"{PAPER}{known.id}",
            version=0,
            endpoint=f"{PINGS}{known.id}",
            call=CALL,
            stage=Stage.NOTIFY,
            operation=Told.PING,
            composed=b"",
            content_type="",
            effect=False,
        ),
        **act.said,
    )


def ping_key(known: Subscribed) -> str:
    """Key of the message that counts as the handshake now."""
    return f"subscription.{known.id}.ping.{known.pings}"


def _known_headers(there: Subscribed | None, resource: Json) -> Headers:
    """Headers whose values need not be given again: those of the same address; another one never learns them."""
    channel = resource.get("channel")
    url = channel.get("endpoint") if isinstance(channel, dict) else None
    return there.headers if there is not None and there.channel.url == url else ()


def _there(tx: Transaction, identity: str) -> Subscribed:
    known = subscribed(tx, identity)
    if known is None or known.state is SubscriptionState.DELETED:
        raise AdapterError(no_subscription(identity))
    return known


def _let_go(tx: Transaction, endpoints: tuple[str, ...], act: Act) -> bool:
    """Finish what has not been sent, unsent, as much as is done at once; returns whether there may be more."""
    for name in endpoints:
        page = tx.outbox(endpoint=name, states=UNFINISHED, limit=_AT_ONCE)
        for row in page:
            gone = Receipt(Outcome.REJECTED, act.at, sent=False)
            tx.record(row.message.key, gone, worker=act.actor.id, reason=act.reason)
        if len(page) == _AT_ONCE:
            return True
    return False


def _as_kept(resource: Json, identity: str, headers: Headers) -> Json:
    """As it came, without what the ledger says of it and with nothing secret."""
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    channel = {**resource["channel"], **({"header": hidden(headers)} if headers else {})}
    kept = {**resource, "id": identity, "channel": channel, "meta": meta}
    return {name: value for name, value in kept.items() if value != {}}


def _file(tx: Transaction, known: Subscribed, act: Act) -> None:
    paper = {
        "state": str(known.state),
        "since": known.since,
        "pings": known.pings,
        "headers": [list(each) for each in known.headers],
    }
    tx.file_paper("", f"{PAPER}{known.id}", paper, **act.said)


def _of(tx: Transaction, identity: str, paper: dict[str, Any]) -> Subscribed:
    row = tx.resource(_TYPE, identity)
    resource = {} if row is None or row.deleted else decode(row.body)
    headers = tuple((name, value) for name, value in paper["headers"])
    state = SubscriptionState(paper["state"])
    return Subscribed(identity, state, paper["since"], paper["pings"], headers, resource)
