"""Match our settlements of a day with the payer's statement, line by line and in total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from adapter.model.issues import Issue
from adapter.model.messages import Difference, DifferenceKind, Remittance, RemittanceLine
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer

#: One payer's part of one settlement.
Place = tuple[str, Payer]


@dataclass(frozen=True, slots=True)
class Settled:
    """One payer's part of one call, as our books have it and not reversed since."""

    key: str
    payer: Payer
    amount: Money

    @property
    def place(self) -> Place:
        return self.key, self.payer


@dataclass(frozen=True, slots=True)
class DayComparison:
    """A day with one endpoint. ``agrees`` only when totals, counts and every line do.

    Attributes:
        agreed: our lines that the payer lists on the same day with the same amount.
        unasked: why the counterpart cannot be asked at all; then nothing was compared.
        ours: what is to be compared by hand, where the counterpart cannot be asked.
    """

    endpoint: str
    ours_count: int
    ours_total: Money
    theirs_count: int
    theirs_total: Money
    differences: tuple[Difference, ...]
    agreed: tuple[Settled, ...] = ()
    unasked: Issue | None = None
    ours: tuple[Settled, ...] = ()

    @property
    def agrees(self) -> bool:
        totals = self.ours_total == self.theirs_total and self.ours_count == self.theirs_count
        return self.unasked is None and not self.differences and totals


def compare(
    ours: Iterable[Settled],
    remittance: Remittance,
    *,
    ours_elsewhere: Mapping[date, Sequence[Settled]] | None = None,
    theirs_elsewhere: Sequence[Remittance] = (),
) -> DayComparison:
    """Name every difference: missing, unexpected, short, over, duplicate, wrong day, total.

    Reversed lines of the statement count for nothing, on both sides.

    Args:
        ours_elsewhere: our books of days near this one, by day.
        theirs_elsewhere: the payer's statements of days near this one.
    """
    day = _Day(
        remittance,
        {line.place: line.amount for line in ours},
        {line.place: (on, line.amount) for on, lines in (ours_elsewhere or {}).items() for line in lines},
        {
            (line.key, line.payer): (each.day, line.amount)
            for each in theirs_elsewhere
            for line in each.lines
            if not line.reversed
        },
    )
    differences = (*day.of_lines(), *day.of_books(), *day.of_total())
    named = {(each.key, each.payer) for each in differences}
    return DayComparison(
        endpoint=remittance.endpoint,
        ours_count=len({key for key, _ in day.books}),
        ours_total=Money.total(day.books.values()),
        theirs_count=remittance.count,
        theirs_total=remittance.total,
        differences=differences,
        agreed=tuple(Settled(*place, amount) for place, amount in day.books.items() if place not in named),
    )


def not_compared(endpoint: str, ours: Sequence[Settled], why: Issue) -> DayComparison:
    """A day with a counterpart that lists nothing and cannot be asked: what would be compared, and why it was not."""
    count, total = len({each.key for each in ours}), Money.total(each.amount for each in ours)
    return DayComparison(endpoint, count, total, 0, ZERO, (), unasked=why, ours=tuple(ours))


@dataclass(frozen=True, slots=True)
class _Day:
    """Both sides of a day, by place; what stands near it comes with its day."""

    remittance: Remittance
    books: Mapping[Place, Money]
    books_near: Mapping[Place, tuple[date, Money]]
    listed_near: Mapping[Place, tuple[date, Money]]

    @property
    def standing(self) -> list[RemittanceLine]:
        return [line for line in self.remittance.lines if not line.reversed]

    def of_lines(self) -> Iterable[Difference]:
        """What the statement says that our books do not."""
        standing = self.standing
        listed = Counter((line.key, line.payer) for line in standing)
        for place, theirs in {(line.key, line.payer): line.amount for line in reversed(standing)}.items():
            ours = self.books.get(place)
            if ours is not None:
                yield from _amounts(place, ours, theirs)
            elif place in self.books_near:
                yield from self._elsewhere(place, theirs)
            else:
                yield Difference(DifferenceKind.UNEXPECTED, *place, None, theirs)
            if listed[place] > 1:
                yield Difference(DifferenceKind.DUPLICATE, *place, ours, theirs)

    def _elsewhere(self, place: Place, theirs: Money) -> Iterable[Difference]:
        """Listed on this day, in our books on another: moved, or listed on both."""
        on, ours = self.books_near[place]
        if self.listed_near.get(place, (None,))[0] == on:
            yield Difference(DifferenceKind.DUPLICATE, *place, None, theirs, on)
        else:
            yield Difference(DifferenceKind.WRONG_DAY, *place, ours, theirs, on)
            yield from _amounts(place, ours, theirs)

    def of_books(self) -> Iterable[Difference]:
        """What our books say that the statement does not."""
        listed = {(line.key, line.payer) for line in self.standing}
        for place, ours in self.books.items():
            if place in listed:
                continue
            if place in self.listed_near:
                on, theirs = self.listed_near[place]
                yield Difference(DifferenceKind.WRONG_DAY, *place, ours, theirs, on)
                yield from _amounts(place, ours, theirs)
            elif place[0] in self.remittance.differing:
                yield Difference(DifferenceKind.AMOUNT, *place, ours, None)
            else:
                yield Difference(DifferenceKind.MISSING, *place, ours, None)

    def of_total(self) -> Iterable[Difference]:
        """The statement against itself. One that lists a settlement twice may count it once or twice."""
        standing = self.standing
        details = Money.total(line.amount for line in standing)
        times: dict[str, int] = {}
        for (key, _), number in Counter((line.key, line.payer) for line in standing).items():
            times[key] = max(number, times.get(key, 0))
        if details != self.remittance.total or self.remittance.count not in (len(times), sum(times.values())):
            yield Difference(DifferenceKind.TOTAL, "*", None, details, self.remittance.total)


def _amounts(place: Place, ours: Money, theirs: Money) -> Iterable[Difference]:
    if ours != theirs:
        kind = DifferenceKind.SHORT if theirs < ours else DifferenceKind.OVER
        yield Difference(kind, *place, ours, theirs)
