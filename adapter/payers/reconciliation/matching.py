"""Match our settlements of a day with the payer's statement, line by line and in total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from adapter.model.messages import Difference, DifferenceKind, Remittance, RemittanceLine
from adapter.model.money import Money
from adapter.model.settlement import Payer


@dataclass(frozen=True, slots=True)
class Settled:
    """One payer's part of one call, as our books have it and not reversed since."""

    key: str
    payer: Payer
    amount: Money


@dataclass(frozen=True, slots=True)
class DayComparison:
    """A day with one endpoint. ``agrees`` only when totals, counts and every line do."""

    endpoint: str
    ours_count: int
    ours_total: Money
    theirs_count: int
    theirs_total: Money
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences and self.ours_total == self.theirs_total and self.ours_count == self.theirs_count


def compare(ours: Iterable[Settled], remittance: Remittance) -> DayComparison:
    """Name every difference: missing, unexpected, duplicate, amount differs, total differs.

    Reversed lines of the statement count for nothing, on both sides.
    """
    books = {(line.key, line.payer): line.amount for line in ours}
    standing = [line for line in remittance.lines if not line.reversed]
    listed = Counter((line.key, line.payer) for line in standing)
    differences = [
        *_against_books(standing, books, listed),
        *(
            Difference(DifferenceKind.MISSING, key, payer, amount, None)
            for (key, payer), amount in books.items()
            if (key, payer) not in listed
        ),
        *_against_own_total(standing, remittance),
    ]
    return DayComparison(
        endpoint=remittance.endpoint,
        ours_count=len({key for key, _ in books}),
        ours_total=Money.total(books.values()),
        theirs_count=remittance.count,
        theirs_total=remittance.total,
        differences=tuple(differences),
    )


def _against_books(
    standing: list[RemittanceLine], books: dict[tuple[str, Payer], Money], listed: Counter[tuple[str, Payer]]
) -> Iterable[Difference]:
    seen: set[tuple[str, Payer]] = set()
    for line in standing:
        place = (line.key, line.payer)
        ours = books.get(place)
        if place in seen:
            continue
        seen.add(place)
        if ours is None:
            yield Difference(DifferenceKind.UNEXPECTED, line.key, line.payer, None, line.amount)
        elif ours != line.amount:
            yield Difference(DifferenceKind.AMOUNT, line.key, line.payer, ours, line.amount)
        if listed[place] > 1:
            yield Difference(DifferenceKind.DUPLICATE, line.key, line.payer, ours, line.amount)


def _against_own_total(standing: list[RemittanceLine], remittance: Remittance) -> Iterable[Difference]:
    details = Money.total(line.amount for line in standing)
    if details != remittance.total or len({line.key for line in standing}) != remittance.count:
        yield Difference(DifferenceKind.TOTAL, "*", None, details, remittance.total)
