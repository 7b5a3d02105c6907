"""A stay walked to the end with a SOAP aid service that computes nothing: settled, reversed, settled again, held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import reverse, settle
from adapter.cases.tools import Tools
from adapter.model.case import BillState
from adapter.model.money import Money
from adapter.model.settlement import Payer
from tests.support.aid_xml import STAY, Aid, aid_service, computing_aid
from tests.support.office import act, case_id, codes, office, row_of, settle_case, settlement_of, take_in, work


@pytest.fixture
def aid(tmp_path: Path) -> Iterator[Aid]:
    with aid_service(tmp_path) as running:
        yield running


@pytest.fixture
def tools(tmp_path: Path, aid: Aid) -> Iterator[Tools]:
    with office(tmp_path, aid.endpoints, clock=aid.clock) as opened:
        assert not take_in(opened, tmp_path, STAY).stopped
        yield computing_aid(opened)


def try_it(tools: Tools) -> None:
    settle.start_trial(case_id(STAY), tools, act(tools, "trial"))
    work(tools, seconds=600)


def settle_it(tools: Tools) -> None:
    settle.start_settlement(case_id(STAY), tools, act(tools, "settlement"))
    work(tools, seconds=600)


def reverse_it(tools: Tools) -> None:
    reverse.start_reversal(case_id(STAY), tools, act(tools, "reversal"))
    work(tools, seconds=600)


def test_a_stay_is_settled_with_our_own_amount(aid: Aid, tools: Tools) -> None:
    settle_case(STAY, tools)
    settled, told = settlement_of(STAY, tools), aid.service.state()
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert told["paid"] == settled.share_of(Payer.MEDICAL_AID).text != "0.00"
    assert (told["settled"], told["registered"], told["settled_twice"]) == (1, 0, {})
    assert told["details"] > 0
    last = told["last"]
    assert last["assistancePer"] == "70", "stored as per cent"
    parts = ("insurancePay", "hospitalPay", "specialPay", "otherPay", "assistancePay", "personalPay")
    assert Money.total(Money.yuan(last[name]) for name in parts) == settled.total == Money.yuan(last["totalExpense"])
    assert [call for call in aid.calls if call != "login"] == [
        *("checkIdentity", "saveInRecord", "queryBalancePre", "queryPercentage"),
        *("checkIdentity", "queryBalancePre", "queryPercentage", "balance", "saveExpenseDetail"),
    ]


def test_lost_answers_are_looked_for_and_after_a_reversal_nothing_is_stored_twice(aid: Aid, tools: Tools) -> None:
    """After one reversal the service stores every further settlement: only asking first protects both sides."""
    aid.script({"match": {"path": "saveInRecord"}, "do": "drop-after"})
    try_it(tools)
    aid.script({"match": {"path": "balance"}, "do": "drop-before"})
    settle_it(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    paid = aid.service.state()["paid"]
    aid.script({"match": {"path": "balance"}, "do": "drop-after"})
    reverse_it(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    assert (aid.service.state()["paid"], aid.service.state()["settled"]) == ("0.00", 0)
    try_it(tools)
    aid.script({"match": {"path": "balance"}, "do": "drop-after"})
    settle_it(tools)
    told = aid.service.state()
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).version) == (BillState.SETTLED, 2)
    assert (told["paid"], told["settled"], told["settled_twice"]) == (paid, 1, {})
    assert told["strikes"] == ["01", "02", "03"]
    assert aid.calls.count("saveInRecord") == 1, "the stay is registered already"


def test_what_the_ceiling_cannot_tell_goes_to_a_person_and_is_not_sent_again(aid: Aid, tools: Tools) -> None:
    try_it(tools)
    aid.script({"match": {"path": "balance"}, "do": "drop-after"})
    told = aid.service._check_identity

    def another(content: Any, session: str) -> Any:
        if "balance" in aid.calls:
            aid.person(paid=aid.service.seed.persons[content["idCard"]].paid + 1)
        return told(content, session)

    aid.service._check_identity = another  # type: ignore[method-assign]
    settle_it(tools)
    assert "DEL-583" in codes(row_of(STAY, tools))
    assert aid.calls.count("balance") == 1


def test_lines_whose_answer_is_lost_go_to_a_person(aid: Aid, tools: Tools) -> None:
    try_it(tools)
    aid.script({"match": {"path": "saveExpenseDetail"}, "do": "drop-after"})
    settle_it(tools)
    assert "DEL-584" in codes(row_of(STAY, tools))
    assert aid.calls.count("saveExpenseDetail") == 1


def test_what_the_office_says_otherwise_holds_the_case(aid: Aid, tools: Tools) -> None:
    aid.person(other=100, domicile="999902")
    try_it(tools)
    assert {"DEL-586", "DEL-589"} <= set(codes(row_of(STAY, tools)))
    assert aid.service.state()["settled"] == 0
