"""Reasons of the hospital's own not to undo a settlement; and the list of payers that decided otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cases import clearing, reversal_refusals, reverse
from adapter.cases.tools import Act, OfficeRules, Tools
from adapter.cases.variances import close_variance, variances
from adapter.model.case import Actor, BillState
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import Payer
from tests.support.office import FACILITY, act, case_id, codes, row_of, settle_case, settled_on, take_in, work
from tests.support.payers import Payers

STAY = "300010004"
CASE = case_id(STAY)


@pytest.fixture
def settled(tools: Tools, payers: Payers, tmp_path: Path) -> Tools:
    payers.bureau.says = {Payer.BASIC: "100.00"}
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    return tools


def refusal(tools: Tools) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        reverse.start_reversal(CASE, tools, act(tools))
    return codes(caught.value)


def test_a_used_receipt_forbids_it_until_it_comes_back(settled: Tools) -> None:
    reversal_refusals.receipt_used(CASE, "0033445566", settled, act(settled, "患者已在单位报销"))
    assert refusal(settled) == ["CASE-432"]
    with pytest.raises(AdapterError) as caught:
        reversal_refusals.receipt_taken_back(CASE, "1", settled, act(settled))
    assert codes(caught.value) == ["CASE-433"]
    reversal_refusals.receipt_taken_back(CASE, "0033445566", settled, act(settled, "票据已冲红"))
    reverse.start_reversal(CASE, settled, act(settled))
    assert work(settled)
    assert row_of(STAY, settled).bill is BillState.REVERSED


def test_a_declared_month_forbids_it_where_the_office_says_so(settled: Tools) -> None:
    month = settled_on(STAY, settled)
    strict = replace(settled, office=OfficeRules(refuse_declared=True))
    clearing.declare("bureau", FACILITY, month, settled, act(settled))
    assert refusal(strict) == ["CASE-430"]
    clearing.dispute("bureau", FACILITY, month, Money(0), "明细有误", settled, act(settled))
    reverse.start_reversal(CASE, strict, act(strict))
    assert work(strict)
    assert row_of(STAY, strict).bill is BillState.REVERSED


def test_the_difference_is_on_the_list_until_a_person_closes_it(settled: Tools) -> None:
    (found,) = variances(settled, payer=Payer.BASIC)
    assert (found.case_id, found.theirs, found.reference) == (CASE, Money.yuan("100.00"), "bureau-1-basic")
    assert found.ours != found.theirs
    assert [each.payer for each in variances(settled)] == [Payer.BASIC]
    with pytest.raises(AdapterError) as caught:
        close_variance(CASE, Payer.BASIC, settled, Act(settled.clock.now(), Actor("service", "system"), "why"))
    assert codes(caught.value) == ["PRG-282"]
    closed = close_variance(CASE, Payer.BASIC, settled, act(settled, "医保按新目录计算,计划文件待更新"))
    assert closed.closed is not None
    assert (closed.closed["by"], closed.closed["reason"]) == ("clerk-07", "医保按新目录计算,计划文件待更新")
    assert variances(settled) == []
    assert variances(settled, closed=True) == [closed]
    with pytest.raises(AdapterError) as again:
        close_variance(CASE, Payer.BASIC, settled, act(settled))
    assert codes(again.value) == ["CASE-429"]
