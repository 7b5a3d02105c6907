"""The JSON door: digits survive, ambiguity is refused."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.canonical import canonical, decode, digest, encode
from adapter.model.issues import AdapterError


@pytest.mark.parametrize(
    "text",
    [
        "1.10",
        "0.00",
        "-0.50",
        "1.3975",
        "123456789012345678.12",
        "0.000001",
        "123456789012345678901234",
        "7",
    ],
)
def test_digits_survive(text: str) -> None:
    raw = b'{"value":' + text.encode() + b"}"
    assert encode(decode(raw)) == raw
    assert canonical(decode(raw)) == raw


@pytest.mark.parametrize("text", ["1e3", "25E-4", "1.50E+2", "0.000000000000000001"])
def test_an_exponent_keeps_value_and_precision(text: str) -> None:
    """Very small and very large numbers may change their notation, never a digit."""
    read = decode(text.encode())
    assert isinstance(read, Decimal)
    assert Decimal(encode(read).decode()).as_tuple() == Decimal(text).as_tuple()


def test_whole_numbers_are_ints_and_points_are_decimals() -> None:
    assert [type(one) for one in decode(b"[1, 1.0, -3, true]")] == [int, Decimal, int, bool]


def test_canonical_sorts_and_compact_does_not() -> None:
    value = {"b": Decimal("1.10"), "a": {"d": "中", "c": []}}
    assert encode(value) == '{"b":1.10,"a":{"d":"中","c":[]}}'.encode()
    assert canonical(value) == '{"a":{"c":[],"d":"中"},"b":1.10}'.encode()
    assert digest(value) == digest({"a": {"c": [], "d": "中"}, "b": Decimal("1.10")})
    assert digest(value) != digest({**value, "b": Decimal("1.1")})


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":1, "a" : 2}',
        b'{"x":[{"a":"p:q","b":1,"a":":"}]}',
        b'{"a":{"b":1},"\\u0061":{"b":1}}',
        b'{"a":"\\u003a","a":"\\u003a\\u003a"}',
        b'{"a":":::","b":1,"b":"\\u003A"}',
    ],
)
def test_a_repeated_key_is_refused(raw: bytes) -> None:
    with pytest.raises(AdapterError) as caught:
        decode(raw)
    assert [issue.code for issue in caught.value.issues] == ["FHIR-102"]


def test_a_strange_repeated_key_is_not_quoted() -> None:
    with pytest.raises(AdapterError) as caught:
        decode('{"张三 110":1,"张三 110":2}'.encode())
    assert "张三" not in str(caught.value)


@pytest.mark.parametrize(
    "raw", [b'{"a":": : \\":"}', b'{"a":"\\u003a","b":"\\u003A:"}', b'{"u":"a://b:c","v":{"u":"x:y"}}', b'[":",":",""]']
)
def test_colons_in_strings_are_no_keys(raw: bytes) -> None:
    assert decode(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b'{"a":-Infinity}',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"{} x",
        b"[" * 100_000,
        b"01",
    ],
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(AdapterError) as caught:
        decode(raw)
    assert [issue.code for issue in caught.value.issues] == ["FHIR-101"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_nan_and_infinity_are_not_written(text: str) -> None:
    for write in (encode, canonical):
        with pytest.raises(AdapterError) as caught:
            write({"a": [Decimal(text)]})
        assert [issue.code for issue in caught.value.issues] == ["FHIR-103"]


def test_the_words_nan_and_infinity_may_be_text() -> None:
    assert decode(encode({"NaN": 'to "Infinity'})) == {"NaN": 'to "Infinity'}


_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _DECIMALS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=200)
@given(_JSON)
def test_what_is_written_reads_back(value: object) -> None:
    assert decode(encode(value)) == value
    assert canonical(decode(canonical(value))) == canonical(value)
