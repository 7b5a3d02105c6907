"""起付标准: what the patient bears of the policy range before a payer shares anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import Raw, Value
from adapter.rules.settlement.position import Position, clauses, ratio_text


@dataclass(frozen=True, slots=True)
class Standard:
    """The standard that applies to this admission, how it came about, and where that is written."""

    amount: Money
    zh: str
    en: str
    cite: str


def deductible(position: Position) -> Position:
    """Take the deductible (起付标准) out of what is left.

    Taken = min(standard for level and admission, what the yearly ceiling leaves, what is left); only policy-range
    money meets it. Parameters: ``deductible`` or ``deductible_share``; ``deductible_factor``, ``deductible_later``,
    ``deductible_year_ceiling``, ``deductible_counts`` (``stay`` | ``year``).

    Raises:
        PolicyNotInForce: no document covers the rule date.
    """
    rule = standard(position)
    met = position.accrued("deductible")
    limit, zh, en, cite = rule.amount, rule.zh, rule.en, rule.cite
    inputs: dict[str, object] = {"standard": rule.amount, "eligible": position.left, "accrued": met}
    counts = position.switch("deductible_counts", "stay", "按次计算")
    if counts.text == "year":
        limit = max(rule.amount - met, ZERO)
        cite = clauses(cite, counts.cite)
        zh, en = f"{zh},年度已计{met}", f"{en}, met this year {met}"
    ceiling = position.find("deductible_year_ceiling")
    if ceiling is not None:
        room = max(ceiling.money - met, ZERO)
        limit = min(limit, room)
        cite = clauses(cite, ceiling.cite)
        zh = f"{zh},年度累计上限{ceiling.money}、已计{met}、尚余{room}"
        en = f"{en}, yearly ceiling {ceiling.money}, met {met}, room {room}"
        inputs["year_ceiling"] = ceiling.money
    taken = max(min(limit, position.left), ZERO)
    because = Explanation(f"{zh},本次扣{taken}", f"{en}, taken {taken}", cite)
    after = position.step("deductible", taken, position.left - taken, because=because, inputs=inputs)
    return replace(after, deductible=position.deductible + taken)


def standard(position: Position) -> Standard:
    """The standard before yearly limits: by level (or share of the bill), then by admission number, then halved."""
    share = position.find("deductible_share")
    if share is None:
        rule = position.at("deductible")
        amount, cite = rule.money, rule.cite
        zh, en = f"起付标准{amount}", f"deductible {amount}"
    else:
        amount, cite = _share_of_bill(share, position.bill.total), share.cite
        zh, en = f"起付标准按费用总额比例计{amount}", f"deductible as a share of the bill {amount}"
    number = position.bill.admission
    later = position.find("deductible_later")
    row = None if later is None else _row_for(later, number)
    if later is not None and row is not None:
        amount = _later(amount, later, row, number)
        cite = clauses(cite, later.cite)
        zh, en = f"{zh},年内第{number}次住院为{amount}", f"{en}, as admission {number} of the year {amount}"
    factor = position.find("deductible_factor")
    if factor is not None:
        amount = amount.share(factor.decimal)
        cite = clauses(cite, factor.cite)
        zh, en = f"{zh},× {ratio_text(factor.decimal)}", f"{en}, × {ratio_text(factor.decimal)}"
    return Standard(amount, zh, en, cite)


def _share_of_bill(rule: Value, total: Money) -> Money:
    """``{share, min, max}``: a share of the bill between two bounds (out-of-province rule of an Anhui city, S41)."""
    table = rule.table
    amount = max(total, ZERO).share(rule.part(table, "share").decimal)
    if "min" in table:
        amount = max(amount, rule.part(table, "min").money)
    if "max" in table:
        amount = min(amount, rule.part(table, "max").money)
    return amount


def _row_for(rule: Value, number: int) -> Mapping[str, Raw] | None:
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
