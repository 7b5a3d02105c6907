"""起付标准: what the patient bears of the policy range before a payer shares anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from adapter.model.built import quickly_built
from adapter.model.money import SAID, TEXTS, ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import Raw, Value
from adapter.rules.settlement.position import Pairs, Position, as_printed, clauses, pairs
from adapter.rules.settlement.ratios import ratio_text


@quickly_built
@dataclass(frozen=True, slots=True)
class Standard:
    """The standard that applies to this admission, how it came about, and where that is written.

    Attributes:
        inputs, formula: for the checker: the figures as printed, the amount last, and how it follows from them.
    """

    amount: Money
    zh: str
    en: str
    cite: str
    inputs: Pairs
    formula: str


def deductible(position: Position) -> Position:
    """Take the deductible (起付标准) out of what is left.

    Taken = min(standard for level and admission, what the yearly ceiling leaves, what is left); only policy-range
    money meets it. Parameters: ``deductible`` or ``deductible_share``; ``deductible_factor``, ``deductible_later``,
    ``deductible_year_ceiling``, ``deductible_counts`` (``stay`` | ``year``).

    Raises:
        PolicyNotInForce: no document covers the rule date.
    """
    rule, eligible, met = standard(position), position.left, position.accrued("deductible")
    limit, zh, en, cite = rule.amount.fen, rule.zh, rule.en, rule.cite
    inputs = (*rule.inputs, ("eligible", TEXTS[eligible.fen]), ("accrued", TEXTS[met.fen]))
    formula = "standard"
    counts = position.switch("deductible_counts", "stay", "按次计算", moot=not met)
    if counts.text == "year":
        limit, formula = max(limit - met.fen, 0), "max(standard - accrued, 0)"
        cite = clauses(cite, counts.cite)
        zh, en = f"{zh},年度已计{met}", f"{en}, met this year {met}"
    ceiling = position.find("deductible_year_ceiling")
    if ceiling is not None:
        most = ceiling.money.fen
        room = max(most - met.fen, 0)
        limit = min(limit, room)
        cite = clauses(cite, ceiling.cite)
        zh = f"{zh},年度累计上限{SAID[most]}、已计{SAID[met.fen]}、尚余{SAID[room]}"
        en = f"{en}, yearly ceiling {SAID[most]}, met {SAID[met.fen]}, room {SAID[room]}"
        inputs = (*inputs, ("year_ceiling", TEXTS[most]))
        formula = f"min({formula}, max(year_ceiling - accrued, 0))"
    taken = Money(max(min(limit, eligible.fen), 0))
    said = SAID[taken.fen]
    return position.step(
        "deductible",
        taken,
        eligible - taken,
        because=Explanation(f"{zh},本次扣{said}", f"{en}, taken {said}", cite),
        inputs=inputs,
        checks=_checks(rule.formula, formula),
        sources=_MET,
        deductible=position.deductible + taken,
    )


@lru_cache(maxsize=256)
def _checks(standard: str, formula: str) -> Pairs:
    return pairs(standard=standard, amount=f"max(min({formula}, eligible), 0)", left="eligible - amount")


_MET = pairs(eligible="previous.left", accrued="accrued.deductible")


def standard(position: Position) -> Standard:
    """The standard before yearly limits: by level (or share of the bill), then by admission number, then halved."""
    share, number = position.find("deductible_share"), position.bill.admission
    if share is not None:
        return _standard(position, share, number)
    return position.once(("standard", number), lambda: _standard(position, None, number))


def _standard(position: Position, share: Value | None, number: int) -> Standard:
    if share is None:
        rule = position.at("deductible")
        amount, cite = rule.money, rule.cite
        inputs: dict[str, object] = {"printed": rule.money}
        formula = "printed"
        zh, en = f"起付标准{amount}", f"deductible {amount}"
    else:
        amount, cite = _share_of_bill(share, position.bill.total), share.cite
        inputs, formula = _share_said(share, position.bill.total)
        base = ("公布基数", "a published figure") if "of" in share.table else ("费用总额", "the bill")
        zh, en = f"起付标准按{base[0]}比例计{amount}", f"deductible as a share of {base[1]} {amount}"
    later = position.find("deductible_later", moot=number == 1)
    row = None if later is None else row_for(later, number)
    if later is not None and row is not None:
        said, formula = _later_said(later, row, number, formula)
        inputs |= said
        amount = _later(amount, later, row, number)
        cite = clauses(cite, later.cite)
        zh, en = f"{zh},年内第{number}次住院为{amount}", f"{en}, as admission {number} of the year {amount}"
    factor = position.find("deductible_factor")
    if factor is not None:
        amount = amount.share(factor.decimal)
        inputs["factor"], formula = factor.decimal, f"round({formula} * factor)"
        cite = clauses(cite, factor.cite)
        zh, en = f"{zh},× {ratio_text(factor.decimal)}", f"{en}, × {ratio_text(factor.decimal)}"
    return Standard(amount, zh, en, cite, as_printed({**inputs, "standard": amount}), formula)


def _share_of_bill(rule: Value, total: Money) -> Money:
    """``{share, min, max}``: a share of the bill between two bounds (out-of-province rule of an Anhui city, S41).

    With ``of``, the share is of that published figure instead, such as an average wage (GC-13, GC-27).
    """
    table = rule.table
    base = rule.part(table, "of").money if "of" in table else max(total, ZERO)
    amount = base.share(rule.part(table, "share").decimal)
    if "min" in table:
        amount = max(amount, rule.part(table, "min").money)
    if "max" in table:
        amount = min(amount, rule.part(table, "max").money)
    return amount


def _share_said(rule: Value, total: Money) -> tuple[dict[str, object], str]:
    """The same for the checker."""
    table = rule.table
    inputs: dict[str, object] = {"total": total, "share": rule.part(table, "share").decimal}
    formula = "round(max(total, 0) * share)"
    if "of" in table:
        inputs = {"of": rule.part(table, "of").money, "share": inputs["share"]}
        formula = "round(of * share)"
    if "min" in table:
        inputs["least"], formula = rule.part(table, "min").money, f"max({formula}, least)"
    if "max" in table:
        inputs["most"], formula = rule.part(table, "max").money, f"min({formula}, most)"
    return inputs, formula


def row_for(rule: Value, number: int) -> Mapping[str, Raw] | None:
    """The last row whose ``from`` has been reached."""
    return next((row for row in reversed(rule.rows) if rule.part(row, "from").whole <= number), None)


def _later(amount: Money, rule: Value, row: Mapping[str, Raw], number: int) -> Money:
    """``amount`` replaces, ``factor`` multiplies, ``less`` takes off per later stay down to ``floor``."""
    if "amount" in row:
        return rule.part(row, "amount").money
    if "factor" in row:
        return amount.share(rule.part(row, "factor").decimal)
    steps = number - rule.part(row, "from").whole + 1
    lower = amount - Money(rule.part(row, "less").money.fen * steps)
    return max(lower, rule.part(row, "floor").money if "floor" in row else ZERO)


def _later_said(rule: Value, row: Mapping[str, Raw], number: int, formula: str) -> tuple[dict[str, object], str]:
    """The same for the checker."""
    if "amount" in row:
        return {"later_amount": rule.part(row, "amount").money}, "later_amount"
    if "factor" in row:
        return {"later_factor": rule.part(row, "factor").decimal}, f"round({formula} * later_factor)"
    steps = number - rule.part(row, "from").whole + 1
    inputs: dict[str, object] = {"less": rule.part(row, "less").money, "times": steps}
    if "floor" not in row:
        return {**inputs, "floor": ZERO}, f"max({formula} - less * times, floor)"
    return {**inputs, "floor": rule.part(row, "floor").money}, f"max({formula} - less * times, floor)"
