"""Daily bill: the day before's charges, and every change of an earlier day under its own date (一日清单, A-20, B-26).

What was counted in the last bill and what counts now are compared line by line, so that the last running total, the
days' charges and the corrections always add up to the new running total, to the fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from adapter.model.daily_bill import BillLine, Correction, CorrectionKind, DailyBill, counted
from adapter.model.money import ZERO, Money


def bill_days(
    admitted: date, discharged: date | None, last: date | None, on: date, *, final_made: bool
) -> tuple[date, date, bool] | None:
    """Which days a bill that is made on a day covers, and whether it is the last one of the stay.

    Days that no bill covered (the service was away) are in the next one, each line under its own day. The day of
    discharge is not waited for: its bill is made at once.

    Args:
        discharged: day of discharge, None while the patient is there.
        last: last day that a bill covered, None before the first.
        final_made: a bill with the day of discharge was made already; what follows are corrections only.

    Returns:
        First day, last day, final; None when no day is over that was not covered.

    Source: 县区方案2021 四(三) 每天向患者提供其上一天的费用; 永卫计发〔2017〕67号 四(四).
    """
    final = discharged is not None and discharged <= on
    first = admitted if last is None else last + timedelta(days=1)
    if not final and on <= first:
        return None
    through = discharged if final and discharged is not None else on - timedelta(days=1)
    if final and (final_made or through < first):
        through = max(through, last or through)
        return min(first, through), through, True
    return (first, through, final) if first <= through else None


def daily_bill(
    before: Sequence[BillLine],
    now: Sequence[BillLine],
    *,
    covered: date | None,
    first: date,
    through: date,
    final: bool,
) -> DailyBill:
    """Compare what the last bill counted with what counts now.

    Args:
        before: lines that the last bill counted, as they were then; none for the first bill.
        now: all lines of the stay, as they are.
        covered: last day of the last bill, None before the first; what is new of it or of an earlier day is late.
        first, through: the days of this bill.
    """
    was = {line.id: line for line in before}
    is_ = {line.id: line for line in counted(now, through, final=final)}
    fresh = [line for line in is_.values() if line.id not in was]
    new = [line for line in fresh if not _corrects(line, was, covered)]
    late = [_added(line, was) for line in fresh if _corrects(line, was, covered)]
    changed = [
        Correction(CorrectionKind.CHANGED, is_[key], old.day, old.amount, is_[key].amount)
        for key, old in was.items()
        if key in is_ and _said(old) != _said(is_[key])
    ]
    gone = [
        Correction(CorrectionKind.WITHDRAWN, old, old.day, old.amount, ZERO)
        for key, old in was.items()
        if key not in is_
    ]
    return DailyBill(
        first=first,
        through=through,
        final=final,
        lines=tuple(sorted(new, key=lambda line: (line.day, line.category, line.code, line.id))),
        corrections=tuple(sorted((*late, *changed, *gone), key=lambda each: (each.day, each.line.id))),
        before=Money.total(line.amount for line in before),
    )


def _corrects(line: BillLine, was: Mapping[str, BillLine], covered: date | None) -> bool:
    """Whether a new line belongs to a day that was billed before."""
    return (covered is not None and line.day <= covered) or (line.reverses or "") in was


def _added(line: BillLine, was: Mapping[str, BillLine]) -> Correction:
    undone = was.get(line.reverses or "")
    if undone is not None:
        return Correction(CorrectionKind.REFUNDED, line, undone.day, ZERO, line.amount)
    return Correction(CorrectionKind.LATE, line, line.day, ZERO, line.amount)


def _said(line: BillLine) -> tuple[object, ...]:
    """What a reader of the bill would see differ; another name for the same item is no correction."""
    return line.day, line.code, line.quantity, line.amount
