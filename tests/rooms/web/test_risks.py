"""Risk signs, accountability, statistics and a programme's blanks over HTTP."""

from __future__ import annotations

from adapter.doors.web.api.programmes import ProgrammeOut
from adapter.doors.web.api.risks import AccountabilityOut, RisksList, RisksOut
from adapter.doors.web.api.statistics import StatisticsOut
from tests.support.service import Running

CASE = "qingshi_county-300010016"


def test_a_stay_is_looked_at_and_somebody_put_in_charge(stocked: Running) -> None:
    before = RisksOut.model_validate(stocked.http.get(f"/cases/{CASE}/risks").json())
    assert "nobody-responsible" in [each.sign for each in before.signals]
    found = RisksList.model_validate(stocked.http.get("/risks", params={"facility": before.facility}).json())
    assert CASE in [each.case_id for each in found.stays]
    assert {issue.code for issue in found.issues} >= {"PRG-201"}
    assert len({(issue.code, issue.pointer) for issue in found.issues}) == len(found.issues)
    put = {"department": "NK01", "person": "Zhang San"}
    path, actor = f"/cases/{CASE}/responsible", {"X-Actor": "head-01"}
    assert stocked.http.post(path, json=put, headers=actor).status_code == 422  # a code, never a name
    after = stocked.http.post(path, json={**put, "person": "D002"}, headers=actor)
    assert after.status_code == 200 and RisksOut.model_validate(after.json()).responsible == "D002"
    acts = AccountabilityOut.model_validate(stocked.http.get(f"/cases/{CASE}/accountability").json())
    assert acts.person == "D002" and "head-01" in {each["by"] for each in acts.acts}
    assert stocked.http.get("/cases/nobody/risks").status_code == 404


def test_a_month_and_a_programme(stocked: Running) -> None:
    month = StatisticsOut.model_validate(stocked.http.get("/statistics/2022-11").json())
    assert [each["admitted"]["count"] for each in month.hospitals if each["admitted"]["count"]]
    assert stocked.http.get("/statistics/2022-00").status_code == 422
    path = "/programmes/county-plan-2021"
    shown = ProgrammeOut.model_validate(stocked.http.get(path, params={"scheme": "test_county_plan"}).json())
    assert 0 < shown.open < len(shown.settings)
    assert stocked.http.get(path, params={"scheme": "test_hunan_two_calls"}).status_code == 422
