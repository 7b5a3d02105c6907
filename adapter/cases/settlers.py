"""Ways to divide many cases given as line sums: the reference, and whatever is faster and proven equal (批量测算)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from adapter.cases import diff_issues
from adapter.cases.line_sums import LineSums
from adapter.model.claim import YearToDate
from adapter.model.issues import AdapterError
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.amounts import Profile, check_supported
from adapter.rules.settlement.batch import Batch, Column, Sums
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
        return Divided(tuple(dict.fromkeys(issue.code for issue in found if issue.code not in _REMARKS)), (), 0)
    return Divided((), tuple(turn.pay.fen for turn in turns), (after.total - after.paid_total).fen)


#: Issues that keep nothing from being computed: a plan of another time.
_REMARKS = frozenset({"SET-322"})


def settler_for(layers: Sequence[ResolvedLayer], on: date | None = None) -> Settler:
    """The fastest way that knows these layers: many at once, else one after the other.

    Raises:
        AdapterError: SET-307, SET-308 for layers that no calculation understands.
    """
    one_by_one = reference(layers, on)
    try:
        check_supported(layers)
    except AdapterError:
        return one_by_one
    return ManyAtOnce(layers, one_by_one, on).settle


class ManyAtOnce:
    """Divides cases of one kind together, and each kind's first case by the reference as well.

    Where nothing can be computed for a kind (a gap of the source, a day without rules), the reference says why, once
    for the kind: none of that depends on amounts.
    """

    def __init__(self, layers: Sequence[ResolvedLayer], one_by_one: Settler, on: date | None) -> None:
        self._batch, self._one_by_one, self._on = Batch(layers), one_by_one, on
        self._why_not: dict[Profile, Divided | None] = {}

    def settle(self, cases: Sequence[LineSums]) -> list[Divided]:
        """The cases divided, in order."""
        found: dict[int, Divided] = {}
        kinds: dict[Profile, list[int]] = {}
        for place, case in enumerate(cases):
            on = self._on or case.settled_on
            if on is None:
                found[place] = self._one_by_one([case])[0]
            else:
                kinds.setdefault(_profile(case, on), []).append(place)
        for profile, places in kinds.items():
            found.update(zip(places, self._of_a_kind(profile, [cases[place] for place in places]), strict=True))
        return [found[place] for place in range(len(cases))]

    def _of_a_kind(self, profile: Profile, cases: Sequence[LineSums]) -> Sequence[Divided]:
        if profile not in self._why_not:
            first = self._one_by_one(cases[:1])[0]
            self._why_not[profile] = first if first.codes else None
        why_not = self._why_not[profile]
        if why_not is not None:
            return [why_not] * len(cases)
        try:
            sums = _columns(cases)
            divided = self._batch.divide(profile, sums)
        except (AdapterError, OverflowError):  # an amount too large for 64 bits: exact one by one
            return self._one_by_one(cases)
        rows = zip(*(pay.tolist() for pay in divided.pays), strict=True)
        result = [Divided((), pays, own) for pays, own in zip(rows, divided.patient.tolist(), strict=True)]
        for place in divided.wrong.nonzero()[0].tolist():
            result[place] = self._one_by_one([cases[place]])[0]
        return result


def _profile(case: LineSums, on: date) -> Profile:
    used = frozenset(name for name, amount in case.accrued if amount.fen)
    admission = 1
    for name, amount in case.accrued:
        if name == "basic.admissions":
            admission = amount.fen // 100 + 1
    return Profile(on, case.insurance, case.categories, tuple(case.keys.items()), admission, used)


def _columns(cases: Sequence[LineSums]) -> Sums:
    names = {name for case in cases for name, _ in case.accrued}
    years = [dict(case.accrued) for case in cases] if names else []
    return Sums(
        _column([case.sums.full_self_pay.fen for case in cases]),
        _column([case.sums.over_limit.fen for case in cases]),
        _column([case.sums.pre_self_pay.fen for case in cases]),
        _column([case.sums.in_scope.fen for case in cases]),
        {name: _column([year[name].fen if name in year else 0 for year in years]) for name in sorted(names)},
    )


def _column(values: list[int]) -> Column:
    return np.array(values, np.int64)
