"""Subscriptions: each change that matches is told, once it was asked for, and nothing is given up silently."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapter.cases import dispatch, subscriptions
from adapter.cases.subscriptions import subscribe, subscriptions_now, try_again, unsubscribe
from adapter.cases.subscriptions_lane import SubscriberLane
from adapter.cases.tools import SubscriberRules, Tools
from adapter.cases.way_back_desk import skip
from adapter.fhir.canonical import canonical, decode, digest_of
from adapter.fhir.validation import validate
from adapter.fhir.xml_in import resource_of
from adapter.ledger.rows import MessageState, ResourceIn
from adapter.model.issues import AdapterError
from adapter.model.subscription import SubscriptionState
from adapter.payers.delivery.retry import RetryPolicy
from tests.support.office import TestClock, act, codes, office
from tests.support.subscriber import Receiver, receiving

_SECOND = timedelta(seconds=1)
SECRET = "Bearer a-token-of-the-test"


@pytest.fixture(scope="module")
def receivers() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def receiver(receivers: Receiver) -> Receiver:
    receivers.came.clear()
    receivers.answers.clear()
    receivers.always = 200
    return receivers


@pytest.fixture
def tools(tmp_path: Path, empty_ledger: Path, receiver: Receiver) -> Iterator[Tools]:
    shutil.copy(empty_ledger, tmp_path / "adapter.db")
    with office(tmp_path, {}, clock=TestClock(), retry=RetryPolicy(0.1, 1.0, limit=3)) as opened:
        yield replace(opened, subscribers=SubscriberRules((f"{receiver.base}/hooks",), timeout=2))


@pytest.fixture
def lane(tools: Tools) -> Iterator[SubscriberLane]:
    lane = SubscriberLane(tools)
    yield lane
    lane.close()


def wanted(receiver: Receiver, criteria: str = "Account?status=active", **channel: Any) -> dict[str, Any]:
    told = {
        "type": "rest-hook",
        "endpoint": f"{receiver.base}/hooks/a",
        "payload": "application/fhir+json",
        "header": [f"Authorization: {SECRET}"],
        **channel,
    }
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "the test wants to know",
        "criteria": criteria,
        "channel": {name: value for name, value in told.items() if value is not None},
    }


def put(tools: Tools, identity: str, status: str = "active", kind: str = "Account") -> None:
    resource = {
        "resourceType": kind,
        "id": identity,
        "status": status,
        "name": "住院账户",
        "subject": [{"reference": "Patient/p1"}],
    }
    body = canonical(resource)
    with tools.ledger.transaction() as tx:
        tx.put_resources("test", None, [ResourceIn(kind, identity, body, digest_of(body))], **act(tools).said)


def work(lane: SubscriberLane, tools: Tools, seconds: float = 5) -> bool:
    """Be the lane until nothing is due; the clock is set forward instead of waited for."""
    clock = tools.clock
    assert isinstance(clock, TestClock)

    def wait(gap: float) -> None:
        clock.moment += 20 * gap * _SECOND

    give_up_at = clock.now() + seconds * _SECOND
    return lane.until_idle(wait=wait, give_up_at=give_up_at)


def shown(tools: Tools, identity: str) -> dict[str, Any]:
    with tools.ledger.reading() as tx:
        row = tx.resource("Subscription", identity)
    assert row is not None and not row.deleted
    resource: dict[str, Any] = decode(row.body)
    assert validate([resource]) == []
    return resource


def test_a_change_is_told_after_the_handshake(tools: Tools, lane: SubscriberLane, receiver: Receiver) -> None:
    put(tools, "before")
    row, new = subscribe(wanted(receiver), tools, act(tools))
    assert (new, shown(tools, row.id)["status"]) == (True, "requested")
    assert work(lane, tools)
    (ping,) = receiver.came
    assert (ping.method, ping.path, ping.body, ping.headers["authorization"]) == ("POST", "/hooks/a", b"", SECRET)
    assert shown(tools, row.id)["status"] == "active"
    put(tools, "f1")
    put(tools, "f2", status="inactive")
    put(tools, "f1")  # nothing new
    assert work(lane, tools)
    (told,) = receiver.told()
    assert (told.path, told.headers["content-type"]) == (
        "/hooks/a/Account/f1",
        "application/fhir+json; fhirVersion=4.0",
    )
    assert told.headers["idempotency-key"] == f"subscription.{row.id}.Account.f1.1"
    said = decode(told.body)
    assert (said["id"], said["meta"]["versionId"]) == ("f1", "1")
    put(tools, "f2")
    assert work(lane, tools)
    assert [each.path for each in receiver.told()] == ["/hooks/a/Account/f1", "/hooks/a/Account/f2"]


def test_without_a_payload_nothing_is_said_but_that_it_changed(
    tools: Tools, lane: SubscriberLane, receiver: Receiver
) -> None:
    subscribe(wanted(receiver, payload=None), tools, act(tools), "s1")
    work(lane, tools)
    put(tools, "f1")
    work(lane, tools)
    assert [(each.method, each.path, each.body) for each in receiver.came] == [("POST", "/hooks/a", b"")] * 2
    assert "content-type" not in receiver.came[1].headers


def test_a_resource_is_sent_as_xml_where_that_is_wanted(tools: Tools, lane: SubscriberLane, receiver: Receiver) -> None:
    subscribe(wanted(receiver, payload="application/fhir+xml"), tools, act(tools), "s1")
    work(lane, tools)
    put(tools, "f1")
    work(lane, tools)
    (told,) = receiver.told()
    assert resource_of(etree.fromstring(told.body))["name"] == "住院账户"


def test_a_silence_is_said_and_its_end_too(tools: Tools, lane: SubscriberLane, receiver: Receiver) -> None:
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    receiver.always = 503
    put(tools, "f1")
    assert not work(lane, tools, seconds=40)
    resource = shown(tools, "s1")
    assert resource["status"] == "error" and "DEL-621" in resource["error"] and "503" in resource["error"]
    receiver.always = 200
    put(tools, "f2")
    assert work(lane, tools, seconds=40)
    resource = shown(tools, "s1")
    assert resource["status"] == "active" and "error" not in resource
    assert {each.path for each in receiver.told()[-2:]} == {"/hooks/a/Account/f1", "/hooks/a/Account/f2"}


@pytest.mark.parametrize(("status", "code"), [(404, "DEL-620"), (410, "DEL-620"), (307, "DEL-622")])
def test_a_refusal_stops_it_until_it_is_mended_and_nothing_is_lost(
    tools: Tools, lane: SubscriberLane, receiver: Receiver, status: int, code: str
) -> None:
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    receiver.always = status
    put(tools, "f1")
    assert work(lane, tools)
    resource = shown(tools, "s1")
    assert resource["status"] == "error" and code in resource["error"]
    asked = len(receiver.came)
    put(tools, "f2")
    assert work(lane, tools)
    assert len(receiver.came) == asked  # it is left alone, and the notice waits
    ((known, waiting),) = subscriptions_now(tools)
    assert (str(known.state), waiting) == ("refused", 2)
    receiver.always = 200
    subscribe(shown(tools, "s1") | {"status": "requested"}, tools, act(tools), "s1")
    assert work(lane, tools)
    assert shown(tools, "s1")["status"] == "active" and "error" not in shown(tools, "s1")
    came = receiver.came[asked:]
    assert [each.method for each in came] == ["POST", "PUT", "PUT"]
    assert sorted(each.path for each in came[1:]) == ["/hooks/a/Account/f1", "/hooks/a/Account/f2"]
    assert {each.headers["authorization"] for each in came} == {SECRET}  # *** kept what was known


def test_a_handshake_that_is_refused_tells_nothing(tools: Tools, lane: SubscriberLane, receiver: Receiver) -> None:
    receiver.always = 401
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    put(tools, "f1")
    work(lane, tools)
    assert [each.method for each in receiver.came] == ["POST"]
    assert shown(tools, "s1")["status"] == "error"
    receiver.always = 200
    try_again("s1", tools, act(tools))
    assert work(lane, tools)
    put(tools, "f2")
    assert work(lane, tools)
    assert [each.path for each in receiver.told()] == ["/hooks/a/Account/f2"]  # f1 changed before anybody answered


def test_many_changes_in_one_transaction_are_told_once_each_by_two_workers(
    tools: Tools, lane: SubscriberLane, receiver: Receiver
) -> None:
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    with tools.ledger.transaction() as tx:
        bodies = {
            f"f{number}": canonical({"resourceType": "Account", "id": f"f{number}", "status": "active"})
            for number in range(450)
        }
        items = [ResourceIn("Account", name, body, digest_of(body)) for name, body in bodies.items()]
        tx.put_resources("test", None, items, **act(tools).said)
    other = SubscriberLane(replace(tools, worker="other"))
    while lane._queue() | other._queue():
        pass
    SubscriberLane(tools)._queue()  # after a restart nothing is queued twice
    with tools.ledger.reading() as tx:
        queued = tx.outbox(endpoint="subscription:s1", states=(MessageState.PENDING,))
    assert {row.message.case_id.rpartition("/")[2] for row in queued} == set(bodies)
    other.close()


def test_a_worker_that_is_killed_loses_nothing_and_repeats_under_the_same_id(
    tools: Tools, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = SubscriberLane(tools)
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    put(tools, "f1")
    put(tools, "f2")

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed  # the answer has come, and is not written down yet

    monkeypatch.setattr(dispatch, "_record", killed)
    with pytest.raises(Killed):
        work(lane, tools)
    monkeypatch.undo()
    lane.close()
    clock = tools.clock
    assert isinstance(clock, TestClock)
    clock.moment += 3600 * _SECOND
    other = SubscriberLane(replace(tools, worker="other"))
    assert work(other, tools)
    other.close()
    keys = [each.headers["idempotency-key"] for each in receiver.told()]
    assert sorted(set(keys)) == ["subscription.s1.Account.f1.1", "subscription.s1.Account.f2.1"]
    assert len(keys) == 3


def test_off_and_deleted_are_told_nothing(
    tools: Tools, lane: SubscriberLane, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "_AT_ONCE", 1)  # let go page by page
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    subscribe(wanted(receiver) | {"status": "off"}, tools, act(tools), "s1")
    put(tools, "f1")
    work(lane, tools)
    assert (shown(tools, "s1")["status"], receiver.told()) == ("off", [])
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    receiver.always = 500
    for name in ("f2", "f4"):
        put(tools, name)
    work(lane, tools, seconds=2)
    unsubscribe("s1", tools, act(tools))
    receiver.always, before = 200, len(receiver.came)
    put(tools, "f3")
    assert work(lane, tools)
    assert (len(receiver.came), subscriptions_now(tools)) == (before, [])
    with tools.ledger.reading() as tx:
        assert set(tx.health().outbox["subscription:s1"]) == {MessageState.DONE}
    with pytest.raises(AdapterError, match="CASE-465"):
        unsubscribe("s1", tools, act(tools))


def test_its_end_and_a_changed_setting_end_it(tools: Tools, lane: SubscriberLane, receiver: Receiver) -> None:
    subscribe(wanted(receiver) | {"end": "2026-03-02T10:00:00+08:00"}, tools, act(tools), "ends")
    subscribe(wanted(receiver), tools, act(tools), "other")
    work(lane, tools)
    clock = tools.clock
    assert isinstance(clock, TestClock)
    clock.moment += 3600 * _SECOND
    elsewhere = SubscriberLane(replace(tools, subscribers=SubscriberRules(("https://elsewhere.example",))))
    elsewhere.round()
    assert shown(tools, "ends")["status"] == "off"
    assert shown(tools, "other")["status"] == "error" and "CASE-461" in shown(tools, "other")["error"]
    elsewhere.close()


def test_a_refusal_ends_the_batch(tools: Tools, lane: SubscriberLane, receiver: Receiver) -> None:
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    receiver.answers = [403]
    for number in range(4):
        put(tools, f"f{number}")
    assert work(lane, tools) and len(receiver.told()) == 1
    try_again("s1", tools, act(tools))
    work(lane, tools)
    assert len(receiver.told()) == 5 and len({each.path for each in receiver.told()}) == 4


def test_a_notice_that_is_never_taken_is_let_go_and_the_others_follow(
    tools: Tools, lane: SubscriberLane, receiver: Receiver
) -> None:
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    receiver.answers = [422]
    put(tools, "f1")
    work(lane, tools)
    put(tools, "f2")
    work(lane, tools)
    skip("subscription.s1.Account.f1.1", tools, act(tools))
    try_again("s1", tools, act(tools))
    assert work(lane, tools) and shown(tools, "s1")["status"] == "active"
    assert [each.path for each in receiver.told()] == ["/hooks/a/Account/f1", "/hooks/a/Account/f2"]


def test_one_that_is_no_longer_understood_keeps_no_other_waiting(
    tools: Tools, lane: SubscriberLane, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of this program took criteria that this one refuses."""
    monkeypatch.setattr(subscriptions, "check", lambda *_: None)
    subscribe(wanted(receiver, "Account?once=1"), tools, act(tools), "old")
    subscribe(wanted(receiver), tools, act(tools), "s1")
    with tools.ledger.transaction() as tx:
        for identity in ("old", "s1"):
            known = subscriptions.subscribed(tx, identity)
            assert known is not None
            subscriptions.keep(tx, replace(known, since=0), SubscriptionState.ACTIVE, act(tools))
    put(tools, "f1")
    assert work(lane, tools)
    assert [each.path for each in receiver.told()] == ["/hooks/a/Account/f1"]
    assert shown(tools, "old")["status"] == "error" and "CASE-464" in shown(tools, "old")["error"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "running"}, "FHIR-113"),
        ({"criteria": "Account?nothing=1"}, "FHIR-202"),
        ({"criteria": "Nothing?a=1"}, "CASE-464"),
        ({"criteria": "Subscription?status=active"}, "CASE-464"),
        ({"criteria": "Account?_count=3"}, "CASE-464"),
        ({"criteria": "Patient?name=测试"}, "FHIR-208"),
        ({"end": "2020-01-01T00:00:00Z"}, "CASE-466"),
        ({"end": "2030-12-31T23:59:60Z"}, "CASE-466"),
        ({"criteria": "Account?" + "&".join(["status=active"] * 51)}, "CASE-464"),
        ({"channel": {"type": "email", "endpoint": "mailto:a@b.example"}}, "CASE-460"),
        ({"channel": {"type": "rest-hook"}}, "CASE-461"),
        ({"payload": "text/csv"}, "CASE-462"),
        ({"header": ["Host: elsewhere"]}, "CASE-463"),
        ({"header": ["X-A: b\r\nX-B: c"]}, "CASE-463"),
        ({"header": ["X-A: ***"]}, "CASE-463"),
        ({"header": ["X-A: b", "x-a: c"]}, "CASE-463"),
        ({"criteria": "Account?status="}, "CASE-464"),
        ({"criteria": "Account?status=active&name"}, "CASE-464"),
    ],
)
def test_what_cannot_be_kept_is_refused(tools: Tools, receiver: Receiver, change: dict[str, Any], code: str) -> None:
    inside = {name: value for name, value in change.items() if name in ("payload", "header")}
    outside = {name: value for name, value in change.items() if name not in inside}
    with pytest.raises(AdapterError) as caught:
        subscribe(wanted(receiver, **inside) | outside, tools, act(tools), "s1")
    assert codes(caught.value)[0].startswith(code)
    assert subscriptions_now(tools) == []


def test_a_secret_of_a_header_is_never_shown(tools: Tools, lane: SubscriberLane, receiver: Receiver) -> None:
    subscribe(wanted(receiver), tools, act(tools), "s1")
    work(lane, tools)
    ((known, _),) = subscriptions_now(tools)
    assert SECRET not in repr(known) and SECRET not in repr(known.channel)
    with tools.ledger.reading() as tx:
        versions = tx.history("Subscription", "s1")
    assert len(versions) == 2 and not any(SECRET.encode() in row.body for row in versions)
    assert shown(tools, "s1")["channel"]["header"] == ["Authorization: ***"]
    elsewhere = wanted(receiver, endpoint=f"{receiver.base}/hooks/b", header=["Authorization: ***"])
    with pytest.raises(AdapterError, match="CASE-463"):
        subscribe(elsewhere, tools, act(tools), "s1")
