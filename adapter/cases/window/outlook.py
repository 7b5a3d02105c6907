"""What is due beside the daily bill: estimate, large cost, ceiling, self-pay ratio, notice before discharge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from adapter.cases.reading import his_resources
from adapter.cases.tools import Tools
from adapter.cases.window.daily_bill import bill_lines
from adapter.cases.window.estimates import LookBack, estimate_of
from adapter.cases.window.shares import shares_through
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import EntitlementState
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import Money
from adapter.rules.programme.notice_issues import nothing_to_compare
from adapter.rules.programme.notice_terms import NoticeCause, NoticeTerms
from adapter.rules.programme.notices import (
    Due,
    before_discharge,
    ceilings,
    large_cost,
    outlook,
    projected_caps,
    self_pay_ratio,
    told_estimate,
)

_ENTITLED = frozenset({EntitlementState.GRANTED, EntitlementState.PROVISIONAL})
_BY_SHARES = frozenset({NoticeCause.PROJECTED_CAP, NoticeCause.SELF_PAY_RATIO, NoticeCause.BEFORE_DISCHARGE})


def alerts(
    tx: Transaction,
    row: CaseRow,
    terms: NoticeTerms,
    planned: date | None,
    day: date,
    before: Sequence[Mapping[str, Any]],
    tools: Tools,
    back: LookBack,
) -> tuple[list[Due], tuple[Issue, ...]]:
    """What is due today of a patient who is there, told before or not, and what kept the rest from being worked out.

    Args:
        planned: planned day of discharge, or None.
        before: notices that were made earlier; the estimate at admission is made only once.
    """
    found: list[Due] = []
    issues: list[Issue] = []
    entitled = row.entitlement in _ENTITLED
    if entitled and NoticeCause.ESTIMATE in terms.clauses and not _of(before, NoticeCause.ESTIMATE):
        estimate, missing = estimate_of(tx, row, terms, tools.feed(row.source), back, day)
        issues += missing
        found += _one(lambda: told_estimate(terms, estimate) if estimate is not None else None, issues)
    lines = [line for line in bill_lines(his_resources(tx, row.case_id)) if line.day <= day]
    total = Money.total(line.amount for line in lines)
    found += _one(lambda: large_cost(terms, total), issues)
    if not lines or _BY_SHARES.isdisjoint(terms.clauses):
        return found, tuple(issues)
    came = shares_through(tx, row, day, tools)
    if isinstance(came, tuple):
        codes = ", ".join(dict.fromkeys(issue.code for issue in came))
        cite = terms.cite(NoticeCause.PROJECTED_CAP)
        return found, (*issues, nothing_to_compare(row.case_id, cite, codes), *came)
    case, bill = came.case, came.bill
    if NoticeCause.PROJECTED_CAP in terms.clauses:
        median = _estimated([*before, *({"key": each.key, "figures": dict(each.amounts)} for each in found)])
        ahead = outlook(row.admitted or day, day, planned=planned, total=bill.total, estimate=median)
        own = case.accrued.source != "payer"
        found += projected_caps(terms, ceilings(bill.steps), ahead, year=case.accrued.year, own_knowledge=own)
    found += _one(lambda: self_pay_ratio(terms, bill.patient, bill.patient_pays, bill.total), issues)
    if entitled:
        found += _one(lambda: before_discharge(terms, planned, bill.patient_pays, day), issues)
    return found, tuple(issues)


def _one(look: Callable[[], Due | None], issues: list[Issue]) -> list[Due]:
    """What a rule finds; a setting that is unset is listed and keeps no other notice back."""
    try:
        found = look()
    except AdapterError as error:
        issues += error.issues
        return []
    return [] if found is None else [found]


def _of(before: Sequence[Mapping[str, Any]], cause: NoticeCause) -> bool:
    return any(each["cause"] == str(cause) for each in before)


def _estimated(notices: Sequence[Mapping[str, Any]]) -> Money | None:
    """The median that the estimate at admission told, or None."""
    told = next((each["figures"].get("median") for each in notices if each["key"] == str(NoticeCause.ESTIMATE)), None)
    return Money.yuan(told) if isinstance(told, str) else None
