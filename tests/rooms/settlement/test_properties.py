"""Laws that every settlement keeps, against an oracle in Decimal that knows nothing of the code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.claim import YearToDate
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, Settlement
from adapter.rules.settlement.accumulators import advanced
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.facts import read_facts
from tests.support.settlement import SCHEME, composite

QUICK = settings(deadline=None, max_examples=150)
D = Decimal
FEN = D("0.01")

fen = st.integers(0, 60_000_000).map(lambda value: str(D(value).scaleb(-2)))
small = st.integers(1, 900_000).map(lambda value: str(D(value).scaleb(-2)))
levels = st.sampled_from(["township", "primary", "secondary", "tertiary"])
categories = st.lists(st.sampled_from(["registered-poor", "subsistence-allowance"]), unique=True)
years = st.fixed_dictionaries(
    {
        "basic.deductible": st.integers(0, 230_000).map(lambda v: str(D(v).scaleb(-2))),
        "basic.paid": st.integers(0, 15_000_000).map(lambda v: str(D(v).scaleb(-2))),
        "critical-illness.base": fen,
        "critical-illness.paid": st.integers(0, 2_000_000).map(lambda v: str(D(v).scaleb(-2))),
    }
)
lines = st.lists(
    st.fixed_dictionaries(
        {
            "amount": small,
            "quantity": st.integers(1, 40).map(str),
            "class": st.sampled_from(["A", "B", "C"]),
            "self_share": st.sampled_from(["0", "0.05", "0.10", "0.135", "0.30"]),
        },
        optional={"price_limit": st.sampled_from(["0.5", "1.3975", "33.33", "800"])},
    ),
    min_size=1,
    max_size=12,
)


def settle(facts: dict[str, Any], accrued: YearToDate | None = None) -> Settlement:
    read = read_facts({"settled_on": "2022-05-31", **facts})
    return adjudicate(read.claim, accrued or read.accrued, composite(), scheme=SCHEME, test_profile=True)


def half_up(amount: Decimal) -> Decimal:
    return amount.quantize(FEN, ROUND_HALF_UP)


def oracle(in_scope: Decimal, level: str, poor: bool, year: dict[str, Decimal]) -> dict[str, Decimal]:
    """The composite profile written down once more, from its source table, in yuan."""
    standard = {"township": D(200), "primary": D(200), "secondary": D(500), "tertiary": D(1000)}[level]
    rate = {"township": D("0.9"), "primary": D("0.9"), "secondary": D("0.75"), "tertiary": D("0.6")}[level]
    rate = min(rate + (D("0.1") if poor else D(0)), D(1))
    taken = max(min(standard, D(2300) - year["basic.deductible"], in_scope), D(0))
    basic = half_up((in_scope - taken) * rate)
    basic = min(basic, max(D(150000) - year["basic.paid"], D(0)))

    base = in_scope - basic
    above = max(year["critical-illness.base"] + base - (D(11162) if poor else D(22324)), D(0))
    rates = [D("0.65"), D("0.7"), D("0.8"), D("0.9")] if poor else [D("0.6"), D("0.65"), D("0.75"), D("0.85")]
    edges = [D(0), D(30000), D(80000), D(150000), D("Infinity")]
    due = half_up(
        sum(
            (max(min(above, top) - low, D(0)) * r for low, top, r in zip(edges[:-1], edges[1:], rates, strict=True)),
            D(0),
        )
    )
    paid = year["critical-illness.paid"]
    illness = min(max(due - paid, D(0)), base)
    if not poor:
        illness = min(illness, max(D(300000) - paid, D(0)))
    aid = half_up((base - illness) * D("0.7")) if poor else D(0)
    return {"basic": basic, "critical-illness": illness, "medical-aid": aid}


@QUICK
@given(in_scope=fen, own=fen, level=levels, who=categories, year=years)
def test_an_independent_oracle_agrees(
    in_scope: str, own: str, level: str, who: list[str], year: dict[str, str]
) -> None:
    result = settle(
        {
            "hospital_level": level,
            "person": {"categories": who},
            "sums": {"in_scope": in_scope, "full_self_pay": own},
            "year_to_date": year,
        }
    )
    wanted = oracle(D(in_scope), level, "registered-poor" in who, {key: D(value) for key, value in year.items()})
    assert {str(share.payer): share.amount.decimal for share in result.shares[:-1]} == wanted
    assert result.patient_pays.decimal == D(in_scope) + D(own) - sum(wanted.values())


@QUICK
@given(rows=lines, level=levels, who=categories, year=years)
@pytest.mark.rule("T-21")
@pytest.mark.rule("T-20")
def test_every_fen_is_accounted_for(
    rows: list[dict[str, str]], level: str, who: list[str], year: dict[str, str]
) -> None:
    result = settle({"hospital_level": level, "person": {"categories": who}, "lines": rows, "year_to_date": year})
    assert Money.total(share.amount for share in result.shares) == result.total
    assert result.patient.total == result.patient_pays
    sums = Money.total(split.total for _, split in result.splits)
    own = Money.total(split.full_self_pay + split.over_limit + split.pre_self_pay for _, split in result.splits)
    assert sums == result.total
    left = result.total - own
    for share in result.shares[:-1]:
        assert ZERO <= share.amount <= left
        left -= share.amount
    assert result.patient_pays >= own


@QUICK
@given(rows=lines, seed=st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(rows: list[dict[str, str]], seed: Any) -> None:
    named: list[dict[str, str]] = [{**row, "id": f"l{index}"} for index, row in enumerate(rows)]
    refunds = [
        {
            **row,
            "id": f"r{row['id']}",
            "amount": f"-{row['amount']}",
            "quantity": f"-{row['quantity']}",
            "reverses": row["id"],
        }
        for row in named[::2]
    ]
    shuffled = [*named, *refunds]
    seed.shuffle(shuffled)
    one, other = settle({"lines": [*named, *refunds]}), settle({"lines": shuffled})
    assert dict(one.splits) == dict(other.splits)
    assert one.shares == other.shares
    assert one.basis == other.basis


@QUICK
@given(rows=lines)
def test_refunding_everything_leaves_nothing(rows: list[dict[str, str]]) -> None:
    """Refunds split like the line that they undo: all four parts come to zero exactly."""
    named: list[dict[str, str]] = [{**row, "id": f"l{index}"} for index, row in enumerate(rows)]
    refunds = [
        {
            "id": f"r{row['id']}",
            "class": "C",
            "amount": f"-{row['amount']}",
            "quantity": f"-{row['quantity']}",
            "reverses": row["id"],
        }
        for row in named
    ]
    result = settle({"lines": [*named, *refunds]})
    for part in ("full_self_pay", "over_limit", "pre_self_pay", "in_scope"):
        assert Money.total(getattr(split, part) for _, split in result.splits) == ZERO
    assert all(share.amount == ZERO for share in result.shares)


@QUICK
@given(in_scope=fen, more=st.integers(1, 10_000), level=levels, who=categories, year=years)
def test_more_in_scope_never_lowers_what_the_payers_bear(
    in_scope: str, more: int, level: str, who: list[str], year: dict[str, str]
) -> None:
    facts = {"hospital_level": level, "person": {"categories": who}, "year_to_date": year}
    less = settle({**facts, "sums": {"in_scope": in_scope}})
    raised = settle({**facts, "sums": {"in_scope": str(D(in_scope) + D(more).scaleb(-2))}})
    assert raised.share_of(Payer.BASIC) >= less.share_of(Payer.BASIC)
    assert raised.total - raised.patient_pays >= less.total - less.patient_pays


@QUICK
@given(bills=st.lists(fen, min_size=2, max_size=4))
@pytest.mark.rule("T-06")
def test_critical_illness_depends_on_the_year_not_on_how_it_is_cut(bills: list[str]) -> None:
    """累计计算、按次结算: over a year the stays together get the entitlement of their accumulated base."""
    accrued, paid, base = YearToDate(2022), ZERO, ZERO
    for bill in bills:
        result = settle({"sums": {"in_scope": bill}}, accrued)
        accrued = advanced(accrued, result.accruals)
        paid += result.share_of(Payer.CRITICAL_ILLNESS)
        base += next(step.amount for step in result.steps if step.name == "base")
    above = max(base.decimal - D(22324), D(0))
    edges = [D(0), D(30000), D(80000), D(150000), D("Infinity")]
    rates = [D("0.6"), D("0.65"), D("0.75"), D("0.85")]
    due = sum(
        (max(min(above, t) - low, D(0)) * r for low, t, r in zip(edges[:-1], edges[1:], rates, strict=True)), D(0)
    )
    assert paid.decimal == min(half_up(due), D(300000))
    assert accrued.get("critical-illness.base") == base


def test_the_basis_changes_with_everything_that_matters_and_with_nothing_else() -> None:
    facts: dict[str, Any] = {"sums": {"in_scope": "1000"}, "person": {"categories": ["registered-poor"]}}
    base = settle(facts)
    assert settle(facts).basis == base.basis
    assert settle({**facts, "sums": {"in_scope": "1000.01"}}).basis != base.basis
    assert settle({**facts, "person": {}}).basis != base.basis
    assert settle({**facts, "year_to_date": {"basic.paid": "0.01"}}).basis != base.basis
    assert settle({**facts, "year_to_date": {"basic.paid": "0"}}).basis == base.basis
    answered = settle({**facts, "answers": {"basic": {"amount": "1"}}})
    assert answered.basis == base.basis, "a preview and its settlement share the basis"
    read = read_facts({"settled_on": "2022-05-31", **facts})
    older = replace(read.claim, stay=replace(read.claim.stay, settled_on=date(2022, 6, 1)))
    assert adjudicate(older, read.accrued, composite(), scheme=SCHEME, test_profile=True).basis != base.basis
