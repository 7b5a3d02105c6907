"""Who wants to hear of changed resources, and where (FHIR Subscription, rest-hook). 订阅。"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

#: What the names of the endpoints begin with under which the outbox knows a subscription's notices, and its pings.
NOTICES, PINGS = "subscription:", "subscription-ping:"

#: The call that both stand under; no scheme asks it for anything.
CALL = "subscription"


class Told(StrEnum):
    """What is done with a message to a subscriber."""

    PING = "rest-hook-ping"  # 握手: an empty POST, before anything is told
    CHANGED = "rest-hook-post"  # an empty POST: something changed
    RESOURCE = "rest-hook-put"  # PUT of the resource to <endpoint>/<Type>/<id>


class SubscriptionState(StrEnum):
    """Where a subscription stands; R4's status follows from it. 订阅状态."""

    SHAKING = "shaking-hands"  # requested: the ping has not been answered yet
    ACTIVE = "active"
    SILENT = "silent"  # error: nobody answers; it is tried on
    REFUSED = "refused"  # error: refused, or silent for too long; it waits until somebody mends it
    OFF = "off"
    DELETED = "deleted"


#: R4's word for each state.
STATUS = {
    SubscriptionState.SHAKING: "requested",
    SubscriptionState.ACTIVE: "active",
    SubscriptionState.SILENT: "error",
    SubscriptionState.REFUSED: "error",
    SubscriptionState.OFF: "off",
    SubscriptionState.DELETED: "off",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """Where notices go.

    Attributes:
        url: http or https; a resource is PUT to ``<url>/<Type>/<id>``.
        payload: the format in which the resource itself is sent; empty: only that something changed.
        headers: name and value; never shown, they may hold a token.
    """

    url: str
    payload: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
