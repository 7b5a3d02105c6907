"""统筹支付: a payer's share of what is left, by one ratio or by bands, with tilt and referral points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import DEFAULT, Value
from adapter.rules.settlement.position import Position, clauses, ratio_text

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Band:
    """A slice above ``over`` and its ratio."""

    over: Money
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class Slices:
    """What falls into each band, what it gives together, and how to say so."""

    slices: tuple[tuple[Money, Decimal], ...]
    amount: Money
    words: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """How tilt and referral change a printed ratio, and where that is written."""

    points: Decimal
    factor: Decimal
    words: str
    cite: str

    def of(self, ratio: Decimal) -> Decimal:
        """The ratio that applies, between 0 and 1."""
        return min(max(ratio * self.factor + self.points, Decimal(0)), _ONE)


def ratio(position: Position) -> Position:
    """Share what is left by one ratio: ``ratio``, with ``tilt`` and ``referral_points`` where the plan has them."""
    rule = position.at("ratio")
    if rule.is_none:
        return _not_entitled(position, rule)
    change = adjustment(position)
    applied = change.of(rule.decimal)
    pay = position.left.share(applied)
    words = ratio_text(applied) + (f" ({ratio_text(rule.decimal)}{change.words})" if change.words else "")
    because = Explanation(
        zh=f"{position.left} × {words} = {pay}",
        en=f"{position.left} × {words} = {pay}",
        cite=clauses(rule.cite, change.cite),
    )
    inputs = {"eligible": position.left, "ratio": applied}
    return replace(position.step("ratio", pay, pay, because=because, inputs=inputs), pay=position.pay + pay)


def bands(position: Position) -> Position:
    """Share what is left by bands.

    ``bands_origin`` ``absolute``: bands are cut on the policy-range amount, so the deductible shortens the first one
    only (GC-15…18); ``relative``: on the amount above the deductible (GC-07).
    """
    rule = position.at("bands")
    if rule.is_none:
        return _not_entitled(position, rule)
    origin = position.switch("bands_origin", "absolute", "GC-15")
    change = adjustment(position)
    start = position.deductible if origin.text == "absolute" else ZERO
    cut = graduated(start, start + position.left, bands_of(rule), change)
    because = Explanation(
        zh=f"分段计算:{cut.words} = {cut.amount}",
        en=f"by bands: {cut.words} = {cut.amount}",
        cite=clauses(rule.cite, origin.cite, change.cite),
    )
    inputs = {"eligible": position.left, "from": start, "origin": origin.text}
    return replace(
        position.step("bands", cut.amount, cut.amount, because=because, inputs=inputs),
        pay=position.pay + cut.amount,
    )


def adjustment(position: Position) -> Adjusted:
    """Poverty tilt (``tilt``, ``tilt_kind`` points | factor: Q-01) and referral points, for this person and stay."""
    points, factor, words, cites = Decimal(0), _ONE, "", []
    tilt = position.find("tilt")
    if tilt is not None:
        kind = position.switch("tilt_kind", "points", "Q-01")
        cites += [tilt.cite, kind.cite]
        if kind.text == "factor":
            factor = _ONE + tilt.decimal
            words += f" × {ratio_text(factor)}"
        else:
            points += tilt.decimal
            words += _signed(tilt.decimal)
    referral = position.find("referral_points")
    if referral is not None and referral.decimal:
        cites.append(referral.cite)
        points += referral.decimal
        words += _signed(referral.decimal)
    return Adjusted(points, factor, words, clauses(*cites))


def bands_of(rule: Value) -> tuple[Band, ...]:
    """``[{over, ratio}, …]``, lowest first."""
    return tuple(Band(rule.part(row, "over").money, rule.part(row, "ratio").decimal) for row in rule.rows)


def graduated(lower: Money, upper: Money, table: Sequence[Band], change: Adjusted) -> Slices:
    """Cut ``lower … upper`` by the bands; each ratio works on the slice inside its band only, rounded once in all."""
    slices = []
    for index, band in enumerate(table):
        top = table[index + 1].over if index + 1 < len(table) else upper
        slice_ = min(upper, top) - max(lower, band.over)
        if slice_ > ZERO:
            slices.append((slice_, change.of(band.ratio)))
    amount = Money.weighted(slices)
    words = " + ".join(f"{part} × {ratio_text(applied)}" for part, applied in slices) or "0.00"
    return Slices(tuple(slices), amount, words)


def _not_entitled(position: Position, rule: Value) -> Position:
    """The plan says ``none`` for this person's category: not entitled, with the article that says who is."""
    category = position.keys.get("person_category", DEFAULT)
    because = Explanation(
        zh=f"人员类别“{category}”不属于本项待遇的对象,支付{ZERO}",
        en=f"person category '{category}' is not entitled here: {ZERO}",
        cite=rule.cite,
    )
    return position.step("not-covered", ZERO, ZERO, because=because, inputs={"person_category": category})


def _signed(points: Decimal) -> str:
    sign = "+" if points >= 0 else "-"
    return f" {sign} {ratio_text(abs(points))}"
