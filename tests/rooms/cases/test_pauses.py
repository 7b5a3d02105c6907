"""Several reasons to leave an endpoint alone at once, in every dialect; what the outbox says a message waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import dispatch, outgoing, settle
from adapter.cases.endpoints import (
    NO_ANSWER,
    endpoint_now,
    pause,
    pause_endpoint,
    pause_of,
    reopen,
    resume_endpoint,
    unpause,
    waits_for,
)
from adapter.cases.tools import Tools
from adapter.model.case import BillState
from adapter.model.messages import Outcome
from adapter.payers.delivery.traffic import MOST_ASKED, Closed, Traffic, TrafficRules
from tests.support.bad_days import STAY, BadDay, bad_day
from tests.support.office import act, case_id, row_of, take_in, try_case, work
from tests.support.payers import Payers

SETTLES: dict[str, dict[str, Any]] = {
    "fhir": {"stage": "settle", "method": "POST"},
    "nhsa-inland": {"path": "/2304"},
    "aid-xml": {"path": "balance"},
}
ASKS: dict[str, dict[str, Any]] = {
    "fhir": {"method": "GET"},
    "nhsa-inland": {"path": "/5204"},
    "aid-xml": {"path": "checkIdentity", "nth": 2},  # the first is a message of its own
}
HOUR = timedelta(hours=1)


@pytest.fixture(params=sorted(SETTLES))
def day(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with bad_day(request.param, tmp_path) as opened:
        assert not take_in(opened.tools, tmp_path, STAY).stopped
        opened.try_it()
        opened.kind = request.param  # type: ignore[attr-defined]
        yield opened


def name_of(day: BadDay) -> str:
    return "bureau" if day.call == "insurance" else "civil-affairs"


def until_paused(day: BadDay) -> None:
    for _ in range(40):
        if dispatch.work_once(day.tools).sent == 0:
            day.clock.moment += timedelta(seconds=2)
        if endpoint_now(name_of(day), day.tools).why:
            return


@pytest.mark.parametrize("question", [False, True], ids=["sending", "asking"])
def test_every_dialect_leaves_a_counterpart_alone_that_asks_for_it(day: BadDay, question: bool) -> None:
    kind = day.kind  # type: ignore[attr-defined]
    busy = {"do": "status", "status": 503, "retry_after": 7200}
    lost = {"match": SETTLES[kind], "do": "drop-after"}
    first = [lost, {"match": ASKS[kind], **busy}] if question else [{"match": SETTLES[kind], **busy}]
    day.script(*first)
    settle.start_settlement(day.case, day.tools, act(day.tools))
    until_paused(day)
    now = endpoint_now(name_of(day), day.tools)
    assert (now.why, now.by) == ("asked-to-wait", "worker")
    assert now.paused_until is not None
    assert timedelta(seconds=MOST_ASKED - 60) < now.paused_until - day.clock.moment <= timedelta(seconds=MOST_ASKED)
    heard = len(day.road.asked) if day.road else 0
    day.clock.moment = now.paused_until - timedelta(seconds=5)
    assert dispatch.work_once(day.tools).sent == 0
    assert day.road is not None and len(day.road.asked) == heard
    day.work(minutes=600)
    assert (row_of(STAY, day.tools).bill, day.settled()) == (BillState.SETTLED, 1)


def test_a_bureau_that_cannot_even_be_asked_opens_the_breaker(tmp_path: Path) -> None:
    """The answer was lost and then nobody is there: looking it up in vain is a silence like any other."""
    with bad_day("nhsa-inland", tmp_path) as day:
        assert not take_in(day.tools, tmp_path, STAY).stopped
        day.try_it()
        rules = {"bureau": TrafficRules(breaker_failures=3, breaker_seconds=600)}
        day.tools = replace(day.tools, traffic=Traffic(rules))
        day.script({"match": {"path": "/2304"}, "do": "drop-after"}, {"match": {"times": 0}, "do": "drop-before"})
        settle.start_settlement(day.case, day.tools, act(day.tools))
        until_paused(day)
        assert endpoint_now("bureau", day.tools).why == "breaker"
        (row,) = outgoing.messages(day.tools, unfinished=True)
        assert (row.outcome, row.message.attempts) == (Outcome.UNKNOWN, 3)


# -- several reasons at once ------------------------------------------------------------------------------------------


def shown(tools: Tools) -> tuple[str, timedelta]:
    now = endpoint_now("bureau", tools)
    return now.why, timedelta(0) if now.paused_until is None else now.paused_until - tools.clock.now()


def nearly(found: tuple[str, timedelta], why: str, left: timedelta) -> bool:
    return found[0] == why and abs(found[1] - left) < timedelta(seconds=5)


def test_the_last_word_of_a_person_counts(tools: Tools) -> None:
    for until in (None, tools.clock.now() + HOUR, tools.clock.now() + HOUR / 2, None):
        pause_endpoint("bureau", until, tools, act(tools))
        assert endpoint_now("bureau", tools).paused_until == until or until is None
    assert endpoint_now("bureau", tools).as_json()["paused_until"] == "resumed"
    resume_endpoint("bureau", tools, act(tools))
    assert shown(tools) == ("", timedelta(0))


@pytest.mark.parametrize("why", ["breaker", "asked-to-wait", "quiet-hours", NO_ANSWER])
@pytest.mark.parametrize("first", ["person", "other"])
def test_a_pause_of_another_reason_takes_nothing_from_a_persons(why: str, first: str, tools: Tools) -> None:
    """The one that ends last holds; the end of one is not the end of the other."""
    now = tools.clock.now()
    said = act(tools, "电话约定")
    other = Closed(now + 2 * HOUR, why)
    with tools.ledger.transaction() as tx:
        for closed in (Closed(now + HOUR, "person"), other)[:: 1 if first == "person" else -1]:
            pause(tx, "bureau", closed, said)
    assert nearly(shown(tools), why, 2 * HOUR)
    with tools.ledger.transaction() as tx:
        unpause(tx, "bureau", said, only=why)
    assert nearly(shown(tools), "person", HOUR)
    with tools.ledger.transaction() as tx:
        unpause(tx, "bureau", said, only=why)
        assert pause_of(tx, "bureau", now + HOUR / 2) is not None
        pause(tx, "bureau", other, said)
        pause(tx, "bureau", Closed(now + HOUR / 3, why), said)
    assert nearly(shown(tools), why, 2 * HOUR), "of two for one reason the longer one"
    resume_endpoint("bureau", tools, said)
    assert shown(tools) == ("", timedelta(0))


def test_hours_that_left_the_settings_leave_a_persons_pause(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    now = tools.clock.now()
    window = TrafficRules(maintenance=((now - HOUR, now + 3 * HOUR),))
    pause_endpoint("bureau", now + 2 * HOUR, tools, act(tools, "电话约定"))
    closed = replace(tools, traffic=Traffic({"bureau": window}))
    dispatch.work_once(closed)
    assert nearly(shown(tools), "maintenance", 3 * HOUR)
    reopen(tools, act(tools, "settings changed"))
    assert nearly(shown(tools), "person", 2 * HOUR)
    take_in(tools, tmp_path, "300010004")
    settle.start_trial(case_id("300010004"), tools, act(tools))
    dispatch.work_once(tools)
    assert payers.bureau.log == []


# -- what a message waits for -----------------------------------------------------------------------------------------


def test_a_parked_message_says_who_and_why_and_the_one_behind_it_what_for(tools: Tools, tmp_path: Path) -> None:
    stay = "300010004"
    take_in(tools, tmp_path, stay)
    try_case(stay, tools)
    pause_endpoint("bureau", None, tools, act(tools))
    settle.start_settlement(case_id(stay), tools, act(tools))
    (row,) = outgoing.messages(tools, unfinished=True)
    key = row.message.key
    behind = replace(row.message, key="another.v1.insurance.settle", case_id="another")
    with tools.ledger.transaction() as tx:
        tx.enqueue(behind, **act(tools).said)
    resume_endpoint("bureau", tools, act(tools))
    outgoing.park(key, tools, act(tools, "先与对方核对"))
    told = waits_for(tools, outgoing.messages(tools, unfinished=True))
    assert told == {key: "clerk-07: 先与对方核对", behind.key: f"after {key}"}
    outgoing.retry(key, tools, act(tools, "核对完毕"))
    told = waits_for(tools, outgoing.messages(tools, unfinished=True))
    assert told == {key: "", behind.key: f"after {key}"}


def test_what_an_answer_parked_says_so_even_where_a_person_had_parked_it_before(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    stay = "300010004"
    take_in(tools, tmp_path, stay)
    pause_endpoint("bureau", None, tools, act(tools))
    settle.start_trial(case_id(stay), tools, act(tools))
    (row,) = outgoing.messages(tools, unfinished=True)
    outgoing.park(row.message.key, tools, act(tools, "先与对方核对"))
    outgoing.retry(row.message.key, tools, act(tools))
    resume_endpoint("bureau", tools, act(tools))

    def breaks(_: object) -> None:
        raise RuntimeError("a fault of ours")

    payers.bureau.before_answer = breaks
    once = replace(tools, retry=replace(tools.retry, limit=1))
    assert work(once)
    told = waits_for(tools, outgoing.messages(tools, unfinished=True))
    assert told == {row.message.key: "DEL-631"}
