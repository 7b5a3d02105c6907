"""统筹支付: a payer's share of what is left, by one ratio or by bands, with tilt and referral points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from adapter.model.built import quickly_built
from adapter.model.issues import AdapterError
from adapter.model.money import SAID, TEXTS, ZERO, Money, half_up
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import DEFAULT, Value
from adapter.rules.settlement import issues
from adapter.rules.settlement.position import NOTHING, Pairs, Position, as_printed, clauses, pairs
from adapter.rules.settlement.ratios import RATIOS, Ratio, ratio_text, yuan_text

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
class Schedule:
    """Bands with the ratios that apply to somebody.

    Attributes:
        rows: from, to (None: without end), the ratio over ``10**places``, and how it is written; amounts in fen.
        inputs: for the checker: where each band begins and the ratio that applies in it.
    """

    rows: tuple[tuple[int, int | None, int, str], ...]
    places: int
    inputs: Pairs

    def checks(self, lower: str, upper: str, left: str = "amount", most: str = "") -> Pairs:
        """How the amount comes about: each ratio on the slice of ``lower … upper`` inside its band, rounded once."""
        return _checks(len(self.rows), lower, upper, left, most)


@quickly_built
@dataclass(frozen=True, slots=True)
class Slices:
    """What falls into the bands: what it gives together, how to say so, and the same for the checker."""

    amount: Money
    words: str
    inputs: Pairs


@lru_cache(maxsize=256)
def _checks(bands: int, lower: str, upper: str, left: str, most: str) -> Pairs:
    amount = f"min(round(exact), {most})" if most else "round(exact)"
    return pairs(exact=_exact(bands, lower, upper), amount=amount, left=left)


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
    by_age = rule.name == "ratio_by_age"
    applied = _applied(position, rule) if by_age else position.once("ratio", lambda: _applied(position, rule))
    eligible = position.left
    pay = applied.ratio.share(eligible)
    said = f"{SAID[eligible.fen]} × {applied.words} = {SAID[pay.fen]}"
    inputs = (
        *applied.by_age,
        ("eligible", TEXTS[eligible.fen]),
        *applied.inputs,
        ("exact", applied.ratio.exact(eligible)),
    )
    return position.step(
        "ratio",
        pay,
        pay,
        because=Explanation(said, said, applied.cite),
        inputs=inputs,
        checks=_BY_RATIO_OF_AGE if by_age else _BY_RATIO,
        sources=PREVIOUS,
        pay=position.pay + pay,
    )


@quickly_built
@dataclass(frozen=True, slots=True)
class _Applied:
    """The ratio that applies to somebody, in words, and how it comes about, for the checker."""

    ratio: Ratio
    words: str
    cite: str
    by_age: Pairs
    inputs: Pairs


def _applied(position: Position, rule: Value) -> _Applied:
    printed, by_age = printed_ratio(position, rule)
    change = adjustment(position)
    applied = change.of(printed)
    words = ratio_text(applied) + (f" ({ratio_text(printed)}{change.words})" if change.words else "")
    if by_age:
        words = f"{words} [{ratio_text(by_age['at_birth'])} + {by_age['age']} × {by_age['per_year']}]"
    inputs = {"printed": printed, "factor": change.factor, "points": change.points, "ratio": applied}
    cite = clauses(rule.cite, change.cite)
    return _Applied(RATIOS[applied], words, cite, as_printed(by_age), as_printed(inputs))


_BY_RATIO = pairs(
    ratio="min(max(printed * factor + points, 0), 1)", exact="eligible * ratio", amount="round(exact)", left="amount"
)
_BY_RATIO_OF_AGE = (*pairs(printed="at_birth + per_year * age"), *_BY_RATIO)


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
    schedule = position.once("bands", lambda: schedule_of(rule.once(bands_of), change))
    cut = graduated(start.fen, start.fen + position.left.fen, schedule)
    because = Explanation(
        zh=f"分段计算:{cut.words} = {cut.amount}",
        en=f"by bands: {cut.words} = {cut.amount}",
        cite=clauses(rule.cite, origin.cite, change.cite),
    )
    inputs = (
        ("eligible", TEXTS[position.left.fen]),
        ("start", TEXTS[start.fen]),
        ("origin", origin.text),
        *cut.inputs,
    )
    return position.step(
        "bands",
        cut.amount,
        cut.amount,
        because=because,
        inputs=inputs,
        checks=schedule.checks("start", "start + eligible"),
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


def schedule_of(table: Sequence[Band], change: Adjusted) -> Schedule:
    """A plan's bands for somebody whose ratios change like this."""
    applied = [RATIOS[change.of(band.ratio)] for band in table]
    places = max([each.places for each in applied], default=0)
    tops = [*[band.over.fen for band in table[1:]], None]
    rows = [
        (band.over.fen, top, each.number * 10 ** (places - each.places), each.said)
        for band, top, each in zip(table, tops, applied, strict=False)
    ]
    inputs = [
        pair
        for number, (band, each) in enumerate(zip(table, applied, strict=True), 1)
        for pair in ((f"over_{number}", band.over.text), (f"ratio_{number}", each.said))
    ]
    return Schedule(tuple(rows), places, tuple(inputs))


def graduated(lower: int, upper: int, schedule: Schedule) -> Slices:
    """Cut ``lower … upper`` fen by the bands; each ratio works on the slice inside its band, rounded once in all."""
    exact, words = 0, []
    for over, top, part, said in schedule.rows:
        slice_ = (upper if top is None else min(upper, top)) - max(lower, over)
        if slice_ > 0:
            exact += slice_ * part
            words.append(f"{SAID[slice_]} × {said}")
    places = schedule.places
    inputs = (*schedule.inputs, ("exact", yuan_text(exact, places)))
    return Slices(Money(half_up(exact, 10**places)), " + ".join(words) or "0.00", inputs)


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
