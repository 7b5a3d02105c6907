"""The steps of later payers as integer arithmetic: critical illness, commercial, aid, floors, waivers (后序支付方)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapter.model.issues import AdapterError
from adapter.rules.settlement import fact_issues, issues
from adapter.rules.settlement.commercial import BASES, bands_of_part
from adapter.rules.settlement.fund_share import bands_of
from adapter.rules.settlement.safety_net import EVERYTHING, IN_SCOPE
from adapter.rules.settlement.terms import OPENING, Reading, Stop, Turn, half, standard_of


def _critical_illness_base(reading: Reading) -> Turn:
    with_deductible = reading.text("base_with_deductible", "yes") == "yes"
    with_over_cap = reading.text("base_with_over_cap", "yes") == "yes"
    with_pre = reading.text("base_with_pre_self_pay", "no") == "yes"

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        base = account.in_scope_left
        if not with_deductible:
            base = base - account.deductible
        if not with_over_cap:
            base = base - account.over_cap
        if with_pre:
            base = base + ops.most(account.pre_self_pay, 0)
        run.base = run.left = ops.least(ops.most(base, 0), account.left)

    return turn


def _cumulative_share(reading: Reading) -> Turn:
    rule = standard_of(reading)
    base_name, paid_name = reading.year("base"), reading.year("paid")
    table = reading.position.at("bands")
    absolute = reading.text("bands_origin", "relative") == "absolute"
    slices = reading.bands(bands_of(table))

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        limit, before = rule(account, ops), year.get(base_name, 0)
        accumulated = before + run.base
        above = ops.most(accumulated - limit, 0)
        start = ops.least(limit, accumulated) if absolute else 0
        due = slices.of(start, start + above, ops)
        run.deductible = ops.least(ops.most(limit - before, 0), run.base)
        run.pay = run.left = ops.least(ops.most(due - year.get(paid_name, 0), 0), run.base)
        run.outside = ops.most(run.pay - account.in_scope_left, 0)

    return turn


def _commercial_parts(reading: Reading) -> Turn | Stop:
    rule = reading.position.at("parts")
    if rule.is_none:
        return Stop()
    parts = []
    for row in rule.rows:
        kind = str(row.get("base", ""))
        if kind not in BASES:
            raise AdapterError(
                issues.plan_contradicts(reading.position.policy.name, f"parts.base = {kind}", ", ".join(BASES))
            )
        taken = reading.fen(rule.part(row, "deductible").money) if "deductible" in row else 0
        most = reading.fen(rule.part(row, "cap").money) if "cap" in row else None
        parts.append((kind, taken, reading.bands(bands_of_part(rule, row)), most))

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        pay = outside = 0
        for kind, deductible, slices, most in parts:
            in_scope = ops.most(account.in_scope_left - (pay - outside), 0)
            beyond = ops.most(account.outside_left - outside, 0)
            if kind == "in-scope":
                base, inside = in_scope, in_scope
            elif kind == "outside":
                base, inside = beyond, 0
            elif kind == "full-self-pay":
                base, inside = ops.least(ops.most(account.full_self_pay, 0), beyond), 0
            else:
                base, inside = ops.most(account.left - pay, 0), in_scope
            amount = slices.of(ops.least(deductible, base), base, ops)
            if most is not None:
                amount = ops.least(amount, most)
            outside = outside + ops.most(amount - inside, 0)
            pay = pay + amount
        run.base, run.outside = account.left, ops.least(outside, pay)
        run.pay = run.left = pay

    return turn


def _in_scope_left(reading: Reading) -> Turn:
    reading.text("base_rule", "in-scope-left")

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        run.base = run.left = account.in_scope_left
        run.pay = 0

    return turn


def _top_up_base(reading: Reading) -> Turn | Stop:
    allowed = reading.find("referrals")
    if allowed is None or reading.position.keys.get("referral", "unknown") in allowed.texts:
        return _in_scope_left(reading)

    def nothing(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        run.base = run.pay = run.left = 0

    return Stop(nothing)


def _aid_threshold(reading: Reading) -> Turn:
    threshold = reading.fen(reading.position.at("aid_threshold").money)
    before = reading.position.at("aid_threshold_tested").text == "before-commercial"
    excess = reading.position.at("aid_threshold_aids").text == "excess"

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        tested = account.left + account.commercial if before else account.left
        aided = ops.least(run.left, ops.most(tested - threshold, 0)) if excess else run.left
        run.base = run.left = ops.either(tested >= threshold, aided, 0)

    return turn


def _deductible_paid(reading: Reading) -> Turn:
    rule, name = reading.find("deductible_times"), reading.year("deductibles")
    times = None if rule is None else rule.whole

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        pay = ops.least(account.deductible, run.left)
        if times is not None:
            pay = ops.either(times > year.get(name, 0) // 100, pay, 0)
        run.left = run.left - pay
        run.pay = run.pay + pay

    return turn


def _floor(reading: Reading) -> Turn | None:
    rule = reading.find("floor_rule")
    if rule is None:
        return None
    table, everything = rule.table, rule.table.get("on") == EVERYTHING
    shares = {name: reading.ratio(rule.part(table, name).decimal) for name in _FLOOR_SHARES if name in table}
    most = reading.fen(rule.part(table, "patient_most").money) if "patient_most" in table else None
    known = {"on", "patient_most", *_FLOOR_SHARES}
    if not set(table) <= known or len(table) < 2 or table.get("on") not in (EVERYTHING, IN_SCOPE):
        raise AdapterError(fact_issues.floor_unclear(reading.position.policy.name))

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        whole = ops.most(account.total if everything else account.in_scope, 0)
        open_ = account.left if everything else account.in_scope_left
        kept = most
        for name, (part, below) in shares.items():
            product = half(whole * part, below)
            keeps = product if name == "patient_share" else whole - product
            kept = keeps if kept is None else ops.least(kept, keeps)
        unpaid = ops.most(open_ - run.pay, 0)
        pay = ops.most(unpaid - kept, 0)
        run.base, run.left, run.pay = open_, unpaid - pay, run.pay + pay
        run.outside = ops.most(run.pay - account.in_scope_left, 0)

    return turn


_FLOOR_SHARES = ("patient_share", "target_share")


def _waiver(reading: Reading) -> Turn:
    of_outside = _share_of(reading, "waiver_share_of_outside")
    of_left = _share_of(reading, "waiver_share_of_left")
    above = _share_of(reading, "waiver_above_share")

    def turn(run: Any, account: Any, year: Mapping[str, Any], ops: Any) -> None:
        pay = 0
        if of_outside is not None:
            outside = account.full_self_pay + account.over_limit + account.pre_self_pay
            share = half(ops.most(outside, 0) * of_outside[0], of_outside[1])
            pay = ops.least(share, account.outside_left)
        beyond = pay
        if of_left is not None:
            pay = pay + half(ops.most(account.left - pay, 0) * of_left[0], of_left[1])
        if above is not None:
            kept = half(ops.most(account.total, 0) * above[0], above[1])
            pay = pay + ops.most(ops.most(account.left - pay, 0) - kept, 0)
        run.base = account.left
        run.pay = run.left = pay
        run.outside = beyond + ops.most(pay - beyond - account.in_scope_left, 0)

    return turn


def _share_of(reading: Reading, name: str) -> tuple[int, int] | None:
    found = reading.find(name)
    return None if found is None else reading.ratio(found.decimal)


#: By the names that a plan lists under ``steps``.
READERS: Mapping[str, Callable[[Reading], Turn | Stop | None]] = {
    **OPENING,
    "critical_illness_base": _critical_illness_base,
    "cumulative_share": _cumulative_share,
    "commercial_parts": _commercial_parts,
    "in_scope_left": _in_scope_left,
    "aid_threshold": _aid_threshold,
    "top_up_base": _top_up_base,
    "waiver": _waiver,
    "deductible_paid": _deductible_paid,
    "floor": _floor,
}

#: Steps that share what is left; two of them in one plan could give more than is there.
SHARING = frozenset({"ratio", "bands", "cumulative_share", "commercial_parts", "waiver"})
