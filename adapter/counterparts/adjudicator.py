"""The counterparts' own arithmetic, in Decimal, half up to the fen per payer, cascading. 模拟方自有的结算计算。

Written from the articles as policy research part (c) orders them: split → deductible → ratio → cap → critical illness →
aid. Every payer's amount is rounded before the next payer's base is formed. Amounts are yuan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

NIL = Decimal("0.00")
ONE = Decimal(1)


def half_up(amount: Decimal) -> Decimal:
    """四舍五入 to the fen; a refund rounds like the charge that it undoes."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Split:
    """A line, or a stay, in the four parts of the settlement list. They add up to ``total``."""

    full_self_pay: Decimal = NIL
    over_limit: Decimal = NIL
    pre_self_pay: Decimal = NIL
    in_scope: Decimal = NIL

    @property
    def total(self) -> Decimal:
        return self.full_self_pay + self.over_limit + self.pre_self_pay + self.in_scope


def split_line(
    net: Decimal, quantity: Decimal | None, *, share: Decimal | None, limit: Decimal | None, on_whole: bool = False
) -> Split:
    """Step 0: one line's parts.

    Args:
        net: the line's amount; negative for a refund.
        quantity: as on the line; its sign does not matter.
        share: what the patient pays first (先行自付比例), or None for an item outside the catalogue (丙类).
        limit: highest price per unit in scope, or None.
        on_whole: take the share of the whole line instead of the amount within the limit (Q-05).
    """
    if share is None:
        return Split(full_self_pay=net)
    size = abs(net)
    within = size
    if limit is not None and quantity is not None:
        within = min(size, half_up(limit * abs(quantity)))
    first = min(half_up((size if on_whole else within) * share), within)
    sign = -1 if net < 0 else 1
    return Split(over_limit=(size - within) * sign, pre_self_pay=first * sign, in_scope=(within - first) * sign)


def add_up(splits: Iterable[Split]) -> Split:
    """The stay's four sums: lines are rounded first, then added."""
    listed = list(splits)
    return Split(
        sum((one.full_self_pay for one in listed), NIL),
        sum((one.over_limit for one in listed), NIL),
        sum((one.pre_self_pay for one in listed), NIL),
        sum((one.in_scope for one in listed), NIL),
    )


@dataclass(frozen=True, slots=True)
class BasicTerms:
    """Basic insurance for one person at one hospital level on one day (基本医保)."""

    deductible: Decimal
    ratio: Decimal
    deductible_ceiling: Decimal | None = None
    cap: Decimal | None = None
    cap_on_eligible: bool = False  # R2; else R1: the cap is on what the fund pays
    tilt_points: Decimal = Decimal(0)
    tilt_factor: Decimal = ONE

    @property
    def tilted(self) -> Decimal:
        """The ratio with the person's tilt, at most 1."""
        return min(ONE, (self.ratio + self.tilt_points) * self.tilt_factor)


@dataclass(frozen=True, slots=True)
class Band:
    """A slice above ``lower``; the band ends where the next one starts."""

    lower: Decimal
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class CriticalTerms:
    """Critical-illness insurance (大病保险): yearly deductible and bands."""

    deductible: Decimal
    bands: tuple[Band, ...]
    relative: bool = True  # bands are cut on the amount above the deductible; else on the cumulative amount itself
    cap: Decimal | None = None
    with_deductible: bool = True  # the base takes the basic deductible in
    with_over_cap: bool = True
    with_pre_self_pay: bool = False


@dataclass(frozen=True, slots=True)
class AidTerms:
    """Medical aid (医疗救助) for one person; None at the desk means that the person is not aided."""

    ratio: Decimal
    deductible: Decimal = NIL
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One payer's answer.

    Attributes:
        figures: by wire code of ``ClaimResponse.total``.
        accruals: additions to the year, by accumulator code.
        notes: the calculation in words, one a step.
    """

    payer: str
    benefit: Decimal
    figures: Mapping[str, Decimal] = field(default_factory=dict)
    accruals: Mapping[str, Decimal] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def basic(stay: Split, used: Mapping[str, Decimal], terms: BasicTerms) -> Result:
    """Steps 2 to 4: deductible within its yearly ceiling, one ratio, cap.

    Args:
        used: year to date: ``deductible``, ``paid``, ``eligible``.
    """
    scope = max(stay.in_scope, NIL)
    payable = scope
    if terms.cap is not None and terms.cap_on_eligible:
        payable = min(scope, _left(terms.cap, used, "eligible"))
    taken = min(terms.deductible, payable)
    if terms.deductible_ceiling is not None:
        taken = min(taken, _left(terms.deductible_ceiling, used, "deductible"))
    product = half_up((payable - taken) * terms.tilted)
    benefit = product
    if terms.cap is not None and not terms.cap_on_eligible:
        benefit = min(product, _left(terms.cap, used, "paid"))
    over_cap = (scope - payable) + (product - benefit)
    figures = {
        "eligible": scope,
        "deductible": taken,
        "full-self-pay": stay.full_self_pay,
        "over-limit": stay.over_limit,
        "pre-self-pay": stay.pre_self_pay,
        "coinsurance": scope - taken - benefit - over_cap,
        "over-cap": over_cap,
    }
    notes = (
        f"政策范围内 in scope {stay.total} − {stay.full_self_pay} − {stay.over_limit} − {stay.pre_self_pay}"
        f" = {stay.in_scope}",
        f"起付线 deductible: 标准 standard {terms.deductible}, 年度已扣 taken this year {_used(used, 'deductible')},"
        f" 本次 now {taken}",
        f"统筹支付 fund ({payable} − {taken}) × {terms.tilted} = {product}",
        f"封顶线 cap {terms.cap if terms.cap is not None else '—'}, 已付 paid {_used(used, 'paid')}: {benefit}",
    )
    accruals = {"deductible": taken, "paid": benefit, "eligible": scope, "admissions": ONE}
    return Result("basic", benefit, figures, accruals, notes)


def critical_base(stay: Split, answer: Mapping[str, Decimal], terms: CriticalTerms) -> Decimal:
    """What of the patient's in-scope part counts towards critical illness, from the basic answer's figures."""
    base = answer["coinsurance"]
    base += answer["deductible"] if terms.with_deductible else NIL
    base += answer["over-cap"] if terms.with_over_cap else NIL
    base += max(stay.pre_self_pay, NIL) if terms.with_pre_self_pay else NIL
    return base


def critical(base: Decimal, used: Mapping[str, Decimal], terms: CriticalTerms) -> Result:
    """Step 5: 累计计算、分段报销、按次结算: entitlement of the year including this stay less what was paid already."""
    before = _used(used, "base")
    after = before + base
    entitled = half_up(banded(after, terms))
    if terms.cap is not None:
        entitled = min(entitled, terms.cap)
    paid = _used(used, "paid")
    benefit = min(max(entitled - paid, NIL), base)
    taken = min(after, terms.deductible) - min(before, terms.deductible)
    figures = {"base": base, "deductible": taken, "eligible": base - taken}
    notes = (
        f"年度合规自付 accumulated self-pay {before} + {base} = {after}",
        f"大病起付线 deductible {terms.deductible}, 以上 above {max(after - terms.deductible, NIL)}",
        f"分段应付 by bands {entitled}, 已付 paid {paid}: {benefit}",
    )
    accruals = {"base": base, "deductible": taken, "eligible": base - taken, "paid": benefit}
    return Result("critical-illness", benefit, figures, accruals, notes)


def banded(accumulated: Decimal, terms: CriticalTerms) -> Decimal:
    """The year's entitlement, unrounded: every band takes only the slice inside it."""
    if accumulated <= terms.deductible:
        return Decimal(0)
    floor = Decimal(0) if terms.relative else terms.deductible
    top = accumulated - terms.deductible if terms.relative else accumulated
    due = Decimal(0)
    for number, band in enumerate(terms.bands):
        upper = terms.bands[number + 1].lower if number + 1 < len(terms.bands) else top
        due += max(min(top, upper) - max(band.lower, floor), Decimal(0)) * band.ratio
    return due


def aid(base: Decimal, used: Mapping[str, Decimal], terms: AidTerms | None) -> Result:
    """Step 7: a ratio of the in-scope amount that the earlier payers left, above the aid's own deductible.

    Args:
        base: in-scope amount less the earlier payers' benefits.
        terms: None for a person whom the plan does not aid.
    """
    base = max(base, NIL)
    if terms is None:
        figures = {"base": base, "eligible": NIL, "deductible": NIL}
        return Result("medical-aid", NIL, figures, {}, ("非救助对象,不予救助 not a person of this plan: 0.00",))
    taken = min(base, _left(terms.deductible, used, "deductible"))
    benefit = half_up((base - taken) * terms.ratio)
    if terms.cap is not None:
        benefit = min(benefit, _left(terms.cap, used, "paid"))
    figures = {"base": base, "eligible": base - taken, "deductible": taken}
    notes = (f"政策范围内剩余 in scope left {base}, 起付 deductible {taken}, × {terms.ratio} = {benefit}",)
    return Result("medical-aid", benefit, figures, {**figures, "paid": benefit}, notes)


def _used(used: Mapping[str, Decimal], name: str) -> Decimal:
    return used.get(name, NIL)


def _left(limit: Decimal, used: Mapping[str, Decimal], name: str) -> Decimal:
    return max(limit - _used(used, name), NIL)
