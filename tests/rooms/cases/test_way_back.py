"""What the HIS is told, and when: each thing once, in order, in the transaction that decided it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from adapter.cases import dispatch, outgoing, parked, reverse, settle, way_back_desk
from adapter.cases.admission import may_take_deposit
from adapter.cases.endpoints import endpoint_now, pause_endpoint, resume_endpoint
from adapter.cases.tools import Tools
from adapter.ledger.rows import MessageState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Receipt, Stage
from adapter.model.money import Money
from adapter.payers.delivery.endpoints.his.schema import NOTICE_SCHEMA
from adapter.wiring import feeds
from tests.support.office import SOURCE, Story, TestClock, act, case_id, codes, row_of, settle_case, take_in, work
from tests.support.payers import Payers, fake_payers
from tests.support.way_back import EVERYTHING, kinds, mappings_with, notices, telling_office, way_in

STAY = "300010004"
SECRETS = ("T00000004", "1983-01-25", "测试丁", "999999198301250084", "13800000004")
VALIDATOR = jsonschema_rs.Draft7Validator(NOTICE_SCHEMA)


@pytest.fixture
def payers() -> Payers:
    return fake_payers(TestClock())


Open = Callable[..., Tools]


@pytest.fixture
def telling(tmp_path: Path, payers: Payers) -> Iterator[Open]:
    """Opens the office of a HIS that hears by folder; ``send`` and ``estimate`` as a test wants them."""
    with ExitStack() as stack:

        def opened(more: str = EVERYTHING) -> Tools:
            (tmp_path / "back").mkdir()
            mappings = mappings_with(tmp_path, f"form: folder\nfolder: {tmp_path / 'back'}\n{more}")
            return stack.enter_context(telling_office(tmp_path, mappings, payers.endpoints, payers.clock))

        yield opened


def told(tools: Tools, stay: str = STAY) -> list[dict[str, Any]]:
    """The content of what the HIS was told, in order; each is what the schema says."""
    found = [json.loads(row.message.composed) for row in notices(stay, tools)]
    for each in found:
        VALIDATOR.validate(each)
    return found


def test_a_stay_from_export_to_reversal_is_told_once_and_in_order(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    assert not take_in(tools, tmp_path, STAY).stopped
    settle_case(STAY, tools)
    reverse.start_reversal(case_id(STAY), tools, act(tools))
    assert work(tools)
    assert kinds(STAY, tools) == ["eligibility", "estimate", "settlement", "reversal"]
    assert {row.outcome for row in notices(STAY, tools)} == {Outcome.ACCEPTED}
    assert [each["sequence"] for each in told(tools)] == [1, 2, 3, 4]
    files = {json.loads(path.read_bytes())["key"] for path in (tmp_path / "back").iterdir()}
    assert files == {each["key"] for each in told(tools)}


def test_amounts_are_those_of_the_bill_and_come_back_with_the_opposite_sign(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    reverse.start_reversal(case_id(STAY), tools, act(tools))
    assert work(tools)
    with tools.ledger.reading() as tx:
        bill = tx.settlement(case_id(STAY), 1)
    assert bill is not None
    settled, reversed_ = (each[each["kind"]] for each in told(tools)[-2:])
    assert (settled["total"], settled["patient_pays"]) == (bill.total.text, bill.patient_pays.text)
    assert {each["payer"]: each["amount"] for each in settled["shares"]} == {
        str(share.payer): share.amount.text for share in bill.shares
    }
    assert [Money.yuan(each["amount"]) for each in reversed_["shares"]] == [-share.amount for share in bill.shares]
    assert Money.total(Money.yuan(each["amount"]) for each in settled["shares"]) == bill.total
    assert {each["test_profile"] for each in told(tools)} == {True}, "a test profile says so everywhere"


def test_nothing_personal_is_told(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    text = json.dumps(told(tools), ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in text] == []


def test_the_same_export_again_tells_nothing_and_a_changed_answer_does(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    take_in(tools, tmp_path, STAY)
    take_in(tools, tmp_path, STAY)
    assert kinds(STAY, tools) == ["eligibility"]
    for _ in range(2):
        settle.estimate(case_id(STAY), tools, act(tools))
    assert kinds(STAY, tools) == ["eligibility", "estimate"]

    def refunded(story: Story) -> None:
        del story["stays"][0]["lines"][-1]

    take_in(tools, tmp_path, STAY, changed=refunded)
    settle.estimate(case_id(STAY), tools, act(tools))
    assert kinds(STAY, tools) == ["eligibility", "estimate", "estimate"]


def test_the_deposit_instruction_is_told_with_the_reasons(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    take_in(tools, tmp_path, STAY)
    with tools.ledger.transaction() as tx:
        may_take_deposit(tx, case_id(STAY), Money.yuan("100"), tools, act(tools))
    (only,) = told(tools)
    found = only["eligibility"]
    assert (found["state"], found["deposit"]["state"], found["deposit"]["received"]) == (
        "granted",
        "not-allowed",
        "0.00",
    )
    assert found["deposit"]["cite"] and found["deposit"]["zh"] and found["deposit"]["en"]
    assert all(reason["cite"] and reason["zh"] and reason["en"] for reason in found["reasons"])


def test_a_deposit_that_came_all_the_same_is_told_to_be_given_back(telling: Open, tmp_path: Path) -> None:
    tools = telling()

    def with_deposit(story: Story) -> None:
        story["stays"][0]["deposits"] = [{"on": story["stays"][0]["lines"][-1]["on"], "amount": "500.00"}]

    (taken,) = take_in(tools, tmp_path, STAY, changed=with_deposit).stays
    assert "PRG-210" in codes(taken)
    deposit = told(tools)[0]["eligibility"]["deposit"]
    assert deposit["received"] == deposit["refund"]["amount"] == "500.00"


def test_a_stay_that_is_set_aside_is_told_before_there_is_a_case_and_again_when_it_is_free(
    telling: Open, tmp_path: Path
) -> None:
    tools = telling()

    taken = take_in(tools, tmp_path, STAY, changed=broken)
    assert taken.parked == 1
    with tools.ledger.reading() as tx:
        assert tx.case(case_id(STAY)) is None
    (first,) = told(tools)
    assert first["issues"]["held"] is True
    assert {"code", "pointer", "zh", "en", "hint_zh", "hint_en"} <= first["issues"]["issues"][0].keys()
    take_in(tools, tmp_path, STAY, changed=broken)
    assert kinds(STAY, tools) == ["issues"], "for the same reasons it is not told again"
    assert work(tools), "it goes out although there is no case"
    assert not take_in(tools, tmp_path, STAY).stopped
    assert kinds(STAY, tools) == ["issues", "eligibility", "issues"]
    assert told(tools)[-1]["issues"] == {"held": False, "issues": []}


def broken(story: Story) -> None:
    """More is given back than was charged."""
    story["stays"][0]["lines"].append({"item": "2106", "on": story["stays"][0]["lines"][-1]["on"], "qty": "-3"})


def test_a_case_that_a_payer_refused_is_told_as_held_and_as_free_again(
    telling: Open, tmp_path: Path, payers: Payers
) -> None:
    tools = telling("send: [issues]")
    take_in(tools, tmp_path, STAY)
    payers.bureau.refuses = {Stage.TRIAL}
    settle.start_trial(case_id(STAY), tools, act(tools))
    assert work(tools)
    assert "CASE-320" in codes(row_of(STAY, tools))
    assert [each["code"] for each in told(tools)[-1]["issues"]["issues"]][:1] == ["CASE-320"]
    payers.bureau.refuses = set()
    settle.start_trial(case_id(STAY), tools, act(tools))
    assert work(tools)
    assert [each["issues"]["held"] for each in told(tools)] == [True, False]


def test_only_what_the_source_wants_is_told(telling: Open, tmp_path: Path) -> None:
    tools = telling("send: [settlement]")
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    assert kinds(STAY, tools) == ["settlement"]


def test_a_source_without_a_way_back_is_told_nothing(tmp_path: Path, payers: Payers) -> None:
    mappings = mappings_with(tmp_path, f"form: folder\nfolder: back\n{EVERYTHING}", source="yunxi_county")
    with telling_office(tmp_path, mappings, payers.endpoints, payers.clock) as tools:
        take_in(tools, tmp_path, STAY)
        settle_case(STAY, tools)
        assert notices(STAY, tools) == []
        with tools.ledger.reading() as tx:
            assert tx.paper(case_id(STAY), "way-back") is None


def test_an_estimate_at_admission_is_told_and_is_no_preview(telling: Open, tmp_path: Path) -> None:
    tools = telling(f"{EVERYTHING}\nestimate: at-admission")
    take_in(tools, tmp_path, STAY)
    take_in(tools, tmp_path, STAY)
    assert kinds(STAY, tools) == ["eligibility", "estimate"]
    assert row_of(STAY, tools).bill is None
    with pytest.raises(AdapterError) as caught:
        settle.start_settlement(case_id(STAY), tools, act(tools))
    assert codes(caught.value) == ["CASE-303"]


def test_a_decision_that_is_rolled_back_was_never_told(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    take_in(tools, tmp_path, STAY)
    before = kinds(STAY, tools)

    class Lost(Exception):
        pass

    def crash() -> None:
        with tools.ledger.transaction() as tx:
            tx.set_held(case_id(STAY), [], **act(tools).said)
            settle.tell_standing(tx, case_id(STAY), tools, act(tools))
            raise Lost

    with pytest.raises(Lost):
        crash()
    assert kinds(STAY, tools) == before


def test_a_source_whose_file_went_wrong_keeps_no_case_from_going_on(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    take_in(tools, tmp_path, STAY)
    settle.estimate(case_id(STAY), tools, act(tools))
    (tmp_path / "mappings" / "sources" / f"{SOURCE}.yaml").write_text("source: [", "utf-8")
    broken_feed = replace(tools, feed=feeds(tmp_path / "mappings", tmp_path))
    dispatch.go_on(case_id(STAY), broken_feed, act(tools))
    assert not row_of(STAY, tools).held


# -- a HIS that is away, or refuses ------------------------------------------------------------------------------------


def test_a_dead_his_keeps_no_settlement_waiting_and_hears_everything_later(
    telling: Open, tmp_path: Path, payers: Payers
) -> None:
    tools = telling()
    back, away = tmp_path / "back", tmp_path / "away"
    back.rename(away)
    take_in(tools, tmp_path, STAY)
    settle_at_the_payers(tools)
    assert str(row_of(STAY, tools).bill) == "settled"
    waiting = notices(STAY, tools)
    assert [row.state for row in waiting] == [MessageState.PENDING] * 3
    assert waiting[1].message.attempts == 0, "a later one does not overtake the one before it"
    for _ in range(40):
        payers.clock.moment += timedelta(minutes=10)
        dispatch.work_once(tools)
    assert notices(STAY, tools)[0].message.attempts >= 40, "long after a payer's message would have been set aside"
    assert {row.state for row in notices(STAY, tools)} == {MessageState.PENDING}
    away.rename(back)
    assert work(tools, seconds=4000)
    assert [row.outcome for row in notices(STAY, tools)] == [Outcome.ACCEPTED] * 3
    finished = [row.finished_at for row in notices(STAY, tools)]
    assert finished == sorted(finished, key=str)


def settle_at_the_payers(tools: Tools) -> None:
    """Only the payers are worked for, as the worker's own thread does it."""
    lane = dispatch.payers_only(tools)
    settle.start_trial(case_id(STAY), lane, act(lane))
    assert work(lane)
    settle.start_settlement(case_id(STAY), lane, act(lane))
    assert work(lane)


def test_a_dead_his_is_not_tried_for_each_stay_in_turn(telling: Open, tmp_path: Path, payers: Payers) -> None:
    tools = telling()
    (tmp_path / "back").rename(tmp_path / "away")
    take_in(tools, tmp_path)
    attempts = 0
    for _ in range(20):
        attempts += dispatch.work_once(tools).sent
    assert attempts == 1
    with tools.ledger.reading() as tx:
        until = tx.paused_until(f"his:{SOURCE}")
        due = tx.next_due((f"his:{SOURCE}",))
    assert until is not None and due == until
    (tmp_path / "away").rename(tmp_path / "back")
    assert work(tools, seconds=400)
    with tools.ledger.reading() as tx:
        assert tx.paused_until(f"his:{SOURCE}") is None


def test_a_pause_that_a_person_made_outlives_an_answer_and_a_retry(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    name = f"his:{SOURCE}"
    (tmp_path / "back").rename(tmp_path / "away")
    take_in(tools, tmp_path, STAY)
    dispatch.work_once(tools)
    assert endpoint_now(name, tools).why == "no-answer"
    pause_endpoint(name, None, tools, act(tools, "接口升级"))
    way_back_desk.retry_parked(SOURCE, tools, act(tools))
    assert (endpoint_now(name, tools).why, endpoint_now(name, tools).as_json()["paused_until"]) == ("person", "resumed")
    (tmp_path / "away").rename(tmp_path / "back")
    assert resume_endpoint(name, tools, act(tools)).paused_until is None


def test_a_refused_notice_waits_for_a_person_with_those_behind_it(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    taken = tmp_path / "back" / f"{case_id(STAY)}.back.eligibility.1.json"
    taken.write_text("something else")
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    first, second, *_ = notices(STAY, tools)
    assert (first.state, first.outcome, first.message.attempts) == (MessageState.PARKED, Outcome.REJECTED, 1)
    assert (second.state, second.message.attempts) == (MessageState.PENDING, 0)
    assert str(row_of(STAY, tools).bill) == "settled", "the payers are not kept waiting"
    assert not row_of(STAY, tools).held
    shown = way_back_desk.notices_of(case_id(STAY), tools)[0]
    assert shown["told"]["kind"] == "eligibility" and "DEL-524" in shown["issues"][0]
    taken.unlink()
    outgoing.retry(first.message.key, tools, act(tools))
    assert work(tools)
    assert {row.outcome for row in notices(STAY, tools)} == {Outcome.ACCEPTED}


def test_a_refused_notice_can_be_let_go_and_the_others_go_on(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    (tmp_path / "back" / f"{case_id(STAY)}.back.eligibility.1.json").write_text("something else")
    take_in(tools, tmp_path, STAY)
    settle.estimate(case_id(STAY), tools, act(tools))
    assert work(tools)
    first, second = notices(STAY, tools)
    with pytest.raises(AdapterError) as caught:
        way_back_desk.skip(second.message.key, tools, act(tools))
    assert codes(caught.value) == ["CASE-342"]
    way_back_desk.skip(first.message.key, tools, act(tools))
    assert work(tools)
    assert [row.outcome for row in notices(STAY, tools)] == [Outcome.REJECTED, Outcome.ACCEPTED]
    assert {row.state for row in notices(STAY, tools)} == {MessageState.DONE}


def test_all_that_wait_for_a_person_can_be_sent_again_at_once(telling: Open, tmp_path: Path) -> None:
    tools = telling("send: [eligibility]")
    stays = (STAY, "300010003")
    wrong = [tmp_path / "back" / f"{case_id(stay)}.back.eligibility.1.json" for stay in stays]
    for path in wrong:
        path.write_text("something else")
    take_in(tools, tmp_path, *stays)
    assert work(tools)
    for path in wrong:
        path.unlink()
    assert way_back_desk.retry_parked(SOURCE, tools, act(tools)) == 2
    assert work(tools)
    assert {row.outcome for stay in stays for row in notices(stay, tools)} == {Outcome.ACCEPTED}


def test_trying_the_way_back_stores_nothing(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    receipt: Receipt = way_back_desk.send_test(SOURCE, tools)
    assert receipt.outcome is Outcome.ACCEPTED
    (file,) = (tmp_path / "back").iterdir()
    assert json.loads(file.read_bytes())["test"] is True
    with tools.ledger.reading() as tx:
        assert tx.outbox() == []
    with pytest.raises(AdapterError) as caught:
        way_back_desk.send_test("yunxi_county", tools)
    assert codes(caught.value) == ["CASE-340"]
    with pytest.raises(AdapterError) as caught:
        way_back_desk.table_ddl(SOURCE, "sqlite", tools)
    assert codes(caught.value) == ["CASE-341"]


def test_the_journal_rebuilds_what_was_told(telling: Open, tmp_path: Path) -> None:
    tools = telling()
    (tmp_path / "back" / f"{case_id(STAY)}.back.eligibility.1.json").write_text("something else")
    take_in(tools, tmp_path, STAY)
    assert work(tools)
    before = [(row.message, row.state, row.outcome) for row in notices(STAY, tools)]
    tools.ledger.rebuild()
    assert [(row.message, row.state, row.outcome) for row in notices(STAY, tools)] == before
    assert tools.ledger.verify() == []


def test_replaying_a_parked_stay_tells_that_it_is_free(telling: Open, tmp_path: Path) -> None:
    tools = telling("send: [issues]")
    take_in(tools, tmp_path, STAY, changed=broken)
    (waiting,) = parked.parked_stays(tools)
    assert parked.replay(waiting.id, tools, act(tools)).case_id == case_id(STAY)
    assert kinds(STAY, tools) == ["issues"], "still for the same reason"
    assert way_in(tools).config.name == f"his:{SOURCE}"
