"""Prepayment of the fund's yearly total, offset against what was settled, and the year-end assessment (总额预付).

Money between the fund and the hospital. Nothing here is ever part of a patient's arithmetic: what the fund deducts or
forfeits is the hospital's loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money, decimal_of
from adapter.rules.programme import prepayment_issues as said
from adapter.rules.programme.collection import CollectionTerms


class Rhythm(StrEnum):
    """How often the fund prepays (分月或季度)."""

    MONTH = "month"  # 按月
    QUARTER = "quarter"  # 按季度


_MONTHS = {Rhythm.MONTH: 1, Rhythm.QUARTER: 3}


@dataclass(frozen=True, slots=True)
class PrepaymentTerms:
    """What the programme and the region say of prepayment.

    Attributes:
        share: of the year's total that is prepaid, 0 < share <= 1; the rest waits for the assessment.
    """

    share: Decimal
    rhythm: Rhythm
    cite: str


@dataclass(frozen=True, slots=True)
class Budget:
    """The year's total of one fund for one hospital, as the insurance office set it.

    Attributes:
        book: ``<endpoint>/<facility>/<year>``.
        amount: CNY.
        document: number of the paper that sets it.
    """

    book: str
    year: int
    amount: Money
    document: str


@dataclass(frozen=True, slots=True)
class Advance:
    """One prepayment of the schedule: from its first day on it is due."""

    number: int
    due: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Schedule:
    """A year's prepayments; they and what waits for the assessment add up to the budget, to the fen."""

    budget: Budget
    advances: tuple[Advance, ...]
    waits: Money
    zh: str
    en: str
    cite: str

    @property
    def total(self) -> Money:
        return Money.total(each.amount for each in self.advances)

    def due_on(self, day: date) -> Money:
        """What should have come by a day."""
        return Money.total(each.amount for each in self.advances if each.due <= day)


@dataclass(frozen=True, slots=True)
class Offset:
    """What a settled month is expected to bring: ``gross = retained + offset + cash``, to the fen."""

    gross: Money
    retained: Money
    offset: Money
    cash: Money
    zh: str
    en: str
    cite: str


@dataclass(frozen=True, slots=True)
class Year:
    """Where a year stands, CNY.

    Attributes:
        prepaid: came in, less what went back to the fund.
        settled: declared for the months of the year.
        offset: of that, met out of what was prepaid.
        retained: kept back until the assessment, less what was released or forfeited already.
        deducted: refused by the payer or forfeited: the hospital's loss.
        prepaid_left: prepaid and not offset yet, earlier years' rest included.
    """

    prepaid: Money
    settled: Money
    offset: Money
    retained: Money
    deducted: Money
    prepaid_left: Money


@dataclass(frozen=True, slots=True)
class Assessed:
    """The year-end result: what is paid out of the retained part, what is lost, what goes back of the prepayment."""

    released: Money
    forfeited: Money
    returned: Money
    zh: str
    en: str
    cite: str


def prepayment_terms(terms: CollectionTerms) -> PrepaymentTerms:
    """The clause with the region's settings.

    Raises:
        AdapterError: PRG-300 under a programme without prepayment, PRG-203 for an unreadable setting.
        SettingMissing: PRG-201 while the share or the rhythm is not filled in; neither has a default.

    Source: 县区方案2021 四(一).
    """
    blank = terms.blanks.get("prepayment_share")
    if blank is None:
        raise AdapterError(said.no_prepayment(terms.programme))
    refusal = terms.unreadable("prepayment_share", "大于 0 且不超过 1 的小数", "a decimal above 0 and up to 1")
    try:
        share = decimal_of(str(terms.setting("prepayment_share")))
    except ValueError:
        raise refusal from None
    if not 0 < share <= 1:
        raise refusal
    try:
        rhythm = Rhythm(str(terms.setting("prepayment_schedule")))
    except ValueError:
        raise terms.unreadable("prepayment_schedule", "month 或 quarter", "month or quarter") from None
    return PrepaymentTerms(share, rhythm, blank.cite)


def schedule(budget: Budget, terms: PrepaymentTerms) -> Schedule:
    """The year's prepayments: budget × share in equal parts of whole fen, the last one with the remainder.

    Raises:
        AdapterError: PRG-303 for a budget of nothing, or without its paper.

    Source: 县区方案2021 四(一).
    """
    if budget.amount <= ZERO or not budget.document.strip():
        zh, en = "年度预算须大于零并注明文号", "the budget is above zero and names the paper that sets it"
        raise AdapterError(said.budget_unusable(budget.book, zh, en, terms.cite))
    prepaid = budget.amount.share(terms.share)
    months = _MONTHS[terms.rhythm]
    count = 12 // months
    each, rest = divmod(prepaid.fen, count)
    advances = tuple(
        Advance(number, date(budget.year, (number - 1) * months + 1, 1), Money(each + (rest if number == count else 0)))
        for number in range(1, count + 1)
    )
    words = f"{budget.amount} × {terms.share} = {prepaid}"
    return Schedule(
        budget=budget,
        advances=advances,
        waits=budget.amount - prepaid,
        zh=f"预付 {words},分{count}次;其余{budget.amount - prepaid}元年终考核后结算",
        en=f"prepaid {words} in {count} parts; {budget.amount - prepaid} waits for the year-end assessment",
        cite=terms.cite,
    )


def expected_offset(gross: Money, prepaid_left: Money, terms: PrepaymentTerms) -> Offset:
    """What a declared month should bring. The payer's own figures count; this shows where they differ.

    The share that is not prepaid is kept back; the rest is met out of the prepayment first, and what that does not
    cover comes as money. A month of nothing but reversals gives back in the same way.

    Args:
        gross: settled and declared for the month, CNY; below zero where reversals outweigh.
        prepaid_left: prepaid and not offset yet, CNY, >= 0.

    Source: 县区方案2021 四(一).
    """
    retained = gross - gross.share(terms.share)
    net = gross - retained
    offset = min(net, max(prepaid_left, ZERO)) if net > ZERO else net
    cash = net - offset
    return Offset(
        gross=gross,
        retained=retained,
        offset=offset,
        cash=cash,
        zh=f"结算{gross}元:年终考核前留存{retained}元,冲抵预付{offset}元,拨付{cash}元",
        en=f"{gross} settled: {retained} kept back until the assessment, {offset} offset, {cash} to be paid",
        cite=terms.cite,
    )


def assess_year(
    book: str, year: Year, *, released: Money, returned: Money, document: str, terms: PrepaymentTerms
) -> Assessed:
    """The result of the year-end assessment, as the insurance office wrote it.

    Args:
        released: of the retained part, what is paid after all; what is not is the hospital's loss.
        returned: of the prepayment that was never offset, what goes back to the fund.
        document: number of the paper.

    Raises:
        AdapterError: PRG-302 for more than is there, or without the paper.

    Source: 县区方案2021 四(一).
    """
    if not document.strip():
        raise AdapterError(said.assessment_impossible(book, "缺少考核文号", "the paper is not named", terms.cite))
    for amount, most, zh, en in (
        (released, year.retained, "返还的留存", "released"),
        (returned, year.prepaid_left, "退回的预付", "returned"),
    ):
        if not ZERO <= amount <= most:
            words = (f"{zh}{amount}元须在 0 与{most}元之间", f"{en}: {amount} is not between 0 and {most}")
            raise AdapterError(said.assessment_impossible(book, *words, terms.cite))
    forfeited = year.retained - released
    return Assessed(
        released=released,
        forfeited=forfeited,
        returned=returned,
        zh=f"年终考核({document}):返还留存{released}元,扣减{forfeited}元由医院承担,退回预付{returned}元",
        en=f"assessment ({document}): {released} released, {forfeited} lost by the hospital, {returned} returned",
        cite=terms.cite,
    )


def prepaid_issues(book: str, prepaid: Money, planned: Schedule) -> tuple[Issue, ...]:
    """PRG-301 once more came than the schedule has."""
    if prepaid <= planned.total:
        return ()
    return (said.prepaid_over_schedule(book, prepaid, planned.total, planned.cite),)
