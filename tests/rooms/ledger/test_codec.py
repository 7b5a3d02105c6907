"""What is read back equals what was written, to the digit and to the byte."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.ledger import codec
from adapter.ledger.tables import moment_of, moment_text
from adapter.model.claim import LineSplit, SplitBasis, YearToDate
from adapter.model.issues import Issue, Severity
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.model.settlement import (
    Accrual,
    Authority,
    Explanation,
    PatientParts,
    Payer,
    PayerAnswer,
    Settlement,
    Share,
    Step,
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
money = st.builds(Money, st.integers(-(10**15), 10**15))
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
zones = st.sampled_from([UTC, timezone(timedelta(hours=8))])
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001


def several(one: st.SearchStrategy) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.lists(one, max_size=3).map(tuple)


issues = st.builds(Issue, words, st.sampled_from(Severity), words, words, words, words, words)
splits = st.builds(LineSplit, money, money, money, money, st.sampled_from(SplitBasis))
named = several(st.tuples(words, money))
years = st.builds(YearToDate, st.integers(1990, 2100), named, words, st.none() | moments, st.none() | words)
shares = st.builds(
    Share,
    st.sampled_from(Payer),
    money,
    st.sampled_from(Authority),
    words,
    words,
    st.none() | money,
    st.none() | words,
)
steps = st.builds(
    Step,
    st.sampled_from(Payer),
    words,
    money,
    money,
    st.builds(Explanation, words, words, words),
    several(st.tuples(words, words)),
)


@st.composite
def settlements(draw: st.DrawFn) -> Settlement:
    divided = draw(several(shares))
    return Settlement(
        case_id=draw(words),
        version=draw(st.integers(1, 99)),
        scheme=draw(words),
        on=draw(days),
        total=Money.total(share.amount for share in divided),
        shares=divided,
        steps=draw(several(steps)),
        patient=draw(st.builds(PatientParts, *[money] * 7)),
        splits=draw(several(st.tuples(words, splits))),
        accrued=draw(years),
        accruals=draw(several(st.builds(Accrual, words, st.integers(1990, 2100), words, money))),
        rules=draw(several(words)),
        basis=draw(words),
        complete=draw(st.booleans()),
        test_profile=draw(st.booleans()),
        not_modelled=draw(several(st.sampled_from(Payer))),
        issues=draw(several(issues)),
    )


answers = st.builds(
    PayerAnswer, st.sampled_from(Payer), money, words, named, several(st.tuples(words, splits)), several(words)
)
receipts = st.builds(
    Receipt,
    st.sampled_from(Outcome),
    moments,
    st.none() | words,
    several(answers),
    st.none() | years,
    st.binary(),
    st.none() | st.integers(0, 10**6),
    several(issues),
    st.booleans(),
)
messages = st.builds(
    OutboundMessage,
    words,
    words,
    st.integers(1, 9),
    words,
    words,
    st.sampled_from(Stage),
    words,
    st.binary(),
    words,
    st.booleans(),
    several(st.sampled_from(Payer)),
    st.none() | words,
    st.integers(0, 9),
    st.none() | moments,
)


@settings(deadline=None, max_examples=100)
@given(settlements())
def test_settlement(value: Settlement) -> None:
    written = codec.settlement_bytes(value)
    assert codec.settlement_of(written) == value
    assert codec.settlement_bytes(codec.settlement_of(written)) == written


@settings(deadline=None, max_examples=100)
@given(receipts)
def test_receipt(value: Receipt) -> None:
    assert codec.receipt_of(codec.receipt_bytes(value), value.body) == value


@settings(deadline=None, max_examples=50)
@given(messages)
def test_message(value: OutboundMessage) -> None:
    assert codec.message_of(codec.message_bytes(value)) == value


@settings(deadline=None, max_examples=50)
@given(several(issues), named)
def test_issues_and_amounts(some: tuple[Issue, ...], amounts: tuple[tuple[str, Money], ...]) -> None:
    assert codec.issues_of(codec.json_text(codec.issues_data(some))) == some
    assert codec.amounts_of(codec.json_text(codec.amounts_data(amounts))) == amounts


@settings(deadline=None, max_examples=100)
@given(moments, moments)
def test_moments_sort_as_text(one: datetime, other: datetime) -> None:
    assert moment_of(moment_text(one)) == one
    assert (moment_text(one) < moment_text(other)) == (one < other)


def test_a_settlement_that_does_not_add_up_cannot_be_read() -> None:
    written = codec.settlement_bytes(_smallest()).replace(b'"total":{"fen":0}', b'"total":{"fen":1}')
    with pytest.raises(ValueError, match="add up"):
        codec.settlement_of(written)


@pytest.mark.parametrize("value", [0.5, b"x", {1: "a"}, [object()], {"a": {"b": (1, 2.0)}}])
def test_only_plain_values_are_json(value: object) -> None:
    with pytest.raises(TypeError):
        codec.json_text({"value": value})


def test_json_text_does_not_depend_on_order() -> None:
    assert codec.json_text({"b": 1, "a": "名"}) == codec.json_text({"a": "名", "b": 1}) == '{"a":"名","b":1}'


def _smallest() -> Settlement:
    return Settlement(
        "c", 1, "s", date(2021, 1, 1), Money(0), (), (), PatientParts(), (), YearToDate(2021), (), (), "", True, True
    )
