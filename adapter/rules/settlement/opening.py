"""The policy range that opens basic insurance's calculation, and what a referral makes the patient bear first."""

from __future__ import annotations

from dataclasses import replace

from adapter.model.money import ZERO
from adapter.model.settlement import Explanation
from adapter.rules.settlement.position import Position, ratio_text


def in_scope(position: Position) -> Position:
    """政策范围内费用 = total − full self-pay − over-limit − pre-self-pay, never below zero; each split per line."""
    bill, sums = position.bill, position.bill.sums
    base = min(max(sums.in_scope, ZERO), bill.in_scope_left)
    rule = position.switch("pre_self_pay_on", "within-limit", "Q-05")
    because = Explanation(
        zh=f"总额{bill.total} − 全自费{sums.full_self_pay} − 超限价{sums.over_limit}"
        f" − 先行自付{sums.pre_self_pay} = 政策范围内{sums.in_scope}",
        en=f"total {bill.total} − full self-pay {sums.full_self_pay} − over limit {sums.over_limit}"
        f" − pre-self-pay {sums.pre_self_pay} = in scope {sums.in_scope}",
        cite=rule.cite,
    )
    inputs = {
        "total": bill.total,
        "full_self_pay": sums.full_self_pay,
        "over_limit": sums.over_limit,
        "pre_self_pay": sums.pre_self_pay,
        "room": bill.in_scope_left,
    }
    checks = {
        "amount": "min(max(total - full_self_pay - over_limit - pre_self_pay, 0), room)",
        "left": "amount",
    }
    sources = {
        "total": "standing.total",
        "full_self_pay": "standing.full_self_pay",
        "over_limit": "standing.over_limit",
        "pre_self_pay": "standing.pre_self_pay",
        "room": "standing.in_scope_left",
    }
    opened = position.step("line-split", base, base, because=because, inputs=inputs, checks=checks, sources=sources)
    return replace(opened, base=base)


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
    after = position.step("first-share", slice_, left, because=because, inputs=inputs, checks=checks, sources=sources)
    return replace(after, base=left, first=position.first + slice_)
