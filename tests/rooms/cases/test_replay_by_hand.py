"""Bringing a refused message back by hand: only while the bill still waits for it, or it would count beside another."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.cases import dispatch, outgoing, reverse, settle
from adapter.cases.tools import Tools
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import Stage
from tests.support.office import act, case_id, codes, row_of, settle_case, take_in, try_case, work
from tests.support.payers import Payers

STAY = "300010004"
CASE = case_id(STAY)
SETTLES = f"{CASE}.v1.insurance.settle"


def test_a_refused_settlement_goes_again_while_its_bill_waits(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    payers.bureau.refuses = {Stage.SETTLE}
    settle.start_settlement(CASE, tools, act(tools))
    assert work(tools)
    payers.bureau.refuses = set()
    outgoing.retry(SETTLES, tools, act(tools, "对方已更正"))
    assert work(tools)
    assert (row_of(STAY, tools).bill, payers.bureau.settled()) == (BillState.SETTLED, [SETTLES])


def test_a_refused_settlement_of_an_older_bill_stays_refused(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    payers.bureau.refuses = {Stage.SETTLE}
    settle.start_settlement(CASE, tools, act(tools))
    assert work(tools)
    reverse.start_reversal(CASE, tools, act(tools))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    refused(SETTLES, tools)
    payers.bureau.refuses = set()
    settle_case(STAY, tools)
    refused(SETTLES, tools)
    assert payers.bureau.settled() == [f"{CASE}.v2.insurance.settle"], "one stay is paid once"


def test_a_refused_reversal_is_begun_anew_and_not_behind_the_bills_back(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    payers.aid.refuses = {Stage.REVERSE}
    reverse.start_reversal(CASE, tools, act(tools))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    payers.aid.refuses = set()
    refused(f"{CASE}.v1.aid.reverse", tools)
    assert len(payers.aid.settled()) == 1
    reverse.start_reversal(CASE, tools, act(tools))
    assert work(tools)
    assert (row_of(STAY, tools).bill, payers.aid.settled()) == (BillState.REVERSED, [])


def refused(key: str, tools: Tools) -> None:
    with pytest.raises(AdapterError) as caught:
        outgoing.retry(key, tools, act(tools, "again"))
        for _ in range(5):
            dispatch.work_once(tools)
    assert codes(caught.value) == ["CASE-471"]
