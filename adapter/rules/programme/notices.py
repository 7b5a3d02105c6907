"""Notices: what the patient must be told, when it is due, and each thing once (费用告知与预警).

A notice is known by its cause. The same cause never makes a second notice for a stay, however often one looks; another
threshold, another ceiling or another planned day is another cause.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from adapter.model.money import ZERO, Money, half_up
from adapter.model.settlement import PatientParts, Payer, Step
from adapter.rules.programme.estimates import Estimate
from adapter.rules.programme.notice_terms import NoticeCause, NoticeTerms


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is to be told.

    Attributes:
        key: the cause, unique within a stay: ``large-cost/10000.00``.
        amounts: figures by name; money in yuan, shares and days as plain text.
    """

    cause: NoticeCause
    key: str
    zh: str
    en: str
    cite: str
    to: str
    channel: str
    amounts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far a stay is expected to go on: what it came to so far, times ``whole`` over ``part``.

    Attributes:
        part, whole: days so far and planned, or cost so far and estimated; ``whole`` is never below ``part``.
    """

    part: int
    whole: int
    zh: str
    en: str

    def project(self, so_far: Money) -> Money:
        """The amount at the end of the stay, half up to the fen."""
        return Money(half_up(so_far.fen * self.whole, self.part))


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A payer's yearly ceiling as the settlement rules found it: what was used before, what this stay asks for so far.

    Attributes:
        asked: of this stay, before the ceiling: the payment, or the eligible amount where the plan counts that.
    """

    payer: Payer
    limit: Money
    used: Money
    asked: Money
    cite: str


def not_told(due: Sequence[Due], told: Collection[str]) -> tuple[Due, ...]:
    """Those whose cause was never told."""
    return tuple(each for each in due if each.key not in told)


def told_estimate(terms: NoticeTerms, estimate: Estimate) -> Due | None:
    """The estimate at admission, once a stay; without a basis it says so. Source: 县区方案2021 五(三)."""
    amounts = {"median": estimate.median, "p80": estimate.p80, "patient-median": estimate.patient_median}
    figures = [("group", estimate.group), ("basis", str(estimate.basis)), ("count", str(estimate.count))]
    figures += [(name, amount.text) for name, amount in amounts.items() if amount is not None]
    return _due(terms, NoticeCause.ESTIMATE, "", estimate.zh, estimate.en, figures)


def large_cost(terms: NoticeTerms, total: Money) -> Due | None:
    """The stay's cost reaches what the region calls large (费用较大).

    Raises:
        SettingMissing: PRG-201 while nobody has said how much that is (Q-10).

    Source: 县区方案2021 四(三).
    """
    if NoticeCause.LARGE_COST not in terms.clauses:
        return None
    limit = terms.amount("large_cost")
    if total < limit:
        return None
    zh = f"住院费用已达{total}元,不低于“费用较大”标准{limit}元"
    en = f"the stay has cost {total}, which reaches the large-cost mark of {limit}"
    return _due(terms, NoticeCause.LARGE_COST, limit.text, zh, en, [("total", total.text), ("limit", limit.text)])


def ceilings(steps: Sequence[Step]) -> tuple[Ceiling, ...]:
    """The yearly ceilings of a calculated bill, with the year-to-date amounts that it used."""
    found = []
    for step in steps:
        inputs = dict(step.inputs)
        asked = inputs.get("uncapped", inputs.get("eligible"))
        if step.name == "cap" and asked is not None and "ceiling" in inputs and "used" in inputs:
            amounts = (Money.yuan(inputs["ceiling"]), Money.yuan(inputs["used"]), Money.yuan(asked))
            found.append(Ceiling(step.payer, *amounts, step.because.cite))
    return tuple(found)


def outlook(admitted: date, on: date, *, planned: date | None, total: Money, estimate: Money | None) -> Outlook:
    """How far the stay will go: by the planned discharge, else by the estimate at admission, else as it is now.

    Args:
        total: cost so far.
        estimate: median of the estimate at admission, or None.
    """
    days = max((on - admitted).days + 1, 1)
    if planned is not None and planned > on:
        whole = (planned - admitted).days + 1
        return Outlook(days, whole, f"按拟出院日{planned}推算", f"projected to the planned discharge on {planned}")
    if planned is None and estimate is not None and ZERO < total < estimate:
        return Outlook(
            total.fen, estimate.fen, f"按入院估算{estimate}元推算", f"projected to the estimate of {estimate}"
        )
    return Outlook(1, 1, "按目前已发生费用", "on the cost so far")


def projected_caps(
    terms: NoticeTerms, found: Sequence[Ceiling], ahead: Outlook, *, year: int, own_knowledge: bool
) -> tuple[Due, ...]:
    """Payers whose yearly ceiling this stay is expected to pass (预计超过医保封顶线).

    The projection is a straight line: a deductible early in the stay makes it low, never silent once it is passed.

    Args:
        own_knowledge: the year-to-date amounts are ours alone; other hospitals' stays may be missing.

    Source: 县区方案2021 四(三).
    """
    over = []
    for each in found:
        expected = ahead.project(each.asked)
        if each.used + expected <= each.limit:
            continue
        mark_zh, mark_en = (
            ("(年度累计仅本院所知)", " (year to date as this hospital knows it)") if own_knowledge else ("", "")
        )
        zh = f"年度已用{each.used}元、本次{ahead.zh}为{expected}元,将超过年度封顶线{each.limit}元{mark_zh}"
        en = f"used {each.used} this year, this stay {expected} ({ahead.en}): over the ceiling of {each.limit}{mark_en}"
        figures = [("payer", str(each.payer)), ("ceiling", each.limit.text), ("used", each.used.text)]
        figures += [("projected", expected.text), ("plan-cite", each.cite)]
        due = _due(terms, NoticeCause.PROJECTED_CAP, f"{each.payer}/{year}/{each.limit.text}", zh, en, figures)
        over += [due] if due is not None else []
    return tuple(over)


def self_pay_ratio(terms: NoticeTerms, parts: PatientParts, patient: Money, total: Money) -> Due | None:
    """The stay's self-pay share passes the region's limit (自费比例超标).

    What counts as self-pay is a switch, because the text does not say (Q-10): full self-pay items, everything outside
    the policy range, or all that the patient bears.

    Raises:
        SettingMissing: PRG-201 while the limit is unset.

    Source: 县区方案2021 五(五).
    """
    if NoticeCause.SELF_PAY_RATIO not in terms.clauses:
        return None
    limit = terms.ratio("self_pay_ratio_limit")
    outside = parts.full_self_pay + parts.over_limit + parts.pre_self_pay
    counted = {"full-self-pay": parts.full_self_pay, "outside-scope": outside, "patient-pays": patient}[terms.ratio_of]
    if total <= ZERO or Decimal(counted.fen) <= limit * total.fen:
        return None
    shown = f"{half_up(counted.fen * 10_000, total.fen) / Decimal(100)}%"
    zh = f"自费{counted}元占总费用{total}元的{shown},超过上限{limit * 100}%"
    en = f"self-pay {counted} of {total} is {shown}, over the limit of {limit * 100}%"
    figures = [("self-pay", counted.text), ("total", total.text), ("limit", str(limit)), ("counts", terms.ratio_of)]
    return _due(terms, NoticeCause.SELF_PAY_RATIO, str(limit), zh, en, figures)


def before_discharge(terms: NoticeTerms, planned: date | None, share: Money | None, on: date) -> Due | None:
    """The patient's expected part, told the set number of days before the planned discharge; another day, told anew.

    Args:
        share: what the patient is expected to bear; None while it cannot be worked out: then nothing is told yet.

    Raises:
        SettingMissing: PRG-201 while the number of days is unset.

    Source: 县区方案2021 五(三) 患者出院前X-X天.
    """
    if NoticeCause.BEFORE_DISCHARGE not in terms.clauses or planned is None:
        return None
    days = terms.days("discharge_notice_days")
    if share is None or not planned - timedelta(days=days) <= on <= planned:
        return None
    zh = f"拟于{planned}出院,个人承担费用约{share}元,请备款结账"
    en = f"discharge is planned for {planned}; the patient's part will be about {share}"
    figures = [("planned", planned.isoformat()), ("patient-pays", share.text)]
    return _due(terms, NoticeCause.BEFORE_DISCHARGE, planned.isoformat(), zh, en, figures)


def told_bill(terms: NoticeTerms, number: int, charged: Money, corrected: Money, running: Money) -> Due | None:
    """That a daily bill is there to be handed over. Source: 县区方案2021 四(三); 永卫计发〔2017〕67号 四(四)."""
    zh = f"第{number}份一日清单:当日费用{charged}元,更正{corrected}元,累计{running}元"
    en = f"daily bill {number}: charged {charged}, corrections {corrected}, running total {running}"
    figures = [("charged", charged.text), ("corrected", corrected.text), ("running", running.text)]
    return _due(terms, NoticeCause.DAILY_BILL, str(number), zh, en, figures)


def _due(
    terms: NoticeTerms, cause: NoticeCause, which: str, zh: str, en: str, figures: Sequence[tuple[str, str]]
) -> Due | None:
    clause = terms.clauses.get(cause)
    if clause is None:
        return None
    key = f"{cause}/{which}" if which else str(cause)
    return Due(cause, key, zh, en, clause.text.cite, clause.to, clause.channel, tuple(figures))
