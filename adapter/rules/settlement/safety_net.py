"""兜底: who pays the deductible for the patient, what is taken over above a floor, a household's top-up."""

from __future__ import annotations

from decimal import Decimal

from adapter.model.issues import AdapterError, NotPublished
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import Value
from adapter.rules.settlement import fact_issues as issues
from adapter.rules.settlement.position import Position

EVERYTHING, IN_SCOPE = "everything", "in-scope"


def deductible_paid(position: Position) -> Position:
    """Pay the deductible that basic insurance left with the patient (代付起付线; 吉林市, S56).

    ``deductible_times``: how often in a year; a source that prints no limit leaves it out. What was paid counts in
    ``<payer>.deductibles``, one as 1.00.
    """
    bill, rule = position.bill, position.find("deductible_times")
    used = position.accrued("deductibles")
    open_ = Decimal(1) if rule is None or rule.whole > used.fen // 100 else Decimal(0)
    pay = min(bill.deductible, position.left) if open_ else ZERO
    left = position.left - pay
    limit_zh = "" if rule is None else f",年内至多{rule.whole}次,已{used.fen // 100}次"
    limit_en = "" if rule is None else f", at most {rule.whole} times a year, {used.fen // 100} so far"
    because = Explanation(
        zh=f"代付起付线{bill.deductible}{limit_zh},本次{pay}",
        en=f"pays the deductible {bill.deductible}{limit_en}: {pay}",
        cite=position.policy.document.id if rule is None else rule.cite,
    )
    inputs: dict[str, object] = {"deductible": bill.deductible, "eligible": position.left, "open": open_}
    checks = {"amount": "min(deductible, eligible) * open", "left": "eligible - amount"}
    sources = {"deductible": "standing.deductible", "eligible": "previous.left"}
    if rule is not None:
        inputs |= {"times": rule.whole, "used": used}
        checks["open"] = "min(max(times - used, 0), 1)"
        sources["used"] = "accrued.deductibles"
    return position.step(
        "deductible-paid",
        pay,
        left,
        because=because,
        inputs=inputs,
        checks=checks,
        sources=sources,
        pay=position.pay + pay,
    )


def floor(position: Position) -> Position:
    """Take over what the patient would bear beyond a floor (兜底, B-24).

    ``floor_rule`` is a table: ``on`` ``everything`` | ``in-scope``, and one or more of ``patient_share`` (the patient
    keeps at most this share), ``target_share`` (the payers together bear at least this share), ``patient_most`` (the
    patient keeps at most this amount, CNY a stay). Of several, the one that leaves the patient least counts.

    Raises:
        AdapterError: SET-332 for a rule that says neither on what nor how far.
    """
    bill, rule = position.bill, position.find("floor_rule")
    if rule is None:
        return position
    table, on = rule.table, str(rule.table.get("on", ""))
    limits = {
        name: rule.part(table, name) for name in ("patient_share", "target_share", "patient_most") if name in table
    }
    if on not in (EVERYTHING, IN_SCOPE) or not limits or not set(table) <= {"on", *limits}:
        raise AdapterError(issues.floor_unclear(position.policy.name))
    base = max(bill.total if on == EVERYTHING else bill.sums.in_scope, ZERO)
    open_ = bill.left if on == EVERYTHING else bill.in_scope_left
    unpaid = max(open_ - position.pay, ZERO)
    kept = min(_kept(name, limit, base) for name, limit in limits.items())
    pay = max(unpaid - kept, ZERO)
    zh = f"兜底:剩余{unpaid},个人至多负担{kept},承担{pay}"
    en = f"floor: {unpaid} is left, the patient keeps at most {kept}, borne {pay}"
    inputs: dict[str, object] = {"whole": base, "unpaid": open_, "paid": position.pay}
    inputs |= {name: limit.money if name == "patient_most" else limit.decimal for name, limit in limits.items()}
    formulas = {
        "patient_share": "round(whole * patient_share)",
        "target_share": "whole - round(whole * target_share)",
        "patient_most": "patient_most",
    }
    keep = ", ".join(formulas[name] for name in limits)
    keep = f"min({keep})" if len(limits) > 1 else keep
    checks = {"amount": f"max(max(unpaid - paid, 0) - ({keep}), 0)", "left": "max(unpaid - paid, 0) - amount"}
    sources = {"unpaid": "standing.left" if on == EVERYTHING else "standing.in_scope_left", "paid": "so far.pay"}
    if base == (bill.total if on == EVERYTHING else bill.sums.in_scope):
        sources["whole"] = "standing.total" if on == EVERYTHING else "standing.in_scope"
    because = Explanation(zh, en, rule.cite)
    whole = position.pay + pay
    return position.step(
        "floor",
        pay,
        unpaid - pay,
        because=because,
        inputs=inputs,
        checks=checks,
        sources=sources,
        base=open_,
        pay=whole,
        outside=max(whole - bill.in_scope_left, ZERO),
    )


def _kept(name: str, limit: Value, base: Money) -> Money:
    """What the patient keeps by one limit; the payers get the rounded product, the patient the difference."""
    if name == "patient_most":
        return limit.money
    product = base.share(limit.decimal)
    return product if name == "patient_share" else base - product


def household(position: Position) -> Position:
    """A fixed amount by what the household bore in the year (S29), once a year.

    ``household_amounts``: rows over + amount, the last one passed counts (lower < x). The household's year is the
    payer's to know: ``household-top-up.base`` before this stay, and the family key as circumstance ``household``.

    Raises:
        NotPublished: SET-330 without a family key; SET-331 without the household's year.
    """
    bill, rule = position.bill, position.at("household_amounts")
    if not position.keys.get("household"):
        raise NotPublished(issues.household_unknown(position.payer))
    if all(name != f"{position.payer}.base" for name, _ in bill.accrued.amounts):
        raise NotPublished(issues.year_unknown(position.payer, f"{position.payer}.base"))
    before, paid = position.accrued("base"), position.accrued("paid")
    year = before + bill.left
    reached = [row for row in rule.rows if rule.part(row, "over").money < year]
    row = reached[-1] if reached else None
    amount = ZERO if row is None else rule.part(row, "amount").money
    open_ = Decimal(0 if paid else 1)
    pay = min(amount, bill.left) if open_ else ZERO
    once = "年度已享受,不再计发" if paid else f"补助{pay}"
    once_en = "had this year already" if paid else f"topped up with {pay}"
    because = Explanation(
        zh=f"家庭年度负担{before} + 本次{bill.left} = {year},对应{amount},{once}",
        en=f"the household bore {before} + this stay {bill.left} = {year}, which gives {amount}: {once_en}",
        cite=rule.cite,
    )
    inputs = {
        "household_year": year,
        "before": before,
        "unpaid": bill.left,
        "tier": amount,
        "paid": paid,
        "open": open_,
    }
    checks = {
        "household_year": "before + unpaid",
        "open": "1 - min(paid * 100, 1)",
        "amount": "min(tier, unpaid) * open",
        "left": "unpaid - amount",
    }
    sources = {"unpaid": "standing.left", "before": "accrued.base", "paid": "accrued.paid"}
    return position.step(
        "household",
        pay,
        bill.left - pay,
        because=because,
        inputs=inputs,
        checks=checks,
        sources=sources,
        base=bill.left,
        pay=pay,
        outside=max(pay - bill.in_scope_left, ZERO),
    )
