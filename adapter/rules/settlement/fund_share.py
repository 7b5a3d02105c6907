"""统筹支付: a payer's share of what is left, by one ratio or by bands, with tilt and referral points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from adapter.model.built import quickly_built
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import DEFAULT, Value
from adapter.rules.settlement import issues
from adapter.rules.settlement.position import NOTHING, Position, clauses, pairs, ratio_text

_NOTHING, _ONE = Decimal(0), Decimal(1)

#: A share is taken of what the step before has left.
PREVIOUS = pairs(eligible="previous.left")


@quickly_built
@dataclass(frozen=True, slots=True)
class Band:
    """A slice above ``over`` and its ratio."""

    over: Money
    ratio: Decimal


@quickly_built
@dataclass(frozen=True, slots=True)
class Slices:
    """What falls into each band, what it gives together, and how to say so."""

    slices: tuple[tuple[Money, Decimal], ...]
    amount: Money
    words: str
    table: Sequence[Band]
    change: Adjusted

    @property
    def inputs(self) -> dict[str, object]:
        """The bands for the checker: where each begins and the ratio that applies in it."""
        found: dict[str, object] = {}
        for number, band in enumerate(self.table, 1):
            found |= {f"over_{number}": band.over, f"ratio_{number}": self.change.of(band.ratio)}
        found["exact"] = sum((part.decimal * applied for part, applied in self.slices), Decimal(0))
        return found

    def checks(self, lower: str, upper: str, most: str = "") -> dict[str, str]:
        """How the amount comes about: each ratio on the slice of ``lower … upper`` inside its band, rounded once."""
        amount = f"min(round(exact), {most})" if most else "round(exact)"
        return {"exact": _exact(len(self.table), lower, upper), "amount": amount}


@lru_cache(maxsize=256)
def _exact(bands: int, lower: str, upper: str) -> str:
    tops = [f"min({upper}, over_{number + 1})" for number in range(1, bands)] + [upper]
    parts = (f"max({top} - max({lower}, over_{number}), 0) * ratio_{number}" for number, top in enumerate(tops, 1))
    return " + ".join(parts)


@quickly_built
@dataclass(frozen=True, slots=True)
class Adjusted:
    """How tilt and referral change a printed ratio, and where that is written."""

    points: Decimal
    factor: Decimal
    words: str
    cite: str

    def of(self, ratio: Decimal) -> Decimal:
        """The ratio that applies, between 0 and 1."""
        applied = ratio * self.factor + self.points if self.words else ratio
        return applied if _NOTHING <= applied <= _ONE else min(max(applied, _NOTHING), _ONE)


def ratio(position: Position) -> Position:
    """Share what is left by one ratio: ``ratio``, with ``tilt`` and ``referral_points`` where the plan has them.

    ``ratio_by_age`` ``{base, per_year}`` instead: the ratio rises with the person's age (GC-13, GC-14).
    """
    rule = position.find("ratio_by_age") or position.at("ratio")
    if rule.is_none:
        return not_entitled(position, rule)
    printed, by_age = printed_ratio(position, rule)
    change = adjustment(position)
    applied = change.of(printed)
    pay = position.left.share(applied)
    words = ratio_text(applied) + (f" ({ratio_text(printed)}{change.words})" if change.words else "")
    if by_age:
        words = f"{words} [{ratio_text(by_age['at_birth'])} + {by_age['age']} × {by_age['per_year']}]"
    because = Explanation(
        zh=f"{position.left} × {words} = {pay}",
        en=f"{position.left} × {words} = {pay}",
        cite=clauses(rule.cite, change.cite),
    )
    inputs = {
        **by_age,
        "eligible": position.left,
        "printed": printed,
        "factor": change.factor,
        "points": change.points,
        "ratio": applied,
        "exact": position.left.decimal * applied,
    }
    checks = (*_BY_AGE, *_BY_RATIO) if by_age else _BY_RATIO
    return position.step(
        "ratio", pay, pay, because=because, inputs=inputs, checks=checks, sources=PREVIOUS, pay=position.pay + pay
    )


_BY_AGE = pairs(printed="at_birth + per_year * age")
_BY_RATIO = pairs(
    ratio="min(max(printed * factor + points, 0), 1)", exact="eligible * ratio", amount="round(exact)", left="amount"
)


def printed_ratio(position: Position, rule: Value) -> tuple[Decimal, dict[str, Decimal]]:
    """The ratio before tilt and referral, and, where it follows from the age, how. Raises AdapterError SET-323."""
    if rule.name != "ratio_by_age":
        return rule.decimal, {}
    age = position.keys.get("age", "")
    if not (age.isascii() and age.isdigit()):
        raise AdapterError(issues.age_unknown(position.policy.name))
    base, step = rule.part(rule.table, "base").decimal, rule.part(rule.table, "per_year").decimal
    return base + step * Decimal(age), {"at_birth": base, "per_year": step, "age": Decimal(age)}


def bands(position: Position) -> Position:
    """Share what is left by bands.

    ``bands_origin`` ``absolute``: bands are cut on the policy-range amount, so the deductible shortens the first one
    only (GC-15…18); ``relative``: on the amount above the deductible (GC-07). ``bands_count``: ``stay``; a source
    that does not say whether its bands run on over the year has a gap there as soon as something was paid before.
    """
    rule = position.at("bands")
    if rule.is_none:
        return not_entitled(position, rule)
    origin = position.switch("bands_origin", "absolute", "GC-15")
    position.switch("bands_count", "stay", "按次分段", moot=not position.accrued("paid"))
    change = adjustment(position)
    start = position.deductible if origin.text == "absolute" else ZERO
    cut = graduated(start, start + position.left, rule.once(bands_of), change)
    because = Explanation(
        zh=f"分段计算:{cut.words} = {cut.amount}",
        en=f"by bands: {cut.words} = {cut.amount}",
        cite=clauses(rule.cite, origin.cite, change.cite),
    )
    inputs = {"eligible": position.left, "start": start, "origin": origin.text, **cut.inputs}
    checks = {**cut.checks("start", "start + eligible"), "left": "amount"}
    return position.step(
        "bands",
        cut.amount,
        cut.amount,
        because=because,
        inputs=inputs,
        checks=checks,
        sources=PREVIOUS,
        pay=position.pay + cut.amount,
    )


def adjustment(position: Position) -> Adjusted:
    """Poverty tilt (``tilt``, ``tilt_kind`` points | factor: Q-01) and referral points, for this person and stay."""
    return position.once("adjustment", lambda: _adjustment(position))


def _adjustment(position: Position) -> Adjusted:
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
    tops = [band.over.fen for band in table[1:]]
    for band, top in zip(table, [*tops, upper.fen], strict=False):
        slice_ = min(upper.fen, top) - max(lower.fen, band.over.fen)
        if slice_ > 0:
            slices.append((Money(slice_), change.of(band.ratio)))
    amount = Money.weighted(slices)
    words = " + ".join(f"{part} × {ratio_text(applied)}" for part, applied in slices) or "0.00"
    return Slices(tuple(slices), amount, words, table, change)


def not_entitled(position: Position, rule: Value) -> Position:
    """The plan says ``none`` for this person's category: not entitled, with the article that says who is."""
    category = position.keys.get("person_category", DEFAULT)
    because = Explanation(
        zh=f"人员类别“{category}”不属于本项待遇的对象,支付{ZERO}",
        en=f"person category '{category}' is not entitled here: {ZERO}",
        cite=rule.cite,
    )
    inputs = {"person_category": category}
    return position.step("not-covered", ZERO, ZERO, because=because, inputs=inputs, checks=NOTHING)


def _signed(points: Decimal) -> str:
    sign = "+" if points >= 0 else "-"
    return f" {sign} {ratio_text(abs(points))}"
