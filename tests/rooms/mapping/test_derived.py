"""Columns worked out from others: exact, half up where they must be rounded, and never guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.mapping.derived import Derived, base_columns, with_derived
from adapter.model.source import Origin, SourceRecord, StayRecords


def worked_out(derived: Derived, **fields: str) -> tuple[str | None, list[str]]:
    row = SourceRecord(Origin("anywhere", "F.csv", "F", 7), fields)
    stay = with_derived(StayRecords("1", {"F": (row,), "G": (row,)}), {"F": (derived,)})
    assert stay.tables["G"][0].fields == fields  # other tables are left alone
    assert row.fields == fields
    return stay.tables["F"][0].fields.get(derived.column), [str(issue.pointer) for issue in stay.issues]


@pytest.mark.parametrize(
    ("function", "cells", "expected"),
    [
        ("sum", {"A": "12.00", "B": "0.50"}, "12.50"),
        ("sum", {"A": "12.00", "B": ""}, "12.00"),
        ("sum", {"A": "", "B": "1"}, None),
        ("difference", {"A": "72.00", "B": "10"}, "62.00"),
        ("difference", {"A": "72.00"}, "72.00"),
        ("product", {"A": "7", "B": "30.00000"}, "210.00000"),
        ("product", {"A": "-2", "B": "12.50"}, "-25.00"),
        ("product", {"A": "6", "B": ""}, "6"),
        ("product", {"A": "1,000.00", "B": "2"}, "2000.00"),
        ("joined", {"A": "D", "B": "1"}, "D/1"),
        ("joined", {"A": "", "B": "1"}, "/1"),
        ("filled", {"A": "2021-03-08", "B": "x"}, "yes"),
        ("filled", {"A": "2021-03-08", "B": ""}, "no"),
    ],
)
def test_functions(function: str, cells: dict[str, str], expected: str | None) -> None:
    assert worked_out(Derived("X", function, ("A", "B")), **cells) == (expected, [])


@pytest.mark.parametrize(
    ("price", "pack", "decimals", "expected"),
    [
        ("33.5400", "24", 4, "1.3975"),
        ("15.00", "48", 4, "0.3125"),
        ("10", "3", 4, "3.3333"),
        ("0.00025", "2", 4, "0.0001"),
        ("-0.0001", "2", 4, "-0.0001"),
        ("5", "2", 0, "3"),
        ("7", "", 2, "7.00"),
    ],
)
def test_a_quotient_is_rounded_half_up_once(price: str, pack: str, decimals: int, expected: str) -> None:
    assert worked_out(Derived("X", "quotient", ("A", "B"), decimals), A=price, B=pack) == (expected, [])


@pytest.mark.parametrize(
    ("function", "cells", "blamed"),
    [
        ("sum", {"A": "1", "B": "二"}, "B"),
        ("product", {"A": "1e5", "B": "2"}, "A"),
        ("quotient", {"A": "1", "B": "0"}, "B"),
        ("quotient", {"A": "1", "B": "0.00"}, "B"),
        ("product", {"A": "9" * 900, "B": "9" * 900}, "A"),
    ],
)
def test_what_cannot_be_worked_out_is_an_issue(function: str, cells: dict[str, str], blamed: str) -> None:
    assert worked_out(Derived("X", function, ("A", "B")), **cells) == (None, [f"F.csv#7/{blamed}"])


def test_one_may_build_on_another() -> None:
    """dj + fwfdj, × sl, − jmje; and lineage leads back to all four."""
    chain = (
        Derived("price", "sum", ("dj", "fwfdj")),
        Derived("gross", "product", ("price", "sl")),
        Derived("net", "difference", ("gross", "jmje")),
    )
    fields = {"dj": "12.00", "fwfdj": "0.50", "sl": "20", "jmje": "10.00"}
    row = SourceRecord(Origin("anywhere", "F.csv", "F", 1), fields)
    stay = with_derived(StayRecords("1", {"F": (row,)}), {"F": chain})
    assert stay.tables["F"][0].fields["net"] == "240.00"
    assert base_columns({each.column: each for each in chain}, "net") == ("dj", "fwfdj", "sl", "jmje")
    assert base_columns({}, "dj") == ("dj",)


NUMBERS = st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=5).map(lambda number: f"{number:f}")


@settings(deadline=None, max_examples=100)
@given(NUMBERS, NUMBERS)
def test_sums_and_products_are_exact(left: str, right: str) -> None:
    a, b = Decimal(left), Decimal(right)
    added, _ = worked_out(Derived("X", "sum", ("A", "B")), A=left, B=right)
    times, _ = worked_out(Derived("X", "product", ("A", "B")), A=left, B=right)
    assert added is not None and Decimal(added).as_integer_ratio() == (a + b).as_integer_ratio()
    (an, ad), (bn, bd) = a.as_integer_ratio(), b.as_integer_ratio()
    assert times is not None
    n, d = Decimal(times).as_integer_ratio()
    assert n * ad * bd == an * bn * d
