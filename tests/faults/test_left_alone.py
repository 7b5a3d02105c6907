"""A payer that says when to come back is left alone until then, with everything that is due to it; nobody else is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from adapter.cases import dispatch, outgoing, settle
from adapter.cases.endpoints import endpoint_now
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState
from tests.faults.rig import ONE_CALL, TWO_CALLS, Rig, check_everything, finish
from tests.support.office import TestClock, act, case_id, row_of, settle_case, try_case, work
from tests.support.terminal import run

pytestmark = pytest.mark.slow

NewRig = Callable[[bool], Rig]
SETTLES = {"stage": "settle", "method": "POST"}


def commanded(rig: Rig, *words: str) -> Any:
    done = run(*words, "--json", env=os.environ | {"ADAPTER_SETTINGS": str(rig.settings(1))})
    assert done.returncode in (0, 1), done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(("form", "processed"), [("429-seconds", False), ("503-date", True)])
def test_nobody_speaks_to_it_until_then(form: str, processed: bool, new_rig: NewRig) -> None:
    rig, clock = new_rig(True), TestClock(datetime.now(UTC))
    with rig.office(clock) as tools:
        for stay in (TWO_CALLS, ONE_CALL):
            try_case(stay, tools)
        heard = clock.moment = datetime.now(UTC)
        dated = format_datetime(heard + timedelta(seconds=90), usegmt=True)
        said = {"status": 429, "retry_after": 90} if form == "429-seconds" else {"status": 503, "retry_after": dated}
        rig.bureau.script({"match": SETTLES, "do": "status", "processed": processed, **said})
        for stay in (TWO_CALLS, ONE_CALL):
            settle.start_settlement(case_id(stay), tools, act(tools))
        assert dispatch.work_once(tools).sent == 1, "the second message is not tried at a payer that wants quiet"
        sent = commanded(rig, "deliver", "--wait", "0")
        assert sent["sent"] == 0, "another worker keeps the pause too"
        bureau, aid = commanded(rig, "endpoint", "show")
        assert (bureau["endpoint"], bureau["why"], aid["why"]) == ("bureau", "asked-to-wait", "")
        until = datetime.fromisoformat(bureau["paused_until"])
        assert timedelta(seconds=60) <= until - heard <= timedelta(seconds=95)
        waiting = {each["key"]: each for each in commanded(rig, "outbox", "list", "--unfinished")}
        assert set(waiting) == {f"{case_id(stay)}.v1.insurance.settle" for stay in (TWO_CALLS, ONE_CALL)}
        assert all(each["waits_for"].startswith("asked-to-wait → ") for each in waiting.values())
        assert sorted(each["attempts"] for each in waiting.values()) == [1, 1], "leased together, one was given back"
        (answered,) = [key for key, each in waiting.items() if each["outcome"] == "unknown"]
        row, receipts = outgoing.message(answered, tools)
        assert (row.state, len(receipts)) == (MessageState.PENDING, 1)
        assert receipts[0].body, "what the payer answered is kept"
        assert receipts[0].leave_alone is not None and 60 <= receipts[0].leave_alone <= 92
        clock.moment = until - timedelta(seconds=1)
        assert dispatch.work_once(tools).sent == 0
        clock.moment = until + timedelta(seconds=1)
        assert (dispatch.work_once(tools).sent, work(tools)) == (2, True), "the pause ends by itself"
        assert endpoint_now("bureau", tools).why == ""
    finish(rig)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def test_a_look_up_that_is_told_to_wait_closes_the_payer_too(new_rig: NewRig) -> None:
    rig = new_rig(True)
    with rig.office(TestClock(datetime.now(UTC))) as tools:
        try_case(TWO_CALLS, tools)
        rig.bureau.script(
            {"match": SETTLES, "do": "drop-after"},
            {"match": {"method": "GET", "path": "ClaimResponse"}, "do": "status", "status": 503, "retry_after": 30},
        )
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        assert work(tools, seconds=300)
        assert row_of(TWO_CALLS, tools).bill is BillState.SETTLED
        with tools.ledger.reading() as tx:
            lines = [row.event for row in tx.journal("") if row.event.kind == "endpoint-paused"]
        assert [each.data["endpoint"] for each in lines] == ["bureau"]
        settle_case(ONE_CALL, tools)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def test_nonsense_closes_nobody_and_loses_no_answer(new_rig: NewRig) -> None:
    rig = new_rig(True)
    with rig.office() as tools:
        try_case(TWO_CALLS, tools)
        rig.bureau.script(
            {"match": SETTLES, "do": "status", "status": 503, "retry_after": "Mon, 99999999999 Mar 01:00:30 02 GMT"}
        )
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        dispatch.work_once(tools)
        (row,) = outgoing.messages(tools, unfinished=True)
        _, receipts = outgoing.message(row.message.key, tools)
        assert receipts[0].body, "the answer is kept as it came"
        assert endpoint_now("bureau", tools).why == ""
        assert work(tools)
    finish(rig)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})
