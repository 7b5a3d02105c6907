"""The worker: nothing sent twice, nothing forgotten, whatever the clock and the line do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapter.cases import dispatch, outgoing, settle
from adapter.cases.tools import Act, Tools
from adapter.fhir.canonical import encode
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from tests.support.office import CLERK, act, case_id, row_of, settle_case, take_in, try_case, work
from tests.support.payers import Payers

STAY = "300010004"
KEY = f"{case_id(STAY)}.v1.insurance.settle"


def begin(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    settle.start_settlement(case_id(STAY), tools, act(tools))


def sent(payers: Payers, key: str = KEY) -> int:
    return payers.bureau.log.count(f"deliver {key}")


def test_a_message_that_never_arrived_is_sent_again_after_the_longest_delay(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    begin(tools, tmp_path)
    payers.bureau.deaf = [Stage.SETTLE]
    started = tools.clock.now()
    assert work(tools, seconds=120)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert sent(payers) == 2
    config = payers.bureau.config
    least = timedelta(seconds=config.longest_delay + config.timeout)
    assert least <= tools.clock.now() - started < 3 * least, "asking does not put the proof off"


def test_a_lost_answer_is_found_by_asking(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    payers.bureau.mute = [Stage.SETTLE]
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert sent(payers) == 1
    assert f"lookup {KEY}" in payers.bureau.log


@pytest.mark.parametrize("jump", [timedelta(hours=-5), timedelta(seconds=-3), timedelta(seconds=3), timedelta(days=2)])
@pytest.mark.parametrize("lost", ["deaf", "mute", "neither"])
def test_a_clock_that_jumps(tools: Tools, payers: Payers, tmp_path: Path, jump: timedelta, lost: str) -> None:
    """Set back, a wait takes longer and nothing else happens; set forward, nothing is sent twice."""
    take_in(tools, tmp_path, STAY)
    settle.start_trial(case_id(STAY), tools, act(tools))
    payers.clock.moment += jump
    assert work(tools, seconds=6 * 3600, pace=120)
    assert row_of(STAY, tools).bill is BillState.PREVIEWED
    assert len(payers.bureau.asked_about(Stage.ELIGIBILITY)) == 1, "one question is enough"
    settle.start_settlement(case_id(STAY), tools, act(tools))
    if lost != "neither":
        getattr(payers.bureau, lost).append(Stage.SETTLE)
    dispatch.work_once(tools)
    payers.clock.moment += jump
    assert work(tools, seconds=24 * 3600, pace=120)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert sent(payers) == (2 if lost == "deaf" else 1)
    assert payers.bureau.settled() == [KEY]


def test_a_clock_set_back_between_question_and_answer_asks_no_question_twice(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    settle.start_trial(case_id(STAY), tools, act(tools))

    def set_back(message: OutboundMessage) -> None:
        payers.bureau.before_answer = lambda _: None
        payers.clock.moment -= timedelta(hours=1)

    payers.bureau.before_answer = set_back
    assert work(tools, seconds=7200)
    assert row_of(STAY, tools).bill is BillState.PREVIEWED
    assert len(payers.bureau.asked_about(Stage.ELIGIBILITY)) == 1
    assert len(payers.bureau.asked_about(Stage.TRIAL)) == 1


def test_a_message_tried_as_often_as_allowed_waits_for_a_person(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    begin(tools, tmp_path)
    payers.bureau.deaf = [Stage.SETTLE] * 100
    for _ in range(100):
        assert work(tools, seconds=3600)
        rows = {row.message.key: row for row in outgoing.messages(tools)}
        if rows[KEY].state is MessageState.PARKED:
            break
    assert rows[KEY].state is MessageState.PARKED
    row = row_of(STAY, tools)
    assert (row.bill, row.held) == (BillState.SETTLING, True), "a person has to see it"
    payers.bureau.deaf = []
    outgoing.retry(KEY, tools, act(tools))
    assert work(tools, seconds=3600)
    row = row_of(STAY, tools)
    assert (row.bill, row.held) == (BillState.SETTLED, False)
    assert payers.bureau.settled() == [KEY]


def test_a_worker_that_dies_after_the_answer_was_stored_is_followed_by_one_that_goes_on(
    tools: Tools, payers: Payers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(tools, tmp_path)

    def dies(case: str, tools: Tools, act: Act) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(dispatch, "go_on", dies)
        work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLING
    assert work(tools), "nothing is due any more"
    assert row_of(STAY, tools).bill is BillState.SETTLING
    assert dispatch.resume_all(tools, CLERK) == 1
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert sent(payers) == 1


def test_what_stops_the_case_after_an_answer_keeps_the_answer(
    tools: Tools, payers: Payers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint of the second call is not set up yet: the case waits, and goes on once it is."""
    begin(tools, tmp_path)
    aid = payers.endpoints["civil-affairs"]
    without = {"bureau": payers.bureau}
    assert work(replace(tools, endpoints=without))
    row = row_of(STAY, tools)
    assert (row.bill, [issue.code for issue in row.issues]) == (BillState.SETTLING, ["CASE-324", "CASE-315"])
    assert aid.log == [line for line in aid.log if "trial" in line]
    dispatch.resume_all(tools, CLERK)
    assert work(tools)
    row = row_of(STAY, tools)
    assert (row.bill, row.held) == (BillState.SETTLED, False)
    assert sent(payers) == 1


def test_two_workers_never_send_the_same_message(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    """The second one comes while the first one is sending."""
    begin(tools, tmp_path)
    second = replace(tools, worker="second")
    busy: list[dispatch.Delivered] = []

    def meanwhile(message: OutboundMessage) -> None:
        if message.stage is Stage.SETTLE:
            busy.append(dispatch.work_once(second))

    payers.bureau.before_answer = meanwhile
    assert work(tools)
    assert busy == [dispatch.Delivered()]
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert sent(payers) == 1


def test_a_worker_that_was_too_slow_does_not_spoil_what_the_next_one_learned(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    """Its lease ends while it sends; the next one asks; both answers are kept, the bill is settled once."""
    begin(tools, tmp_path)
    second = replace(tools, worker="second")

    def slow(message: OutboundMessage) -> None:
        payers.bureau.before_answer = lambda _: None
        payers.clock.moment += timedelta(seconds=3)
        dispatch.work_once(second)

    payers.bureau.before_answer = slow
    assert work(tools, seconds=120)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert payers.bureau.settled() == [KEY]
    assert sent(payers) == 1
    with tools.ledger.reading() as tx:
        outcomes = [receipt.outcome for receipt in tx.receipts(KEY)]
    assert Outcome.ACCEPTED in outcomes


def test_the_wire_log_shows_no_person(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    shown = str(list(outgoing.wire_log(tools)))
    for secret in ("测试丁", "T00000004", "999999198301250084", "1983-01-25"):
        assert secret not in shown
    assert KEY in shown


def test_bodies_of_other_dialects_show_no_person_either() -> None:
    said = {
        "infno": "2304",
        "cainfo": "proof",
        "input": {"data": {"PSN_NAME": "测试丁", "certno": "999999198301250084", "tel": "", "medfee_sumamt": "1.10"}},
        "output": '{"psn_name": "测试丁"}',
        "err_msg": "人员999999198301250084不存在",
        "rows": [{"mdtrt_cert_no": "999999198301250084"}],
    }
    shown = outgoing.masked_body(encode(said))
    assert shown["input"]["data"] == {"PSN_NAME": "***", "certno": "***", "tel": "", "medfee_sumamt": "1.10"}
    assert (shown["infno"], shown["cainfo"], shown["err_msg"]) == ("2304", "***", "人员***不存在")
    assert "测试丁" not in str(shown) and "999999198301250084" not in str(shown)
    assert outgoing.masked_body("<soap>测试丁</soap>".encode()) == "(22 bytes, not JSON)"
    who = "999999198301250084"
    fields = f"<name>测试丁</name><idCard>{who}</idCard><personalPay>181.01</personalPay><why>{who}</why>"
    soap = outgoing.masked_body(f'<s:Envelope xmlns:s="urn:s"><s:Body>{fields}</s:Body></s:Envelope>'.encode())
    shown = {"name": "***", "idCard": "***", "personalPay": "181.01", "why": "***"}
    assert soap == {"Envelope": {"Body": shown}}


def test_a_message_that_nobody_knows(tools: Tools) -> None:
    with pytest.raises(AdapterError) as caught:
        outgoing.message("nobody.v1.insurance.settle", tools)
    assert [issue.code for issue in caught.value.issues] == ["LED-409"]
