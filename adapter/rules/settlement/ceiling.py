"""最高支付限额: where a payer stops, read as a cap on its payment (R1) or on the eligible amount (R2)."""

from __future__ import annotations

from adapter.model.money import SAID, TEXTS, ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import Value
from adapter.rules.settlement.position import Position, clauses, pairs

PAYMENT = "payment"
ELIGIBLE = "eligible"


def reading(position: Position) -> Value:
    """``ceiling_reading``: ``payment`` (GC-14, GC-15, GC-26) or ``eligible`` (GC-08, GC-27); Q-04 leaves it open."""
    return position.switch("ceiling_reading", PAYMENT, "Q-04")


def ceiling_on_eligible(position: Position) -> Position:
    """R2: eligible = min(eligible, ceiling − eligible amount used this year), before deductible and ratio."""
    ceiling, read = position.find("ceiling"), reading(position)
    if ceiling is None or read.text != ELIGIBLE:
        return position
    used = position.accrued("eligible")
    kept = min(position.left, max(ceiling.money - used, ZERO))
    over = position.left - kept
    because = Explanation(
        zh=f"封顶线{ceiling.money}按政策范围内费用计,年度已用{used},本次计入{kept},超出{over}",
        en=f"ceiling {ceiling.money} read on the eligible amount, used this year {used}, counted {kept}, over {over}",
        cite=clauses(ceiling.cite, read.cite),
    )
    inputs = {"ceiling": ceiling.money, "used": used, "eligible": position.left}
    checks = {"amount": "eligible - left", "left": "min(eligible, max(ceiling - used, 0))"}
    sources = {"eligible": "previous.left", "used": "accrued.eligible"}
    return position.step(
        "cap",
        over,
        kept,
        because=because,
        inputs=inputs,
        checks=checks,
        sources=sources,
        base=kept,
        over_cap=position.over_cap + over,
    )


def ceiling_on_payment(position: Position) -> Position:
    """R1: pay = min(pay, ceiling − paid this year)."""
    ceiling, read = position.find("ceiling"), reading(position)
    if ceiling is None or read.text != PAYMENT:
        return position
    most, used, uncapped = ceiling.money.fen, position.accrued("paid").fen, position.pay
    pay = Money(min(uncapped.fen, max(most - used, 0)))
    over = uncapped - pay
    top, so_far, payable, beyond = SAID[most], SAID[used], SAID[pay.fen], SAID[over.fen]
    because = Explanation(
        zh=f"年度封顶线{top},年度已付{so_far},本次可付{payable},超出{beyond}",
        en=f"yearly ceiling {top}, paid this year {so_far}, payable {payable}, over {beyond}",
        cite=clauses(ceiling.cite, read.cite),
    )
    inputs = (("ceiling", TEXTS[most]), ("used", TEXTS[used]), ("uncapped", TEXTS[uncapped.fen]))
    return position.step(
        "cap",
        over,
        pay,
        because=because,
        inputs=inputs,
        checks=_ON_PAYMENT,
        sources=_SO_FAR,
        pay=pay,
        outside=min(position.outside, pay),
        over_cap=position.over_cap + over,
    )


_ON_PAYMENT = pairs(amount="uncapped - left", left="min(uncapped, max(ceiling - used, 0))")
_SO_FAR = pairs(uncapped="so far.pay", used="accrued.paid")
