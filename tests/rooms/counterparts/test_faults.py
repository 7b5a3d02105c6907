"""Scripted faults: each does what it says, and what it leaves behind is exactly known."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from adapter.counterparts.faults import Call, FaultError, Faults, fault_of
from tests.support.counterparts import Counterpart
from tests.support.wire_bodies import (
    HEADERS,
    aid_bundle,
    claim_bundle,
    dump,
    line,
    load,
    look_up,
    post,
    responses,
    reversal_bundle,
    submit,
)

KEY = "CASE-1.v1.insurance.settle"
BODY = claim_bundle(KEY, [line("2201", "1500.00")])


def settled(bureau: Counterpart) -> int:
    return int(bureau.state()["settled"])


def send(bureau: Counterpart, timeout: float = 5.0) -> httpx.Response:
    return httpx.post(f"{bureau.fhir}/Claim/$submit", content=dump(BODY), headers=HEADERS, timeout=timeout)


@pytest.mark.parametrize(("do", "kept"), [("drop-before", 0), ("drop-after", 1), ("truncated", 1)])
def test_the_connection_breaks(bureau: Counterpart, do: str, kept: int) -> None:
    bureau.script({"match": {"stage": "settle"}, "do": do})
    with pytest.raises(httpx.RemoteProtocolError):
        send(bureau)
    assert settled(bureau) == kept
    assert send(bureau).status_code == 200
    assert settled(bureau) == 1


def test_hang(bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "settle"}, "do": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        send(bureau, timeout=0.3)
    assert settled(bureau) == 0


def test_an_answer_that_stalls_half_way(bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "settle"}, "do": "stall"})
    heard = b""
    with (
        httpx.Client(timeout=0.5) as client,
        client.stream("POST", f"{bureau.fhir}/Claim/$submit", content=dump(BODY), headers=HEADERS) as answer,
        pytest.raises(httpx.ReadTimeout),
    ):
        for part in answer.iter_raw():
            heard += part
    assert 0 < len(heard) < int(answer.headers["content-length"])
    assert settled(bureau) == 1


def test_a_delayed_request_arrives_although_the_caller_has_gone(bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "settle"}, "do": "delay", "seconds": 0.6})
    with pytest.raises(httpx.ReadTimeout):
        send(bureau, timeout=0.2)
    assert look_up(bureau.fhir, KEY) == []
    time.sleep(0.8)
    assert len(look_up(bureau.fhir, KEY)) == 2


def test_a_late_answer(bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "settle"}, "do": "delay-after", "seconds": 0.6})
    with pytest.raises(httpx.ReadTimeout):
        send(bureau, timeout=0.3)
    assert settled(bureau) == 1


@pytest.mark.parametrize(("processed", "kept"), [(False, 0), (True, 1)])
def test_status(bureau: Counterpart, processed: bool, kept: int) -> None:
    bureau.script(
        {"match": {"stage": "settle"}, "do": "status", "status": 429, "retry_after": 7, "processed": processed}
    )
    answer = send(bureau)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert load(answer.content)["resourceType"] == "OperationOutcome"
    assert settled(bureau) == kept


def test_a_reversal_is_refused_too(bureau: Counterpart) -> None:
    assert send(bureau).status_code == 200
    bureau.script({"match": {"stage": "reverse"}, "do": "refuse", "text": "结算期已关账"})
    undo = reversal_bundle("CASE-1.v1.insurance.reverse", KEY, "1500.00")
    (refused,) = responses(load(submit(bureau.fhir, undo).content))
    assert (refused["outcome"], refused["error"][0]["code"]["text"]) == ("error", "结算期已关账")
    assert (bureau.state()["reversed"], settled(bureau)) == (0, 1)
    assert {each["status"] for each in responses(load(submit(bureau.fhir, undo).content))} == {"cancelled"}


def test_garbage(bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "settle"}, "do": "garbage"})
    answer = send(bureau)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.content)
    assert settled(bureau) == 1


def test_every_answer_twice(bureau: Counterpart) -> None:
    bureau.script({"match": {"stage": "settle"}, "do": "duplicate-answer"})
    found = [one["identifier"][0]["value"] for one in responses(load(send(bureau).content))]
    assert len(found) == 4
    assert len(set(found)) == 2


def test_a_request_that_arrives_twice(bureau: Counterpart, careless: Counterpart) -> None:
    for receiver, counted in ((bureau, 1), (careless, 2)):
        receiver.script({"match": {"stage": "settle"}, "do": "twice"})
        assert send(receiver).status_code == 200
        assert settled(receiver) == counted


def test_which_requests_a_fault_meets(bureau: Counterpart) -> None:
    bureau.script(
        {"match": {"path": "Claim/$submit", "stage": "settle", "nth": 2, "times": 2}, "do": "status", "status": 503},
        {"match": {"stage": "trial"}, "do": "status", "status": 500},
    )
    assert [send(bureau).status_code for _ in range(4)] == [200, 503, 503, 200]
    trial = claim_bundle(f"{KEY}.trial.1", [line("2201", "1500.00")], use="predetermination")
    assert [submit(bureau.fhir, trial).status_code for _ in range(2)] == [500, 200]
    fired = bureau.state()["faults"]["fired"]
    assert [one["key"] for one in fired] == [KEY, KEY, f"{KEY}.trial.1"]


def test_a_look_up_is_met_by_its_path_and_its_key(bureau: Counterpart) -> None:
    send(bureau)
    bureau.script({"match": {"method": "GET", "path": "ClaimResponse", "key": "CASE-1.", "times": 0}, "do": "status"})
    with pytest.raises(httpx.HTTPStatusError):
        look_up(bureau.fhir, KEY)
    with pytest.raises(httpx.HTTPStatusError):
        look_up(bureau.fhir, KEY)
    assert look_up(bureau.fhir, "CASE-2.v1.insurance.settle") == []


def test_a_transaction_is_met_by_the_key_of_its_claim(aid: Counterpart) -> None:
    aid.script({"match": {"stage": "settle"}, "do": "drop-after"})
    bundle = aid_bundle("CASE-1.v1.aid.settle", "9000.00", [("basic", "6000.00")])
    with pytest.raises(httpx.RemoteProtocolError):
        post(aid.fhir, "", bundle)
    assert load(post(aid.fhir, "", bundle).content)["entry"][-1]["response"]["status"] == "200"
    assert settled(aid) == 1


def test_control_stays_reachable_and_reset_forgets_the_script(bureau: Counterpart) -> None:
    bureau.script({"match": {"times": 0}, "do": "hang"})
    assert bureau.state()["faults"]["scripted"] == 1
    bureau.reset()
    assert send(bureau).status_code == 200


@pytest.mark.parametrize("row", [{"do": "explode"}, {"match": {"colour": "red"}, "do": "hang"}, {"match": {}}, "hang"])
def test_a_script_that_is_not_understood_is_refused(bureau: Counterpart, row: object) -> None:
    assert httpx.post(f"{bureau.base}/control/faults", json=[row]).status_code == 422
    with pytest.raises(FaultError):
        fault_of(row)


def test_of_two_due_faults_the_first_acts_and_both_count() -> None:
    faults = Faults()
    faults.script(
        [fault_of({"match": {"nth": 2}, "do": "hang"}), fault_of({"match": {"nth": 1, "times": 0}, "do": "twice"})]
    )
    met = [faults.meet(Call("POST", "/fhir", "CASE-1.v1.aid.settle")) for _ in range(3)]
    assert [fault.do if fault else None for fault in met] == ["twice", "hang", "twice"]


@pytest.mark.parametrize(
    ("key", "stage"),
    [
        ("CASE-1.v1.insurance.settle", "settle"),
        ("CASE-1.v2.aid.reverse", "reverse"),
        ("CASE-1.v1.insurance.settle.trial.3", "trial"),
        ("CASE-1.v1.insurance.trial.0f3a9c", "trial"),
        ("CASE-1.v1.insurance.eligibility.1.20210312110000", "eligibility"),
        ("CASE-1", ""),
    ],
)
def test_the_stage_is_read_from_the_key(key: str, stage: str) -> None:
    assert Call("POST", "/fhir", key).stage == stage
