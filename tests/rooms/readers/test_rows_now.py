"""What was said of a row at several times: the highest order key counts, and equal ones that disagree hold the stay."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.intake.readers.rows_now import rows_now
from adapter.model.source import KeptRow, TableShape

TABLES = {"LINES": TableShape("LINES", ("LINE",), version="VER"), "PAID": TableShape("PAID", ("NO",))}


def said(key: str, version: str = "", stay: str = "1", *, table: str = "LINES", at: str = "1", **more: str) -> KeptRow:
    fields = {"STAY": stay, **({"VER": version} if version else {}), **more}
    return KeptRow(table, key, stay, fields, f"{at}.csv", 1, at)


def now(*contents: KeptRow, stay: str = "1") -> tuple[dict[str, list[tuple[str, ...]]], list[str]]:
    tables, conflicts = rows_now("anywhere", stay, contents, TABLES)
    found = {name: [(row.origin.file, *row.fields.values()) for row in rows] for name, rows in tables.items()}
    return found, [issue.code for issue in conflicts]


def test_versions_compare_as_numbers_do() -> None:
    assert now(said("7", "9"), said("7", "10", at="0"))[0] == {"LINES": [("0.csv", "1", "10")]}


def test_without_a_version_the_later_arrival_counts() -> None:
    first, second = said("7", table="PAID", at="1", A="x"), said("7", table="PAID", at="2", A="y")
    assert now(second, first)[0] == {"PAID": [("2.csv", "1", "y")]}


def test_equal_order_keys_that_disagree_hold_every_stay_they_name() -> None:
    one, other = said("7", "5", A="x"), said("7", "5", "2", A="x")
    assert [now(one, other, stay=stay)[1] for stay in ("1", "2", "3")] == [["SRC-140"], ["SRC-140"], []]
    rows = [now(*order, stay=stay)[0].get("LINES", []) for stay in ("1", "2") for order in ((one, other), (other, one))]
    assert rows[0] == rows[1] and rows[2] == rows[3] and len(rows[0]) + len(rows[2]) == 1, "one of them has it"
    assert now(one, other, said("7", "6", A="z"))[1] == [], "a later one decided"


def test_the_same_content_twice_is_no_conflict() -> None:
    assert now(said("7", "5", at="1"), said("7", "5", at="2")) == ({"LINES": [("1.csv", "1", "5")]}, [])


def test_tables_that_the_mapping_has_no_more_are_left_out() -> None:
    assert now(said("7", table="GONE")) == ({}, [])


CONTENTS = st.builds(
    said,
    st.sampled_from("12"),
    st.sampled_from(["1", "2", "10"]),
    st.sampled_from("12"),
    A=st.sampled_from("xy"),
    at=st.sampled_from("123"),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(CONTENTS, max_size=8), st.data())
def test_order_of_arrival_changes_nothing(contents: list[KeptRow], data: st.DataObject) -> None:
    other = data.draw(st.permutations([*contents, *data.draw(st.lists(st.sampled_from(contents or [said("1", "1")])))]))
    other = [each for each in other if each in contents]
    for stay in "12":
        assert now(*contents, stay=stay) == now(*other, stay=stay)


@settings(deadline=None, max_examples=200)
@given(st.lists(CONTENTS, max_size=8))
def test_every_row_is_in_one_stay_at_most(contents: list[KeptRow]) -> None:
    keys = {each.row_key for each in contents}
    rows = [row for stay in "12" for row in now(*contents, stay=stay)[0].get("LINES", [])]
    assert len(rows) == len(keys)
