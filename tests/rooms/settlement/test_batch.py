"""Amounts only, for one case and for many, are what the reference gives: on every switch and at every edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from adapter.model.claim import LineSplit, YearToDate
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.amounts import Account, Profile, calculation, check_supported
from adapter.rules.settlement.batch import Batch, Sums
from adapter.rules.settlement.coordination import KINDS, coordinate
from adapter.rules.settlement.later_terms import READERS
from adapter.rules.settlement.position import Bill
from bench.synthetic import rules
from tests.support.settlement import composite


def profile_of(kind: rules.Kind, sums: rules.Sums) -> Profile:
    used = frozenset(name for name, fen in sums.year if fen)
    return Profile(rules.ON, kind.insurance, kind.categories, kind.keys, kind.admission, used)


def by_reference(layers: Sequence[ResolvedLayer], kind: rules.Kind, sums: rules.Sums) -> tuple[int, ...]:
    parts = LineSplit(*(Money(fen) for fen in (sums.full_self_pay, sums.over_limit, sums.pre_self_pay, sums.in_scope)))
    year = (*((name, Money(fen)) for name, fen in sums.year), ("basic.admissions", Money(100 * (kind.admission - 1))))
    bill = Bill(parts.total, parts, rules.ON, kind.insurance, kind.categories, dict(kind.keys), YearToDate(2022, year))
    turns, after, _, _ = coordinate(bill, layers, {}, {})
    return (*(turn.pay.fen for turn in turns), (after.total - after.paid_total).fen)


def for_one(layers: Sequence[ResolvedLayer], kind: rules.Kind, sums: rules.Sums) -> tuple[int, ...]:
    parts = (sums.full_self_pay, sums.over_limit, sums.pre_self_pay, sums.in_scope)
    account = Account(sum(parts), *parts)
    pays = calculation(layers, profile_of(kind, sums)).settle(account, dict(sums.year))
    assert not account.wrong
    return (*pays, account.total - account.paid)


def columns(cases: Sequence[rules.Sums]) -> Sums:
    def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, np.int64)

    return Sums(
        column([case.full_self_pay for case in cases]),
        column([case.over_limit for case in cases]),
        column([case.pre_self_pay for case in cases]),
        column([case.in_scope for case in cases]),
        {name: column([dict(case.year).get(name, 0) for case in cases]) for name in rules.YEAR},
    )


@pytest.mark.parametrize("seed", range(60))
def test_one_and_many_are_what_the_reference_gives(seed: int) -> None:
    random = Random(seed)
    plans = rules.Plans(random)
    layers = tuple(layer for layer in plans.layers() if set(layer.policy.steps) <= set(READERS))
    batch = Batch(layers)
    for kind in rules.kinds(random, 4):
        cases = [rules.sums(random, plans.edges) for _ in range(12)]
        wanted = [by_reference(layers, kind, case) for case in cases]
        assert [for_one(layers, kind, case) for case in cases] == wanted
        whole = Profile(rules.ON, kind.insurance, kind.categories, kind.keys, kind.admission, frozenset(rules.YEAR))
        found = batch.divide(whole, columns(cases))
        assert not found.wrong.any()
        rows = [tuple(int(column[place]) for column in (*found.pays, found.patient)) for place in range(len(cases))]
        assert rows == wanted


def test_mixed_kinds_come_back_in_their_own_order() -> None:
    random = Random(7)
    layers = composite()
    kinds = rules.kinds(random, 9)
    cases = [rules.sums(random, [50_000, 230_000, 1_116_200]) for _ in range(400)]
    which = np.array([random.randrange(9) for _ in cases])
    profiles = [
        Profile(rules.ON, each.insurance, each.categories, each.keys, each.admission, frozenset(rules.YEAR))
        for each in kinds
    ]
    found = Batch(layers).divide_mixed(profiles, which, columns(cases))
    for place, case in enumerate(cases):
        row = tuple(int(column[place]) for column in (*found.pays, found.patient))
        assert row == by_reference(layers, kinds[which[place]], case)


def test_amounts_that_could_overflow_are_refused_and_never_wrapped() -> None:
    case = rules.Sums(0, 0, 0, 2**60, ())
    kind = rules.kinds(Random(1), 1)[0]
    with pytest.raises(AdapterError) as refused:
        Batch(composite()).divide(profile_of(kind, case), columns([case]))
    assert [issue.code for issue in refused.value.issues] == ["SET-351"]
    assert for_one(composite(), kind, case) == by_reference(composite(), kind, case), "Python's integers have no end"


def test_what_is_not_known_here_is_refused_by_name() -> None:
    layers = composite()
    policy = layers[0].policy
    strange = replace(policy, steps=(*policy.steps, "bands", "lottery"))
    with pytest.raises(AdapterError) as refused:
        check_supported((ResolvedLayer(layers[0].payer, strange),))
    assert [issue.code for issue in refused.value.issues] == ["SET-350", "SET-350"]
    assert "lottery" in refused.value.issues[0].en and "ratio + bands" in refused.value.issues[1].en


def test_every_step_known_here_is_one_of_the_reference() -> None:
    assert set(READERS) <= set(KINDS)
