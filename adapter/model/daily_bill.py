"""The daily bill (一日清单): what was charged for a day, what earlier days' lines became, and where the stay stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from adapter.model.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class BillLine:
    """One fee line as a bill prints it.

    Attributes:
        id: ChargeItem id.
        day: day of service.
        category: name of its fee category (西药费 …); empty where the HIS gives none.
        reverses: id of the line that this one undoes, or None.
    """

    id: str
    day: date
    code: str
    name: str
    category: str
    quantity: Decimal
    amount: Money
    reverses: str | None = None


class CorrectionKind(StrEnum):
    """What became of an earlier day since the last bill."""

    LATE = "late"  # 补记
    CHANGED = "changed"  # 更改
    REFUNDED = "refunded"  # 退费
    WITHDRAWN = "withdrawn"  # 撤销


@dataclass(frozen=True, slots=True)
class Correction:
    """One line of an earlier day that came, changed or went since the last bill.

    Attributes:
        day: the original day of service, of a refund that of the line it undoes.
        before, after: what it counted in the last bill, and what it counts now.
    """

    kind: CorrectionKind
    line: BillLine
    day: date
    before: Money
    after: Money

    @property
    def difference(self) -> Money:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class DailyBill:
    """A bill for the days ``first`` to ``through``, mostly one and the same.

    Attributes:
        final: the patient is discharged; every line is in it.
        lines: charged for these days, by day.
        corrections: of earlier days, by original day.
        before: running total of the last bill.
    """

    first: date
    through: date
    final: bool
    lines: tuple[BillLine, ...]
    corrections: tuple[Correction, ...]
    before: Money

    @property
    def charged(self) -> Money:
        """What these days cost, corrections left out."""
        return Money.total(line.amount for line in self.lines)

    @property
    def corrected(self) -> Money:
        """What the corrections of earlier days come to."""
        return Money.total(each.difference for each in self.corrections)

    @property
    def running(self) -> Money:
        """All that the stay has cost by the end of the last day."""
        return self.before + self.charged + self.corrected

    @property
    def categories(self) -> tuple[tuple[str, Money], ...]:
        """These days' amount per fee category, in the order in which they first come."""
        sums: dict[str, Money] = {}
        for line in self.lines:
            sums[line.category] = sums.get(line.category, ZERO) + line.amount
        return tuple(sums.items())

    @property
    def empty(self) -> bool:
        """Nothing was charged and nothing corrected."""
        return not (self.lines or self.corrections)


@dataclass(frozen=True, slots=True)
class PrintedBill:
    """A daily bill with its head and foot. The least that a person needs to know it for his own (trap 28).

    Attributes:
        number: counts the bills of the stay from 1.
        patient: family name and stars; never more.
        share: what the patient is expected to bear of ``bill.running``, or None where it could not be worked out.
        unknown: issue codes that say why ``share`` is None.
        settled: ``share`` is that of the settled bill, and no expectation.
        deposits: received so far.
        cite: the article that asks for the bill.
    """

    case_id: str
    stay_key: str
    number: int
    facility: str
    patient: str
    bill: DailyBill
    deposits: Money
    share: Money | None
    unknown: tuple[str, ...]
    settled: bool
    cite: str
    test_profile: bool


def counted(lines: Sequence[BillLine], through: date, *, final: bool) -> tuple[BillLine, ...]:
    """The lines that belong to a bill through a day."""
    return tuple(line for line in lines if final or line.day <= through)
