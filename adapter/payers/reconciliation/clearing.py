"""A month's clearing with a payer: what is declared, and how the money that came in accounts for it (清算).

What stands in the books less what was declared before is what is declared now, line by line. So a reversal, a new bill
version or a stay that was settled late shows up once, in the next month that is declared, and the declarations always
add up to the books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer

#: Whose part of which call of which case.
Key = tuple[str, str, Payer]


class LineKind(StrEnum):
    """Why a line is declared."""

    SETTLED = "settled"  # 本月结算
    LATE = "late"  # 以前月份结算,补报
    REVERSED = "reversed"  # 已申报后冲销
    CORRECTED = "corrected"  # 已申报后更正


@dataclass(frozen=True, slots=True)
class Stands:
    """A payer's part that stands in the books: the day that rules it, the amount and the payer's settlement id."""

    on: date
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class ClearingLine:
    """One line of a declaration; below zero where an earlier one is taken back."""

    case_id: str
    call: str
    payer: Payer
    kind: LineKind
    amount: Money
    reference: str

    @property
    def key(self) -> Key:
        return self.case_id, self.call, self.payer


@dataclass(frozen=True, slots=True)
class Received:
    """How a declared month was met, as the payer says: ``gross = cash + offset + retained + deducted``.

    Attributes:
        cash: money that came in; below zero where the payer takes back more than it pays.
        offset: met out of an earlier prepayment.
        retained: kept back by the payer, to be released later.
        deducted: refused for good (拒付、DRG/DIP 差额): the hospital's loss, never the patient's.
    """

    gross: Money
    cash: Money
    offset: Money = ZERO
    retained: Money = ZERO
    deducted: Money = ZERO

    @property
    def difference(self) -> Money:
        """What the parts leave unexplained; ¥0.00 when they add up."""
        return self.gross - self.cash - self.offset - self.retained - self.deducted


def declaration(
    stands: Mapping[Key, Stands], before: Mapping[Key, Money], *, first: date, last: date
) -> tuple[ClearingLine, ...]:
    """What is declared for a month, in order of case, call and payer.

    Args:
        stands: everything in the books that the payer accepted and that is not reversed.
        before: what other months declared, net, by key.
        first, last: days of the month; what is settled later waits for its own month.
    """
    found = []
    for key in sorted(stands.keys() | before.keys()):
        now, told = stands.get(key), before.get(key, ZERO)
        if now is not None and now.on > last and key not in before:
            continue
        amount = (now.amount if now is not None else ZERO) - told
        if not amount:
            continue
        kind = _kind(now, key in before, first)
        found.append(ClearingLine(*key, kind, amount, now.reference if now is not None else ""))
    return tuple(found)


def by_payer(lines: tuple[ClearingLine, ...]) -> dict[Payer, Money]:
    """The declared amount of each payer, in the order of the lines' payers."""
    payers = sorted({line.payer for line in lines})
    return {payer: Money.total(line.amount for line in lines if line.payer is payer) for payer in payers}


def _kind(now: Stands | None, declared: bool, first: date) -> LineKind:
    if now is None:
        return LineKind.REVERSED
    if declared:
        return LineKind.CORRECTED
    return LineKind.LATE if now.on < first else LineKind.SETTLED
