"""Estimate at admission: own stays, else the table, else no basis."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapter.model.dates import Period
from adapter.model.money import Money
from adapter.model.reference import EstimateEntry
from adapter.rules.programme.estimates import (
    Basis,
    Estimate,
    OwnStay,
    diagnosis_group,
    entry_in_force,
    estimate_at_admission,
    median,
    percentile,
)

TABLE = EstimateEntry(
    "I10", Money.yuan("3000.00"), Money.yuan("5200.00"), "某市 2022 年病组费用公告", Period(date(2022, 1, 1))
)


def estimate(count: int, least: int | None, table: EstimateEntry | None = TABLE) -> Estimate:
    stays = [OwnStay(Money.yuan(1000 + 100 * n), Money.yuan(100 + 10 * n)) for n in range(count)]
    return estimate_at_admission("I10", stays, least=least, table=table, cite="五(三)", stay_key="1")


@pytest.mark.rule("A-31")
@pytest.mark.parametrize(
    ("count", "least", "basis"),
    [(5, 5, Basis.OWN_STAYS), (4, 5, Basis.TABLE), (5, None, Basis.TABLE), (0, 0, Basis.TABLE)],
)
def test_own_stays_serve_when_there_are_enough(count: int, least: int | None, basis: Basis) -> None:
    assert estimate(count, least).basis is basis
    assert estimate(count, least, None).basis is (basis if basis is Basis.OWN_STAYS else Basis.NONE)


@pytest.mark.rule("A-31")
def test_own_stays_give_median_p80_count_and_the_patients_part() -> None:
    found = estimate(5, 3)
    assert (found.median, found.p80, found.count) == (Money.yuan("1200.00"), Money.yuan("1300.00"), 5)
    assert found.patient_median == Money.yuan("120.00")
    assert "5例" in found.zh and found.cite == "五(三)"


def test_the_table_names_its_source_and_no_patients_part() -> None:
    found = estimate(0, 3)
    assert (found.median, found.p80, found.patient_median) == (TABLE.median, TABLE.p80, None)
    assert TABLE.cite in found.zh and found.source == TABLE.cite


def test_a_table_counts_from_its_first_day() -> None:
    assert entry_in_force([TABLE], "I10", date(2022, 1, 1)) is TABLE
    assert entry_in_force([TABLE], "I10", date(2021, 12, 31)) is None
    assert entry_in_force([TABLE], "I11", date(2022, 1, 1)) is None


def test_groups_are_categories() -> None:
    assert {diagnosis_group(code) for code in ("I10", "i10.x00", " I10.900x001")} == {"I10"}


@given(some.lists(some.integers(0, 10**9), min_size=1, max_size=60))
def test_half_are_below_the_median_and_four_fifths_within_p80(fens: list[int]) -> None:
    amounts = [Money(fen) for fen in fens]
    middle, high = median(amounts), percentile(amounts, 80)
    assert sum(each < middle for each in amounts) * 2 <= len(amounts)
    assert sum(each > middle for each in amounts) * 2 <= len(amounts)
    assert high in amounts and sum(each <= high for each in amounts) * 5 >= len(amounts) * 4
    assert sum(each < high for each in amounts) * 5 < len(amounts) * 4
    assert min(amounts) <= middle <= max(amounts)


def test_of_two_middle_ones_half_the_sum_rounded_half_up() -> None:
    assert median([Money(1), Money(2)]) == Money(2)
    with pytest.raises(ValueError, match="median"):
        median([])
    with pytest.raises(ValueError, match="percentile"):
        percentile([], 80)
