"""A POST that comes twice under one ``Idempotency-Key``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from adapter.cases import call_desk
from adapter.cases.requests_kept import GIVEN_UP, KeptAnswer, begin, digest_of_request, keep, let_go, lose
from adapter.cases.tools import Act, Tools
from adapter.ledger.ledger import Ledger
from tests.support.office import CLERK, TestClock, office
from tests.support.service import Running

CASE = "qingshi_county-300010002"
HOLD = f"/cases/{CASE}/calls/aid/hold"
RESUME = f"/cases/{CASE}/calls/aid/resume"
WHY = {"reason": "核实"}


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    Ledger.open(f"sqlite:///{tmp_path / 'adapter.db'}").close()
    with office(tmp_path, {}, clock=TestClock()) as opened:
        yield opened


def test_the_second_one_gets_the_first_ones_answer(stocked: Running) -> None:
    assert stocked.http.post(HOLD, json=WHY).status_code == 200
    first = stocked.http.post(RESUME, json=WHY, headers={"Idempotency-Key": "a-1"})
    second = stocked.http.post(RESUME, json=WHY, headers={"Idempotency-Key": "a-1"})
    assert first.status_code == second.status_code == 200, "without a key the second one is refused (CASE-423)"
    assert (first.content, first.headers["content-type"]) == (second.content, second.headers["content-type"])
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert stocked.http.post(RESUME, json=WHY).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        (HOLD, {"reason": "其他"}, {}),
        (RESUME, WHY, {}),
        (f"{HOLD}?x=1", WHY, {}),
        (HOLD, WHY, {"X-Actor": "cashier-08"}),
        (HOLD, WHY, {"X-Source": "another_county"}),
        (HOLD, WHY, {"If-None-Exist": "identifier=s|v"}),
    ],
    ids=["body", "address", "query", "actor", "hospital", "condition"],
)
def test_another_request_under_a_key_is_refused(
    stocked: Running, path: str, body: dict[str, str], headers: dict[str, str]
) -> None:
    key = {"Idempotency-Key": "a-2"}
    assert stocked.http.post(HOLD, json=WHY, headers=key).status_code == 200
    refused = stocked.http.post(path, json=body, headers={**key, **headers})
    assert (refused.status_code, refused.json()["issues"][0]["code"]) == (422, "API-870")


def test_a_refusal_is_an_answer_too(stocked: Running) -> None:
    key = {"Idempotency-Key": "a-3"}
    first = stocked.http.post(f"/cases/{CASE}/settle", json={}, headers=key)
    assert first.status_code in (409, 422)
    assert stocked.http.post(f"/cases/{CASE}/settle", json={}, headers=key).content == first.content


@pytest.mark.parametrize("key", ["", "a b", "x" * 201])
def test_a_key_that_is_none(stocked: Running, key: str) -> None:
    refused = stocked.http.post(HOLD, json=WHY, headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["issues"][0]["code"]) == (422, "API-873")


def test_a_body_that_is_too_large_leaves_the_key_free(stocked: Running) -> None:
    key = {"Idempotency-Key": "a-4"}
    large = stocked.http.post(HOLD, json={"reason": "x" * 70_000}, headers=key)
    assert (large.status_code, large.json()["issues"][0]["code"]) == (413, "API-802")
    assert stocked.http.post(HOLD, json=WHY, headers=key).status_code == 200


def test_what_ends_without_an_answer_is_told_so_at_once(stocked: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(call_desk, "hold_call", broken)
    key = {"Idempotency-Key": "a-6"}
    assert stocked.http.post(HOLD, json=WHY, headers=key).status_code == 500
    again = stocked.http.post(HOLD, json=WHY, headers=key)
    assert (again.status_code, again.json()["issues"][0]["code"]) == (409, "API-872")


def test_many_at_once_do_it_once(stocked: Running) -> None:
    stocked.http.post(HOLD, json=WHY)

    def ask(_: int) -> tuple[int, str]:
        answer = stocked.http.post(RESUME, json=WHY, headers={"Idempotency-Key": "a-5"})
        return answer.status_code, "" if answer.is_success else answer.json()["issues"][0]["code"]

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(16)))
    assert (200, "") in found
    assert found <= {(200, ""), (409, "API-871")}


def test_one_that_was_broken_off_is_told_so(tools: Tools) -> None:
    act = tools.act(CLERK, "test")
    assert begin("k", "d", tools, act) is None
    running = begin("k", "d", tools, act)
    assert running is not None
    assert (running.same, running.answer, running.lost) == (True, None, False)
    later = begin("k", "d", tools, Act(act.at + GIVEN_UP + timedelta(seconds=1), CLERK, "test"))
    assert later is not None
    assert later.lost
    other = begin("k", "e", tools, act)
    assert other is not None
    assert not other.same
    let_go("k", tools, act)
    assert begin("k", "e", tools, act) is None
    lose("k", "e", tools, act)
    gone = begin("k", "e", tools, act)
    assert gone is not None and gone.same and gone.lost
    keep("k", "e", KeptAnswer(202, "application/json", b"{}", {"location": "/cases/x"}), tools, act)
    again = begin("k", "e", tools, act)
    assert again is not None
    assert again.answer == KeptAnswer(202, "application/json", b"{}", {"location": "/cases/x"})


def test_an_answer_that_an_older_version_kept_is_given_with_its_location(tools: Tools) -> None:
    act = tools.act(CLERK, "test")
    assert begin("k", "d", tools, act) is None
    kept = {"state": "done", "digest": "d", "status": 202, "content_type": "application/json", "location": "/x"}
    with tools.ledger.transaction() as tx:
        (name,) = tx.papers_named("", "request/")
        tx.file_paper("", name, {**kept, "body": "{}"}, **act.said)
    again = begin("k", "d", tools, act)
    assert again is not None and again.answer == KeptAnswer(202, "application/json", b"{}", {"location": "/x"})


def test_parts_do_not_run_into_each_other() -> None:
    assert digest_of_request(b"ab", b"c") != digest_of_request(b"a", b"bc")
