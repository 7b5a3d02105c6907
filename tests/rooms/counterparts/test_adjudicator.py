"""The counterparts' own arithmetic against cases worked out by hand (fixtures/endpoints/adjudicator.yaml)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.counterparts import adjudicator
from adapter.counterparts.adjudicator import AidTerms, Band, BasicTerms, CriticalTerms, Result, Split

TABLE = Path(__file__).resolve().parents[3] / "fixtures" / "endpoints" / "adjudicator.yaml"
ROWS: dict[str, list[dict[str, Any]]] = yaml.load(TABLE.read_text("utf-8"), yaml.BaseLoader)


def by_name(row: dict[str, Any]) -> str:
    return str(row["name"])


def amounts(row: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in row.items()}


def assert_figures(result: Result, row: dict[str, Any]) -> None:
    figures = {**result.figures, "benefit": result.benefit}
    assert {name: str(figures[name]) for name in row["expect"]} == row["expect"]


@pytest.mark.parametrize("row", ROWS["split"], ids=by_name)
def test_split(row: dict[str, Any]) -> None:
    optional = {name: Decimal(row[name]) if name in row else None for name in ("share", "limit")}
    on_whole = row.get("on_whole") == "yes"
    split = adjudicator.split_line(Decimal(row["net"]), Decimal(row["quantity"]), **optional, on_whole=on_whole)
    assert split == Split(**amounts(row["expect"]))
    assert split.total == Decimal(row["net"])


@pytest.mark.parametrize("row", ROWS["basic"], ids=by_name)
def test_basic(row: dict[str, Any]) -> None:
    given_terms = dict(row["terms"])
    on_eligible = given_terms.pop("cap_on_eligible", "no") == "yes"
    terms = BasicTerms(**amounts(given_terms), cap_on_eligible=on_eligible)
    assert_figures(adjudicator.basic(Split(**amounts(row["stay"])), amounts(row.get("used", {})), terms), row)


@pytest.mark.parametrize("row", ROWS["critical"], ids=by_name)
def test_critical_illness(row: dict[str, Any]) -> None:
    terms = CriticalTerms(
        deductible=Decimal(row["deductible"]),
        bands=tuple(Band(Decimal(over), Decimal(ratio)) for over, ratio in row["bands"].items()),
        relative=row.get("relative", "yes") == "yes",
        cap=Decimal(row["cap"]) if "cap" in row else None,
    )
    assert_figures(adjudicator.critical(Decimal(row["base"]), amounts(row.get("used", {})), terms), row)


@pytest.mark.parametrize("row", ROWS["aid"], ids=by_name)
def test_aid(row: dict[str, Any]) -> None:
    terms = None
    if "ratio" in row:
        terms = AidTerms(**amounts({name: row[name] for name in ("ratio", "deductible", "cap") if name in row}))
    assert_figures(adjudicator.aid(Decimal(row["base"]), amounts(row.get("used", {})), terms), row)


def test_every_payer_is_rounded_before_the_next_base_is_formed() -> None:
    """GC-03 whole: rounding only at the end gives 17126.43."""
    paid = adjudicator.basic(Split(in_scope=Decimal(180000)), {}, BasicTerms(Decimal(300), Decimal("0.70")))
    ladder = CriticalTerms(Decimal("8450.50"), (Band(Decimal(0), Decimal("0.65")),))
    more = adjudicator.critical(adjudicator.critical_base(Split(), paid.figures, ladder), {}, ladder)
    aided = adjudicator.aid(Decimal(180000) - paid.benefit - more.benefit, {}, AidTerms(Decimal("0.70")))
    assert [str(one.benefit) for one in (paid, more, aided)] == ["125790.00", "29743.68", "17126.42"]


fen = st.integers(0, 100_000_000).map(lambda number: Decimal(number).scaleb(-2))
HUNAN = tuple(Band(Decimal(over), Decimal(ratio)) for over, ratio in ((0, "0.60"), (30000, "0.65"), (80000, "0.75")))


@settings(deadline=None, max_examples=200)
@given(scope=fen, used=fen, paid=fen, eligible=st.booleans())
def test_a_stay_is_divided_without_remainder(scope: Decimal, used: Decimal, paid: Decimal, eligible: bool) -> None:
    terms = BasicTerms(Decimal(500), Decimal("0.75"), Decimal(2300), Decimal(150000), cap_on_eligible=eligible)
    result = adjudicator.basic(Split(in_scope=scope), {"deductible": used, "paid": paid, "eligible": paid}, terms)
    parts = [result.benefit] + [result.figures[name] for name in ("deductible", "coinsurance", "over-cap")]
    assert sum(parts) == scope
    assert min(parts) >= 0


@settings(deadline=None, max_examples=200)
@given(stays=st.lists(fen, min_size=1, max_size=5))
def test_the_order_of_stays_does_not_change_what_a_year_pays(stays: list[Decimal]) -> None:
    """累计计算、按次结算: where no stay's own base limits it, the year's payments are the year's entitlement."""
    terms = CriticalTerms(Decimal(22324), HUNAN, cap=Decimal(300000))
    base, paid = Decimal(0), Decimal(0)
    for stay in stays:
        result = adjudicator.critical(stay, {"base": base, "paid": paid}, terms)
        assert 0 <= result.benefit <= stay
        base, paid = base + stay, paid + result.benefit
    whole = adjudicator.critical(base, {}, terms)
    assert paid == whole.benefit
