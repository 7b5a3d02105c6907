"""Estimate at admission: own settled stays of the same diagnosis group, else a table, else no basis (入院估算)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adapter.model.issues import Issue
from adapter.model.money import Money, half_up
from adapter.model.reference import EstimateEntry
from adapter.rules.programme import notice_issues as said


class Basis(StrEnum):
    """Where an estimate comes from, strongest first."""

    OWN_STAYS = "own-stays"  # 本院同病组已结算病例
    TABLE = "table"  # 参考表
    NONE = "none"  # 无依据


@dataclass(frozen=True, slots=True)
class OwnStay:
    """One settled stay of this facility and diagnosis group: its bill and the patient's part of it."""

    total: Money
    patient: Money


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a stay like this one came to.

    Attributes:
        group: three-character category of ICD-10 (类目), such as ``I10``.
        count: own settled stays of the group and facility, whether they were enough or not.
        median, p80: of the whole bill, CNY; None without a basis.
        patient_median: of the patient's part; None where nothing says it.
        source: the table's own source, or in words where the figures are from.
    """

    basis: Basis
    group: str
    count: int
    median: Money | None
    p80: Money | None
    patient_median: Money | None
    zh: str
    en: str
    cite: str
    source: str
    issues: tuple[Issue, ...] = ()


def diagnosis_group(icd10: str) -> str:
    """The group that stays are compared in: the category of ICD-10.

    >>> diagnosis_group("I10.x00x002"), diagnosis_group("j18.900")
    ('I10', 'J18')
    """
    return icd10.strip().upper()[:3]


def estimate_at_admission(
    group: str, stays: Sequence[OwnStay], *, least: int | None, table: EstimateEntry | None, cite: str, stay_key: str
) -> Estimate:
    """About what a stay will cost.

    Args:
        stays: own settled stays of the same group and facility.
        least: so many of them must there be (setting ``estimate_least_stays``); None while nobody has said: then they
            do not serve.
        table: the row of ``estimates.csv`` in force on the day of admission, or None.
        cite: the article that asks for the estimate.

    Source: 县区方案2021 五(三) 根据病情告知大致的住院费用.
    """
    count = len(stays)
    if least is not None and count >= max(least, 1):
        middle, high = median([each.total for each in stays]), percentile([each.total for each in stays], 80)
        patient = median([each.patient for each in stays])
        zh = f"本院 {group} 类已结算{count}例:总费用中位数{middle}元,八成不超过{high}元,个人负担中位数{patient}元"
        en = f"{count} settled stays of {group} here: median {middle}, 80% within {high}, patient's part {patient}"
        return Estimate(Basis.OWN_STAYS, group, count, middle, high, patient, zh, en, cite, "own settled stays")
    if table is not None:
        zh = f"{group} 类参考值:总费用中位数{table.median}元,八成不超过{table.p80}元(来源 {table.cite})"
        en = f"table for {group}: median {table.median}, 80% within {table.p80} (source {table.cite})"
        return Estimate(Basis.TABLE, group, count, table.median, table.p80, None, zh, en, cite, table.cite)
    zh = f"{group} 类无可用依据(本院已结算{count}例),大致费用由责任医师告知"
    en = f"no basis for {group} ({count} settled stays here); the responsible doctor names an amount"
    missing = said.no_estimate(stay_key, group, count, cite)
    return Estimate(Basis.NONE, group, count, None, None, None, zh, en, cite, "", (missing,))


def median(amounts: Sequence[Money]) -> Money:
    """The middle amount; of two middle ones half their sum, half up to the fen. Raises ValueError for none."""
    if not amounts:
        raise ValueError("nothing has no median")
    ordered = sorted(amounts)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return Money(half_up(ordered[half - 1].fen + ordered[half].fen, 2))


def percentile(amounts: Sequence[Money], percent: int) -> Money:
    """Nearest rank: the smallest amount that so many per cent of all do not exceed; it is always one of them."""
    if not amounts:
        raise ValueError("nothing has no percentile")
    ordered = sorted(amounts)
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]


def entry_in_force(entries: Sequence[EstimateEntry], group: str, on: date) -> EstimateEntry | None:
    """The table's row for a group on a day, or None."""
    return next((each for each in entries if each.group == group and on in each.valid), None)
