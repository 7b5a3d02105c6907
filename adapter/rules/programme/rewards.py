"""Rewards for paying on time: off by default; a reduction is the hospital's own money (按时结清的优惠)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money, decimal_of
from adapter.rules.programme import collection_issues as said
from adapter.rules.programme.collection import CollectionTerms


class RewardKind(StrEnum):
    """The switch ``rewards``."""

    OFF = "off"  # 不实行
    SIMPLER = "simpler"  # 手续简化
    REDUCTION = "reduction"  # 费用减免


@dataclass(frozen=True, slots=True)
class PaymentHistory:
    """An earlier stay of the same person, as the reward looks at it.

    Attributes:
        due: day on which the whole part was due: the discharge, or the last row of a plan.
        settled: day on which it was paid in full, or None.
    """

    case_id: str
    due: date
    settled: date | None

    @property
    def on_time(self) -> bool:
        return self.settled is not None and self.settled <= self.due


@dataclass(frozen=True, slots=True)
class Reward:
    """What the next visit gets.

    Attributes:
        reduction: CNY that the hospital gives up of the patient's part (``PatientPart.adjust``); no payer's amount.
    """

    kind: RewardKind
    reduction: Money
    zh: str
    en: str
    cite: str
    issues: tuple[Issue, ...] = ()


def reward(history: tuple[PaymentHistory, ...], still_open: Money, terms: CollectionTerms) -> Reward | None:
    """The reward of a next visit, or None: switched off, no history, or an earlier part that was late or is unpaid.

    Args:
        history: every earlier stay under the programme.
        still_open: what the patient owes now, CNY; the reduction is a share of it.

    Raises:
        AdapterError: PRG-203 for a share outside 0–1. SettingMissing: PRG-201 while ``reward_share`` is not filled in.

    Source: 县区方案2021 四(三).
    """
    kind = RewardKind(terms.rewards)
    if kind is RewardKind.OFF or "reward" not in terms.clauses:
        return None
    if not history or not all(each.on_time for each in history):
        return None
    clause = terms.clauses["reward"]
    if kind is RewardKind.SIMPLER:
        return Reward(kind, ZERO, "按时结清,下次就诊手续简化", "paid on time: simpler formalities", clause.cite)
    share = _share(terms)
    amount = max(still_open, ZERO).share(share)
    return Reward(
        kind=kind,
        reduction=amount,
        zh=f"按时结清,医院减免 {still_open} × {share} = {amount}",
        en=f"paid on time: the hospital gives up {still_open} × {share} = {amount}",
        cite=clause.cite,
        issues=(said.reward_is_on(terms.programme, clause.cite),),
    )


def _share(terms: CollectionTerms) -> Decimal:
    name = "reward_share"
    refusal = terms.unreadable(name, "0 到 1 之间的小数", "a decimal between 0 and 1")
    try:
        share = decimal_of(str(terms.setting(name)))
    except ValueError:
        raise refusal from None
    if not 0 < share <= 1:
        raise refusal
    return share
