"""What must agree before anything is sent that counts: person, ceiling, ratio (核对口径). Pure.

Nothing is corrected here. What the office says otherwise than our plan holds the case for a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO
from adapter.payers.delivery.endpoints.aid_xml import issues
from adapter.payers.delivery.endpoints.aid_xml.soap import Reply
from adapter.payers.delivery.endpoints.aid_xml.stay import Stay

#: Whose answers the terms are read from.
OPERATIONS = ("checkIdentity", "queryBalancePre", "queryPercentage")


def check_identity(stay: Stay, told: Reply) -> None:
    """Whether the office aids this very person.

    Raises:
        AdapterError: DEL-587, DEL-588, DEL-596.
    """
    if found := _identity(stay, told):
        raise AdapterError(*found)


def check(stay: Stay, told: Mapping[str, Reply]) -> None:
    """Whether person, ceiling and ratio agree with what our plan gave.

    Raises:
        AdapterError: DEL-585 to -589, DEL-596, DEL-597, all that differ.
    """
    found = [
        *_identity(stay, told["checkIdentity"]),
        *_ceiling(stay, told["queryBalancePre"], told["checkIdentity"]),
        *_ratio(stay, told["queryPercentage"]),
    ]
    if found:
        raise AdapterError(*found)


def _identity(stay: Stay, told: Reply) -> list[Issue]:
    """``00000`` is answered for any known person: only a category means that he is aided."""
    found = []
    if not told.text("assitanceType"):
        found.append(issues.not_aided(stay.facts.key))
    if told.text("name") not in ("", stay.name):
        found.append(issues.another_name(stay.facts.key))
    left, ceiling = told.money("maxPay"), stay.ceiling
    if left is not None and ceiling is not None and left > ceiling:
        found.append(issues.ceiling_above(stay.facts.key, left, ceiling))
    return found


def _ceiling(stay: Stay, told: Reply, identity: Reply) -> list[Issue]:
    left, other = told.money("maxPay"), told.money("otherPay") or ZERO
    pause = told.text("pauseFlag")
    found = []
    if left is None or identity.money("maxPay") is None:
        found.append(issues.ceiling_untold(stay.facts.key))
    elif stay.amount > left:
        found.append(issues.ceiling_below(stay.facts.key, left, stay.amount))
    if pause not in ("", "0") or other != ZERO:
        found.append(issues.paused_or_aided(stay.facts.key, pause[:20], other))
    return found


def _ratio(stay: Stay, told: Reply) -> list[Issue]:
    """A plan without one single ratio has nothing to compare."""
    theirs, ours = told.ratio("percentage"), stay.ratio
    if ours is None or theirs == ours:
        return []
    return [issues.ratio_differs(stay.facts.key, "—" if theirs is None else f"{theirs:f}", f"{ours:f}")]
