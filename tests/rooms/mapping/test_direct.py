"""Bulk conversion against the ordinary way: the same bytes and the same issues, whatever the rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.identity import resource_id
from adapter.fhir.schema.compiled import _SCHEMA
from adapter.intake.mapping import Mapping_, load_mapping
from adapter.intake.mapping.direct import DirectMapper
from adapter.intake.mapping.known import MEMBERWISE
from adapter.intake.mapping.learned import Learned
from adapter.intake.mapping.spec import Column, Field, NewbornLines, ResourceSpec
from adapter.intake.readers import stage
from adapter.intake.readers.formats import FORMATS
from adapter.model.packed import unpacked
from adapter.model.source import StayRecords
from tests.support.intake import FIXTURES, MAPPINGS
from tests.support.packed import Layouts, changed, packed

SOURCES = {
    path.parent.name: path
    for path in sorted((FIXTURES / "his").glob("*/*/export"))
    if path.parents[1].name != "bad" and (MAPPINGS / "sources" / f"{path.parent.name}.yaml").exists()
}


@cache
def mapping_of(source: str) -> Mapping_:
    return load_mapping(MAPPINGS, source)


def of_rows(source: str) -> bool:
    mapping = mapping_of(source)
    return len(mapping.row_shapes) == 1 and mapping.shape.reader in FORMATS


ROW_SOURCES = [source for source in SOURCES if of_rows(source)]


@cache
def stays_of(source: str) -> tuple[StayRecords, ...]:
    mapping = mapping_of(source)
    with stage([SOURCES[source]], mapping.shape, source) as staged:
        return tuple(staged.stays())


@cache
def direct_of(source: str) -> tuple[DirectMapper, Layouts]:
    """One mapper for all examples, so that what it learned of one is used on the next."""
    return DirectMapper(mapping_of(source)), {}


def assert_same(source: str, stay: StayRecords) -> None:
    direct, layouts = direct_of(source)
    for each in (packed(stay, layouts), stay):
        assert direct.convert(each) == direct.ordinary(stay)
    assert not any(learned.given_up for learned in direct.learned)


@pytest.mark.parametrize("source", ROW_SOURCES)
def test_fixture_hospitals(source: str) -> None:
    """First while it learns, then from what it has learned."""
    for _ in range(2):
        for stay in stays_of(source):
            assert_same(source, stay)


@pytest.mark.parametrize("source", ROW_SOURCES)
def test_rows_that_are_known_are_not_built(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time, every charge without an issue is written from what was learned."""
    direct, layouts = DirectMapper(mapping_of(source)), Layouts()
    stays = [packed(stay, layouts) for stay in stays_of(source)]
    for stay in stays:
        direct.convert(stay)
    asked: list[bool] = []
    write = Learned.write

    def told(self: Learned, *arguments: Any) -> Sequence[bytes | None]:
        bodies = write(self, *arguments)
        asked.extend(body is not None for body in bodies)
        return bodies

    monkeypatch.setattr(Learned, "write", told)
    for stay in stays:
        direct.convert(stay)
    assert direct.learned and len(asked) > 10
    assert sum(asked) >= len(asked) * 8 // 10


#: What a damaged cell may hold.
TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "0",
                "-",
                "无",
                "1",
                "-1.00",
                "-0.00",
                "0.005",
                "1.2.3",
                "1,000.00",
                "1e3",
                "NaN",
                "Infinity",
                "１２",
            ),
            *("2021-03-06 10:61:00", "1900-01-01 00:00:00", "2021-02-30 08:00:00", "0999-01-01 00:00:00"),
            *("2021-03-06", "2021-03-06T08:00:00", "3000-01-01 08:00:00", "2021-03-06 24:00:00", "1986-05-04 00:30:00"),
            *('"', "\\", "a\tb", "\x00", "\x1b", "\u2028", "\U0001f600", "x" * 300, " ", "\xa0", "A:B", "AB-1.2"),
        ]
    ),
    st.text(max_size=12).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text)),
)
CHANGE = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.one_of(TEXTS, st.none()))


@pytest.mark.parametrize("source", ROW_SOURCES)
@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10**6), st.lists(CHANGE, min_size=1, max_size=6))
def test_damaged_cells(source: str, which: int, changes: list[tuple[int, int, str | None]]) -> None:
    """Any cell of any row may hold anything, or be missing."""
    stays = stays_of(source)
    stay = stays[which % len(stays)]
    for row, column, text in changes:
        tables = [name for name, rows in stay.tables.items() if rows]
        charges = max(tables, key=lambda name: len(stay.tables[name]))
        table = charges if row % 4 else tables[row % len(tables)]
        place = row % len(stay.tables[table])
        names = list(stay.tables[table][place].fields)
        if names:
            stay = changed(stay, table, place, {names[column % len(names)]: text})
    assert_same(source, stay)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.booleans())
def test_cells_of_other_rows(first: int, second: int, refund: bool) -> None:
    """A row made of two others, both known: each column of it is known, the whole is not."""
    source = "qingshi_county"
    stays = [stay for stay in stays_of(source) if len(stay.tables.get("ZY_FYMX", ())) > 3]
    stay = stays[first % len(stays)]
    rows = stay.tables["ZY_FYMX"]
    one, other = rows[first % len(rows)], rows[second % len(rows)]
    mixed = {name: text for place, (name, text) in enumerate(other.fields.items()) if place % 2 and name != "JLXH"}
    if refund:
        mixed["FYSL"] = f"-{one.fields['FYSL'].lstrip('-')}"
    assert_same(source, changed(stay, "ZY_FYMX", first % len(rows), mixed))


def test_two_rows_that_become_one_id_are_told_apart_the_ordinary_way() -> None:
    """An id that stands twice is an issue, also where both resources are written from what was learned."""
    source = "qingshi_county"
    stay = next(stay for stay in stays_of(source) if len(stay.tables.get("ZY_FYMX", ())) > 3)
    twice = changed(stay, "ZY_FYMX", 1, {"JLXH": stay.tables["ZY_FYMX"][0].fields["JLXH"]})
    assert_same(source, twice)
    direct, layouts = direct_of(source)
    assert any(issue.stops for issue in direct.convert(packed(twice, layouts)).issues)


#: What may stand behind a known hour and is no time of day, or is one only at first sight.
ODD_RESTS = [
    "",
    ":5",
    ":5:00",
    ":61:00",
    ":00:60",
    ":00:00 ",
    ":00",
    " :00:00",
    ":00:00.5",
    ":００:00",
    ":-1:00",
    ":00:0a",
]


@pytest.mark.parametrize("rest", ODD_RESTS)
@pytest.mark.parametrize(("table", "column"), [("ZY_FYMX", "FYRQ"), ("ZY_FYMX", "JFRQ"), ("ZY_ZYJS", "JSRQ")])
def test_odd_times_within_a_known_hour(table: str, column: str, rest: str) -> None:
    """Where the hour is known, minutes and seconds are not read; what is no time of day must show all the same."""
    source = "qingshi_county"
    direct, layouts = direct_of(source)
    stay = next(stay for stay in stays_of(source) if stay.tables.get(table))
    assert_same(source, stay)  # now its hours are known
    rows = stay.tables[table]
    for place in {0, len(rows) - 1}:
        known = rows[place].fields[column]
        odd = changed(stay, table, place, {column: known[:13] + rest})
        assert_same(source, odd)
        told = {issue.pointer for issue in direct.convert(packed(odd, layouts)).issues}
        assert any(pointer.endswith(f"/{column}") for pointer in told) is (rest != ":5:00")  # which can be read


@pytest.mark.parametrize("quantity", ["-1.00", "-2.00", "-999.00", "-0.00", "-"])
def test_a_refund_that_names_a_line_of_another_item(quantity: str) -> None:
    """The line that it names is looked for among all lines, not only among those of its item."""
    source = "qingshi_county"
    spec = next(each for each in mapping_of(source).resources if each.to == "ChargeItem")
    assert spec.refunds is not None
    mapping = with_charges(source, refunds=replace(spec.refunds, link="YZXH"))
    direct, layouts = DirectMapper(mapping), Layouts()
    assert direct.learned
    linked = 0
    for stay in [stay for stay in stays_of(source) if len(stay.tables.get("ZY_FYMX", ())) > 3][:4]:
        rows = stay.tables["ZY_FYMX"]
        named = next(row.fields for row in rows if row.fields["FYSL"][0] != "-")
        place = next(place for place, row in enumerate(rows) if row.fields["FYXH"] != named["FYXH"])
        refund = changed(stay, "ZY_FYMX", place, {"FYSL": quantity, "YZXH": named["JLXH"]})
        for _ in range(2):  # while it learns, and from what it has learned
            quick, slow = direct.convert(packed(refund, layouts)), direct.ordinary(refund)
            assert quick == slow
        undone = resource_id(source, "ChargeItem", named["JLXH"]).encode()
        linked += any(
            line.count(undone) == 1 and b"/reverses" in line and rows[place].fields["JLXH"].encode() in line
            for each in quick.written
            for line in each.lines.splitlines()
        )
    assert (linked > 0) is (quantity in ("-1.00", "-2.00"))


def test_texts_that_hold_what_stands_between_them() -> None:
    """A member of two columns is kept under both texts put together; two rows that give the same one are told apart."""
    source = "qingshi_county"
    direct, layouts = DirectMapper(mapping_of(source)), Layouts()
    stay = next(stay for stay in stays_of(source) if len(stay.tables.get("ZY_FYMX", ())) > 3)
    for code, name in [("A", "B\x1fC"), ("A\x1fB", "C"), ("A\x1fB", "\x1f"), ("A", "B")]:
        odd = changed(stay, "ZY_FYMX", 1, {"FYXH": code, "FYMC": name})
        for _ in range(2):
            assert direct.convert(packed(odd, layouts)) == direct.ordinary(odd)
    assert direct.learned and not any(learned.given_up for learned in direct.learned)


@pytest.mark.parametrize("rest", ODD_RESTS)
def test_an_odd_time_among_many_that_are_the_same(rest: str) -> None:
    source = "qingshi_county"
    stay = next(stay for stay in stays_of(source) if len(stay.tables.get("ZY_FYMX", ())) > 3)
    rows = stay.tables["ZY_FYMX"]
    for place in range(len(rows)):
        stay = changed(stay, "ZY_FYMX", place, {"JFRQ": rows[0].fields["JFRQ"]})
    assert_same(source, stay)
    for place in (0, len(rows) - 1):
        assert_same(source, changed(stay, "ZY_FYMX", place, {"JFRQ": rows[0].fields["JFRQ"][:13] + rest}))


def test_rows_of_several_files() -> None:
    """A stay whose lines lie in two files is still written from what was learned, and issues name the right file."""
    for source in ROW_SOURCES:
        for stay in stays_of(source):
            tables = {
                name: [replace(row, origin=replace(row.origin, file=f"{place % 2}")) for place, row in enumerate(rows)]
                for name, rows in stay.tables.items()
            }
            assert_same(source, replace(stay, tables=tables))


def test_unpacked_rows_are_plain_again() -> None:
    for source in ROW_SOURCES:
        for stay in stays_of(source):
            assert unpacked(packed(stay, {})) == stay


# -- what is not known goes the ordinary way ---------------------------------------------------------------------------


def with_charges(source: str, **changes: Any) -> Mapping_:
    mapping = mapping_of(source)
    resources = tuple(replace(each, **changes) if each.to == "ChargeItem" else each for each in mapping.resources)
    return replace(mapping, resources=resources)


def column_of(spec: ResourceSpec, **changes: Any) -> tuple[Field, ...]:
    """The fields, one column of them changed."""
    place = next(at for at, each in enumerate(spec.fields) if isinstance(each.value, Column))
    value = spec.fields[place].value
    assert isinstance(value, Column)
    return (
        *spec.fields[:place],
        replace(spec.fields[place], value=replace(value, **changes)),
        *spec.fields[place + 1 :],
    )


def test_a_feature_that_is_not_known_is_left_to_the_ordinary_mapper() -> None:
    spec = next(each for each in mapping_of("qingshi_county").resources if each.to == "ChargeItem")
    assert DirectMapper(mapping_of("qingshi_county")).learned
    newborn = NewbornLines(**{each.name: "patient" for each in fields(NewbornLines)})
    for changes in ({"private": True}, {"newborn": newborn}, {"fields": column_of(spec, of_stay=True)}):
        assert not DirectMapper(with_charges("qingshi_county", **changes)).learned, changes


def test_types_that_are_learned_are_sound_member_by_member() -> None:
    """Their schema says which members may stand together and what each may be; nothing compares two of them."""
    for name in MEMBERWISE:
        schema = _SCHEMA["$defs"][name]
        assert set(schema) == {"type", "minProperties", "additionalProperties", "required", "properties", "allOf"}
        assert schema["additionalProperties"] is False
        for part in schema["allOf"]:
            choice = part["$ref"].removeprefix("#/$defs/")
            assert choice.startswith(f"choice.{name}.")
            assert _speaks_of_presence(_SCHEMA["$defs"][choice])
        for member in schema["properties"].values():
            assert set(member) <= {"$ref", "const", "type", "minItems", "items"}


def _speaks_of_presence(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(map(_speaks_of_presence, schema))
    return all(
        name == "required" or (name in ("oneOf", "anyOf", "allOf", "not") and _speaks_of_presence(part))
        for name, part in schema.items()
    )
