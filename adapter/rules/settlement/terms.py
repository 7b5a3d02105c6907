"""A plan's steps, read once for a kind of case, as plain integer arithmetic (计划条款的整数算法).

Each reader looks up what its step in ``coordination.KINDS`` looks up, and gives the arithmetic of that step; words and
certificate are made there, not here. ``tests/rooms/settlement/test_batch.py`` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any

from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.rules.policy.parameters import Value
from adapter.rules.settlement import ceiling, issues
from adapter.rules.settlement.deductible import row_for, standard
from adapter.rules.settlement.fund_share import Band, adjustment, bands_of, printed_ratio
from adapter.rules.settlement.position import Position

#: One step: run, account, year to date, ops.
Turn = Callable[[Any, Any, Mapping[str, Any], Any], None]


@dataclass(frozen=True, slots=True)
class Stop:
    """The plan does not entitle this person: what comes after is not looked up."""

    turn: Turn | None = None


@dataclass
class Scale:
    """What the guard against overflow must know: the largest part of any ratio, and the sum of all named amounts."""

    ratio: int = 1
    constants: int = 0
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Reading:
    """A plan under one set of keys: a position on an empty bill, of which only the parameters count.

    Attributes:
        used: year-to-date amounts that are not zero, by full name.
    """

    position: Position
    used: frozenset[str]
    scale: Scale

    def find(self, name: str, *, moot: bool = False) -> Value | None:
        return self.position.find(name, moot=moot)

    def text(self, name: str, default: str, *, moot: bool = False) -> str:
        found = self.position.find(name, moot=moot)
        return default if found is None else found.text

    def year(self, name: str) -> str:
        """Full name of this payer's year-to-date amount."""
        full = f"{self.position.payer}.{name}"
        self.scale.names.add(full)
        return full

    def spent(self, name: str) -> bool:
        """Whether this payer's year-to-date amount is not zero."""
        return f"{self.position.payer}.{name}" in self.used

    def fen(self, amount: Money) -> int:
        """An amount that the plan names, in fen."""
        self.scale.constants += abs(amount.fen)
        return amount.fen

    def ratio(self, ratio: Decimal) -> tuple[int, int]:
        """A ratio as two integers. Raises AdapterError SET-350 for one below zero."""
        numerator, denominator = ratio.as_integer_ratio()
        if numerator < 0:
            raise AdapterError(issues.batch_unsupported(self.position.policy.name, f"ratio {ratio}"))
        self.scale.ratio = max(self.scale.ratio, numerator, denominator)
        return numerator, denominator

    def bands(self, table: Sequence[Band]) -> Slices:
        """Bands with the ratios that apply, over one denominator."""
        change = adjustment(self.position)
        ratios = [Fraction(change.of(band.ratio)) for band in table]
        below = lcm(*(each.denominator for each in ratios))
        self.scale.ratio = max(self.scale.ratio, below)
        starts = [self.fen(band.over) for band in table]
        parts = [each.numerator * (below // each.denominator) for each in ratios]
        tops = [*starts[1:], None]
        return Slices(tuple(zip(starts, tops, parts, strict=True)), below)


@dataclass(frozen=True, slots=True)
class Slices:
    """Bands: from, to (None: without end), numerator; all over one denominator."""

    rows: tuple[tuple[int, int | None, int], ...]
    below: int

    def of(self, lower: Any, upper: Any, ops: Any) -> Any:
        """Each ratio on the slice of ``lower … upper`` inside its band, rounded once."""
        exact = 0
        for start, top, part in self.rows:
            end = upper if top is None else ops.least(upper, top)
            exact = exact + ops.most(end - ops.most(lower, start), 0) * part
        return half(exact, self.below)


def half(exact: Any, below: int) -> Any:
    """``exact / below`` rounded half up; nothing below zero comes here."""
    return (exact * 2 + below) // (2 * below)


def _in_scope(reading: Reading) -> Turn:
    reading.text("pre_self_pay_on", "within-limit")

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        run.base = run.left = ops.least(ops.most(account.in_scope, 0), account.in_scope_left)

    return turn


def _first_share(reading: Reading) -> Turn | None:
    rule = reading.find("first_share")
    if rule is None or not rule.decimal:
        return None
    part, below = reading.ratio(rule.decimal)

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        slice_ = half(run.left * part, below)
        run.base = run.left = run.left - slice_
        run.first = run.first + slice_

    return turn


def _ceiling_on_eligible(reading: Reading) -> Turn | None:
    limit, read = reading.find("ceiling"), reading.text("ceiling_reading", ceiling.PAYMENT)
    if limit is None or read != ceiling.ELIGIBLE:
        return None
    most, used = reading.fen(limit.money), reading.year("eligible")

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        kept = ops.least(run.left, ops.most(most - year.get(used, 0), 0))
        run.over_cap = run.over_cap + run.left - kept
        run.base = run.left = kept

    return turn


def _ceiling_on_payment(reading: Reading) -> Turn | None:
    limit, read = reading.find("ceiling"), reading.text("ceiling_reading", ceiling.PAYMENT)
    if limit is None or read != ceiling.PAYMENT:
        return None
    most, used = reading.fen(limit.money), reading.year("paid")

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        pay = ops.least(run.pay, ops.most(most - year.get(used, 0), 0))
        run.over_cap = run.over_cap + run.pay - pay
        run.outside = ops.least(run.outside, pay)
        run.pay = run.left = pay

    return turn


def standard_of(reading: Reading) -> Callable[[Any, Any], Any]:
    """The deductible of this admission before yearly limits: a number, or worked out from the bill."""
    share = reading.find("deductible_share")
    if share is None or "of" in share.table:
        amount = reading.fen(standard(reading.position).amount)
        return lambda account, ops: amount
    part, below = reading.ratio(share.part(share.table, "share").decimal)
    least = reading.fen(share.part(share.table, "min").money) if "min" in share.table else 0
    most = reading.fen(share.part(share.table, "max").money) if "max" in share.table else None
    changed = _as_later_stay(reading)

    def of_bill(account: Any, ops: Any) -> Any:
        amount = half(ops.most(account.total, 0) * part, below)
        if "min" in share.table:
            amount = ops.most(amount, least)
        return changed(amount if most is None else ops.least(amount, most), ops)

    return of_bill


def _as_later_stay(reading: Reading) -> Callable[[Any, Any], Any]:
    """What a later stay of the year, and then the factor, make of a deductible."""
    number = reading.position.bill.admission
    later = reading.find("deductible_later", moot=number == 1)
    row = None if later is None else row_for(later, number)
    factor = reading.find("deductible_factor")
    part, below = (1, 1) if factor is None else reading.ratio(factor.decimal)
    if later is None or row is None:
        return lambda amount, ops: half(amount * part, below)
    if "amount" in row:
        fixed = half(reading.fen(later.part(row, "amount").money) * part, below)
        return lambda amount, ops: fixed
    if "factor" in row:
        part_later, below_later = reading.ratio(later.part(row, "factor").decimal)
        return lambda amount, ops: half(half(amount * part_later, below_later) * part, below)
    less = reading.fen(later.part(row, "less").money) * (number - later.part(row, "from").whole + 1)
    floor = reading.fen(later.part(row, "floor").money) if "floor" in row else 0
    return lambda amount, ops: half(ops.most(amount - less, floor) * part, below)


def _deductible(reading: Reading) -> Turn:
    rule, met = standard_of(reading), reading.year("deductible")
    by_year = reading.text("deductible_counts", "stay", moot=not reading.spent("deductible")) == "year"
    found = reading.find("deductible_year_ceiling")
    room = None if found is None else reading.fen(found.money)

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        limit, before = rule(account, ops), year.get(met, 0)
        if by_year:
            limit = ops.most(limit - before, 0)
        if room is not None:
            limit = ops.least(limit, ops.most(room - before, 0))
        taken = ops.most(ops.least(limit, run.left), 0)
        run.deductible = run.deductible + taken
        run.left = run.left - taken

    return turn


def _ratio(reading: Reading) -> Turn | Stop:
    rule = reading.find("ratio_by_age") or reading.position.at("ratio")
    if rule.is_none:
        return Stop()
    printed, _ = printed_ratio(reading.position, rule)
    part, below = reading.ratio(adjustment(reading.position).of(printed))

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        run.left = half(run.left * part, below)
        run.pay = run.pay + run.left

    return turn


def _bands(reading: Reading) -> Turn | Stop:
    rule = reading.position.at("bands")
    if rule.is_none:
        return Stop()
    absolute = reading.text("bands_origin", "absolute") == "absolute"
    reading.text("bands_count", "stay", moot=not reading.spent("paid"))
    slices = reading.bands(bands_of(rule))

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        start = run.deductible if absolute else 0
        run.left = slices.of(start, start + run.left, ops)
        run.pay = run.pay + run.left

    return turn


#: The steps of this page, by the names that a plan lists under ``steps``.
OPENING: Mapping[str, Callable[[Reading], Turn | Stop | None]] = {
    "in_scope": _in_scope,
    "first_share": _first_share,
    "ceiling_on_eligible": _ceiling_on_eligible,
    "deductible": _deductible,
    "ratio": _ratio,
    "bands": _bands,
    "ceiling_on_payment": _ceiling_on_payment,
}
