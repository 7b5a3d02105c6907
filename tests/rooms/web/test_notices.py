"""Notices over HTTP: run, list, acknowledge, plan, the daily bill; and the thread that looks each morning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapter.doors.web.notice_models import DailyBillOut, NoticeList, NoticeOut, PlannedOut, RunOut
from adapter.doors.web.worker import _Notices
from tests.support.service import Running

CASE = "qingshi_county-300010008"
NURSE = {"X-Actor": "nurse-12"}


def codes(answer: Any) -> list[str]:
    return [each["code"] for each in answer.json()["issues"]]


def test_from_the_run_to_the_acknowledgement(stocked: Running) -> None:
    http = stocked.http
    run = http.post("/notices/run", json={"on": "2023-02-18"})
    assert run.status_code == 200
    assert CASE in {each.case_id for each in RunOut.model_validate(run.json()).cases}
    listed = http.get("/notices", params={"case": CASE, "open": True})
    (notice,) = NoticeList.model_validate(listed.json()).notices
    asked = {"key": notice.key, "relation": "spouse", "reason": "签收"}
    taken = http.post(f"/cases/{CASE}/notices/acknowledge", json=asked, headers=NURSE)
    found = NoticeOut.model_validate(taken.json())
    assert found.acknowledged is not None and found.acknowledged.by == "nurse-12"
    nobody = http.post(f"/cases/{CASE}/notices/acknowledge", json=asked)
    assert codes(nobody) == ["API-855"], "who told it is a person"
    again = http.post(f"/cases/{CASE}/notices/acknowledge", json=asked, headers=NURSE)
    assert (again.status_code, codes(again)) == (409, ["CASE-366"])
    assert http.get("/notices", params={"case": CASE, "open": True}).json() == {"notices": []}
    bill = http.get(f"/cases/{CASE}/daily-bill", params={"on": "2023-02-18"})
    assert DailyBillOut.model_validate(bill.json()).running == "6578.15"
    page = http.get(f"/cases/{CASE}/daily-bill", params={"on": "2023-02-18", "page": True})
    assert page.headers["content-type"].startswith("text/html") and "测**" in page.text


def test_a_planned_discharge(stocked: Running) -> None:
    answer = stocked.http.post(f"/cases/{CASE}/planned-discharge", json={"day": "2023-02-20"}, headers=NURSE)
    assert PlannedOut.model_validate(answer.json()).day == "2023-02-20"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"/cases/{CASE}/notices/acknowledge", {"key": "nothing", "relation": "patient"}, 404, "CASE-365"),
        (f"/cases/{CASE}/notices/acknowledge", {"key": "x", "relation": "张三"}, 422, "API-803"),
        (f"/cases/{CASE}/planned-discharge", {"day": "2023-02-30"}, 422, "API-803"),
        ("/cases/nobody/planned-discharge", {"day": "2023-02-20"}, 404, "CASE-302"),
    ],
)
def test_what_is_wrong_is_refused(stocked: Running, path: str, body: Any, status: int, code: str) -> None:
    answer = stocked.http.post(path, json=body, headers=NURSE)
    assert (answer.status_code, codes(answer)) == (status, [code])


def test_the_thread_looks_once_a_day_from_its_hour_on(stocked: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    days: list[object] = []
    monkeypatch.setattr("adapter.doors.web.worker.run_notices", lambda *_, on, **__: days.append(on) or iter(()))
    service = stocked.app.state.service

    class Clock:
        moment = datetime(2023, 2, 17, 21, 59, tzinfo=UTC)  # 05:59 the next day in the hospital

        def now(self) -> datetime:
            return self.moment

    clock = Clock()
    thread = _Notices(replace(service.tools, clock=clock), service.metrics, "service", "06:00")
    thread._round()
    assert days == []
    for hour in (22, 23):
        clock.moment = datetime(2023, 2, 17, hour, 0, tzinfo=UTC)
        thread._round()
    assert [str(day) for day in days] == ["2023-02-18"]
