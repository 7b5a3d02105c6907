"""Risk signs: each at its edge, with article and evidence; none without its clause or its fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.rules.programme.warnings import RiskFacts, Sign, read_warnings, signals
from tests.support.programme import PROGRAMMES

COUNTY, YONGZHOU = "county-plan-2021", "yongzhou-2017-67"
TODAY = date(2021, 3, 20)
CALM = RiskFacts(
    on=TODAY, running=Money(0), unconsented=0, home="999901", county="999901", department="N", responsible="D"
)
MARK = {"risk_self_pay": "5000.00"}

SEEN: list[tuple[str, dict[str, Any], Sign, str]] = [
    ("the mark itself", {"running": Money.yuan("5000.00")}, Sign.RUNNING_SELF_PAY, "5000.00"),
    ("a line without a consent", {"unconsented": 1}, Sign.CONSENT_MISSING, "1"),
    ("told yesterday", {"unanswered": 1, "notices": 2}, Sign.NOTICE_MISSED, "2"),
    ("nothing signed", {"signed": False}, Sign.AGREEMENT_UNSIGNED, "no"),
    ("left yesterday", {"left": date(2021, 3, 19), "open": Money(1)}, Sign.LEFT_UNSETTLED, "2021-03-19"),
    ("a fen of an earlier stay", {"earlier": Money(1), "earlier_stays": 1}, Sign.PREVIOUS_ARREARS, "1"),
    ("from elsewhere", {"home": "999902"}, Sign.ADDRESS_OUTSIDE, "999902"),
    ("no person", {"responsible": ""}, Sign.NOBODY_RESPONSIBLE, "responsible"),
]
UNSEEN: list[tuple[str, dict[str, Any]]] = [
    ("a fen below the mark", {"running": Money.yuan("4999.99")}),
    ("nobody knows the running part", {"running": None}),
    ("nobody could look at consents", {"unconsented": None}),
    ("told today", {"unanswered": 0, "notices": 1}),
    ("left today", {"left": TODAY, "open": Money(1)}),
    ("left and paid", {"left": date(2021, 3, 1)}),
    ("nobody knows the domicile", {"home": None}),
]


def found(change: dict[str, Any], name: str = COUNTY, settings: dict[str, str] = MARK) -> list[tuple[Sign, str]]:
    seen, stopped = signals(replace(CALM, **change), read_warnings(PROGRAMMES[name], settings))
    assert stopped == ()
    return [(each.sign, each.evidence[0][1]) for each in seen]


@pytest.mark.rule("A-38")
@pytest.mark.parametrize(("name", "change", "sign", "evidence"), SEEN, ids=[row[0] for row in SEEN])
def test_a_sign_that_is_there(name: str, change: dict[str, Any], sign: Sign, evidence: str) -> None:
    assert found(change) == [(sign, evidence)]


@pytest.mark.parametrize(("name", "change"), UNSEEN, ids=[row[0] for row in UNSEEN])
def test_nothing_is_said_without_a_reason(name: str, change: dict[str, Any]) -> None:
    assert found(change) == []


@pytest.mark.rule("A-38", "B-27")
@pytest.mark.parametrize("name", [COUNTY, YONGZHOU])
def test_each_has_its_article_and_what_to_do(name: str) -> None:
    everything = {key: value for _, change, _, _ in SEEN for key, value in change.items()}
    terms = read_warnings(PROGRAMMES[name], MARK)
    seen, _ = signals(replace(CALM, **everything), terms)
    assert [each.sign for each in seen] == list(terms.clauses)
    document = "县区方案2021" if name == COUNTY else "永卫计发〔2017〕67号"
    assert all(document in each.cite and each.todo_zh and each.todo_en for each in seen)
    assert (Sign.CONSENT_MISSING in terms.clauses) is (name == COUNTY)  # only one of the two asks for consents


def test_a_blank_keeps_only_its_own_sign_back() -> None:
    seen, stopped = signals(replace(CALM, signed=False), read_warnings(PROGRAMMES[COUNTY], {}))
    assert [each.sign for each in seen] == [Sign.AGREEMENT_UNSIGNED]
    assert [issue.code for issue in stopped] == ["PRG-201"]
    assert not stopped[0].stops
    _, unreadable = signals(CALM, read_warnings(PROGRAMMES[COUNTY], {"risk_self_pay": "a lot"}))
    assert [issue.code for issue in unreadable] == ["PRG-203"]


def test_a_sign_that_no_rule_knows_is_refused() -> None:
    programme = PROGRAMMES[COUNTY]
    odd = {**programme.document, "warnings": {"bad-feeling": {"zh": "一", "en": "a", "cite": "一"}}}
    with pytest.raises(AdapterError) as refused:
        read_warnings(replace(programme, document=odd), {})
    assert refused.value.issues[0].code == "PRG-202"
