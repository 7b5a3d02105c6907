"""医院减免: what the hospital itself bears; a payer in the balance, a claim to nobody."""

from __future__ import annotations

from collections.abc import Mapping

from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.settlement.position import Position, clauses
from adapter.rules.settlement.ratios import ratio_text


def waiver(position: Position) -> Position:
    """Waive by whichever of the three rules the plan has; with several, they add up within what is left.

    ``waiver_share_of_left``: a share of what the patient still bears; ``waiver_share_of_outside``: a share of the
    cost outside the policy range (5% in Ganzhou, S23); ``waiver_above_share``: everything above a share of the
    bill (10% in Xixia, S57).
    """
    bill, after = position.bill, position
    pay = ZERO
    cites: list[str] = []
    inputs: dict[str, object]
    outside = position.find("waiver_share_of_outside")
    if outside is not None:
        amount = min(max(bill.outside, ZERO).share(outside.decimal), bill.outside_left)
        words = f"{bill.outside} × {ratio_text(outside.decimal)} = {amount}"
        zh = f"范围外费用减免:{words}(不超过剩余{bill.outside_left})"
        en = f"waived outside the policy range: {words} (at most the {bill.outside_left} that are left)"
        sums = bill.sums
        inputs = {
            "full_self_pay": sums.full_self_pay,
            "over_limit": sums.over_limit,
            "pre_self_pay": sums.pre_self_pay,
            "outside_left": bill.outside_left,
            "share": outside.decimal,
        }
        formula = "min(round(max(full_self_pay + over_limit + pre_self_pay, 0) * share), outside_left)"
        after = _waived(after, amount, zh, en, outside.cite, inputs, formula)
        pay, cites = pay + amount, [*cites, outside.cite]
    of_outside = pay
    share = position.find("waiver_share_of_left")
    if share is not None:
        left = max(bill.left - pay, ZERO)
        amount = left.share(share.decimal)
        words = f"{left} × {ratio_text(share.decimal)} = {amount}"
        zh, en = f"按个人负担比例减免:{words}", f"share of the patient's part waived: {words}"
        inputs = {"unpaid": bill.left, "waived": pay, "share": share.decimal}
        after = _waived(after, amount, zh, en, share.cite, inputs, "round(max(unpaid - waived, 0) * share)")
        pay, cites = pay + amount, [*cites, share.cite]
    above = position.find("waiver_above_share")
    if above is not None:
        left, kept = max(bill.left - pay, ZERO), max(bill.total, ZERO).share(above.decimal)
        amount = max(left - kept, ZERO)
        zh = f"个人负担{left}超过总额的 {ratio_text(above.decimal)}({kept})的部分减免{amount}"
        en = f"the patient's {left} above {ratio_text(above.decimal)} of the bill ({kept}) waived: {amount}"
        inputs = {"unpaid": bill.left, "waived": pay, "total": bill.total, "share": above.decimal}
        formula = "max(max(unpaid - waived, 0) - round(max(total, 0) * share), 0)"
        after = _waived(after, amount, zh, en, above.cite, inputs, formula)
        pay, cites = pay + amount, [*cites, above.cite]
    because = Explanation(
        f"医院减免合计{pay}", f"waived by the hospital {pay}", clauses(*cites) or position.policy.name
    )
    parts: dict[str, object] = {
        f"part_{n}": step.amount for n, step in enumerate(after.steps[len(position.steps) :], 1)
    }
    checks = {"amount": " + ".join(parts) or "0", "left": "amount"}
    sources = {name: f"part.{number}" for number, name in enumerate(parts, 1)}
    beyond_scope = max(pay - of_outside - bill.in_scope_left, ZERO)
    return after.step(
        "waiver",
        pay,
        pay,
        because=because,
        inputs=parts,
        checks=checks,
        sources=sources,
        base=bill.left,
        pay=pay,
        outside=of_outside + beyond_scope,
    )


def _waived(
    position: Position, amount: Money, zh: str, en: str, cite: str, inputs: Mapping[str, object], formula: str
) -> Position:
    bill, because = position.bill, Explanation(zh, en, cite)
    named = {**inputs, "unpaid": bill.left}
    known = ("full_self_pay", "over_limit", "pre_self_pay", "outside_left", "total", "unpaid")
    sources = {name: f"standing.{'left' if name == 'unpaid' else name}" for name in known if name in named}
    checks = {"amount": formula, "left": "unpaid - amount"}
    return position.step(
        "waiver-part", amount, bill.left - amount, because=because, inputs=named, checks=checks, sources=sources
    )
