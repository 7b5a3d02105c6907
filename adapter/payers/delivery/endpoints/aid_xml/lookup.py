"""What became of a message whose answer was lost, as far as this service can tell (查询)。

It has no transaction ids and no look-up. Whether a settlement was stored shows only in what is left of the year: it
fell by exactly the amount, or it did not fall. Anything else is for a person. Somebody else's aid of exactly the same
amount, stored in between, would be taken for ours: nothing in the service tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapter.model.dates import local_day
from adapter.model.issues import Issue
from adapter.model.messages import OutboundMessage, Outcome
from adapter.model.money import ZERO, Money
from adapter.payers.delivery.endpoints.aid_xml import issues
from adapter.payers.delivery.endpoints.aid_xml.soap import Reply, Unreadable, noted_in, sent_fields

#: Asks a question; None: no answer that can be read.
Ask = Callable[[str, Mapping[str, str]], tuple[Reply, bytes] | None]

NO_ADMISSION = "05002"
GOOD = "00000"


@dataclass(frozen=True, slots=True)
class Found:
    """What looking found; ``body`` is what the service answered to the question."""

    outcome: Outcome
    body: bytes = b""
    issues: tuple[Issue, ...] = ()


def look(message: OutboundMessage, ask: Ask, now: datetime) -> Found:
    """Look for a message. UNKNOWN with DEL-583 or DEL-584 where it cannot be told."""
    if message.operation == "saveInRecord":
        return _registration(message, ask)
    if message.operation == "balance":
        return _settlement(message, ask, now)
    return Found(Outcome.UNKNOWN, issues=(issues.cannot_be_asked(message.key, message.operation),))


def _registration(message: OutboundMessage, ask: Ask) -> Found:
    """A ceiling is only told of a registered stay: person and admission date, whichever the hospital."""
    sent = sent_fields(message.composed)
    told = ask("queryBalancePre", {"idCard": sent["idCard"], "inDate": sent["inDate"]})
    if told is None:
        return Found(Outcome.UNKNOWN)
    reply, body = told
    outcome = {GOOD: Outcome.ACCEPTED, NO_ADMISSION: Outcome.NOT_SEEN}.get(reply.code, Outcome.UNKNOWN)
    return Found(outcome, body)


def _settlement(message: OutboundMessage, ask: Ask, now: datetime) -> Found:
    sent, noted = sent_fields(message.composed), noted_in(message.composed)
    amount, before = Money.yuan(sent["assistancePay"]), Money.yuan(noted["maxPay"])
    if amount == ZERO:
        return Found(Outcome.UNKNOWN, issues=(issues.cannot_be_asked(message.key, message.operation),))
    told = ask("checkIdentity", {"idCard": sent["idCard"]})
    if told is None:
        return Found(Outcome.UNKNOWN)
    reply, body = told
    try:
        left = reply.money("maxPay") if reply.code == GOOD else None
    except Unreadable:
        left = None
    same_year = local_day(datetime.fromisoformat(noted["asked"])).year == local_day(now).year
    if same_year and left == before - amount:
        return Found(Outcome.ACCEPTED, body)
    if same_year and left == before:
        return Found(Outcome.NOT_SEEN, body)
    return Found(Outcome.UNKNOWN, body, (issues.ceiling_does_not_tell(message.key, before, amount, left),))
