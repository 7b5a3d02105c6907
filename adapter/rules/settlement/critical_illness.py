"""大病保险: accumulate over the year, share by bands, settle per stay (累计计算、分段报销、按次结算, GC-06)."""

from __future__ import annotations

from functools import lru_cache

from adapter.model.money import SAID, TEXTS, Money
from adapter.model.settlement import Explanation
from adapter.rules.settlement.deductible import standard
from adapter.rules.settlement.fund_share import adjustment, bands_of, graduated, schedule_of
from adapter.rules.settlement.position import Pairs, Position, clauses, pairs


def critical_illness_base(position: Position) -> Position:
    """This stay's in-scope self-pay: what basic insurance left of the policy range.

    Switches (Q-04 and the variants of the sources): ``base_with_deductible`` (yes: GC-03, GC-08; no: S59),
    ``base_with_over_cap`` (yes: GC-08), ``base_with_pre_self_pay`` (no: S39; yes: GC-08).
    """
    bill = position.bill
    with_deductible = position.switch("base_with_deductible", "yes", "GC-08")
    with_over_cap = position.switch("base_with_over_cap", "yes", "Q-04")
    with_pre = position.switch("base_with_pre_self_pay", "no", "S39")
    deductible, over_cap, pre = bill.deductible.fen, bill.over_cap.fen, bill.sums.pre_self_pay.fen
    in_scope_left, unpaid = bill.in_scope_left.fen, bill.left.fen
    amount, said = in_scope_left, SAID[in_scope_left]
    zh, en = f"政策范围内个人自付{said}", f"in-scope self-pay {said}"
    if not with_deductible.flag:
        amount -= deductible
        zh, en = f"{zh} − 起付线{bill.deductible}", f"{en} − deductible {bill.deductible}"
    if not with_over_cap.flag:
        amount -= over_cap
        zh, en = f"{zh} − 超封顶{bill.over_cap}", f"{en} − over ceiling {bill.over_cap}"
    if with_pre.flag:
        amount += max(pre, 0)
        zh, en = f"{zh} + 先行自付{bill.sums.pre_self_pay}", f"{en} + pre-self-pay {bill.sums.pre_self_pay}"
    base = Money(min(max(amount, 0), unpaid))
    cite, said = clauses(with_deductible.cite, with_over_cap.cite, with_pre.cite), SAID[base.fen]
    because = Explanation(f"{zh} = {said}", f"{en} = {said}", cite)
    inputs = (
        ("in_scope_left", TEXTS[in_scope_left]),
        ("deductible", TEXTS[deductible]),
        ("over_cap", TEXTS[over_cap]),
        ("pre_self_pay", TEXTS[pre]),
        ("unpaid", TEXTS[unpaid]),
    )
    checks = _base_checks(with_deductible.flag, with_over_cap.flag, with_pre.flag)
    return position.step("base", base, base, because=because, inputs=inputs, checks=checks, sources=_LEFT, base=base)


@lru_cache(maxsize=8)
def _base_checks(with_deductible: bool, with_over_cap: bool, with_pre: bool) -> Pairs:
    parts = (
        "in_scope_left",
        "" if with_deductible else " - deductible",
        "" if with_over_cap else " - over_cap",
        " + max(pre_self_pay, 0)" if with_pre else "",
    )
    return pairs(amount=f"min(max({''.join(parts)}, 0), unpaid)", left="amount")


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
    before, base, threshold = position.accrued("base").fen, position.base.fen, rule.amount.fen
    accumulated = before + base
    above = max(accumulated - threshold, 0)
    taken = Money(min(max(threshold - before, 0), base))
    earlier, stay, total, more = SAID[before], SAID[base], SAID[accumulated], SAID[above]
    because = Explanation(
        zh=f"{rule.zh}(年度一次);年度累计{earlier} + 本次{stay} = {total},超过起付线{more}",
        en=f"{rule.en} (once a year); year to date {earlier} + this stay {stay} = {total}, above {more}",
        cite=rule.cite,
    )
    inputs = (*rule.inputs, ("year_to_date", TEXTS[before]), ("base", TEXTS[base]))
    checks = _once_a_year(rule.formula)
    after = position.step(
        "deductible", taken, Money(above), because=because, inputs=inputs, checks=checks, sources=_YEAR
    )
    return _this_stay(_entitled(after, threshold, accumulated, above), taken)


def _entitled(position: Position, threshold: int, accumulated: int, above: int) -> Position:
    """What the payer bears of the whole year; amounts in fen."""
    table, origin = position.at("bands"), position.switch("bands_origin", "relative", "GC-07")
    change = adjustment(position)
    start = min(threshold, accumulated) if origin.text == "absolute" else 0
    schedule = position.once("bands", lambda: schedule_of(table.once(bands_of), change))
    cut = graduated(start, start + above, schedule)
    said = f"{cut.words} = {SAID[cut.amount.fen]}"
    because = Explanation(
        zh=f"年度应付:{said}",
        en=f"entitlement of the year: {said}",
        cite=clauses(table.cite, origin.cite, change.cite),
    )
    inputs = (("above", TEXTS[above]), ("start", TEXTS[start]), ("origin", origin.text), *cut.inputs)
    checks = schedule.checks("start", "start + above")
    return position.step("bands", cut.amount, cut.amount, because=because, inputs=inputs, checks=checks, sources=_ABOVE)


def _this_stay(position: Position, taken: Money) -> Position:
    """What of the year's entitlement this stay gets; ``left`` is the entitlement."""
    entitled, paid, base = position.left.fen, position.accrued("paid").fen, position.base.fen
    pay = Money(min(max(entitled - paid, 0), base))
    of_year, so_far, most, said = SAID[entitled], SAID[paid], SAID[base], SAID[pay.fen]
    because = Explanation(
        zh=f"年度应付{of_year} − 年度已付{so_far},不超过本次基数{most} = {said}",
        en=f"entitlement {of_year} − paid this year {so_far}, at most this stay's base {most} = {said}",
        cite=position.at("bands").cite,
    )
    inputs = (("entitlement", TEXTS[entitled]), ("paid", TEXTS[paid]), ("base", TEXTS[base]))
    return position.step(
        "this-stay",
        pay,
        pay,
        because=because,
        inputs=inputs,
        checks=_THIS_STAY,
        sources=_ENTITLED,
        pay=pay,
        deductible=taken,
        outside=Money(max(pay.fen - position.bill.in_scope_left.fen, 0)),
    )


@lru_cache(maxsize=256)
def _once_a_year(standard: str) -> Pairs:
    return pairs(
        standard=standard,
        amount="min(max(standard - year_to_date, 0), base)",
        left="max(year_to_date + base - standard, 0)",
    )


_YEAR = pairs(year_to_date="accrued.base", base="previous.left")
_ABOVE = pairs(above="previous.left")
_THIS_STAY = pairs(amount="min(max(entitlement - paid, 0), base)", left="amount")
_ENTITLED = pairs(entitlement="previous.left", paid="accrued.paid")
