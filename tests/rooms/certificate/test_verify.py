"""Certificates: what we write verifies, and any amount changed by a fen is found by arithmetic alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.money import Money
from adapter.model.settlement import Payer, PayerAnswer, Settlement
from adapter.rules.certificate.arithmetic import Unreadable, amount, worked_out
from adapter.rules.certificate.verify import verify
from adapter.rules.policy.load import layers_from
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.certificate import certificate, digest_of
from adapter.rules.settlement.facts import read_facts
from tests.support.settlement import SCHEME, by_name, composite, table

STAYS = [row for row in table("worked_examples.yaml") if "stays" in row]
FACTS: list[dict[str, Any]] = [
    {"name": "poor", "in_scope": "61234.57", "level": "secondary", "categories": ["registered-poor"]},
    {"name": "dear", "in_scope": "412345.67", "level": "tertiary", "categories": []},
    {"name": "small", "in_scope": "312.03", "level": "secondary", "categories": []},
]


def settled(facts: dict[str, Any], answers: dict[Payer, PayerAnswer] | None = None) -> Settlement:
    lines = [
        {"amount": facts["in_scope"], "quantity": "1", "class": "A"},
        {"amount": "772.00", "quantity": "2", "class": "B", "self_share": "0.30", "price_limit": "350"},
        {"amount": "60.05", "quantity": "1", "class": "C"},
    ]
    person = {"categories": facts["categories"]}
    read = read_facts({"settled_on": "2022-05-31", "hospital_level": facts["level"], "person": person, "lines": lines})
    return adjudicate(read.claim, read.accrued, composite(), scheme=SCHEME, test_profile=True, answers=answers or {})


def written(settlement: Settlement) -> dict[str, Any]:
    """The certificate as a reader of the file has it."""
    found: dict[str, Any] = json.loads(json.dumps(certificate(settlement)))
    return found


def amounts_in(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Places of every amount that a settlement states; inputs taken from a policy or a year are none of them."""
    if path and path[-1] in ("inputs", "year_to_date", "checks", "sources"):
        return
    if isinstance(document, dict):
        for key, value in document.items():
            yield from amounts_in(value, (*path, key))
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from amounts_in(value, (*path, place))
    elif isinstance(document, str):
        try:
            amount(document)
        except Unreadable:
            return
        yield path


def changed(document: dict[str, Any], path: tuple[str | int, ...], by: int) -> dict[str, Any]:
    found = copy.deepcopy(document)
    at: Any = found
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = Money(Money.yuan(at[path[-1]]).fen + by).text
    found["digest"] = digest_of(found)
    return found


@pytest.mark.parametrize("facts", FACTS, ids=by_name)
def test_what_we_write_verifies(facts: dict[str, Any]) -> None:
    assert verify(written(settled(facts))) == []


@pytest.mark.parametrize("example", STAYS, ids=by_name)
def test_published_calculations_verify(example: dict[str, Any]) -> None:
    layers = layers_from(example["plan"])
    for stay in example["stays"]:
        if "issues" in stay["expect"]:
            continue
        read = read_facts(_plain(stay["facts"]))
        found = adjudicate(read.claim, read.accrued, layers, scheme="x", test_profile=False, answers=read.answers)
        assert verify(written(found)) == []


@pytest.mark.parametrize("facts", FACTS, ids=by_name)
@pytest.mark.parametrize("by", [1, -1])
def test_every_amount_changed_by_a_fen_is_found(facts: dict[str, Any], by: int) -> None:
    document = written(settled(facts))
    places = list(amounts_in(document))
    assert len(places) > 60
    unnoticed = [path for path in places if not verify(changed(document, path, by))]
    # what counts for the year as eligible, and as one admission, stands beside the arithmetic of this stay
    assert {path[-1] for path in unnoticed} <= {"basic.eligible", "basic.admissions"}


def test_a_changed_word_is_found_by_the_digest() -> None:
    document = written(settled(FACTS[0]))
    document["case_id"] = "another"
    assert [each.promise for each in verify(document)] == ["DIGEST"]


@pytest.mark.parametrize("name", ["ratio", "ratio_1", "standard", "printed"])
def test_another_ratio_or_standard_is_found(name: str) -> None:
    document = written(settled(FACTS[1]))
    step = next(step for step in document["steps"] if name in step["inputs"])
    step["inputs"][name] = str(Decimal(step["inputs"][name]) + Decimal("0.01"))
    document["digest"] = digest_of(document)
    assert "STEP" in {each.promise for each in verify(document)}


def test_a_payers_answer_is_marked_and_carried_on() -> None:
    answer = PayerAnswer(Payer.BASIC, Money.yuan("40000.00"), "SETL-1")
    document = written(settled(FACTS[0], {Payer.BASIC: answer}))
    share = next(each for each in document["shares"] if each["payer"] == "basic")
    assert share["origin"].startswith("payer's answer, not derived") and share["reference"] == "SETL-1"
    assert verify(document) == []
    share["reference"] = None
    document["digest"] = digest_of(document)
    assert [each.promise for each in verify(document)] == ["EXPECTED"]


@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 60_000_000),
    st.sampled_from(["township", "primary", "secondary", "tertiary"]),
    st.lists(st.sampled_from(["registered-poor", "subsistence-allowance"]), unique=True),
    st.integers(0, 20_000_000),
)
def test_any_settlement_verifies(fen: int, level: str, categories: list[str], answered: int) -> None:
    facts = {"in_scope": Money(fen).text, "level": level, "categories": categories}
    assert verify(written(settled(facts))) == []
    amount_ = min(Money(answered), Money(fen))
    answers = {Payer.BASIC: PayerAnswer(Payer.BASIC, amount_, "S-1", (("deductible", Money.yuan("1.00")),))}
    assert verify(written(settled(facts, answers))) == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"bill": {}},
        {"bill": {"total": 1.5, "third_party": "0.00"}},
        {"bill": {"total": "1.5", "third_party": "0.00"}},
    ],
)
def test_what_is_no_certificate_is_said_to_be_none(broken: dict[str, Any]) -> None:
    assert [each.promise for each in verify(broken)] == ["FORM"]


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a * b", "0.665"),
        ("round(a * b)", "0.67"),
        ("round(0 - a * b)", "-0.67"),
        ("min(a, max(b, 2))", "2"),
        ("a - a", "0"),
    ],
)
def test_formulas(formula: str, value: str) -> None:
    names = {"a": amount("4.75"), "b": amount("0.14")}
    assert worked_out(formula, names) == Fraction(value)


@pytest.mark.parametrize(
    "formula", ["a / b", "a ** 9", "__import__('os')", "a.b", "c", "(", "1.5", "min()", "round(a, 1)"]
)
def test_nothing_else_is_a_formula(formula: str) -> None:
    with pytest.raises(Unreadable):
        worked_out(formula, {"a": amount("1.00"), "b": amount("2.00")})


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
