"""医疗救助: aid on what earlier payers left of the policy range, for the persons it is for."""

from __future__ import annotations

from adapter.model.money import SAID, TEXTS, ZERO, Money
from adapter.model.settlement import Explanation, Payer
from adapter.rules.settlement.position import Position, clauses, pairs


def in_scope_left(position: Position) -> Position:
    """Base = policy range − everything that earlier payers bear of it, each already rounded to the fen (GC-03)."""
    bill = position.bill
    base = bill.in_scope_left
    rule = position.switch("base_rule", "in-scope-left", "GC-03")
    scope, earlier = bill.sums.in_scope.fen, bill.paid_total.fen - bill.paid_outside.fen
    in_scope, borne, said = SAID[scope], SAID[earlier], SAID[base.fen]
    because = Explanation(
        zh=f"政策范围内{in_scope} − 前序支付{borne} = {said}",
        en=f"in scope {in_scope} − borne by earlier payers {borne} = {said}",
        cite=rule.cite,
    )
    inputs = (("in_scope", TEXTS[scope]), ("earlier", TEXTS[earlier]), ("unpaid", TEXTS[bill.left.fen]))
    return position.step(
        "base", base, base, because=because, inputs=inputs, checks=_LEFT, sources=_BORNE, base=base, pay=ZERO
    )


_LEFT = pairs(amount="min(max(in_scope - earlier, 0), unpaid)", left="amount")
_BORNE = pairs(in_scope="standing.in_scope", earlier="standing.paid_in_scope", unpaid="standing.left")


def aid_threshold(position: Position) -> Position:
    """Aid only where the patient's own part comes to a threshold (county plan 四(二), A-19; "以上" includes it).

    ``aid_threshold``: CNY, masked in the plan, so a setting. ``aid_threshold_tested``: ``before-commercial`` |
    ``after-commercial``; ``aid_threshold_aids``: ``excess`` | ``whole`` (both Q-02: the text does not say).
    """
    bill = position.bill
    threshold, tested_at = position.at("aid_threshold"), position.at("aid_threshold_tested")
    aids = position.at("aid_threshold_aids")
    before = tested_at.text == "before-commercial"
    commercial = Money.total(pay for payer, pay in bill.paid if payer is Payer.COMMERCIAL and before)
    tested = bill.left + commercial
    reached = tested >= threshold.money
    excess = max(tested - threshold.money, ZERO)
    aided = (min(position.left, excess) if aids.text == "excess" else position.left) if reached else ZERO
    zh = f"个人自付{tested}{'达到' if reached else '未达到'}救助起点{threshold.money},计入救助{aided}"
    en = f"self-pay {tested} {'reaches' if reached else 'is below'} the threshold {threshold.money}: aided {aided}"
    because = Explanation(zh, en, clauses(threshold.cite, tested_at.cite, aids.cite))
    inputs: dict[str, object] = {
        "unpaid": bill.left,
        "tested": tested,
        "threshold": threshold.money,
        "eligible": position.left,
    }
    checks = {"tested": "unpaid", "left": "amount"}
    sources = {"unpaid": "standing.left", "eligible": "previous.left"}
    if before:
        inputs["commercial"] = commercial
        checks["tested"] = "unpaid + commercial"
        if commercial:
            sources["commercial"] = "paid.commercial"
    if aids.text == "excess":
        checks["amount"] = "min(eligible, max(tested - threshold, 0))"
    else:  # one fen below the threshold is nothing, the threshold itself is everything
        checks["amount"] = "min(eligible, max(tested * 100 - threshold * 100 + 1, 0) * eligible)"
    return position.step(
        "aid-threshold", aided, aided, because=because, inputs=inputs, checks=checks, sources=sources, base=aided
    )
