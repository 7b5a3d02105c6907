"""年度累计: what a settlement adds to the year, and adding it up. Names: docs/accumulators.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from adapter.model.claim import YearToDate
from adapter.model.issues import NotPublished
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Accrual, Payer, PayerAnswer
from adapter.rules.settlement.position import Position

#: One admission, counted as an amount so that all accumulators add alike.
ONE_ADMISSION = Money(100)

#: What may be accumulated for a payer; its full name is ``<payer>.<name>``.
NAMES = ("paid", "deductible", "eligible", "base", "admissions", "deductibles")

#: Payers whose deductible is met over the year; the others' is by stay and needs no memory.
_YEARLY = (Payer.BASIC, Payer.CRITICAL_ILLNESS)


def accruals_of(
    result: Position | None, payer: Payer, pay: Money, answer: PayerAnswer | None, person_key: str, year: int
) -> tuple[Accrual, ...]:
    """What one payer's part of a settlement adds to the year.

    Args:
        result: our own calculation, or None where the layer is not modelled.
        pay: what the payer bears: its answer where it gave one.
        answer: the payer's figures win over ours (``deductible``, ``eligible``, ``base``).
    """
    figures = dict(answer.amounts) if answer is not None else {}
    amounts = {"paid": pay}
    if result is not None and result.covered:
        if payer in _YEARLY or _counts_by_year(result):
            amounts["deductible"] = figures.get("deductible", result.deductible)
        if payer is Payer.BASIC:
            amounts["eligible"] = figures.get("eligible", result.base)
            amounts["admissions"] = ONE_ADMISSION if result.bill.total else ZERO
        if payer is Payer.CRITICAL_ILLNESS:
            amounts["base"] = figures.get("base", result.base)
        pays_it = "deductible_paid" in result.policy.steps
        if pays_it and any(step.name == "deductible-paid" and step.amount for step in result.steps):
            amounts["deductibles"] = ONE_ADMISSION
    return tuple(
        [Accrual(person_key, year, f"{payer}.{name}", amount) for name, amount in amounts.items() if amount.fen]
    )


def _counts_by_year(result: Position) -> bool:
    """Whether a payer's deductible is remembered; where nobody says how it counts, it is, so that it shows later."""
    try:
        counts = result.find("deductible_counts")
    except NotPublished:
        return True
    return counts is not None and counts.text == "year"


def advanced(accrued: YearToDate, accruals: Iterable[Accrual]) -> YearToDate:
    """The year-to-date amounts after the accruals of one person and year; zero amounts leave no trace.

    Raises:
        ValueError: an accrual is of another year.
    """
    amounts: dict[str, Money] = dict(accrued.amounts)
    for accrual in accruals:
        if accrual.year != accrued.year:
            raise ValueError(f"an accrual of {accrual.year} cannot be added to {accrued.year}")
        amounts[accrual.name] = amounts.get(accrual.name, ZERO) + accrual.amount
    return replace(accrued, amounts=_sorted(amounts))


def _sorted(amounts: Mapping[str, Money]) -> tuple[tuple[str, Money], ...]:
    return tuple((name, amounts[name]) for name in sorted(amounts) if amounts[name])
