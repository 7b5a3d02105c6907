"""The oracle against the real calculation: every switch, seeded plans and cases, 0 fen of difference."""

from __future__ import annotations

import ast
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from adapter.counterparts import oracle
from adapter.counterparts.adjudicator import Split
from adapter.counterparts.oracle_facts import Facts
from adapter.model.claim import LineSplit, YearToDate
from adapter.model.money import Money
from adapter.rules.policy.load import load_book
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.coordination import KINDS, coordinate
from adapter.rules.settlement.position import Bill
from adapter.rules.settlement.switches import READS
from bench.oracle import by_oracle
from bench.synthetic import rules

ROOT = Path(__file__).resolve().parents[3]


def by_us(layers: tuple[ResolvedLayer, ...], kind: rules.Kind, case: rules.Sums) -> tuple[int, ...]:
    parts = LineSplit(*(Money(fen) for fen in (case.full_self_pay, case.over_limit, case.pre_self_pay, case.in_scope)))
    year = (*((name, Money(fen)) for name, fen in case.year), ("basic.admissions", Money(100 * (kind.admission - 1))))
    bill = Bill(parts.total, parts, rules.ON, kind.insurance, kind.categories, dict(kind.keys), YearToDate(2022, year))
    turns, after, _, _ = coordinate(bill, layers, {}, {})
    return (*(turn.pay.fen for turn in turns), (after.total - after.paid_total).fen)


@pytest.mark.parametrize("seed", range(1000, 1060))
def test_two_calculations_that_share_nothing_agree(seed: int) -> None:
    random = Random(seed)
    plans = rules.Plans(random)
    layers = plans.layers()
    for kind in rules.kinds(random, 5):
        for _ in range(10):
            case = rules.sums(random, plans.edges)
            assert by_us(layers, kind, case) == by_oracle(layers, kind, case)


def test_the_seed_draws_every_switch() -> None:
    """What is compared above is everything that a covered step reads."""
    drawn: set[str] = set()
    for seed in range(1000, 1060):
        for layer in rules.Plans(Random(seed)).layers():
            drawn |= set(layer.policy.parameters)
    read = {
        name
        for step, reads in READS.items()
        if step not in oracle.NOT_COVERED
        for name in (*(each for needed in reads.needs for each in needed), *reads.may)
    }
    of_lines_and_words = {"pre_self_pay_on", "class_b_share", "base_rule", "bands_count"}
    assert read - drawn <= of_lines_and_words


def test_every_switch_of_a_covered_step_is_read() -> None:
    named = {
        name
        for step, reads in READS.items()
        if step not in oracle.NOT_COVERED
        for name in (*(each for needed in reads.needs for each in needed), *reads.may)
    }
    assert named | {"insurance"} == oracle.READS


def test_every_step_is_covered_or_refused_by_name() -> None:
    known = {*oracle._BASES, *oracle._FOLLOW, *oracle._ALONE, "cumulative_share", "commercial_parts"}
    assert set(KINDS) == known | set(oracle.NOT_COVERED)


@pytest.mark.parametrize("order", [("in_scope", "ratio", "deductible"), ("in_scope", "ratio", "bands"), ("ratio",)])
def test_a_plan_put_together_otherwise_is_refused(order: tuple[str, ...]) -> None:
    policy = load_book(ROOT / "mappings").plan("test_hunan_composite/basic")
    strange = replace(policy, steps=order)
    facts = Facts(rules.ON, "residents", frozenset(), {"hospital_level": "tertiary"}, Split(in_scope=Decimal(9)))
    with pytest.raises(oracle.NotCovered):
        oracle.divide(facts, [("basic", strange)])


def test_it_shares_no_code_with_what_it_checks() -> None:
    for name in ("oracle.py", "oracle_facts.py", "adjudicator.py"):
        tree = ast.parse((ROOT / "adapter/counterparts" / name).read_text(encoding="utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not [each for each in modules if each.startswith(("adapter.rules.settlement", "adapter.fhir"))]
