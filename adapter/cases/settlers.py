"""Ways to divide many cases given as line sums: the reference, and whatever is faster and proven equal (批量测算)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from adapter.cases import diff_issues
from adapter.cases.line_sums import LineSums
from adapter.model.claim import YearToDate
from adapter.model.issues import AdapterError
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.coordination import check_layers, coordinate
from adapter.rules.settlement.position import Bill


class Divided(NamedTuple):
    """A case divided: fen by payer in the order of the layers, and the patient's.

    Attributes:
        codes: why nothing was computed; empty where it was.
    """

    codes: tuple[str, ...]
    pays: tuple[int, ...]
    patient: int


#: Divides a chunk of cases, in order.
Settler = Callable[[Sequence[LineSums]], Sequence[Divided]]


def reference(layers: Sequence[ResolvedLayer], on: date | None = None) -> Settler:
    """One case after the other by the code of the real run.

    Args:
        on: rule date for all cases; left out, each case's own day of settlement.

    Raises:
        AdapterError: SET-307, SET-308 for layers that no calculation understands.
    """
    check_layers(layers)
    return lambda cases: [_divided(case, layers, on or case.settled_on) for case in cases]


def _divided(case: LineSums, layers: Sequence[ResolvedLayer], on: date | None) -> Divided:
    try:
        if on is None:
            raise AdapterError(diff_issues.rule_date_missing(case.case))
        bill = Bill(
            total=case.total,
            sums=case.sums,
            on=on,
            insurance=case.insurance,
            categories=case.categories,
            keys=case.keys,
            accrued=YearToDate(on.year, case.accrued),
        )
        turns, after, _, found = coordinate(bill, layers, {}, {})
    except AdapterError as error:
        return Divided(tuple(dict.fromkeys(issue.code for issue in error.issues)), (), 0)
    if any(turn.result is None for turn in turns):
        return Divided(tuple(dict.fromkeys(issue.code for issue in found if issue.code in _OPEN)), (), 0)
    return Divided((), tuple(turn.pay.fen for turn in turns), (after.total - after.paid_total).fen)


#: Issues of a layer that nobody published, or that waits for one.
_OPEN = frozenset({"SET-312", "SET-313", "SET-321"})


def settler_for(layers: Sequence[ResolvedLayer], on: date | None = None) -> Settler:
    """The fastest way that knows these layers."""
    return reference(layers, on)
