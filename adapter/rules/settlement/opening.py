"""What opens a calculation: a year that is known, the policy range, what a referral makes the patient bear first."""

from __future__ import annotations

from adapter.model.issues import NotPublished
from adapter.model.money import SAID, TEXTS, Money
from adapter.model.settlement import Explanation
from adapter.rules.settlement import fact_issues
from adapter.rules.settlement.position import Position, pairs
from adapter.rules.settlement.ratios import ratio_text


def year_known(position: Position) -> Position:
    """Compute only where the payer's year is known: the payer said so, or amounts of it are on our own books.

    For plans whose payer others also settle with (trap 6). Raises NotPublished with SET-331: a gap is not 0.
    """
    accrued, mine = position.bill.accrued, f"{position.payer}."
    if accrued.source != "payer" and all(not name.startswith(mine) for name, _ in accrued.amounts):
        raise NotPublished(fact_issues.year_unknown(position.payer, f"{mine}*"))
    return position


def in_scope(position: Position) -> Position:
    """政策范围内费用 = total − full self-pay − over-limit − pre-self-pay, never below zero; each split per line."""
    bill, sums = position.bill, position.bill.sums
    room = bill.in_scope_left
    base = Money(min(max(sums.in_scope.fen, 0), room.fen))
    rule = position.switch("pre_self_pay_on", "within-limit", "Q-05")
    total, full, over = SAID[bill.total.fen], SAID[sums.full_self_pay.fen], SAID[sums.over_limit.fen]
    pre, scope = SAID[sums.pre_self_pay.fen], SAID[sums.in_scope.fen]
    because = Explanation(
        zh=f"总额{total} − 全自费{full} − 超限价{over} − 先行自付{pre} = 政策范围内{scope}",
        en=f"total {total} − full self-pay {full} − over limit {over} − pre-self-pay {pre} = in scope {scope}",
        cite=rule.cite,
    )
    inputs = (
        ("total", TEXTS[bill.total.fen]),
        ("full_self_pay", TEXTS[sums.full_self_pay.fen]),
        ("over_limit", TEXTS[sums.over_limit.fen]),
        ("pre_self_pay", TEXTS[sums.pre_self_pay.fen]),
        ("room", TEXTS[room.fen]),
    )
    return position.step(
        "line-split", base, base, because=because, inputs=inputs, checks=_IN_SCOPE, sources=_STANDING, base=base
    )


_IN_SCOPE = pairs(amount="min(max(total - full_self_pay - over_limit - pre_self_pay, 0), room)", left="amount")
_STANDING = pairs(
    total="standing.total",
    full_self_pay="standing.full_self_pay",
    over_limit="standing.over_limit",
    pre_self_pay="standing.pre_self_pay",
    room="standing.in_scope_left",
)


def first_share(position: Position) -> Position:
    """先自付: a share of the policy range that the patient bears first, by referral (S42, S43, S44).

    The slice leaves the policy range, so that later payers do not see it either.
    """
    rule = position.find("first_share")
    if rule is None or not rule.decimal:
        return position
    slice_ = position.left.share(rule.decimal)
    words = f"{position.left} × {ratio_text(rule.decimal)} = {slice_}"
    because = Explanation(f"转外先自付:{words}", f"borne first for the referral: {words}", rule.cite)
    inputs = {"in_scope": position.left, "share": rule.decimal, "exact": position.left.decimal * rule.decimal}
    left = position.left - slice_
    checks = {"exact": "in_scope * share", "amount": "round(exact)", "left": "in_scope - amount"}
    sources = {"in_scope": "previous.left"}
    return position.step(
        "first-share",
        slice_,
        left,
        because=because,
        inputs=inputs,
        checks=checks,
        sources=sources,
        base=left,
        first=position.first + slice_,
    )
