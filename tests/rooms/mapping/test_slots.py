"""What is written without being read again: texts that stand as they are, and forms of sound values."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.canonical import encode
from adapter.fhir.schema.compiled import definition
from adapter.intake.mapping.slots import _KEYS, _NUMBERS, Plain, _form, rows_in_order
from adapter.intake.mapping.transforms import SECONDS, TRANSFORMS, Context
from adapter.model.packed import Layout, PackedTable

NUMBERS = st.one_of(
    st.from_regex(r"-?[0-9]{1,11}(\.[0-9]{0,5})?", fullmatch=True),
    st.sampled_from(["-0", "-0.00", "0", "0.0", "00.10", "1.", ".5", "+1.00", "1e3", "１.00", "1.00\n", "", "-"]),
)


@pytest.mark.parametrize("transform", sorted(_NUMBERS))
@settings(max_examples=200, deadline=None)
@given(text=NUMBERS)
def test_plain_numbers_are_written_as_their_transform_writes_them(transform: str, text: str) -> None:
    if _NUMBERS[transform].one(text.encode()):
        value = TRANSFORMS[transform](Context())(text)
        assert encode({"value": value}) == f'{{"value":{text}}}'.encode()


@pytest.mark.parametrize("text", ["3.00", "0.05", "-12.50", "123456789.00"])
def test_the_usual_amounts_are_plain(text: str) -> None:
    assert _NUMBERS["yuan"].one(text.encode()) and _NUMBERS["decimal"].one(text.encode())


@pytest.mark.parametrize("plain", [_KEYS, *_NUMBERS.values()])
@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.one_of(NUMBERS, st.text("aB1:._- \n文", max_size=4)), max_size=5))
def test_many_are_plain_when_each_is(plain: Plain, texts: list[str]) -> None:
    whole = [text.encode() for text in texts if "\n" not in text]
    assert bool(plain.all(b"".join(text + b"\n" for text in whole))) is all(map(plain.one, whole))


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31, 23, 59, 59)))  # noqa: DTZ001 - local times
def test_any_moment_is_as_sound_as_another(moment: datetime) -> None:
    """Of these years; so a moment's form leaves its digits out."""
    context = Context(formats=(SECONDS,), zone=ZoneInfo("Asia/Shanghai"))
    try:
        value = TRANSFORMS["local_time"](context)(f"{moment:%Y-%m-%d %H:%M:%S}")
    except ValueError:
        return  # in an hour that clocks skipped or repeated
    if len(value[19:]) == len("+08:00"):
        assert re.search(definition("dateTime")["pattern"], value)
        assert _form(value, moments=True) == value[19:] and _form(value, moments=False) == value


def test_any_number_is_as_sound_as_another() -> None:
    """The schema asks of a number that it is one; so a number's form leaves its digits out."""
    assert definition("decimal") == {"type": "number"}
    forms = {str(_form({"value": [Decimal(text)]}, moments=False)) for text in ("1.00", "-3.25", "0.00")}
    assert len(forms) == 1
    assert _form(Decimal("1E+9"), moments=False) == Decimal("1E+9")


def test_rows_in_order_of_their_keys() -> None:
    """Shorter keys first; a row without its key, or with one that is not ASCII, is not put in order here."""
    layout = Layout("anywhere", "LINES.csv", "LINES", ("A", "B"))

    def ordered(*keys: str) -> list[str] | None:
        cells = [cell for key in keys for cell in (b"x", key.encode())]
        rows = rows_in_order(PackedTable([layout], range(len(keys)), cells), ("B",), "", {})
        return None if rows is None else [key for key, _ in rows]

    assert ordered("10", "9", "b", "a") == ["9", "a", "b", "10"]
    assert ordered("2", "1", "3") == ["1", "2", "3"] and ordered("1") == ["1"]
    assert ordered("1", "") is None and ordered("文", "1") is None and ordered() is None


def test_a_packed_table_is_wider_or_shorter() -> None:
    first, second = (Layout("anywhere", f"{n}.csv", "LINES", ("A", "B")) for n in (1, 2))
    table = PackedTable([first, second, first], [4, 5, 6], [b"a", b"1", b"b", b"2", b"c", "文".encode()])
    assert table.column("B") == [b"1", b"2", "文".encode()] and table.column("C") is None
    assert table[1] is table[1] and table[1].origin.pointer() == "2.csv#5" and dict(table[-1]) == {"A": "c", "B": "文"}
    some = table.at([2, 1])
    assert [row.origin.file for row in some] == ["1.csv", "2.csv"] and some.column("A") == [b"c", b"b"]
    wide = Layout("anywhere", "1.csv", "LINES", ("A", "B", "C"))
    wider = table.wider([wide], [[b"x", b"y", b"z"]])
    assert [dict(row) for row in wider][1] == {"A": "b", "B": "2", "C": "y"} and wider.column("A") == table.column("A")
