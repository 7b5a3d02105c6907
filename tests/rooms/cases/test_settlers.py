"""Many at once is what one after the other gives, gaps and refusals included."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest

from adapter.cases.line_sums import LineSums
from adapter.cases.policies import book
from adapter.cases.settlers import ManyAtOnce, reference, settler_for
from adapter.model.claim import LineSplit
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.rules.policy.scheme import ResolvedLayer
from bench.synthetic import rules

ROOT = Path(__file__).resolve().parents[3]
BOOK = book(ROOT / "mappings")
DAYS = (date(2019, 6, 30), date(2020, 6, 30), date(2022, 5, 31), date(2023, 6, 30), date(2024, 7, 1), date(2026, 1, 1))


def cases(seed: int, count: int) -> list[LineSums]:
    random = Random(seed)
    found = []
    for kind in rules.kinds(random, count):
        drawn = rules.sums(random, [50_000, 120_000, 230_000, 500_000])
        parts = (drawn.full_self_pay, drawn.over_limit, drawn.pre_self_pay, drawn.in_scope)
        year = (*drawn.year, ("basic.admissions", 100 * (kind.admission - 1)))
        found.append(
            LineSums(
                case=str(len(found)),
                settled_on=None if random.random() < 0.05 else random.choice(DAYS),
                insurance=kind.insurance,
                categories=kind.categories,
                sums=LineSplit(*(Money(fen) for fen in parts)),
                accrued=tuple((name, Money(fen)) for name, fen in year),
                keys=dict(kind.keys),
            )
        )
    return found


@pytest.mark.parametrize("name", sorted(BOOK.plans))
def test_every_shipped_plan_gives_the_same_both_ways(name: str) -> None:
    policy = BOOK.plan(name)
    layers = (ResolvedLayer(Payer(str(policy.payer)), policy),)
    drawn = cases(len(name), 120)
    assert list(settler_for(layers)(drawn)) == list(reference(layers)(drawn))


@pytest.mark.parametrize("name", sorted(BOOK.schemes))
def test_every_shipped_scheme_gives_the_same_both_ways(name: str) -> None:
    layers = BOOK.layers(name)
    drawn = cases(3, 300)
    settle = settler_for(layers)
    assert isinstance(getattr(settle, "__self__", None), ManyAtOnce)
    found = settle(drawn)
    assert list(found) == list(reference(layers)(drawn))
    assert list(settle(drawn)) == list(found), "what was read for the first chunk serves the next"
    assert any(any(each.pays) for each in found)


def test_a_step_that_is_not_known_to_the_batch_is_divided_one_by_one() -> None:
    policy = BOOK.plan("test_hunan_composite/basic")
    layers = (ResolvedLayer(Payer.BASIC, replace(policy, steps=(*policy.steps, "ratio"))),)
    settle = settler_for(layers, date(2022, 5, 31))
    assert not isinstance(getattr(settle, "__self__", None), ManyAtOnce)
    drawn = cases(4, 20)
    assert list(settle(drawn)) == list(reference(layers, date(2022, 5, 31))(drawn))


def test_an_amount_beyond_64_bits_is_divided_by_itself() -> None:
    layers = BOOK.layers("test_hunan_two_calls")
    drawn = cases(5, 6)
    huge = replace(drawn[0], sums=LineSplit(in_scope=Money(10**17)))
    found = list(settler_for(layers, date(2022, 5, 31))([*drawn, huge]))
    assert found == list(reference(layers, date(2022, 5, 31))([*drawn, huge]))
    assert found[-1].patient > 10**16
