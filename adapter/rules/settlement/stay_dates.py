"""跨年与身份到期: which year a stay belongs to, and an identity that ended while the patient was in hospital."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from adapter.model.claim import Claim
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.person import Category
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement import fact_issues as issues

#: The whole stay belongs to the year of its discharge settlement (宁波 2022/23, GC-36); also where a plan is silent.
BY_SETTLEMENT = "settlement-date"
#: The whole stay belongs to the year of discharge, whenever it is settled (a Shanxi city 2021/22, S53).
BY_DISCHARGE = "discharge-date"


def in_benefit_year(claim: Claim, layers: Sequence[ResolvedLayer]) -> Claim:
    """The claim with the day whose rules and year-to-date amounts count, by ``cross_year`` of its plans.

    Only a stay that crosses new year is touched. Other rules that were seen (two records by item date, 太原 S54; a
    settlement on 31 December and a readmission without a second deductible, S53, S55) divide a stay, which the
    insurance office does: they are refused by name.

    Raises:
        AdapterError: SET-334 for a rule that is not settled here, SET-335 where plans do not agree.
    """
    stay = claim.stay
    admitted, last = local_day(stay.admitted), stay.settled_on
    if admitted.year == last.year:
        return claim
    named = {
        layer.policy.name: named_by.text
        for layer in layers
        if (named_by := layer.policy.find("cross_year", last)) is not None
    }
    if len(set(named.values())) > 1:
        raise AdapterError(issues.cross_year_differs(", ".join(f"{plan}: {rule}" for plan, rule in named.items())))
    plan, rule = next(iter(named.items()), ("", BY_SETTLEMENT))
    if rule not in (BY_SETTLEMENT, BY_DISCHARGE):
        raise AdapterError(issues.cross_year_refused(plan, rule, admitted, last))
    if rule == BY_SETTLEMENT or stay.discharged is None:
        return claim
    return replace(claim, stay=replace(stay, settled_on=min(local_day(stay.discharged), last)))


def ended_during(claim: Claim, on_admission: frozenset[Category]) -> tuple[Issue, ...]:
    """Identities that the person had on admission and has no longer on the rule date (SET-336).

    The register of the rule date decides (Q-06); nothing is lost silently.
    """
    gone = sorted(str(each) for each in on_admission - claim.person.categories)
    admitted: date = local_day(claim.stay.admitted)
    return (issues.identity_ended("、".join(gone), admitted, claim.stay.settled_on),) if gone else ()
