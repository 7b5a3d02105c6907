"""倾斜救助、二次救助: a second aid on what is still left, often only after a regular referral (GC-03)."""

from __future__ import annotations

from adapter.model.money import ZERO
from adapter.model.settlement import Explanation
from adapter.rules.settlement.medical_aid import in_scope_left
from adapter.rules.settlement.position import NOTHING, Position


def top_up_base(position: Position) -> Position:
    """What is still left in the policy range; nothing when ``referrals`` does not list how the patient came."""
    allowed = position.find("referrals")
    came = position.keys.get("referral", "unknown")
    if allowed is None or came in allowed.texts:
        return in_scope_left(position)
    because = Explanation(
        zh=f"就医方式“{came}”不在倾斜救助范围内,本次为{ZERO}",
        en=f"way of referral '{came}' is not entitled to the top-up, which is {ZERO}",
        cite=allowed.cite,
    )
    return position.step(
        "not-covered", ZERO, ZERO, because=because, inputs={"referral": came}, checks=NOTHING, base=ZERO, pay=ZERO
    )
