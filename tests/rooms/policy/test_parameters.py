"""Dated values: first day, the day before, the end, keys, required settings; and the shipped files."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.model.dates import Period
from adapter.model.issues import AdapterError, PolicyNotInForce, SettingMissing
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer
from adapter.rules.policy.book import PolicyBook
from adapter.rules.policy.parameters import Policy, Setting
from adapter.rules.policy.plan_file import policy_of
from adapter.rules.policy.scheme import Scheme
from adapter.rules.policy.tree import tree_of
from adapter.rules.settlement.coordination import KINDS, check_layers
from tests.support.settlement import book


def policy(parameters: dict[str, Any]) -> Policy:
    head = {"policy": "x/basic", "payer": "basic", "title": {"zh": "示例", "en": "x"}, "document": {"id": "1"}}
    return policy_of(tree_of({**head, "steps": ["ratio"], "parameters": parameters}, "x"))


DATED = policy(
    {
        "deductible": {
            "varies_by": "hospital_level",
            "values": {
                "2024-03-01": {"cite": "第六条", "value": {"primary": "200.00", "default": "900.00"}},
                "2025-01-01": {"cite": "第二条", "value": {"primary": "150.00", "secondary": "none"}},
                "2027-01-01": {"cite": "第九条", "ends": "true"},
            },
        },
        "ratio": {
            "varies_by": ["person_category", "hospital_level"],
            "values": {
                "2024-03-01": {"cite": "第七条", "value": {"poor": {"primary": "0.9"}, "default": {"default": "0.8"}}}
            },
        },
    }
)


def code_of(error: pytest.ExceptionInfo[AdapterError]) -> list[str]:
    return [issue.code for issue in error.value.issues]


@pytest.mark.parametrize(
    ("day", "amount", "cite"),
    [
        (date(2024, 3, 1), "200.00", "第六条"),
        (date(2024, 12, 31), "200.00", "第六条"),
        (date(2025, 1, 1), "150.00", "第二条"),
        (date(2026, 12, 31), "150.00", "第二条"),
    ],
)
def test_the_value_of_a_day(day: date, amount: str, cite: str) -> None:
    value = DATED.at("deductible", day, "primary")
    assert (value.text, value.money, value.cite) == (amount, Money.yuan(amount), cite)


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2027, 1, 1), date(2030, 1, 1)])
def test_a_day_that_no_document_covers(day: date) -> None:
    with pytest.raises(PolicyNotInForce) as error:
        DATED.at("deductible", day, "primary")
    assert code_of(error) == ["POL-201"]
    assert str(day) in error.value.issues[0].zh
    with pytest.raises(PolicyNotInForce):
        DATED.find("deductible", day, "primary")


def test_keys_defaults_and_none() -> None:
    day, later = date(2024, 3, 1), date(2025, 1, 1)
    assert DATED.at("deductible", day, "tertiary").text == "900.00"
    with pytest.raises(AdapterError) as error:
        DATED.at("deductible", later, "tertiary")
    assert code_of(error) == ["POL-202"]
    assert DATED.find("deductible", later, "secondary") is None
    assert DATED.at("deductible", later, "secondary").is_none
    assert DATED.find("unknown", day) is None
    with pytest.raises(AdapterError) as error:
        DATED.at("unknown", day)
    assert code_of(error) == ["POL-203"]


def test_two_dimensions() -> None:
    day = date(2024, 3, 1)
    assert DATED.at("ratio", day, {"person_category": "poor", "hospital_level": "primary"}).decimal == Decimal("0.9")
    assert DATED.at("ratio", day, {"hospital_level": "primary"}).text == "0.8"
    with pytest.raises(AdapterError) as error:
        DATED.at("ratio", day, {"person_category": "poor", "hospital_level": "secondary"})
    assert code_of(error) == ["POL-202"]
    assert DATED.keys_of("person_category") == {"poor"}
    assert DATED.keys_of("hospital_level") == {"primary", "secondary"}


@pytest.mark.parametrize(
    ("value", "reader"),
    [
        ("abc", "money"),
        ("1.001", "money"),
        ("NaN", "decimal"),
        ("1.5", "whole"),
        ("maybe", "flag"),
        ("abc", "texts"),
        ("abc", "rows"),
        ("abc", "table"),
        (["a"], "text"),
    ],
)
def test_a_value_of_another_kind_is_refused(value: Any, reader: str) -> None:
    found = policy({"p": {"values": {"2024-01-01": {"cite": "X", "value": value}}}}).at("p", date(2024, 1, 1))
    with pytest.raises(AdapterError) as error:
        getattr(found, reader)
    assert code_of(error) == ["POL-204"]


def test_required_settings_are_listed_with_their_articles_and_filled_in_once() -> None:
    blank = policy(
        {
            "threshold": {"required": "true", "cite": "四(二) XXXX元以上", "zh": "起点", "en": "threshold"},
            "share": {"required": "true", "cite": "四(一) XX%", "zh": "比例", "en": "share"},
            "given": {"values": {"2024-01-01": {"cite": "一", "value": "1"}}},
        }
    )
    with pytest.raises(SettingMissing) as error:
        blank.at("threshold", date(2024, 1, 1))
    assert code_of(error) == ["POL-205", "POL-205"]
    assert "四(二)" in error.value.issues[0].zh and "四(一)" in error.value.issues[1].zh
    filled = blank.with_settings({"threshold": Setting("3000", "本区通知")})
    value = filled.at("threshold", date(2024, 1, 1))
    assert (value.money, value.cite) == (Money.yuan("3000"), "四(二) XXXX元以上;本区通知")
    assert filled.version != blank.version
    assert [issue.pointer for issue in filled.missing()] == ["x/basic#share"]
    for name, code in (("given", "POL-209"), ("nothing", "POL-203")):
        with pytest.raises(AdapterError) as refused:
            blank.with_settings({name: Setting("1", "X")})
        assert code_of(refused) == [code]


def test_a_scheme_fills_its_plans_settings() -> None:
    blank = policy({"ratio": {"required": "true", "cite": "四(一) XX%"}})
    shipped = book().scheme("test_hunan_two_calls")
    fields = {
        **vars(shipped),
        "layers": shipped.layers[:1],
        "plan_settings": {"x/basic": {"ratio": Setting("0.5", "设定")}},
    }
    scheme = Scheme(**{**fields, "layers": (type(shipped.layers[0])(Payer.BASIC, "x/basic"),)})
    layer = PolicyBook(schemes={"s": scheme}, plans={"x/basic": blank}, programmes={}).layers("s")[0]
    assert layer.policy.at("ratio", date(2024, 1, 1)).text == "0.5"


def test_schemes_are_chosen_by_source_and_admission_day() -> None:
    chosen = {
        date(2020, 1, 1): "test_hunan_two_calls",
        date(2021, 12, 31): "test_hunan_two_calls",
        date(2022, 1, 1): "test_hunan_one_call",
        date(2022, 12, 31): "test_hunan_one_call",
        date(2023, 1, 1): "test_county_plan",
        date(2025, 12, 31): "test_county_plan",
    }
    assert {day: book().scheme_for("qingshi_county", day).name for day in chosen} == chosen
    for source, day in (("qingshi_county", date(2019, 12, 31)), ("elsewhere", date(2021, 1, 1))):
        with pytest.raises(AdapterError) as error:
            book().scheme_for(source, day)
        assert code_of(error) == ["POL-206"]


def test_overlapping_schemes_are_refused() -> None:
    one = book().scheme("test_hunan_two_calls")
    other = Scheme(**{**vars(one), "name": "other", "valid": Period(date(2021, 12, 31))})
    both = PolicyBook(schemes={"a": one, "b": other}, plans=book().plans, programmes=book().programmes)
    with pytest.raises(AdapterError) as error:
        both.scheme_for("qingshi_county", date(2021, 12, 31))
    assert code_of(error) == ["POL-207"]


def test_unknown_names_say_what_is_known() -> None:
    for look in (book().scheme, book().plan, book().programme):
        with pytest.raises(AdapterError) as error:
            look("nothing")
        assert code_of(error) == ["POL-208"]


def test_the_shipped_schemes_say_who_answers_what() -> None:
    two, one = book().scheme("test_hunan_two_calls"), book().scheme("test_hunan_one_call")
    assert [(call.name, call.endpoint, call.payers) for call in two.calls] == [
        ("insurance", "bureau", (Payer.BASIC, Payer.CRITICAL_ILLNESS)),
        ("aid", "civil-affairs", (Payer.MEDICAL_AID,)),
    ]
    assert [(call.name, call.payers) for call in one.calls] == [
        ("insurance", (Payer.BASIC, Payer.CRITICAL_ILLNESS, Payer.MEDICAL_AID))
    ]
    assert set(two.authorities.values()) == {Authority.PAYER}
    call = one.call_of(Payer.MEDICAL_AID)
    assert call is not None and call.name == "insurance"
    assert one.call_of(Payer.HOSPITAL) is None


@pytest.mark.parametrize("name", sorted(book().plans))
def test_shipped_plans_say_what_they_cover_and_cite_sources_that_they_name(name: str) -> None:
    plan = book().plan(name)
    assert plan.covers is not None and plan.does_not_cover is not None
    assert set(plan.steps) <= set(KINDS)
    assert name.startswith("test_") == plan.test_profile
    known = {source.key for source in plan.sources}
    cited = {key for p in plan.parameters.values() for e in p.history for key in re.findall(r"\bS\d+b?\b", e.cite)}
    assert cited <= known, f"{name} cites sources that it does not name"
    assert all(source.address for source in plan.sources)


@pytest.mark.parametrize("name", sorted(book().schemes))
def test_shipped_schemes_can_be_calculated(name: str) -> None:
    check_layers(book().layers(name))
    assert book().scheme(name).test_profile
