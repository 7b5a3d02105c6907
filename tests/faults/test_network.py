"""A bad line and a bad day at the payers, without anybody dying: every answer is found, nothing is sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapter.cases import dispatch, outgoing, reconcile, reverse, settle
from adapter.cases.reading import billed_dossier
from adapter.cases.tools import Tools
from adapter.cases.walk import call_facts, expectation, roles_of
from adapter.fhir.canonical import encode
from adapter.fhir.reversal import reversal_claim
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState, CallState
from adapter.model.issues import AdapterError
from adapter.model.messages import DifferenceKind
from tests.faults.rig import ONE_CALL, STAYS, TWO_CALLS, Rig, check_books, check_everything, check_journal, finish
from tests.support.office import (
    FACILITY,
    act,
    case_id,
    codes,
    row_of,
    settle_case,
    settlement_of,
    try_case,
    work,
)

pytestmark = pytest.mark.slow

NewRig = Callable[[bool], Rig]
KEY = f"{case_id(TWO_CALLS)}.v1.insurance.settle"

FAULTS: dict[str, dict[str, Any]] = {
    "request lost": {"do": "drop-before"},
    "answer lost": {"do": "drop-after"},
    "out of order": {"do": "status", "status": 503, "retry_after": 1},
    "out of order, but done": {"do": "status", "status": 500, "processed": True},
    "too many requests": {"do": "status", "status": 429, "retry_after": 1},
    "garbage": {"do": "garbage"},
    "breaks off": {"do": "truncated"},
    "stalls": {"do": "stall"},
    "no answer ever": {"do": "hang"},
    "arrives late": {"do": "delay", "seconds": 1.6},
    "answers late": {"do": "delay-after", "seconds": 1.6},
}
EVERYWHERE = ("answer lost", "out of order", "garbage", "no answer ever")
CASES = [("settle", "insurance", name) for name in FAULTS]
CASES += [(stage, call, name) for stage in ("settle", "reverse") for call in ("aid",) for name in EVERYWHERE]
CASES += [("reverse", "insurance", name) for name in ("answer lost", "out of order, but done", "arrives late")]
CASES += [("eligibility", "insurance", "garbage"), ("trial", "insurance", "breaks off"), ("trial", "aid", "stalls")]


@pytest.mark.parametrize(("stage", "call", "fault"), CASES, ids=lambda value: str(value).replace(" ", "-"))
def test_fault(stage: str, call: str, fault: str, new_rig: NewRig) -> None:
    """At payers that ignore keys: whatever is sent twice counts twice."""
    rig = new_rig(True)
    payer = rig.aid if call == "aid" else rig.bureau
    with rig.office() as tools:
        if stage == "reverse":
            settle_case(TWO_CALLS, tools)
        elif stage == "settle":
            try_case(TWO_CALLS, tools)
        payer.script({"match": {"method": "POST", "key": f".{call}.{stage}"}, **FAULTS[fault]})
        begin = {"settle": settle.start_settlement, "reverse": reverse.start_reversal}.get(stage, settle.start_trial)
        begin(case_id(TWO_CALLS), tools, act(tools))
        assert work(tools, seconds=30)
    assert [each["do"] for each in payer.state()["faults"]["fired"]] == [FAULTS[fault]["do"]]
    finish(rig)
    check_everything(rig, {TWO_CALLS: 2 if stage == "reverse" else 1, ONE_CALL: 1})


def test_the_time_that_a_payer_asks_for_is_kept(new_rig: NewRig) -> None:
    rig = new_rig(False)
    with rig.office() as tools:
        try_case(TWO_CALLS, tools)
        rig.bureau.script({"match": {"stage": "settle"}, "do": "status", "status": 503, "retry_after": 30})
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        sent_at = tools.clock.now()
        dispatch.work_once(tools)
        row, _ = outgoing.message(KEY, tools)
        assert row.not_before - sent_at >= timedelta(seconds=30)
        assert dispatch.work_once(tools) == dispatch.Delivered()


def test_a_payer_that_is_not_there(new_rig: NewRig) -> None:
    """Refused connections prove that nothing was sent: no proof is waited for once the payer is back."""
    rig = new_rig(True)
    with rig.office() as tools:
        for stay in STAYS:
            try_case(stay, tools)
        rig.bureau.stop()
        try:
            for stay in STAYS:
                settle.start_settlement(case_id(stay), tools, act(tools))
            assert not work(tools, seconds=2)
            row, receipts = outgoing.message(KEY, tools)
            assert row.state is MessageState.PENDING
            assert receipts
            assert not any(receipt.sent for receipt in receipts)
        finally:
            rig.bureau.restart()
        assert work(tools)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def test_a_payer_that_is_killed_with_the_claim_in_its_hands(new_rig: NewRig) -> None:
    rig = new_rig(True)
    with rig.office() as tools:
        try_case(TWO_CALLS, tools)
        rig.bureau.script({"match": {"stage": "settle"}, "do": "delay-after", "seconds": 30})
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        killer = threading.Timer(0.6, rig.bureau.kill)
        killer.start()
        dispatch.work_once(tools)
        killer.join()
        assert row_of(TWO_CALLS, tools).bill is BillState.SETTLING
        rig.bureau.restart()
        assert work(tools)
    finish(rig)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def test_many_workers_on_one_ledger(new_rig: NewRig) -> None:
    """Four at once, on two cases, at payers that are slow and lose answers."""
    rig = new_rig(True)
    rig.bureau.script(
        {"match": {"method": "POST", "stage": "settle", "key": KEY}, "do": "drop-after"},
        {"match": {"method": "POST", "times": 0}, "do": "delay", "seconds": 0.1},
    )
    rig.aid.script({"match": {"method": "POST", "stage": "settle"}, "do": "drop-after"})
    with rig.office() as tools:
        for begin in (settle.start_trial, settle.start_settlement):
            for stay in STAYS:
                begin(case_id(stay), tools, act(tools))
            together(rig, 4)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def test_an_answer_that_stands_twice_waits_for_a_person(new_rig: NewRig) -> None:
    """The payer counted once and told it twice: after a look the case goes on, and nothing was sent again."""
    rig = new_rig(True)
    with rig.office() as tools:
        try_case(TWO_CALLS, tools)
        rig.bureau.script({"match": {"stage": "settle"}, "do": "duplicate-answer"})
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        assert work(tools)
        waits_for_a_person(tools)
        outgoing.retry(KEY, tools, act(tools, "the bureau says that it holds it once"))
        assert work(tools)
    finish(rig)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def test_a_payer_that_counted_twice_is_not_asked_to_count_again(new_rig: NewRig) -> None:
    """The answer was lost and the payer holds the claim twice; once it has withdrawn one, the case goes on."""
    rig = new_rig(True)
    with rig.office() as tools:
        try_case(TWO_CALLS, tools)
        rig.bureau.script({"match": {"stage": "settle"}, "do": "drop-after"})
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        dispatch.work_once(tools)
        row, _ = outgoing.message(KEY, tools)
        send = {"content": row.message.composed, "headers": {"Content-Type": row.message.content_type}}
        httpx.post(f"{rig.bureau.fhir}/Claim/$submit", **send).raise_for_status()
        assert work(tools)
        waits_for_a_person(tools)
        assert rig.bureau.state()["duplicates"] == {KEY: 2}
        assert codes_of_reversal(tools) == ["CASE-310"]
        withdraw_one(rig, tools)
        outgoing.retry(KEY, tools, act(tools, "the bureau has withdrawn one"))
        assert work(tools)
        assert (row_of(TWO_CALLS, tools).bill, row_of(TWO_CALLS, tools).held) == (BillState.SETTLED, False)
        bureau = rig.bureau.state()
        assert (bureau["settled"], bureau["reversed"], bureau["settled_twice"]) == (1, 1, {})
        check_books(tools, bureau, rig.aid.state())
    check_journal(rig.folder)


def test_what_a_payer_counted_twice_unnoticed_is_named_by_the_statement(new_rig: NewRig) -> None:
    """The request arrived twice and one good answer came: only the day's statement can tell."""
    rig = new_rig(True)
    with rig.office() as tools:
        try_case(TWO_CALLS, tools)
        rig.bureau.script({"match": {"stage": "settle"}, "do": "twice"})
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        assert work(tools)
        assert row_of(TWO_CALLS, tools).bill is BillState.SETTLED
        day = settlement_of(TWO_CALLS, tools).on
        result = reconcile.reconcile_day("bureau", day, FACILITY, tools, act(tools))
        assert not result.agrees
        assert DifferenceKind.DUPLICATE in {each.kind for each in result.differences}
        assert {each.key for each in result.differences} <= {KEY, "*"}


def test_an_aid_office_that_takes_its_time(new_rig: NewRig) -> None:
    """Stored, and answered later: asked again until the amount is there."""
    rig = new_rig(True)
    with rig.office() as tools:
        try_case(TWO_CALLS, tools)
        nothing_yet = {"match": {"method": "GET", "path": "ClaimResponse", "key": ".aid.settle", "times": 3}}
        rig.aid.script({**nothing_yet, "do": "status", "status": 503})
        settle.start_settlement(case_id(TWO_CALLS), tools, act(tools))
        assert work(tools)
    finish(rig)
    check_everything(rig, {TWO_CALLS: 1, ONE_CALL: 1})


def together(rig: Rig, workers: int) -> None:
    """So many workers, each with its own connection to the ledger, until nothing is due."""
    failed: list[BaseException] = []

    def go(name: str) -> None:
        try:
            with rig.office(worker=name) as own:
                assert work(own, seconds=40)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=go, args=(f"worker-{number}",)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def waits_for_a_person(tools: Tools) -> None:
    row, _ = outgoing.message(KEY, tools)
    assert row.state is MessageState.PARKED
    case = row_of(TWO_CALLS, tools)
    assert (case.bill, codes(case)[:2]) == (BillState.SETTLING, ["CASE-323", "DEL-505"])
    assert "FHIR-155" in codes(case)
    with tools.ledger.reading() as tx:
        assert tx.state(case_id(TWO_CALLS), "call", "1/insurance") is CallState.UNKNOWN


def codes_of_reversal(tools: Tools) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        reverse.start_reversal(case_id(TWO_CALLS), tools, act(tools))
    return codes(caught.value)


def withdraw_one(rig: Rig, tools: Tools) -> None:
    """The bureau reverses one of the two itself, under a key of its own."""
    with tools.ledger.reading() as tx:
        case = billed_dossier(tx, case_id(TWO_CALLS), 1, tools)
        roles = roles_of(tx, case, tools)
        facts = call_facts(case, case.scheme.calls[0], expectation(case, tools, roles, {}), {})
    body = encode(reversal_claim(facts, created=tools.clock.now(), key="bureau-own-correction.reverse"))
    headers = {"Content-Type": "application/fhir+json; fhirVersion=4.0"}
    httpx.post(f"{rig.bureau.fhir}/Claim/$submit", content=body, headers=headers).raise_for_status()
