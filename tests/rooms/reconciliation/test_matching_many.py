"""A day of 10,000 settlements with 1 % of seeded differences: each found, each named rightly, and nothing more."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from adapter.model.messages import DifferenceKind, Remittance, RemittanceLine
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.reconciliation.matching import Settled, compare

DAY = date(2026, 3, 2)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
KINDS = [kind for kind in DifferenceKind if kind is not DifferenceKind.TOTAL]


@dataclass
class World:
    """Both sides of three days, and what was made different on the middle one."""

    ours: dict[date, list[Settled]] = field(default_factory=lambda: {BEFORE: [], DAY: [], AFTER: []})
    theirs: dict[date, list[RemittanceLine]] = field(default_factory=lambda: {BEFORE: [], DAY: [], AFTER: []})
    differing: list[str] = field(default_factory=list)
    wrong: dict[tuple[str, Payer], tuple[DifferenceKind, date | None]] = field(default_factory=dict)

    def agree(self, number: int, rng: random.Random, on: date = DAY) -> Settled:
        ours = Settled(f"case-{number:05}.v1.insurance.settle", Payer.BASIC, Money(rng.randrange(1, 10**7)))
        self.ours[on].append(ours)
        self.theirs[on].append(RemittanceLine(ours.key, f"S{number}", ours.payer, ours.amount))
        if rng.random() < 0.02:  # what was reversed on their side counts for nothing
            self.theirs[on].append(replace(self.theirs[on][-1], key=f"{ours.key}.old", reversed=True))
        return ours

    def differ(self, kind: DifferenceKind, number: int, rng: random.Random) -> None:
        ours = self.agree(number, rng)
        line = next(each for each in reversed(self.theirs[DAY]) if each.key == ours.key)
        other: date | None = None
        off = Money(rng.choice([1, 100, 12345]))
        if kind is DifferenceKind.UNEXPECTED:
            self.ours[DAY].remove(ours)
        elif kind is DifferenceKind.DUPLICATE:
            self.theirs[DAY].append(line)
        elif kind in (DifferenceKind.SHORT, DifferenceKind.OVER):
            signed = off if kind is DifferenceKind.OVER else -off
            self.theirs[DAY][self.theirs[DAY].index(line)] = replace(line, amount=line.amount + signed)
        elif kind is DifferenceKind.WRONG_DAY:
            other = rng.choice([BEFORE, AFTER])
            if rng.random() < 0.5:
                self.theirs[DAY].remove(line)
                self.theirs[other].append(line)
            else:
                self.ours[DAY].remove(ours)
                self.ours[other].append(ours)
        else:
            self.theirs[DAY].remove(line)
            self.differing += [ours.key] if kind is DifferenceKind.AMOUNT else []
        self.wrong[ours.place] = (kind, other)

    def statement(self, day: date, off: int = 0) -> Remittance:
        standing = [line for line in self.theirs[day] if not line.reversed]
        total = Money.total(line.amount for line in standing) + Money(off)
        count = len({line.key for line in standing})
        return Remittance("bureau", day, count, total, tuple(self.theirs[day]), tuple(self.differing))


def world(seed: int, size: int, wrong: int) -> World:
    rng = random.Random(seed)
    made = World()
    picked = set(rng.sample(range(size), wrong))
    kinds = iter([KINDS[number % len(KINDS)] for number in range(wrong)])
    for number in range(size):
        if number in picked:
            made.differ(next(kinds), number, rng)
        else:
            made.agree(number, rng)
    for number in range(size, size + size // 5):
        made.agree(number, rng, rng.choice([BEFORE, AFTER]))
    for lines in made.theirs.values():
        rng.shuffle(lines)
    return made


@pytest.mark.parametrize("seed", [1, 20260302])
def test_ten_thousand_settlements_with_one_percent_of_differences(seed: int) -> None:
    made = world(seed, 10_000, 100)
    elsewhere = {day: made.ours[day] for day in (BEFORE, AFTER)}
    near = [made.statement(BEFORE), made.statement(AFTER)]
    begun = time.process_time()
    found = compare(made.ours[DAY], made.statement(DAY), ours_elsewhere=elsewhere, theirs_elsewhere=near)
    spent = time.process_time() - begun
    named = {(each.key, each.payer): (each.kind, each.other_day) for each in found.differences}
    assert len(found.differences) == len(made.wrong) == 100
    assert named == made.wrong
    assert {kind for kind, _ in named.values()} == set(KINDS)
    assert len(found.agreed) == len(made.ours[DAY]) - sum(
        key in made.wrong for key in (s.place for s in made.ours[DAY])
    )
    assert not found.agrees
    assert spent < 2


def test_a_wrong_total_is_named_beside_them() -> None:
    made = world(3, 500, 5)
    found = compare(
        made.ours[DAY],
        made.statement(DAY, off=1),
        ours_elsewhere={day: made.ours[day] for day in (BEFORE, AFTER)},
        theirs_elsewhere=[made.statement(BEFORE), made.statement(AFTER)],
    )
    assert [each.kind for each in found.differences if each.key == "*"] == [DifferenceKind.TOTAL]
    assert len(found.differences) == 6


def test_what_is_listed_on_both_days_is_a_duplicate_on_the_day_that_is_not_ours() -> None:
    made = World()
    ours = made.agree(1, random.Random(1), AFTER)
    made.theirs[DAY] += [line for line in made.theirs[AFTER] if not line.reversed]
    found = compare([], made.statement(DAY), ours_elsewhere=made.ours, theirs_elsewhere=[made.statement(AFTER)])
    assert [(each.kind, each.key, each.other_day) for each in found.differences] == [
        (DifferenceKind.DUPLICATE, ours.key, AFTER)
    ]


def test_another_day_and_another_amount_are_two_differences() -> None:
    made = World()
    ours = made.agree(1, random.Random(1))
    (line,) = [line for line in made.theirs[DAY] if not line.reversed]
    made.theirs = {BEFORE: [], DAY: [], AFTER: [replace(line, amount=line.amount + Money(1))]}
    found = compare([ours], made.statement(DAY), theirs_elsewhere=[made.statement(AFTER)])
    assert [each.kind for each in found.differences] == [DifferenceKind.WRONG_DAY, DifferenceKind.OVER]
