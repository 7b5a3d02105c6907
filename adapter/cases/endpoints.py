"""Endpoints as the office treats them: paused, resumed, left alone at night, tried carefully after a silence (端点)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapter.cases import issues, walk_issues
from adapter.cases.call_orders import order_on
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.case import Actor
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Stage
from adapter.payers.delivery.traffic import Closed

#: A pause without an end lasts until somebody resumes the endpoint.
UNTIL_RESUMED = datetime(9999, 12, 31, tzinfo=UTC)
#: Why an endpoint is left alone that a person paused.
PERSON = "person"
#: Why a HIS that does not answer is left alone; its first answer ends that pause, and no other.
NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class EndpointNow:
    """One endpoint as it stands.

    Attributes:
        paused_until: None while it may be spoken to.
        why: ``person``, ``quiet-hours``, ``maintenance``, ``breaker``, ``asked-to-wait`` or ``no-answer``; empty while
            it is not paused.
        by: who paused it.
        reason: in words.
        messages: how many are in which state.
    """

    name: str
    dialect: str
    simulator: bool
    paused_until: datetime | None
    why: str
    by: str
    reason: str
    messages: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return {
            "endpoint": self.name,
            "dialect": self.dialect,
            "simulator": self.simulator,
            "paused_until": None if self.paused_until is None else shown_until(self.paused_until),
            "why": self.why,
            "by": self.by,
            "reason": self.reason,
            "messages": dict(self.messages),
        }


def shown_until(until: datetime) -> str:
    """The end of a pause as it is shown: a moment, or ``resumed``."""
    return "resumed" if until >= UNTIL_RESUMED else until.isoformat(timespec="seconds")


def hospital_time(until: datetime) -> str:
    """The same for a person to read: by the clock on the wall, as it is typed too."""
    return shown_until(until if until >= UNTIL_RESUMED else until.astimezone(HOSPITAL_ZONE))


def pause_endpoint(name: str, until: datetime | None, tools: Tools, act: Act) -> EndpointNow:
    """A person lets nothing go out to an endpoint; what is being sent this very moment still ends.

    A later word of a person takes the place of the earlier one, be it longer or shorter.

    Args:
        until: None: until somebody resumes it.

    Raises:
        AdapterError: CASE-315 for an endpoint that the settings do not describe, CASE-420 for a moment that has passed.
    """
    _known(name, tools)
    if until is not None and until <= act.at:
        raise AdapterError(walk_issues.pause_is_over(name, until.isoformat()))
    with tools.ledger.transaction() as tx:
        pause(tx, name, Closed(until or UNTIL_RESUMED, PERSON), act)
    return endpoint_now(name, tools)


def resume_endpoint(name: str, tools: Tools, act: Act) -> EndpointNow:
    """End a pause, whoever made it; quiet hours and maintenance windows of the settings begin anew at once.

    Raises:
        AdapterError: CASE-315.
    """
    _known(name, tools)
    with tools.ledger.transaction() as tx:
        unpause(tx, name, act)
    return endpoint_now(name, tools)


def endpoint_now(name: str, tools: Tools) -> EndpointNow:
    """One endpoint. Raises AdapterError CASE-315."""
    _known(name, tools)
    return next(each for each in endpoints_now(tools) if each.name == name)


def endpoints_now(tools: Tools) -> list[EndpointNow]:
    """Every endpoint of the settings, by name."""
    now = tools.clock.now()
    with tools.ledger.reading() as tx:
        counts = tx.health().outbox
        found = []
        for name in sorted(tools.endpoints):
            config, until = tools.endpoints[name].config, pause_of(tx, name, now)
            paper = tx.paper("", _paper(name)) if until is not None else None
            why, by, reason = (str((paper or {}).get(each, "")) for each in ("why", "by", "reason"))
            messages = counts.get(name, {})
            found.append(EndpointNow(name, config.dialect, config.simulator, until, why, by, reason, messages))
    return found


def pause_of(tx: Transaction, name: str, now: datetime) -> datetime | None:
    """Until when an endpoint is paused at a moment, or None."""
    until = tx.paused_until(name)
    return until if until is not None and until > now else None


def waits_for(tools: Tools, rows: list[MessageRow]) -> dict[str, str]:
    """By message key, what an unfinished message waits for: a pause, an order, what set it aside, one before it.

    CASE-315: an endpoint that the settings no longer describe.
    """
    paused = {each.name: each for each in endpoints_now(tools) if each.paused_until is not None}
    found: dict[str, str] = {}
    with tools.ledger.reading() as tx:
        for row in rows:
            endpoint = paused.get(row.message.endpoint)
            if row.state is MessageState.PARKED:
                found[row.message.key] = _set_aside_for(tx, row)
            elif row.state is MessageState.PENDING and endpoint is not None and endpoint.paused_until is not None:
                found[row.message.key] = f"{endpoint.why} → {hospital_time(endpoint.paused_until)}"
            elif row.state is MessageState.PENDING and is_nobodys(row, tools):
                found[row.message.key] = "CASE-315"
            elif row.state is MessageState.PENDING and row.message.order_key is not None:
                found[row.message.key] = _behind(tx, row)
    return found


def _set_aside_for(tx: Transaction, row: MessageRow) -> str:
    """The order on its call, or a person's own reason, or the code of the answer that parked it."""
    if (order := order_on(tx, row.message)) is not None:
        return f"call {order.what}: {order.reason}"
    if (parked := tx.parked_by(row.message.key)) is not None:
        return f"{parked.actor.id}: {parked.reason}"
    receipts = tx.receipts(row.message.key)
    return ", ".join(issue.code for issue in receipts[-1].issues[:1]) if receipts else ""


def _behind(tx: Transaction, row: MessageRow) -> str:
    """The message of the same person that must be through first; empty where this one is next."""
    before = tx.waits_behind(row.message.key)
    return "" if before is None else f"after {before}"


def is_nobodys(row: MessageRow, tools: Tools) -> bool:
    """Whether a message is for a payer that the settings do not describe: no worker will ever take it."""
    return row.message.stage is not Stage.NOTIFY and row.message.endpoint not in tools.endpoints


def pause(tx: Transaction, name: str, closed: Closed, act: Act) -> None:
    """Let nothing go out to an endpoint, from any worker.

    Each reason has its own pause, and the one that ends last holds; of two for one reason the longer one counts, but
    of a person's the last word.
    """
    standing = _standing(tx, name, act.at)
    before = standing.get(closed.why)
    if before is None or before.until < closed.until or closed.why == PERSON:
        _stand(tx, name, {**standing, closed.why: _Pause(closed.until, closed.why, act.actor.id, act.reason)}, act)


def unpause(tx: Transaction, name: str, act: Act, *, only: str | None = None) -> None:
    """End the pauses of an endpoint, or the one that was made for a reason; what is not paused stays as it is."""
    if tx.paused_until(name) is None:
        return
    standing = _standing(tx, name, act.at)
    if only is None or only in standing or not standing:
        _stand(tx, name, {} if only is None else {why: each for why, each in standing.items() if why != only}, act)


@dataclass(frozen=True, slots=True)
class _Pause:
    """Why an endpoint is left alone, and for how long."""

    until: datetime
    why: str
    by: str
    reason: str

    def as_json(self) -> dict[str, str]:
        return {"until": self.until.isoformat(), "why": self.why, "by": self.by, "reason": self.reason}


def _standing(tx: Transaction, name: str, now: datetime) -> dict[str, _Pause]:
    """The pauses that have not ended yet, by reason."""
    if pause_of(tx, name, now) is None:
        return {}
    paper: Mapping[str, Any] = tx.paper("", _paper(name)) or {}
    told = [each for each in (paper, *paper.get("others", ())) if each.get("until")]
    found = [_Pause(datetime.fromisoformat(each["until"]), each["why"], each["by"], each["reason"]) for each in told]
    return {each.why: each for each in found if each.until > now}


def _stand(tx: Transaction, name: str, standing: Mapping[str, _Pause], act: Act) -> None:
    """Write down which pauses there are; the one that ends last is what is shown, and what the workers keep."""
    last, *others = sorted(standing.values(), key=lambda each: each.until, reverse=True) or (None,)
    tx.pause(name, None if last is None else last.until, **act.said)
    shown = {"until": "", "why": "", "by": act.actor.id, "reason": act.reason} if last is None else last.as_json()
    tx.file_paper("", _paper(name), {**shown, "others": [each.as_json() for each in others if each]}, **act.said)


def lease_allowed(tx: Transaction, tools: Tools, now: datetime, limit: int) -> list[OutboundMessage]:
    """Lease what is due and what each endpoint's hours, rate and breaker let through.

    Endpoints that nothing limits share one batch; each limited one has its own, so that it keeps no other waiting.
    """
    free, leased = [], list[OutboundMessage]()
    for name in tools.endpoints:
        closed = tools.traffic.of(name).closed(now)
        if closed is not None:
            pause(tx, name, closed, Act(now, Actor(tools.worker, "worker"), closed.why))
        elif (most := tools.traffic.allowance(name, now, limit)) >= limit:
            free.append(name)
        elif most:
            leased += _lease(tx, tools, now, most, [name])
    if free:
        leased += _lease(tx, tools, now, limit, free)
    return leased


def is_closed(tx: Transaction, name: str, tools: Tools, now: datetime) -> bool:
    """Whether nothing may go out to an endpoint at a moment: it is paused, or its hours say so."""
    return pause_of(tx, name, now) is not None or tools.traffic.of(name).closed(now) is not None


def reopen(tools: Tools, act: Act) -> None:
    """End the pauses that hours or windows of earlier settings made, where those of today would not, or not so long."""
    with tools.ledger.reading() as tx:
        known = [name for name in tools.endpoints if _of_other_hours(tx, name, tools, act.at)]
    if known:
        with tools.ledger.transaction() as tx:
            for name in known:
                for why in _of_other_hours(tx, name, tools, act.at):
                    unpause(tx, name, act, only=why)


def _of_other_hours(tx: Transaction, name: str, tools: Tools, now: datetime) -> list[str]:
    """For which reasons an endpoint is left alone by hours that are not today's."""
    standing = _standing(tx, name, now)
    closed = tools.traffic.of(name).closed(now) if standing else None
    made = [standing[why] for why in ("quiet-hours", "maintenance") if why in standing]
    return [each.why for each in made if closed is None or closed.until < each.until]


def _lease(tx: Transaction, tools: Tools, now: datetime, limit: int, names: list[str]) -> list[OutboundMessage]:
    leased = tx.lease(tools.worker, now=now, lease_seconds=tools.lease_seconds, limit=limit, endpoints=names)
    for message in leased:
        tools.traffic.took(message.endpoint, 1)
    return leased


def _known(name: str, tools: Tools) -> None:
    if name not in tools.endpoints:
        raise AdapterError(issues.endpoint_unset(name))


def _paper(name: str) -> str:
    return f"pause/{name}"
