"""Many cases at once, given as line sums: numpy int64, exact to the fen, the arithmetic of ``amounts`` (批量测算).

Float64 is never used: a ratio is two integers, and rounding half up is an integer division. Where a product could
pass 63 bits the batch is refused, never wrapped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement import issues
from adapter.rules.settlement.amounts import Account, Calculation, Ops, Profile, calculation

Column = npt.NDArray[np.int64]

#: For many cases.
MANY = Ops(np.minimum, np.maximum, np.where)

#: Cases worked on together: the columns of so many stay in a processor's cache.
BLOCK = 8192

_ROOM = 2**62


@dataclass(frozen=True, slots=True)
class Sums:
    """Cases as columns of fen; all of one length.

    Attributes:
        year: year-to-date amounts by full name (``basic.paid``); a column that is not there is zero.
    """

    full_self_pay: Column
    over_limit: Column
    pre_self_pay: Column
    in_scope: Column
    year: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.in_scope)

    def taken(self, rows: npt.NDArray[np.intp] | slice) -> Sums:
        """Some of the cases."""
        return Sums(
            self.full_self_pay[rows],
            self.over_limit[rows],
            self.pre_self_pay[rows],
            self.in_scope[rows],
            {name: column[rows] for name, column in self.year.items()},
        )


@dataclass(frozen=True, slots=True)
class Divided:
    """What came of it, in fen.

    Attributes:
        pays: one column per layer, in order.
        wrong: cases in which a plan gave more than was left; SET-301 when divided by themselves.
    """

    pays: tuple[Column, ...]
    patient: Column
    wrong: npt.NDArray[np.bool_]


class Batch:
    """Plans made ready for many cases; what was read for one kind of case serves all further ones.

    Raises:
        AdapterError: when a profile is first met: SET-350 for a step that is not known here; POL-2xx and NotPublished
            where a plan has no value for it.
    """

    def __init__(self, layers: Sequence[ResolvedLayer]) -> None:
        self.layers = tuple(layers)
        self._known: dict[Profile, Calculation] = {}

    def calculation(self, profile: Profile) -> Calculation:
        """The calculation for a kind of case."""
        found = self._known.get(profile)
        if found is None:
            found = self._known[profile] = calculation(self.layers, profile)
        return found

    def divide(self, profile: Profile, sums: Sums) -> Divided:
        """Divide cases of one kind.

        Raises:
            AdapterError: SET-350, SET-351, POL-2xx.
        """
        calculated = self.calculation(profile)
        _refuse_overflow(calculated, sums)
        pays = tuple(np.empty(len(sums), np.int64) for _ in self.layers)
        patient, wrong = np.empty(len(sums), np.int64), np.zeros(len(sums), np.bool_)
        for start in range(0, len(sums), BLOCK):
            rows = slice(start, start + BLOCK)
            part = sums.taken(rows)
            account = Account(
                part.full_self_pay + part.over_limit + part.pre_self_pay + part.in_scope,
                part.full_self_pay,
                part.over_limit,
                part.pre_self_pay,
                part.in_scope,
            )
            for column, pay in zip(pays, calculated.settle(account, part.year, MANY), strict=True):
                column[rows] = pay
            patient[rows] = account.total - account.paid
            wrong[rows] = account.wrong
        return Divided(pays, patient, wrong)

    def divide_mixed(self, profiles: Sequence[Profile], which: npt.NDArray[np.intp], sums: Sums) -> Divided:
        """Divide cases of several kinds; ``which`` is each case's place in ``profiles``. Raises as ``divide``."""
        order = np.argsort(which, kind="stable")
        ends = np.cumsum(np.bincount(which, minlength=len(profiles)))
        pays = tuple(np.empty(len(sums), np.int64) for _ in self.layers)
        patient, wrong = np.empty(len(sums), np.int64), np.zeros(len(sums), np.bool_)
        start = 0
        for profile, end in zip(profiles, ends.tolist(), strict=True):
            if start < end:
                rows = order[start:end]
                found = self.divide(profile, sums.taken(rows))
                for column, pay in zip(pays, found.pays, strict=True):
                    column[rows] = pay
                patient[rows], wrong[rows] = found.patient, found.wrong
            start = end
        return Divided(pays, patient, wrong)


def _refuse_overflow(calculated: Calculation, sums: Sums) -> None:
    """No sum of amounts times a part of a ratio may reach 62 bits."""
    columns = [sums.full_self_pay, sums.over_limit, sums.pre_self_pay, sums.in_scope, *sums.year.values()]
    largest = [max(abs(int(column.max())), abs(int(column.min()))) for column in columns if len(column)]
    most = sum(largest) + calculated.constants + 1
    if 4 * most * calculated.scale >= _ROOM:
        raise AdapterError(issues.batch_too_large(Money(max(largest, default=0))))
