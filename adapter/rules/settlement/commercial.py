"""商业补充保险: parts inside and outside the catalogue, each with its own deductible, bands and cap."""

from __future__ import annotations

from collections.abc import Mapping

from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Explanation
from adapter.rules.policy.parameters import Raw, Value
from adapter.rules.settlement import issues
from adapter.rules.settlement.fund_share import Band, adjustment, bands_of, graduated, not_entitled, schedule_of
from adapter.rules.settlement.position import Position

#: What a part is a part of. ``outside`` = 全自费 + 超限价 + 先行自付 (GC-29); ``everything``: all that is left (GC-26)
BASES = ("in-scope", "outside", "full-self-pay", "everything")


def commercial_parts(position: Position) -> Position:
    """Add up the parts of ``parts``: ``{name, base, deductible, ratio | bands, cap}``, each rounded by itself (GC-29).

    A part's deductible counts per stay. Bands are absolute: they start at the deductible.
    """
    rule = position.at("parts")
    if rule.is_none:
        return not_entitled(position, rule)
    change = adjustment(position)
    pay, outside, after = ZERO, ZERO, position
    parts: dict[str, object] = {}
    for part in rule.rows:
        name = str(part.get("name", ""))
        base, in_scope = _base(position, str(part.get("base", "")), pay, outside)
        taken = min(rule.part(part, "deductible").money, base) if "deductible" in part else ZERO
        schedule = schedule_of(bands_of_part(rule, part), change)
        cut = graduated(taken.fen, base.fen, schedule)
        amount = cut.amount if "cap" not in part else min(cut.amount, rule.part(part, "cap").money)
        zh = f"{name}:基数{base} − 起付{taken};{cut.words} = {amount}"
        en = f"{name}: base {base} − deductible {taken}; {cut.words} = {amount}"
        inputs: dict[str, object] = {"base": base, "deductible": taken, **dict(cut.inputs)}
        if "cap" in part:
            inputs["cap"] = rule.part(part, "cap").money
        proof = schedule.checks("deductible", "base", "base - amount", "cap" if "cap" in part else "")
        because = Explanation(zh, en, rule.cite)
        after = after.step("part", amount, base - amount, because=because, inputs=inputs, checks=proof)
        parts[f"part_{len(parts) + 1}"] = amount
        outside += max(amount - in_scope, ZERO)
        pay += amount
    because = Explanation(zh=f"各部分合计{pay}", en=f"parts together {pay}", cite=rule.cite)
    checks = {"amount": " + ".join(parts) or "0", "left": "amount"}
    sources = {name: f"part.{number}" for number, name in enumerate(parts, 1)}
    return after.step(
        "parts",
        pay,
        pay,
        because=because,
        inputs=parts,
        checks=checks,
        sources=sources,
        base=position.bill.left,
        pay=pay,
        outside=min(outside, pay),
    )


def _base(position: Position, kind: str, pay: Money, outside: Money) -> tuple[Money, Money]:
    """A part's base after the parts before it, and how much of it lies inside the policy range."""
    bill = position.bill
    in_scope = max(bill.in_scope_left - (pay - outside), ZERO)
    beyond = max(bill.outside_left - outside, ZERO)
    if kind == "in-scope":
        return in_scope, in_scope
    if kind == "outside":
        return beyond, ZERO
    if kind == "full-self-pay":
        return min(max(bill.sums.full_self_pay, ZERO), beyond), ZERO
    if kind == "everything":
        return max(bill.left - pay, ZERO), in_scope
    raise AdapterError(issues.plan_contradicts(position.policy.name, f"parts.base = {kind}", ", ".join(BASES)))


def bands_of_part(rule: Value, part: Mapping[str, Raw]) -> tuple[Band, ...]:
    """A part's bands; one ratio is one band from nothing on."""
    if "bands" in part:
        return bands_of(rule.part(part, "bands"))
    return (Band(ZERO, rule.part(part, "ratio").decimal),)
