"""Several stays in a year where we keep the year ourselves: one changes, and the later ones are marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from adapter.cases import reverse, settle
from adapter.cases.tools import Tools
from adapter.cases.window.late_payer import add_late_payer
from adapter.cases.window.later_stays import stands
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import Stage
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer
from adapter.rules.policy.load import layers_from
from adapter.rules.policy.scheme import Call, Scheme
from tests.support.office import (
    act,
    case_id,
    codes,
    policy_book,
    row_of,
    settle_case,
    settlement_of,
    take_in,
    try_case,
    work,
)
from tests.support.payers import Payers

EARLY, LATE = "300010002", "300010021"  # one person: the second stay begins above the critical-illness deductible


HALVED: dict[str, object] = {  # a later admission of the year takes half the deductible
    "policy": "test_hunan_composite/basic",
    "payer": "basic",
    "test_profile": "true",
    "steps": ["in_scope", "deductible", "ratio"],
    "parameters": {
        "deductible": {"value": "500", "as": "money", "cite": "X"},
        "deductible_later": {"value": [{"from": "2", "factor": "0.5"}], "as": "rows", "cite": "S47"},
        "ratio": {"value": "0.60", "as": "ratio", "cite": "X"},
    },
}


def own_books(tools: Tools, *plans: dict[str, object]) -> Tools:
    """The same office, where all payers' parts are computed here and nobody is told; with other plans where given."""

    def changed(scheme: Scheme) -> Scheme:
        return replace(scheme, calls=(Call("own", "", scheme.order, Authority.ADAPTER),))

    book = policy_book()
    schemes = {name: changed(each) for name, each in book.schemes.items()}
    others = {layer.policy.name: layer.policy for layer in layers_from(list(plans))} if plans else {}
    return replace(tools, book=replace(book, schemes=schemes, plans={**book.plans, **others}))


@pytest.fixture
def office_of_one(tools: Tools, tmp_path: Path) -> Tools:
    tools = own_books(tools)
    take_in(tools, tmp_path, EARLY, LATE)
    return tools


def undo(stay: str, tools: Tools) -> None:
    reverse.start_reversal(case_id(stay), tools, act(tools, "费用更正"))
    assert work(tools)


def test_a_payer_without_a_counterpart_is_computed_and_nobody_is_asked(office_of_one: Tools, payers: Payers) -> None:
    settle_case(EARLY, office_of_one)
    settled = settlement_of(EARLY, office_of_one)
    assert settled.complete
    assert {share.authority for share in settled.shares} == {Authority.ADAPTER}
    assert payers.bureau.asked_about(Stage.SETTLE) == payers.bureau.asked_about(Stage.TRIAL) == []
    undo(EARLY, office_of_one)
    assert row_of(EARLY, office_of_one).bill is BillState.REVERSED


@pytest.mark.rule("T-08")
def test_reversing_the_first_stay_marks_the_second(office_of_one: Tools) -> None:
    tools = office_of_one
    settle_case(EARLY, tools)
    settle_case(LATE, tools)
    before = settlement_of(LATE, tools)
    assert before.accrued.get("critical-illness.base")
    undo(EARLY, tools)
    row = row_of(LATE, tools)
    assert (row.bill, row.held, codes(row)) == (BillState.SETTLED, True, ["CASE-403"])
    assert settlement_of(LATE, tools) == before, "nothing is edited"
    undo(LATE, tools)
    settle_case(LATE, tools)
    again = settlement_of(LATE, tools, 2)
    assert not row_of(LATE, tools).held
    assert not again.accrued.get("critical-illness.base")
    assert again.share_of(Payer.CRITICAL_ILLNESS) < before.share_of(Payer.CRITICAL_ILLNESS)


def test_a_late_payer_in_between_hides_nothing(office_of_one: Tools) -> None:
    """The first stay got money later than the second was settled: the second still stands on the first."""
    tools = office_of_one
    settle_case(EARLY, tools)
    settle_case(LATE, tools)
    late = (Payer.EMERGENCY_FUND, Money.yuan("100"), "E-1", "救助通知")
    add_late_payer(case_id(EARLY), *late, tools, act(tools), received=date(2026, 3, 9))
    assert not row_of(LATE, tools).held, "no rule of the second stay looks at that fund"
    undo(EARLY, tools)
    assert codes(row_of(LATE, tools)) == ["CASE-403"]


def test_last_settled_is_first_undone(office_of_one: Tools) -> None:
    """Both bills of the year come to what they would have been in order: full deductible first, half after it."""
    tools = own_books(office_of_one, HALVED)
    settle_case(EARLY, tools)
    settle_case(LATE, tools)
    first, second = settlement_of(EARLY, tools), settlement_of(LATE, tools)
    undo(EARLY, tools)
    try_case(EARLY, tools)
    with pytest.raises(AdapterError) as refused:
        settle.start_settlement(case_id(EARLY), tools, act(tools))
    assert codes(refused.value) == ["CASE-407"]
    undo(LATE, tools)
    settle_case(EARLY, tools)
    settle_case(LATE, tools)
    assert settlement_of(EARLY, tools, 2).shares == first.shares
    assert settlement_of(LATE, tools, 2).shares == second.shares
    assert not row_of(LATE, tools).held


def test_a_bill_that_stands_lets_the_first_stay_be_settled(office_of_one: Tools) -> None:
    tools = office_of_one
    settle_case(EARLY, tools)
    settle_case(LATE, tools)
    undo(EARLY, tools)
    stands(case_id(LATE), tools, act(tools, "医保局核定不变"))
    settle_case(EARLY, tools)
    assert not row_of(LATE, tools).held


@pytest.mark.rule("T-07")
def test_a_stay_of_an_earlier_day_that_is_settled_later_marks_it_too(office_of_one: Tools) -> None:
    tools = own_books(office_of_one, HALVED)
    settle_case(LATE, tools)
    settle_case(EARLY, tools)
    assert settlement_of(EARLY, tools).on < settlement_of(LATE, tools).on
    assert codes(row_of(LATE, tools)) == ["CASE-404"]


def test_a_person_may_let_it_stand(office_of_one: Tools) -> None:
    tools = own_books(office_of_one, HALVED)
    settle_case(LATE, tools)
    settle_case(EARLY, tools)
    stands(case_id(LATE), tools, act(tools, "以结算先后为准"))
    assert not row_of(LATE, tools).held
    with pytest.raises(AdapterError) as refused:
        stands(case_id(LATE), tools, act(tools))
    assert codes(refused.value) == ["CASE-406"]


def test_where_the_payers_keep_the_year_nothing_is_marked(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, EARLY, LATE)
    settle_case(EARLY, tools)
    settle_case(LATE, tools)
    undo(EARLY, tools)
    assert not row_of(LATE, tools).held


@pytest.mark.rule("T-06")
def test_settled_twice_the_year_counts_it_once(office_of_one: Tools) -> None:
    tools = office_of_one
    settle_case(EARLY, tools)
    first = settlement_of(EARLY, tools)
    undo(EARLY, tools)
    settle_case(EARLY, tools)
    second = settlement_of(EARLY, tools, 2)
    assert dict(second.accrued.amounts) == dict(first.accrued.amounts)
    assert second.shares == first.shares
