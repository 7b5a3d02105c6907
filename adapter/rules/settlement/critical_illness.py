"""大病保险: accumulate over the year, share by bands, settle per stay (累计计算、分段报销、按次结算, GC-06)."""

from __future__ import annotations

from adapter.model.money import ZERO
from adapter.model.settlement import Explanation
from adapter.rules.settlement.deductible import standard
from adapter.rules.settlement.fund_share import adjustment, bands_of, graduated
from adapter.rules.settlement.position import Position, clauses, pairs


def critical_illness_base(position: Position) -> Position:
    """This stay's in-scope self-pay: what basic insurance left of the policy range.

    Switches (Q-04 and the variants of the sources): ``base_with_deductible`` (yes: GC-03, GC-08; no: S59),
    ``base_with_over_cap`` (yes: GC-08), ``base_with_pre_self_pay`` (no: S39; yes: GC-08).
    """
    bill = position.bill
    with_deductible = position.switch("base_with_deductible", "yes", "GC-08")
    with_over_cap = position.switch("base_with_over_cap", "yes", "Q-04")
    with_pre = position.switch("base_with_pre_self_pay", "no", "S39")
    base = bill.in_scope_left
    zh, en = f"政策范围内个人自付{base}", f"in-scope self-pay {base}"
    if not with_deductible.flag:
        base -= bill.deductible
        zh, en = f"{zh} − 起付线{bill.deductible}", f"{en} − deductible {bill.deductible}"
    if not with_over_cap.flag:
        base -= bill.over_cap
        zh, en = f"{zh} − 超封顶{bill.over_cap}", f"{en} − over ceiling {bill.over_cap}"
    if with_pre.flag:
        base += max(bill.sums.pre_self_pay, ZERO)
        zh, en = f"{zh} + 先行自付{bill.sums.pre_self_pay}", f"{en} + pre-self-pay {bill.sums.pre_self_pay}"
    base = min(max(base, ZERO), bill.left)
    because = Explanation(
        zh=f"{zh} = {base}", en=f"{en} = {base}", cite=clauses(with_deductible.cite, with_over_cap.cite, with_pre.cite)
    )
    inputs = {
        "in_scope_left": bill.in_scope_left,
        "deductible": bill.deductible,
        "over_cap": bill.over_cap,
        "pre_self_pay": bill.sums.pre_self_pay,
        "unpaid": bill.left,
    }
    formula = "".join(
        (
            "in_scope_left",
            "" if with_deductible.flag else " - deductible",
            "" if with_over_cap.flag else " - over_cap",
            " + max(pre_self_pay, 0)" if with_pre.flag else "",
        )
    )
    checks = {"amount": f"min(max({formula}, 0), unpaid)", "left": "amount"}
    return position.step("base", base, base, because=because, inputs=inputs, checks=checks, sources=_LEFT, base=base)


_LEFT = pairs(
    in_scope_left="standing.in_scope_left",
    deductible="standing.deductible",
    over_cap="standing.over_cap",
    pre_self_pay="standing.pre_self_pay",
    unpaid="standing.left",
)


def cumulative_share(position: Position) -> Position:
    """Pay = entitlement (year to date including this stay) − already paid; never more than this stay's base.

    The deductible counts once a year. ``bands_origin`` ``absolute``: bands are cut on the accumulated amount
    (GC-06); ``relative``: on what is above the deductible (GC-07).
    """
    rule = standard(position)
    before, paid = position.accrued("base"), position.accrued("paid")
    accumulated = before + position.base
    above = max(accumulated - rule.amount, ZERO)
    taken = min(max(rule.amount - before, ZERO), position.base)
    because = Explanation(
        zh=f"{rule.zh}(年度一次);年度累计{before} + 本次{position.base} = {accumulated},超过起付线{above}",
        en=f"{rule.en} (once a year); year to date {before} + this stay {position.base} = {accumulated}, above {above}",
        cite=rule.cite,
    )
    inputs = {**rule.inputs, "standard": rule.amount, "year_to_date": before, "base": position.base}
    checks = {
        "standard": rule.formula,
        "amount": "min(max(standard - year_to_date, 0), base)",
        "left": "max(year_to_date + base - standard, 0)",
    }
    after = position.step("deductible", taken, above, because=because, inputs=inputs, checks=checks, sources=_YEAR)

    table, origin = position.at("bands"), position.switch("bands_origin", "relative", "GC-07")
    change = adjustment(position)
    start = min(rule.amount, accumulated) if origin.text == "absolute" else ZERO
    cut = graduated(start, start + above, table.once(bands_of), change)
    because = Explanation(
        zh=f"年度应付:{cut.words} = {cut.amount}",
        en=f"entitlement of the year: {cut.words} = {cut.amount}",
        cite=clauses(table.cite, origin.cite, change.cite),
    )
    bands_inputs = {"above": above, "start": start, "origin": origin.text, **cut.inputs}
    checks = {**cut.checks("start", "start + above"), "left": "amount"}
    after = after.step(
        "bands", cut.amount, cut.amount, because=because, inputs=bands_inputs, checks=checks, sources=_ABOVE
    )

    pay = min(max(cut.amount - paid, ZERO), position.base)
    because = Explanation(
        zh=f"年度应付{cut.amount} − 年度已付{paid},不超过本次基数{position.base} = {pay}",
        en=f"entitlement {cut.amount} − paid this year {paid}, at most this stay's base {position.base} = {pay}",
        cite=table.cite,
    )
    paid_inputs = {"entitlement": cut.amount, "paid": paid, "base": position.base}
    return after.step(
        "this-stay",
        pay,
        pay,
        because=because,
        inputs=paid_inputs,
        checks=_THIS_STAY,
        sources=_ENTITLED,
        pay=pay,
        deductible=taken,
        outside=max(pay - position.bill.in_scope_left, ZERO),
    )


_YEAR = pairs(year_to_date="accrued.base", base="previous.left")
_ABOVE = pairs(above="previous.left")
_THIS_STAY = pairs(amount="min(max(entitlement - paid, 0), base)", left="amount")
_ENTITLED = pairs(entitlement="previous.left", paid="accrued.paid")
