"""Endpoints that are paused, closed at night, limited or dead: messages wait, said in the outbox; nobody else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from adapter.cases import dispatch, outgoing, settle
from adapter.cases.endpoints import endpoint_now, pause_endpoint, resume_endpoint, waits_for
from adapter.cases.tools import Tools
from adapter.model.case import BillState
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt, Stage
from adapter.payers.delivery.traffic import Traffic, TrafficRules
from tests.support.office import act, case_id, codes, row_of, take_in, try_case, work
from tests.support.payers import Payers

STAY, OTHER = "300010004", "300010002"
CASE = case_id(STAY)
KEY = f"{CASE}.v1.insurance.settle"


def begin(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)


def shown(tools: Tools) -> dict[str, str]:
    return waits_for(tools, outgoing.messages(tools, unfinished=True))


def test_a_paused_endpoint_hears_nothing_until_it_is_resumed(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    now = pause_endpoint("bureau", None, tools, act(tools, "医保通知暂停"))
    assert (now.why, now.by, now.reason) == ("person", "clerk-07", "医保通知暂停")
    assert now.as_json()["paused_until"] == "resumed"
    settle.start_settlement(CASE, tools, act(tools))
    dispatch.work_once(tools)
    assert payers.bureau.asked_about(Stage.SETTLE) == []
    assert shown(tools) == {KEY: "person → resumed"}
    assert resume_endpoint("bureau", tools, act(tools)).paused_until is None
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED


def test_a_pause_with_an_end_ends_by_itself(tools: Tools, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    until = tools.clock.now() + timedelta(hours=1)
    pause_endpoint("bureau", until, tools, act(tools))
    settle.start_settlement(CASE, tools, act(tools))
    assert work(tools, seconds=2 * 3600, pace=60)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert tools.clock.now() > until
    assert endpoint_now("bureau", tools).why == ""


def test_what_is_refused(tools: Tools) -> None:
    for doing in (lambda: pause_endpoint("nobody", None, tools, act(tools)), lambda: endpoint_now("nobody", tools)):
        with pytest.raises(AdapterError) as caught:
            doing()
        assert codes(caught.value) == ["CASE-315"]
    with pytest.raises(AdapterError) as caught:
        pause_endpoint("bureau", tools.clock.now() - timedelta(1), tools, act(tools))
    assert codes(caught.value) == ["CASE-420"]


def test_quiet_hours_hold_one_endpoint_and_not_the_others(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    local = tools.clock.now().astimezone(HOSPITAL_ZONE)
    assert local.hour == 9
    quiet = replace(tools, traffic=Traffic({"civil-affairs": TrafficRules(quiet=((time(8), time(11)),))}))
    settle.start_settlement(CASE, quiet, act(quiet))
    for _ in range(4):
        dispatch.work_once(quiet)
    assert len(payers.bureau.settled()) == 1
    assert payers.aid.asked_about(Stage.SETTLE) == []
    opens = datetime.combine(local.date(), time(11), HOSPITAL_ZONE)
    assert endpoint_now("civil-affairs", quiet).paused_until == opens
    assert next(iter(shown(quiet).values())).startswith("quiet-hours → ")
    plain = len(payers.aid.log)
    dispatch.work_once(tools)
    assert len(payers.aid.log) == plain, "the pause is the ledger's: other workers keep it too"
    assert work(quiet, seconds=4 * 3600, pace=60)
    assert row_of(STAY, quiet).bill is BillState.SETTLED
    assert quiet.clock.now() > opens


def test_a_rate_is_kept_and_everything_goes_out(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY, OTHER)
    slow = replace(tools, traffic=Traffic({"bureau": TrafficRules(per_second=0.1)}))
    for stay in (STAY, OTHER):
        settle.start_trial(case_id(stay), slow, act(slow))
    started = slow.clock.now()
    assert work(slow, seconds=3600)
    assert [row_of(stay, slow).bill for stay in (STAY, OTHER)] == [BillState.PREVIEWED] * 2
    sent = len([each for each in payers.bureau.log if each.startswith("deliver")])
    assert sent == 4
    assert slow.clock.now() - started >= timedelta(seconds=10 * (sent - 1))


def test_a_dead_endpoint_is_left_alone_and_tried_again(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    rules = TrafficRules(breaker_failures=2, breaker_seconds=600)
    broken = replace(tools, traffic=Traffic({"bureau": rules}))

    def silence(_: object) -> Receipt:
        return Receipt(Outcome.NOT_SEEN, tools.clock.now(), sent=False)

    payers.bureau.deliver = payers.bureau.lookup = silence  # type: ignore[method-assign, assignment]
    settle.start_settlement(CASE, broken, act(broken))
    while endpoint_now("bureau", broken).why != "breaker":
        dispatch.work_once(broken)
    assert shown(broken)[KEY].startswith("breaker → ")
    (row,) = outgoing.messages(broken, unfinished=True)
    tried = row.message.attempts
    for _ in range(20):
        dispatch.work_once(broken)
    assert outgoing.messages(broken, unfinished=True)[0].message.attempts == tried
    del payers.bureau.deliver, payers.bureau.lookup
    assert work(broken, seconds=2 * 3600, pace=60)
    assert row_of(STAY, broken).bill is BillState.SETTLED
