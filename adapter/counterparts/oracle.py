"""A second opinion on any plan: what each payer bears, in Decimal yuan, from the articles alone. 独立复算。

It reads plan files by ``rules/policy`` and shares no arithmetic with ``rules/settlement``: no step, no fen, no
integer ratio. It follows money instead: what nobody bears yet inside the policy range (政策范围内), and outside it.
Each payer's amount is rounded half up to the fen before the next one looks (policy research, part c).

A plan that is put together in a way that no article here describes is refused by name (``NotCovered``); what it does
not cover is listed in ``NOT_COVERED``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from adapter.counterparts.adjudicator import NIL, Split, half_up
from adapter.counterparts.oracle_facts import Facts, Offer, Terms, Unpaid
from adapter.rules.policy.parameters import DEFAULT, Policy, Raw, Value

#: How a plan that shares what is left is put together: its base, then what may follow, in this order.
_BASES = ("in_scope", "critical_illness_base", "in_scope_left", "top_up_base")
_FOLLOW = (
    "first_share",
    "ceiling_on_eligible",
    "aid_threshold",
    "deductible",
    "deductible_paid",
    "ratio",
    "bands",
    "floor",
    "ceiling_on_payment",
)
#: Plans that are one step by themselves.
_ALONE = ("waiver", "floor", "household")

#: What the oracle has no article for: steps by name, and why.
NOT_COVERED: Mapping[str, str] = {"year_known": "whether the year is known is no matter of arithmetic"}


#: Every parameter that is read here, or that changes no amount of sums; a plan with another is refused.
READS = frozenset(
    [
        "insurance",
        "first_share",
        "deductible",
        "deductible_share",
        "deductible_later",
        "deductible_factor",
        "deductible_year_ceiling",
        "deductible_counts",
        "ratio",
        "ratio_by_age",
        "tilt",
        "tilt_kind",
        "referral_points",
        "bands",
        "bands_origin",
        "bands_count",
        "ceiling",
        "ceiling_reading",
        "base_with_deductible",
        "base_with_over_cap",
        "base_with_pre_self_pay",
        "parts",
        "base_rule",
        "referrals",
        "waiver_share_of_outside",
        "waiver_share_of_left",
        "waiver_above_share",
        "aid_threshold",
        "aid_threshold_tested",
        "aid_threshold_aids",
        "deductible_times",
        "floor_rule",
        "household_amounts",
        "pre_self_pay_on",
        "class_b_share",
    ]
)


class NotCovered(ValueError):
    """The oracle has no opinion on this plan."""


def divide(facts: Facts, plans: Sequence[tuple[str, Policy]]) -> tuple[tuple[Decimal, ...], Decimal]:
    """What each payer bears, in order, and the patient.

    Raises:
        NotCovered: a plan is put together in a way that no article here describes.
        AdapterError: no document says.
    """
    left = unpaid(facts.stay)
    borne = []
    for payer, plan in plans:
        offer = best_offer(facts, payer, plan, left)
        borne.append(offer.benefit)
        bear(left, payer, offer)
    return tuple(borne), left.whole


def unpaid(stay: Split) -> Unpaid:
    """A bill that nobody has paid anything of."""
    outside = stay.full_self_pay + stay.over_limit + stay.pre_self_pay
    return Unpaid(stay.total, stay.in_scope, stay.in_scope, stay.full_self_pay, stay.pre_self_pay, stay.total, outside)


def best_offer(facts: Facts, payer: str, plan: Policy, left: Unpaid) -> Offer:
    """就高不重复: of several identities the one that gives more (Q-07); nothing under another insurance's plan."""
    refuse_unknown(plan)
    everyone = Terms(plan, payer, facts, DEFAULT)
    insured = everyone.maybe("insurance")
    if insured is not None and facts.insurance not in insured.texts:
        return Offer()
    names = sorted(plan.keys_of("person_category") & facts.categories) or [DEFAULT]
    return max((_offer(Terms(plan, payer, facts, name), left) for name in names), key=lambda offer: offer.benefit)


def refuse_unknown(plan: Policy) -> None:
    """Raises NotCovered for a step that no article here describes, or a parameter that nothing here reads."""
    unread = sorted(plan.parameters.keys() - READS)
    if unread:
        raise NotCovered(f"{plan.name}: {', '.join(unread)}: not read")
    for step in plan.steps:
        if step not in (*_BASES, *_FOLLOW, *_ALONE, "cumulative_share", "commercial_parts"):
            raise NotCovered(f"{plan.name}: {step}: {NOT_COVERED.get(step, 'not known')}")


def bear(left: Unpaid, payer: str, offer: Offer) -> None:
    """What is left after a payer."""
    left.in_scope -= offer.first
    left.inside -= offer.first
    left.outside += offer.first
    left.first += offer.first
    beyond = max(min(offer.beyond, offer.benefit), offer.benefit - left.in_range)
    left.whole -= offer.benefit
    left.inside -= offer.benefit - beyond
    left.outside_paid += beyond
    left.commercial += offer.benefit if payer == "commercial" else NIL
    if payer == "basic":
        room = max(left.inside + beyond, NIL)
        left.basic_deductible = min(offer.deductible, room)
        left.basic_over_cap = min(offer.over_cap, room - left.basic_deductible)


def _offer(plan: Terms, left: Unpaid) -> Offer:
    steps = plan.plan.steps
    if len(steps) == 1 and steps[0] in _ALONE:
        return {"waiver": _waived, "floor": _floored, "household": _of_household}[steps[0]](plan, left)
    if steps[0] == "commercial_parts" and steps[1:] in ((), ("ceiling_on_payment",)):
        return _capped(plan, _in_parts(plan, left), "ceiling_on_payment" in steps)
    if steps[:2] == ("critical_illness_base", "cumulative_share") and steps[2:] in ((), ("ceiling_on_payment",)):
        return _capped(plan, _over_the_year(plan, left), "ceiling_on_payment" in steps)
    in_order = [step for step in _FOLLOW if step in steps]
    gives = [step for step in ("ratio", "bands", "deductible_paid") if step in steps]
    if steps[0] not in _BASES or list(steps[1:]) != in_order or len(gives) != 1:
        raise NotCovered(f"{plan.plan.name}: {', '.join(steps)}")
    return _shared(plan, left)


def _shared(plan: Terms, left: Unpaid) -> Offer:
    """Deductible out of the base, one ratio or bands on the rest, a cap on either side."""
    steps = plan.plan.steps
    allowed = plan.maybe("referrals") if steps[0] == "top_up_base" else None
    if allowed is not None and plan.facts.keys.get("referral", "unknown") not in allowed.texts:
        return Offer()
    base = entered = _self_pay(plan, left) if steps[0] == "critical_illness_base" else left.in_range
    first = half_up(base * (plan.number("first_share") or Decimal(0))) if "first_share" in steps else NIL
    base -= first
    over = NIL
    cap = plan.maybe("ceiling") if "ceiling_on_eligible" in steps else None
    if cap is not None and plan.says("ceiling_reading", "payment") == "eligible":
        counted = min(base, plan.rest(cap.decimal, "eligible"))
        base, over = counted, base - counted
    if "aid_threshold" in steps:
        base = _above_threshold(plan, left, base)
    taken = min(_threshold_left(plan, left), base) if "deductible" in steps else NIL
    if "deductible_paid" in steps:
        benefit = min(left.basic_deductible, base - taken) if _times_left(plan) else NIL
    elif "bands" in steps:
        table = plan.must("bands")
        if table.is_none:
            return Offer(deductible=taken, over_cap=over, first=first, base=entered)
        from_ = taken if plan.says("bands_origin", "absolute") == "absolute" else NIL
        benefit = _laddered(plan, table, table.rows, from_, from_ + base - taken)
    else:
        printed = _printed(plan)
        if printed is None:
            return Offer(deductible=taken, over_cap=over, first=first, base=entered)
        benefit = half_up((base - taken) * plan.raised(printed))
    offer = Offer(benefit, NIL, taken, over, first, entered)
    if "floor" in steps:
        offer = _floored(plan, left, offer)
    return _capped(plan, offer, "ceiling_on_payment" in steps)


def _above_threshold(plan: Terms, left: Unpaid, base: Decimal) -> Decimal:
    """A-19: aid where the patient's part reaches a threshold, on all of it or on what is above; Q-02 leaves which."""
    own = left.patient
    if plan.must("aid_threshold_tested").text == "before-commercial":
        own += left.commercial
    threshold = plan.must("aid_threshold").decimal
    if own < threshold:
        return NIL
    return min(base, own - threshold) if plan.must("aid_threshold_aids").text == "excess" else base


def _times_left(plan: Terms) -> bool:
    """代付起付线: so often in a year (S56)."""
    times = plan.maybe("deductible_times")
    return times is None or int(plan.used("deductibles")) < times.whole


def _printed(plan: Terms) -> Decimal | None:
    """The ratio as printed, or by age (GC-13, GC-14); None for a person whom the plan does not entitle."""
    by_age = plan.maybe("ratio_by_age")
    if by_age is not None:
        table = by_age.table
        years = Decimal(plan.facts.keys["age"])
        return by_age.part(table, "base").decimal + by_age.part(table, "per_year").decimal * years
    found = plan.must("ratio")
    return None if found.is_none else found.decimal


def _threshold(plan: Terms, left: Unpaid) -> Decimal:
    """起付标准 of this admission, before the year is looked at."""
    share = plan.maybe("deductible_share")
    if share is None:
        amount = plan.must("deductible").decimal
    else:
        table = share.table
        whole = share.part(table, "of").decimal if "of" in table else max(left.total, NIL)
        amount = half_up(whole * share.part(table, "share").decimal)
        if "min" in table:
            amount = max(amount, share.part(table, "min").decimal)
        if "max" in table:
            amount = min(amount, share.part(table, "max").decimal)
    stays = int(plan.facts.used.get("basic.admissions", Decimal(0)))
    later = plan.harmless("deductible_later") if stays == 0 else plan.maybe("deductible_later")
    if later is not None:
        for row in later.rows:
            since = later.part(row, "from").whole
            following = [later.part(other, "from").whole for other in later.rows]
            if stays + 1 >= since and not any(since < other <= stays + 1 for other in following):
                amount = _later(later, row, amount, stays + 2 - since)
    factor = plan.number("deductible_factor")
    return amount if factor is None else half_up(amount * factor)


def _later(rule: Value, row: Mapping[str, Raw], amount: Decimal, times: int) -> Decimal:
    if "amount" in row:
        return rule.part(row, "amount").decimal
    if "factor" in row:
        return half_up(amount * rule.part(row, "factor").decimal)
    floor = rule.part(row, "floor").decimal if "floor" in row else NIL
    return max(amount - times * rule.part(row, "less").decimal, floor)


def _threshold_left(plan: Terms, left: Unpaid) -> Decimal:
    """The threshold less what the year has already taken, where it counts by year or has a yearly ceiling."""
    amount = _threshold(plan, left)
    met = plan.used("deductible")
    if met and plan.says("deductible_counts", "stay") == "year":
        amount = max(amount - met, NIL)
    ceiling = plan.number("deductible_year_ceiling")
    return amount if ceiling is None else min(amount, plan.rest(ceiling, "deductible"))


def _laddered(plan: Terms, rule: Value, rows: Sequence[Mapping[str, Raw]], bottom: Decimal, top: Decimal) -> Decimal:
    """分段计算: fen by fen each amount belongs to the highest band it has passed; one rounding for all bands."""
    starts = [rule.part(row, "over").decimal for row in rows]
    due = Decimal(0)
    for number, row in enumerate(rows):
        end = min(starts[number + 1], top) if number + 1 < len(rows) else top
        begin = max(starts[number], bottom)
        if end > begin:
            due += (end - begin) * plan.raised(rule.part(row, "ratio").decimal)
    return half_up(due)


def _self_pay(plan: Terms, left: Unpaid) -> Decimal:
    """合规自付: what basic insurance left of the range, with or without its named pieces (GC-03, GC-08, S39, S59)."""
    base = left.in_range
    if plan.says("base_with_deductible", "yes") == "no":
        base -= left.basic_deductible
    if plan.says("base_with_over_cap", "yes") == "no":
        base -= left.basic_over_cap
    if plan.says("base_with_pre_self_pay", "no") == "yes":
        base += max(left.first, NIL)
    return min(max(base, NIL), left.patient)


def _over_the_year(plan: Terms, left: Unpaid) -> Offer:
    """累计计算、分段报销、按次结算 (GC-06): the year's entitlement with this stay, less what was paid."""
    base, threshold = _self_pay(plan, left), _threshold(plan, left)
    year = plan.used("base") + base
    table = plan.must("bands")
    if year <= threshold:
        due = NIL
    elif plan.says("bands_origin", "relative") == "absolute":
        due = _laddered(plan, table, table.rows, threshold, year)
    else:
        due = _laddered(plan, table, table.rows, NIL, year - threshold)
    benefit = min(max(due - plan.used("paid"), NIL), base)
    taken = min(max(threshold - plan.used("base"), NIL), base)
    return Offer(benefit, max(benefit - left.in_range, NIL), taken, base=base)


def _in_parts(plan: Terms, left: Unpaid) -> Offer:
    """商业补充保险: parts, each with its own deductible per stay, bands from the deductible on, and cap (GC-26, 29)."""
    rule = plan.must("parts")
    if rule.is_none:
        return Offer()
    given, beyond = NIL, NIL
    for part in rule.rows:
        inside = max(left.in_range - (given - beyond), NIL)
        outside = max(left.beyond - beyond, NIL)
        base, covered = {
            "in-scope": (inside, inside),
            "outside": (outside, NIL),
            "full-self-pay": (min(max(left.full_self_pay, NIL), outside), NIL),
            "everything": (max(left.patient - given, NIL), inside),
        }[str(part["base"])]
        taken = min(rule.part(part, "deductible").decimal, base) if "deductible" in part else NIL
        if "bands" in part:
            bands = rule.part(part, "bands")
            amount = _laddered(plan, bands, bands.rows, taken, base)
        else:
            amount = half_up((base - taken) * plan.raised(rule.part(part, "ratio").decimal))
        if "cap" in part:
            amount = min(amount, rule.part(part, "cap").decimal)
        given, beyond = given + amount, beyond + max(amount - covered, NIL)
    return Offer(given, min(beyond, given))


def _waived(plan: Terms, left: Unpaid) -> Offer:
    """医院减免: outside the range first (S23), a share of what is left, then all above a share of the bill (S57)."""
    given = NIL
    share = plan.number("waiver_share_of_outside")
    if share is not None:
        given = min(half_up(max(left.outside, NIL) * share), left.beyond)
    beyond = given
    share = plan.number("waiver_share_of_left")
    if share is not None:
        given += half_up(max(left.patient - given, NIL) * share)
    share = plan.number("waiver_above_share")
    if share is not None:
        given += max(max(left.patient - given, NIL) - half_up(max(left.total, NIL) * share), NIL)
    return Offer(given, beyond + max(given - beyond - left.in_range, NIL))


def _floored(plan: Terms, left: Unpaid, before: Offer | None = None) -> Offer:
    """兜底 (B-24): of several limits the patient has the best; the payer takes what is beyond it."""
    before = before or Offer()
    rule = plan.must("floor_rule")
    table = rule.table
    everything = table["on"] == "everything"
    whole = max(left.total if everything else left.in_scope, NIL)
    unpaid = max((left.patient if everything else left.in_range) - before.benefit, NIL)
    keeps = []
    if "patient_share" in table:
        keeps.append(half_up(whole * rule.part(table, "patient_share").decimal))
    if "target_share" in table:
        keeps.append(whole - half_up(whole * rule.part(table, "target_share").decimal))
    if "patient_most" in table:
        keeps.append(rule.part(table, "patient_most").decimal)
    benefit = before.benefit + max(unpaid - min(keeps), NIL)
    return replace(before, benefit=benefit, beyond=max(benefit - left.in_range, NIL))


def _of_household(plan: Terms, left: Unpaid) -> Offer:
    """By what the household bore in the year, this stay included, once a year (S29)."""
    rule = plan.must("household_amounts")
    year = plan.used("base") + left.patient
    tiers = [rule.part(row, "amount").decimal for row in rule.rows if rule.part(row, "over").decimal < year]
    benefit = min(tiers[-1], left.patient) if tiers and not plan.used("paid") else NIL
    return Offer(benefit, max(benefit - left.in_range, NIL))


def _capped(plan: Terms, offer: Offer, listed: bool) -> Offer:
    """封顶线 on what the payer pays in the year (R1)."""
    cap = plan.maybe("ceiling") if listed else None
    if cap is None or plan.says("ceiling_reading", "payment") != "payment":
        return offer
    benefit = min(offer.benefit, plan.rest(cap.decimal, "paid"))
    over = offer.over_cap + offer.benefit - benefit
    return replace(offer, benefit=benefit, beyond=min(offer.beyond, benefit), over_cap=over)
