"""Endpoints as the office treats them: paused, resumed, left alone at night, tried carefully after a silence (端点)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapter.cases import issues, walk_issues
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import MessageRow, MessageState
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Stage
from adapter.payers.delivery.traffic import Closed

#: A pause without an end lasts until somebody resumes the endpoint.
UNTIL_RESUMED = datetime(9999, 12, 31, tzinfo=UTC)
#: Why a HIS that does not answer is left alone; its first answer ends that pause, and no other.
NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class EndpointNow:
    """One endpoint as it stands.

    Attributes:
        paused_until: None while it may be spoken to.
        why: ``person``, ``quiet-hours``, ``maintenance``, ``breaker`` or ``no-answer``; empty while it is not paused.
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


def pause_endpoint(name: str, until: datetime | None, tools: Tools, act: Act) -> EndpointNow:
    """A person lets nothing go out to an endpoint; what is being sent this very moment still ends.

    Args:
        until: None: until somebody resumes it.

    Raises:
        AdapterError: CASE-315 for an endpoint that the settings do not describe, CASE-420 for a moment that has passed.
    """
    _known(name, tools)
    if until is not None and until <= act.at:
        raise AdapterError(walk_issues.pause_is_over(name, until.isoformat()))
    with tools.ledger.transaction() as tx:
        pause(tx, name, Closed(until or UNTIL_RESUMED, "person"), act)
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
    """By message key, what an unfinished message waits for: an endpoint's pause, or why a person set it aside.

    CASE-315: an endpoint that the settings no longer describe.
    """
    paused = {each.name: each for each in endpoints_now(tools) if each.paused_until is not None}
    found: dict[str, str] = {}
    with tools.ledger.reading() as tx:
        for row in rows:
            endpoint = paused.get(row.message.endpoint)
            if row.state is MessageState.PARKED:
                receipts = tx.receipts(row.message.key)
                found[row.message.key] = ", ".join(issue.code for issue in receipts[-1].issues[:1]) if receipts else ""
            elif row.state is MessageState.PENDING and endpoint is not None and endpoint.paused_until is not None:
                found[row.message.key] = f"{endpoint.why} → {shown_until(endpoint.paused_until)}"
            elif row.state is MessageState.PENDING and is_nobodys(row, tools):
                found[row.message.key] = "CASE-315"
    return found


def is_nobodys(row: MessageRow, tools: Tools) -> bool:
    """Whether a message is for a payer that the settings do not describe: no worker will ever take it."""
    return row.message.stage is not Stage.NOTIFY and row.message.endpoint not in tools.endpoints


def pause(tx: Transaction, name: str, closed: Closed, act: Act) -> None:
    """Let nothing go out to an endpoint, from any worker; a longer pause that stands already stays."""
    standing = pause_of(tx, name, act.at)
    if standing is None or standing < closed.until:
        tx.pause(name, closed.until, **act.said)
        paper = {"until": closed.until.isoformat(), "why": closed.why, "by": act.actor.id, "reason": act.reason}
        tx.file_paper("", _paper(name), paper, **act.said)


def unpause(tx: Transaction, name: str, act: Act, *, only: str | None = None) -> None:
    """End a pause; with ``only``, one that was made for this reason. What is not paused stays as it is."""
    if tx.paused_until(name) is None:
        return
    if only is not None and (tx.paper("", _paper(name)) or {}).get("why") != only:
        return
    tx.pause(name, None, **act.said)
    tx.file_paper("", _paper(name), {"until": "", "why": "", "by": act.actor.id, "reason": act.reason}, **act.said)


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
        known = [name for name in tools.endpoints if _is_of_other_hours(tx, name, tools, act.at)]
    if known:
        with tools.ledger.transaction() as tx:
            for name in known:
                if _is_of_other_hours(tx, name, tools, act.at):
                    unpause(tx, name, act)


def _is_of_other_hours(tx: Transaction, name: str, tools: Tools, now: datetime) -> bool:
    until = pause_of(tx, name, now)
    if until is None or (tx.paper("", _paper(name)) or {}).get("why") not in ("quiet-hours", "maintenance"):
        return False
    closed = tools.traffic.of(name).closed(now)
    return closed is None or closed.until < until


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
