"""Staged collection: the incurred share taken step by step, never in advance, netted at the end (分阶段结算).

An interim settlement (中途结算) is the payer's transaction over part of a stay; a stage is between the hospital and the
patient. The two have types of their own here, and nothing turns one into the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer
from adapter.rules.programme import collection_issues as said
from adapter.rules.programme.collection import CollectionTerms


class StageKind(StrEnum):
    """What makes a stage due (X-10)."""

    AMOUNT = "amount"  # 个人应付每满一定金额
    DAYS = "days"  # 每隔若干天
    CALENDAR = "calendar"  # 每月固定日


@dataclass(frozen=True, slots=True)
class StagingRule:
    """The hospital's own rule (医疗机构制订), from the setting ``staging_rule``.

    Attributes:
        step: for AMOUNT, CNY of the patient's share; else None.
        days: for DAYS, how often; for CALENDAR, the day of the month, 1 to 28; else 0.
    """

    kind: StageKind
    step: Money | None
    days: int
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage that was asked for.

    Attributes:
        incurred: the patient's share of all that was incurred by ``on``.
        amount: what this stage asks; with the stages before it never more than ``incurred``.
    """

    number: int
    on: date
    incurred: Money
    amount: Money
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class Netting:
    """Stages against the final bill: one of ``due`` and ``refund`` is ¥0.00."""

    share: Money
    collected: Money
    due: Money
    refund: Money
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class InterimSettlement:
    """A payer's transaction over part of a stay (中途结算, the platform's flag mid_setl_flag).

    Attributes:
        reference: the payer's settlement id.
        amounts: what each payer bore in this part.
        new_stay: the plan begins a new stay with the next part (an 180-day rule does so), with its own deductible.
    """

    reference: str
    through: date
    amounts: Mapping[Payer, Money]
    new_stay: bool = False


def staging_rule(terms: CollectionTerms) -> StagingRule:
    """Read the setting: kind ``amount`` with ``step`` ("10000.00"), ``days`` with ``every``, ``calendar`` with ``day``.

    Raises:
        AdapterError: PRG-270 under a programme without staging, PRG-203 for a rule that makes no sense.
        SettingMissing: PRG-201 while nobody has filled it in.

    Source: 永卫计发〔2017〕67号 三(三).
    """
    name, cite = "staging_rule", terms.clause("staging").cite
    value = terms.setting(name)
    wanted = terms.unreadable(
        name, "kind 为 amount、days 或 calendar 的表", "a table whose kind is amount, days or calendar"
    )
    if not isinstance(value, Mapping) or set(value) not in ({"kind", "step"}, {"kind", "every"}, {"kind", "day"}):
        raise wanted
    if value["kind"] == StageKind.AMOUNT and "step" in value:
        step = _step(value["step"], wanted)
        return StagingRule(StageKind.AMOUNT, step, 0, f"个人应付每满{step}元", f"each {step} of the share", cite)
    if value["kind"] == StageKind.DAYS and "every" in value:
        every = terms.whole(name, value["every"])
        if every >= 1:
            return StagingRule(StageKind.DAYS, None, every, f"每{every}天", f"every {every} days", cite)
    if value["kind"] == StageKind.CALENDAR and "day" in value:
        day = terms.whole(name, value["day"])
        if 1 <= day <= 28:
            return StagingRule(StageKind.CALENDAR, None, day, f"每月{day}日", f"on day {day} of each month", cite)
    raise wanted


def stage_due(
    rule: StagingRule, before: Sequence[Stage], *, incurred: Money, admitted: date, today: date
) -> Stage | None:
    """The stage that is due today, or None.

    Args:
        before: stages asked so far, oldest first.
        incurred: the patient's share of all that is incurred by today, CNY; it falls when lines are taken back.
    """
    asked = Money.total(stage.amount for stage in before)
    fresh = incurred - asked
    last = before[-1].on if before else admitted
    if fresh <= ZERO or not _is_due(rule, fresh, last, today):
        return None
    number = len(before) + 1
    words = f"{incurred} - {asked} = {fresh}"
    return Stage(
        number=number,
        on=today,
        incurred=incurred,
        amount=fresh,
        zh=f"第{number}阶段({rule.zh}):已发生的个人应付 {words}",
        en=f"stage {number} ({rule.en}): share incurred {words}",
        cite=rule.cite,
    )


def check_stage(
    case_id: str, stages: Sequence[Stage], *, incurred: Money, agreed: bool, payer_transaction: bool, cite: str
) -> tuple[Issue, ...]:
    """What is wrong with stages that somebody wants to record: PRG-271 in advance, PRG-272 mixed with a payer's act,
    PRG-281 without the agreement.

    Args:
        agreed: the patient signed the repayment agreement (还款协议书).
        payer_transaction: the same record claims to be a settlement with a payer.
    """
    found = []
    asked = Money.total(stage.amount for stage in stages)
    if asked > incurred:
        found.append(said.in_advance(case_id, asked, incurred, cite))
    if payer_transaction:
        found.append(said.stage_is_no_settlement(case_id, cite))
    if not agreed:
        found.append(said.proposal_unfounded(case_id, "还款协议书", "the signed repayment agreement", cite))
    return tuple(found)


def net_stages(share: Money, collected: Money, cite: str) -> Netting:
    """At discharge: the final share against what the stages brought in (trap 9: the bill is made once).

    Args:
        collected: money received in stages less what went back, CNY.
    """
    left = share - collected
    due, refund = max(left, ZERO), max(-left, ZERO)
    zh = f"个人应付{share}元,各阶段已收{collected}元," + (f"应退{refund}元" if refund else f"应补{due}元")
    en = f"share {share}, collected in stages {collected}, " + (f"refund {refund}" if refund else f"due {due}")
    return Netting(share, collected, due, refund, zh, en, cite)


def last_part(whole: Mapping[Payer, Money], parts: Sequence[InterimSettlement]) -> dict[Payer, Money]:
    """What each payer bears in the last part of a stay: the whole stay less the interim parts since it began.

    A negative amount is a correction of what an interim part paid too much. Parts before a new stay are their own.
    """
    taken = _since_new_stay(parts)
    return {payer: amount - _of(payer, taken) for payer, amount in whole.items()}


def interim_issues(case_id: str, whole: Mapping[Payer, Money], parts: Sequence[InterimSettlement]) -> tuple[Issue, ...]:
    """PRG-284 for each payer whose parts, the last one included, are not the whole stay's amount.

    Args:
        whole: what each payer bears for the stay (since the plan last began a new one) in a single settlement.
    """
    counted = _since_new_stay(parts)
    payers = dict.fromkeys([*whole, *(payer for part in counted for payer in part.amounts)])
    return tuple(
        said.interim_total_differs(case_id, payer, _of(payer, counted), whole.get(payer, ZERO))
        for payer in payers
        if _of(payer, counted) != whole.get(payer, ZERO)
    )


def _since_new_stay(parts: Sequence[InterimSettlement]) -> Sequence[InterimSettlement]:
    begins = max((at + 1 for at, part in enumerate(parts) if part.new_stay), default=0)
    return parts[begins:]


def _of(payer: Payer, parts: Sequence[InterimSettlement]) -> Money:
    return Money.total(part.amounts.get(payer, ZERO) for part in parts)


def _step(value: object, refusal: AdapterError) -> Money:
    try:
        step = Money.yuan(str(value))
    except ValueError:
        raise refusal from None
    if step <= ZERO:
        raise refusal
    return step


def _is_due(rule: StagingRule, fresh: Money, last: date, today: date) -> bool:
    if rule.step is not None:
        return fresh >= rule.step
    if rule.kind is StageKind.DAYS:
        return today >= last + timedelta(days=rule.days)
    return today >= _next_month_day(last, rule.days)


def _next_month_day(after: date, day: int) -> date:
    """The first such day of a month that is later than ``after``."""
    if after.day < day:
        return after.replace(day=day)
    year, month = divmod(after.year * 12 + after.month, 12)
    return date(year, month + 1, day)
