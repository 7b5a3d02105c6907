"""A payer that does not answer is asked once, however often somebody tries; and what was ordered of a call is seen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import call_desk, dispatch, outgoing, reverse, settle, views
from adapter.cases.tools import Tools
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import Stage
from tests.support.office import Story, act, case_id, codes, row_of, settle_case, take_in, try_case, work
from tests.support.payers import Payers

STAY = "300010004"
CASE = case_id(STAY)


def questions(tools: Tools) -> int:
    return sum(1 for row in outgoing.messages(tools) if row.message.stage is Stage.ELIGIBILITY)


def test_trying_again_at_a_dead_endpoint_uses_the_question_that_waits(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    payers.bureau.deaf = [Stage.ELIGIBILITY] * 4
    for tried in range(1, 5):
        settle.start_trial(CASE, tools, act(tools, "try"))
        assert dispatch.work_once(tools).unknown == 1, "somebody stands there: it is tried now, not after its pause"
        (row,) = outgoing.messages(tools)
        assert row.message.attempts == tried
    settle.start_trial(CASE, tools, act(tools, "try"))
    assert work(tools)
    assert (row_of(STAY, tools).bill, questions(tools)) == (BillState.PREVIEWED, 1)
    try_case(STAY, tools)
    assert questions(tools) == 2, "an answered question is asked anew: amounts may have changed since"


def test_other_facts_are_another_question(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    payers.bureau.deaf = [Stage.ELIGIBILITY]
    settle.start_trial(CASE, tools, act(tools))
    dispatch.work_once(tools)

    def corrected(story: Story) -> None:
        for stay in story["stays"]:
            stay["lines"] = stay["lines"][:-1]

    changed: dict[str, Any] = {"changed": corrected}
    take_in(tools, tmp_path, STAY, **changed)
    settle.start_trial(CASE, tools, act(tools))
    assert questions(tools) == 2
    payers.clock.moment += timedelta(minutes=10)
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.PREVIEWED


@pytest.mark.parametrize(("stage", "code"), [(Stage.SETTLE, "CASE-500"), (Stage.REVERSE, "CASE-501")])
def test_a_bill_on_its_way_is_not_told_to_be_reversed(
    stage: Stage, code: str, tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    if stage is Stage.SETTLE:
        try_case(STAY, tools)
        settle.start_settlement(CASE, tools, act(tools))
    else:
        settle_case(STAY, tools)
        reverse.start_reversal(CASE, tools, act(tools))
    for begin in (settle.start_trial, settle.start_settlement):
        with pytest.raises(AdapterError) as caught:
            begin(CASE, tools, act(tools))
        (issue,) = caught.value.issues
        assert issue.code == code
        assert "adapter outbox list" in issue.hint_en and "adapter reverse" not in issue.hint_en + issue.hint_zh


def test_a_refusal_in_chinese_is_chinese(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    payers.bureau.refuses = {Stage.TRIAL}
    settle.start_trial(CASE, tools, act(tools))
    assert work(tools)
    assert codes(row_of(STAY, tools))[0] == "CASE-320"
    assert "预结算请求" in row_of(STAY, tools).issues[0].zh


def test_an_order_is_seen_before_the_calls_turn_comes(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    told = act(tools, "救助办核实身份")
    call_desk.hold_call(CASE, "aid", tools, told)
    assert not row_of(STAY, tools).held
    (shown,) = views.show_case(CASE, tools).as_json()["call_orders"]
    assert shown == {
        "call": "aid",
        "what": "held",
        "by": told.actor.id,
        "at": told.at.isoformat(),
        "reason": "救助办核实身份",
    }
    call_desk.resume_call(CASE, "aid", tools, act(tools))
    assert views.show_case(CASE, tools).orders == ()
