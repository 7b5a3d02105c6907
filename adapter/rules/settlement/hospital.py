"""医院减免: what the hospital itself bears; a payer in the balance, a claim to nobody."""

from __future__ import annotations

from dataclasses import replace

from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.settlement.position import Position, clauses, ratio_text


def waiver(position: Position) -> Position:
    """Waive by whichever of the three rules the plan has; with several, they add up within what is left.

    ``waiver_share_of_left``: a share of what the patient still bears; ``waiver_share_of_outside``: a share of the
    cost outside the policy range (5% in Ganzhou, S23); ``waiver_above_share``: everything above a share of the
    bill (10% in Xixia, S57).
    """
    bill, after = position.bill, position
    pay = ZERO
    cites: list[str] = []
    outside = position.find("waiver_share_of_outside")
    if outside is not None:
        amount = bill.outside_left.share(outside.decimal)
        words = f"{bill.outside_left} × {ratio_text(outside.decimal)} = {amount}"
        after = _waived(
            after, amount, f"范围外费用减免:{words}", f"waived outside the policy range: {words}", outside.cite
        )
        pay, cites = pay + amount, [*cites, outside.cite]
    of_outside = pay
    share = position.find("waiver_share_of_left")
    if share is not None:
        left = max(bill.left - pay, ZERO)
        amount = left.share(share.decimal)
        words = f"{left} × {ratio_text(share.decimal)} = {amount}"
        after = _waived(
            after, amount, f"按个人负担比例减免:{words}", f"share of the patient's part waived: {words}", share.cite
        )
        pay, cites = pay + amount, [*cites, share.cite]
    above = position.find("waiver_above_share")
    if above is not None:
        left, kept = max(bill.left - pay, ZERO), max(bill.total, ZERO).share(above.decimal)
        amount = max(left - kept, ZERO)
        zh = f"个人负担{left}超过总额的 {ratio_text(above.decimal)}({kept})的部分减免{amount}"
        en = f"the patient's {left} above {ratio_text(above.decimal)} of the bill ({kept}) waived: {amount}"
        after = _waived(after, amount, zh, en, above.cite)
        pay, cites = pay + amount, [*cites, above.cite]
    because = Explanation(
        f"医院减免合计{pay}", f"waived by the hospital {pay}", clauses(*cites) or position.policy.name
    )
    after = after.step("waiver", pay, pay, because=because, inputs={"left": bill.left})
    beyond_scope = max(pay - of_outside - bill.in_scope_left, ZERO)
    return replace(after, base=bill.left, pay=pay, outside=of_outside + beyond_scope)


def _waived(position: Position, amount: Money, zh: str, en: str, cite: str) -> Position:
    because = Explanation(zh, en, cite)
    return position.step("waiver-part", amount, position.bill.left - amount, because=because, inputs={})
