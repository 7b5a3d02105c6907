"""医疗救助: aid on what earlier payers left of the policy range, for the persons it is for."""

from __future__ import annotations

from dataclasses import replace

from adapter.model.money import ZERO
from adapter.model.settlement import Explanation
from adapter.rules.settlement.position import Position


def in_scope_left(position: Position) -> Position:
    """Base = policy range − everything that earlier payers bear of it, each already rounded to the fen (GC-03)."""
    bill = position.bill
    base = bill.in_scope_left
    rule = position.switch("base_rule", "in-scope-left", "GC-03")
    earlier = bill.paid_total - bill.paid_outside
    because = Explanation(
        zh=f"政策范围内{bill.sums.in_scope} − 前序支付{earlier} = {base}",
        en=f"in scope {bill.sums.in_scope} − borne by earlier payers {earlier} = {base}",
        cite=rule.cite,
    )
    inputs = {"in_scope": bill.sums.in_scope, "earlier": earlier, "unpaid": bill.left}
    checks = {"amount": "min(max(in_scope - earlier, 0), unpaid)", "left": "amount"}
    sources = {"in_scope": "standing.in_scope", "earlier": "standing.paid_in_scope", "unpaid": "standing.left"}
    after = position.step("base", base, base, because=because, inputs=inputs, checks=checks, sources=sources)
    return replace(after, base=base, pay=ZERO)
