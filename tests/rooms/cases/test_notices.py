"""Notices in the office: once per cause, written with everything that belongs to them, acknowledged by a relation."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from adapter.cases.tools import Tools
from adapter.cases.views import full_record
from adapter.cases.window.estimates import LookBack
from adapter.cases.window.notices import acknowledge, list_notices, plan_discharge, run_notices
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoints.his.schema import NOTICE_SCHEMA
from tests.support.notices import FILLED, STAY, keys, seen_on, with_settings
from tests.support.office import CLERK, Story, act, case_id, codes, settle_case, take_in
from tests.support.payers import Payers
from tests.support.way_back import mappings_with, notices, telling_office

CASE = case_id(STAY)


def feb(day: int) -> date:
    return date(2023, 2, day)


@pytest.fixture
def filled(tools: Tools) -> Tools:
    return with_settings(tools, FILLED)


def made(tools: Tools, kind: str) -> list[dict[str, Any]]:
    with tools.ledger.reading() as tx:
        return [decode(row.body) for row in tx.resources_of_case(CASE, (kind,))]


@pytest.mark.rule("A-22")
def test_a_large_cost_is_told_once_however_often_one_looks(filled: Tools, tmp_path: Path) -> None:
    assert "large-cost/1000.00" in keys(seen_on(feb(12), filled, tmp_path))
    for day in (13, 14):
        assert "large-cost/1000.00" not in keys(seen_on(feb(day), filled, tmp_path))


@pytest.mark.rule("A-22")
def test_a_cost_over_the_yearly_ceiling_is_told_with_what_the_year_used(filled: Tools, tmp_path: Path) -> None:
    def huge(lines: list[dict[str, Any]]) -> None:
        lines.append({"item": "2104", "on": "2023-02-11", "qty": "20000"})

    found = seen_on(feb(12), filled, tmp_path, change=huge)
    (notice,) = [each for each in list_notices(filled) if each["cause"] == "projected-cap"]
    assert notice["key"] in keys(found) and notice["key"].startswith("projected-cap/basic/2023/")
    assert {"payer", "ceiling", "used", "projected", "plan-cite"} == set(notice["figures"])


@pytest.mark.rule("A-39")
def test_a_self_pay_ratio_over_the_limit_goes_to_the_staff_and_not_to_the_patient(
    filled: Tools, tmp_path: Path
) -> None:
    strict = with_settings(filled, {"self_pay_ratio_limit": "0.10", "self_pay_ratio_of": "patient-pays"})
    assert "self-pay-ratio/0.10" in keys(seen_on(feb(12), strict, tmp_path))
    (notice,) = [each for each in list_notices(strict) if each["cause"] == "self-pay-ratio"]
    assert notice["to"] == "hospital"
    texts = [part["contentString"] for each in made(strict, "CommunicationRequest") for part in each["payload"]]
    assert texts and not [text for text in texts if "自费" in text]


@pytest.mark.rule("A-34")
def test_the_patients_part_is_told_the_set_days_before_the_planned_discharge(filled: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), filled, tmp_path)
    plan_discharge(CASE, feb(17), filled, act(filled, "病情好转"))
    assert "before-discharge/2023-02-17" not in keys(seen_on(feb(14), filled, tmp_path))
    assert "before-discharge/2023-02-17" in keys(seen_on(feb(15), filled, tmp_path))
    plan_discharge(CASE, feb(18), filled, act(filled, "推迟一天"))
    assert "before-discharge/2023-02-18" in keys(seen_on(feb(16), filled, tmp_path)), "another day is told anew"


def test_a_planned_day_before_the_admission_is_refused(filled: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), filled, tmp_path)
    with pytest.raises(AdapterError) as refused:
        plan_discharge(CASE, feb(10), filled, act(filled))
    assert codes(refused.value) == ["PRG-262"]


@pytest.mark.rule("A-31")
def test_an_estimate_looks_back_on_own_settled_stays_of_the_group(filled: Tools, tmp_path: Path) -> None:
    def two_before(story: Story) -> None:
        for key, day in (("300010081", "05"), ("300010082", "06")):
            stay = copy.deepcopy(story["stays"][0])
            stay |= {"key": key, "printed": f"00{key}", "admitted": f"2023-01-{day} 03:25:00"}
            stay |= {"discharged": f"2023-01-{day} 10:00:00", "lines": [{"item": "2104", "on": f"2023-01-{day}"}]}
            story["stays"].append(stay)
        del story["stays"][0]

    take_in(filled, tmp_path, STAY, changed=two_before)
    for stay in ("300010081", "300010082"):
        settle_case(stay, filled)
    assert "estimate" in keys(seen_on(feb(11), filled, tmp_path))
    (notice,) = [each for each in list_notices(filled, case_id=CASE) if each["cause"] == "estimate"]
    assert (notice["figures"]["basis"], notice["figures"]["count"]) == ("own-stays", "2")
    assert (notice["figures"]["median"], notice["figures"]["p80"]) == ("25.00", "25.00")
    with filled.ledger.reading() as tx:
        row = tx.case(CASE)
        assert row is not None
        assert LookBack().stays(tx, row, "J18", filled.feed(row.source), feb(11)) == [], "another group does not count"


@pytest.mark.rule("Q-10")
def test_settings_that_are_unset_are_listed_and_stop_no_other_notice(tools: Tools, tmp_path: Path) -> None:
    (found,) = seen_on(feb(12), tools, tmp_path)
    unset = {issue.pointer.rsplit("/", 1)[-1] for issue in found.issues if issue.code == "PRG-201"}
    assert unset == {"large_cost", "self_pay_ratio_limit", "estimate_least_stays"}
    assert "daily-bill/1" in keys([found])


def test_shares_that_cannot_be_worked_out_are_said_and_the_bill_is_made_all_the_same(
    filled: Tools, tmp_path: Path
) -> None:
    def unknown(lines: list[dict[str, Any]]) -> None:
        lines.append({"item": "9901", "on": "2023-02-11"})

    (found,) = seen_on(feb(12), filled, tmp_path, change=unknown)
    assert "PRG-264" in codes(found) and "daily-bill/1" in keys([found])


def test_a_dry_run_finds_the_same_and_keeps_nothing(filled: Tools, tmp_path: Path) -> None:
    seen_on(feb(11), filled, tmp_path)
    with filled.ledger.reading() as tx:
        before = len(tx.journal())
    tried = keys(list(run_notices(filled, CLERK, on=feb(12), dry_run=True)))
    with filled.ledger.reading() as tx:
        assert len(tx.journal()) == before
    assert tried and tried == keys(list(run_notices(filled, CLERK, on=feb(12))))


def test_nothing_is_made_ahead_of_its_day(filled: Tools) -> None:
    with pytest.raises(AdapterError) as refused:
        list(run_notices(filled, CLERK, on=date(2026, 3, 3)))  # the clock of the tests stands on the day before
    assert codes(refused.value) == ["PRG-265"]


def test_a_stay_that_ended_long_ago_is_left_alone(filled: Tools, tmp_path: Path) -> None:
    take_in(filled, tmp_path, STAY)
    assert list(run_notices(filled, CLERK, on=date(2023, 5, 1))) == []


@pytest.mark.rule("A-20")
@pytest.mark.rule("X-17")
def test_an_acknowledgement_says_who_when_how_and_what_relation(filled: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), filled, tmp_path)
    found = acknowledge(CASE, "daily-bill/1", "spouse", "", filled, act(filled, "签收"))
    assert found["acknowledged"]["relation"] == "spouse" and found["acknowledged"]["by"] == CLERK.id
    assert found["acknowledged"]["channel"] == "paper", "as the clause says"
    still_open = {each["key"] for each in list_notices(filled, open_only=True)}
    assert "daily-bill/1" not in still_open and "large-cost/1000.00" in still_open
    (told,) = made(filled, "Communication")
    asked = {each["id"]: each for each in made(filled, "CommunicationRequest")}
    assert asked[told["basedOn"][0]["reference"].partition("/")[2]]["status"] == "completed"
    assert sorted(each["status"] for each in asked.values()).count("active") == len(asked) - 1
    for each in (told, *asked.values()):
        assert validate([each]) == [], each["resourceType"]


def test_the_hospitals_record_carries_notices_and_is_valid(filled: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), filled, tmp_path)
    acknowledge(CASE, "daily-bill/1", "spouse", "", filled, act(filled))
    record = full_record(CASE, filled)
    kinds = [entry["resource"]["resourceType"] for entry in record["entry"]]
    assert kinds.count("Communication") == 1 and kinds.count("CommunicationRequest") >= 2
    assert [issue for issue in validate([record]) if issue.stops] == []


@pytest.mark.parametrize("form", ["json", "hl7v2"])
def test_the_his_hears_of_each_notice_once(tmp_path: Path, payers: Payers, form: str) -> None:
    way = {"json": "form: folder\nfolder: back", "hl7v2": "form: hl7v2\nhost: 127.0.0.1\nport: '2575'\nplain: 'yes'"}[
        form
    ]
    mappings = mappings_with(tmp_path, f"{way}\nsend: [notice]")
    with telling_office(tmp_path, mappings, payers.endpoints, payers.clock) as plain:
        telling = with_settings(plain, FILLED)
        seen_on(feb(12), telling, tmp_path)
        list(run_notices(telling, CLERK, on=feb(12)))
        bodies = [row.message.composed for row in notices(STAY, telling)]
    if form == "hl7v2":
        assert all(b"ZPC^Z06" in body and b"ZPT|" in body for body in bodies)
        return
    told = [json.loads(body) for body in bodies]
    assert len(told) == len({each["notice"]["number"] for each in told}) >= 3
    for each in told:
        jsonschema_rs.Draft7Validator(NOTICE_SCHEMA).validate(each)
        assert "测试" not in json.dumps({**each, "source": ""}, ensure_ascii=False)


def test_what_was_acknowledged_or_never_was_due_is_refused(filled: Tools, tmp_path: Path) -> None:
    seen_on(feb(12), filled, tmp_path)
    acknowledge(CASE, "daily-bill/1", "patient", "", filled, act(filled))
    for key, relation, actor, code in (
        ("daily-bill/1", "patient", CLERK, "CASE-366"),
        ("daily-bill/9", "patient", CLERK, "CASE-365"),
        ("large-cost/1000.00", "张三", CLERK, "PRG-261"),
        ("large-cost/1000.00", "patient", Actor("service", "system"), "PRG-282"),
    ):
        with pytest.raises(AdapterError) as refused:
            acknowledge(CASE, key, relation, "", filled, filled.act(actor, "test"))
        assert codes(refused.value) == [code]
    with pytest.raises(AdapterError, match="CASE-302"):
        list_notices(filled, case_id="nobody")
