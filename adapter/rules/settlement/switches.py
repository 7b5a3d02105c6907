"""What every kind of step reads from its plan: the switches of a plan file, by step (计划参数总表)."""

from __future__ import annotations

from collections.abc import Mapping

from adapter.rules.policy.check import Reads

_DEDUCTIBLE = ("deductible", "deductible_share")
_LATER = ("deductible_later", "deductible_factor")
_CHANGED = ("tilt", "tilt_kind", "referral_points")
_CEILING = Reads(may=("ceiling", "ceiling_reading"))

#: Parameters that any plan may have.
ALWAYS = frozenset({"insurance", "cross_year"})

#: By the names that a plan lists under ``steps``.
READS: Mapping[str, Reads] = {
    "year_known": Reads(),
    "in_scope": Reads(may=("pre_self_pay_on", "class_b_share")),
    "first_share": Reads(needs=(("first_share",),)),
    "ceiling_on_eligible": _CEILING,
    "deductible": Reads(needs=(_DEDUCTIBLE,), may=(*_LATER, "deductible_year_ceiling", "deductible_counts")),
    "ratio": Reads(needs=(("ratio", "ratio_by_age"),), may=_CHANGED),
    "bands": Reads(needs=(("bands",),), may=("bands_origin", "bands_count", *_CHANGED)),
    "ceiling_on_payment": _CEILING,
    "critical_illness_base": Reads(may=("base_with_deductible", "base_with_over_cap", "base_with_pre_self_pay")),
    "cumulative_share": Reads(needs=(_DEDUCTIBLE, ("bands",)), may=(*_LATER, "bands_origin", *_CHANGED)),
    "commercial_parts": Reads(needs=(("parts",),), may=_CHANGED),
    "in_scope_left": Reads(may=("base_rule",)),
    "aid_threshold": Reads(needs=(("aid_threshold",), ("aid_threshold_tested",), ("aid_threshold_aids",))),
    "top_up_base": Reads(may=("referrals", "base_rule")),
    "waiver": Reads(needs=(("waiver_share_of_outside", "waiver_share_of_left", "waiver_above_share"),)),
    "deductible_paid": Reads(may=("deductible_times",)),
    "floor": Reads(needs=(("floor_rule",),)),
    "household": Reads(needs=(("household_amounts",),)),
}
