"""Risk signs of real stays, who answers for them, and who did what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from adapter.cases.tools import Tools
from adapter.cases.window.notices import run_notices
from adapter.cases.window.risks import acts_on, put_in_charge, risks_of, risky_stays
from adapter.model.case import Actor
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.issues import AdapterError
from tests.support.office import (
    CLERK,
    FACILITY,
    TestClock,
    act,
    case_id,
    codes,
    row_of,
    settle_case,
    settlement_of,
    take_in,
)

STAY, IN_HOSPITAL = "300010004", "300010016"


def signs(stay: str, tools: Tools) -> dict[str, dict[str, str]]:
    return {str(each.sign): dict(each.evidence) for each in risks_of(case_id(stay), tools).signals}


@pytest.mark.rule("B-27")
def test_somebody_answers_for_a_stay(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, IN_HOSPITAL)
    assert signs(IN_HOSPITAL, tools)["nobody-responsible"] == {"missing": "department, responsible"}
    for department, person in (("", "D002"), ("NK01", " ")):
        with pytest.raises(AdapterError) as refused:
            put_in_charge(case_id(IN_HOSPITAL), department, person, tools, act(tools))
        assert codes(refused.value) == ["PRG-304"]
    with pytest.raises(AdapterError) as refused:
        put_in_charge(case_id(IN_HOSPITAL), "NK01", "D002", tools, tools.act(Actor("adapter"), "no person"))
    assert codes(refused.value) == ["PRG-282"]
    found = put_in_charge(case_id(IN_HOSPITAL), "NK01", "D002", tools, act(tools, "责任到人"))
    assert (found.department, found.responsible) == ("NK01", "D002")
    assert "nobody-responsible" not in signs(IN_HOSPITAL, tools)


@pytest.mark.rule("B-30")
def test_every_act_names_who_did_it(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, IN_HOSPITAL)
    put_in_charge(case_id(IN_HOSPITAL), "NK01", "D002", tools, act(tools, "责任到人"))
    found = acts_on(case_id(IN_HOSPITAL), tools)
    assert (found["department"], found["person"]) == ("NK01", "D002")
    (charged,) = [each for each in found["acts"] if each["what"] == "paper-filed responsible"]
    assert (charged["by"], charged["reason"]) == (CLERK.id, "责任到人")
    assert [each["at"] for each in found["acts"]] == sorted(each["at"] for each in found["acts"])


@pytest.mark.rule("A-38")
def test_a_notice_that_nobody_took(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, IN_HOSPITAL)
    admitted = row_of(IN_HOSPITAL, tools).admitted
    assert admitted is not None and isinstance(tools.clock, TestClock)
    tools.clock.moment = tools.clock.moment.replace(
        year=admitted.year, month=admitted.month, day=admitted.day, tzinfo=HOSPITAL_ZONE
    ) + timedelta(days=3)
    told = [due for looked in run_notices(tools, CLERK) for due in looked.due]
    assert told and "notice-missed" not in signs(IN_HOSPITAL, tools)
    tools.clock.moment += timedelta(days=2)
    assert signs(IN_HOSPITAL, tools)["notice-missed"]["days"] == "2"


def test_left_and_unpaid_of_one_hospital(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    patient = settlement_of(STAY, tools).patient_pays
    assert signs(STAY, tools)["left-unsettled"]["open"] == patient.text
    listed = list(risky_stays(tools))
    assert [each.case_id for each in listed] == [case_id(STAY)]
    assert listed[0].facility == FACILITY
    assert [each.case_id for each in risky_stays(tools, FACILITY)] == [case_id(STAY)]
    assert list(risky_stays(tools, "another")) == []
    assert listed[0].as_json()["issues"] == ["PRG-201"]  # the scheme sets no warning mark
