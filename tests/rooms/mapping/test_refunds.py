"""Refunds: each finds the line that it undoes, or says that it cannot."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.identity import CANON, resource_id
from adapter.intake.mapping.refunds import pair
from adapter.intake.mapping.spec import Refunds
from adapter.model.source import Origin, SourceRecord
from tests.support.intake import LINE, SOURCE, STAY, mapper, records

SPEC = Refunds(quantity="FYSL", item=("FYXH", "YPCD"), price="FYDJ", day="FYRQ")


def line(
    key: str, quantity: str, *, item: str = "A", price: str = "2.0000", day: str = "05", link: str = ""
) -> tuple[str, SourceRecord]:
    fields = {
        "FYSL": quantity,
        "FYXH": item,
        "YPCD": "0",
        "FYDJ": price,
        "FYRQ": f"2021-03-{day} 00:00:00",
        "OLD": link,
    }
    return key, SourceRecord(Origin(SOURCE, "ZY_FYMX.xml", "ZY_FYMX", int(key)), fields)


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        ("the only line", [line("1", "2"), line("9", "-2")], {"9": ("1",)}),
        ("equal quantity before enough left", [line("1", "5"), line("2", "2"), line("9", "-2")], {"9": ("2",)}),
        ("the latest of equals", [line("1", "2", day="03"), line("2", "2", day="04"), line("9", "-2")], {"9": ("2",)}),
        (
            "not a later one while an earlier fits",
            [line("1", "2", day="03"), line("2", "2", day="07"), line("9", "-2")],
            {"9": ("1",)},
        ),
        ("a later one if it must be", [line("1", "2", day="07"), line("9", "-2")], {"9": ("1",)}),
        (
            "same price before same quantity",
            [line("1", "2", price="3.0000"), line("2", "5"), line("9", "-2")],
            {"9": ("2",)},
        ),
        ("another price if it must be", [line("1", "2", price="3.0000"), line("9", "-1")], {"9": ("1",)}),
        ("another maker is another item", [line("1", "2", item="B"), line("9", "-2")], {}),
        (
            "each line once",
            [line("1", "2"), line("2", "2"), line("8", "-2"), line("9", "-2")],
            {"8": ("2",), "9": ("1",)},
        ),
        ("part after part", [line("1", "5"), line("8", "-2"), line("9", "-3")], {"8": ("1",), "9": ("1",)}),
        (
            "several lines together",
            [line("1", "1", day="03"), line("2", "1", day="04"), line("9", "-2")],
            {"9": ("2", "1")},
        ),
        ("more than was charged", [line("1", "2"), line("9", "-3")], {}),
        ("more than is left", [line("1", "2"), line("8", "-2"), line("9", "-1")], {"8": ("1",)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pairing(name: str, lines: list[tuple[str, SourceRecord]], expected: dict[str, tuple[str, ...]]) -> None:
    links, found = pair(lines, SPEC)
    assert links == expected
    refunds = sum(1 for _, record in lines if record.fields["FYSL"].startswith("-"))
    assert [issue.code for issue in found if issue.stops] == ["MAP-107"] * (refunds - len(expected))


def test_days_that_do_not_sort_as_text_are_read() -> None:
    """05-04 comes after 20-03, and 31-03 before it; as text it would be the other way round."""
    written = {"1": "31-03-2021", "2": "20-03-2021", "9": "05-04-2021"}
    lines = [line(key, "-2" if key == "9" else "2") for key in written]
    lines = [(key, replace(row, fields={**row.fields, "FYRQ": written[key]})) for key, row in lines]
    assert pair(lines, replace(SPEC, day_formats=("%d-%m-%Y",)))[0] == {"9": ("1",)}


def test_an_explicit_link_comes_first() -> None:
    lines = [line("1", "2"), line("2", "2"), line("8", "-2"), line("9", "-2", link="2")]
    links, found = pair(lines, replace(SPEC, link="OLD"))
    assert links == {"8": ("1",), "9": ("2",)} and found == []


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), max_size=6), st.lists(st.integers(1, 6), max_size=6))
def test_nothing_is_given_back_twice(charged: list[int], returned: list[int]) -> None:
    """Whatever is paired, no line gives back more than it charged; what fits in total is never refused for nothing."""
    lines = [line(str(n), str(q)) for n, q in enumerate(charged, 1)]
    lines += [line(str(n), f"-{q}") for n, q in enumerate(returned, 50)]
    links, found = pair(lines, SPEC)
    refused = [issue for issue in found if issue.code == "MAP-107"]
    assert len(links) + len(refused) == len(returned)
    paired = sum(q for n, q in enumerate(returned, 50) if str(n) in links)
    assert paired <= sum(charged)
    if sum(returned) <= sum(charged):
        assert not refused


def test_a_refund_is_a_charge_of_its_own_that_names_the_other() -> None:
    refund = {**LINE, "JLXH": "900000200", "FYSL": "-1.00", "ZJJE": "-18.00", "ZFJE": "-1.80"}
    mapped = mapper().map(records(ZY_BRRY=[STAY], ZY_FYMX=[refund, LINE]))
    first, second = [each for each in mapped.resources if each["resourceType"] == "ChargeItem"]
    assert first["id"] == resource_id(SOURCE, "ChargeItem", "900000123")
    assert second["status"] == "billable" and second["priceOverride"]["value"] == Decimal("-18.00")
    assert second["extension"][-1] == {
        "url": f"{CANON}/StructureDefinition/reverses",
        "valueIdentifier": {"system": f"{CANON}/sid/charge-item", "value": first["id"]},
    }
    assert not any("reverses" in each["url"] for each in first["extension"])
