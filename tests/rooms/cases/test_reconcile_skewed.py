"""The bureau's clock is off around midnight: the settlement stands there on the neighbour day, and is named so."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from adapter.cases import reconcile
from adapter.model.case import BillState
from adapter.model.dates import HOSPITAL_ZONE
from tests.support.bad_days import STAY, bad_day
from tests.support.office import FACILITY, act, row_of, settled_on, take_in


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clock", "minutes", "days"),
    [(time(23, 50), 20, 1), (time(0, 5), -20, -1)],
    ids=["fast", "slow"],
)
def test_a_settlement_on_the_neighbour_day_is_named_wrong_day(
    clock: time, minutes: int, days: int, tmp_path: Path
) -> None:
    with bad_day("fhir", tmp_path) as day:
        assert not take_in(day.tools, tmp_path, STAY).stopped
        on = row_of(STAY, day.tools).discharged
        assert on is not None
        day.clock.moment = datetime.combine(on, clock, HOSPITAL_ZONE)
        day.try_it()
        skewed = {"match": {"stage": "settle", "method": "POST"}, "do": "clock-skew", "seconds": 60 * minutes}
        day.script(skewed)
        day.settle()
        assert (row_of(STAY, day.tools).bill, settled_on(STAY, day.tools)) == (BillState.SETTLED, on)
        there = on + timedelta(days=days)
        for asked, elsewhere in ((on, there), (there, on)):
            found = reconcile.reconcile_day("bureau", asked, FACILITY, day.tools, act(day.tools))
            told = reconcile.comparison_json(found, asked, FACILITY)
            assert not told["agrees"]
            assert {(each["kind"], each["other_day"]) for each in told["differences"]} == {
                ("wrong-day", elsewhere.isoformat())
            }
            for each in told["differences"]:
                assert each["ours"] == each["theirs"], "no amount changes by it"
                assert "归入哪一日" in each["action_zh"] and "which day" in each["action_en"]
                assert each["command"] == f"adapter reconcile bureau {elsewhere} --facility {FACILITY}"
        far = there + timedelta(days=days)
        assert reconcile.reconcile_day("bureau", far, FACILITY, day.tools, act(day.tools)).agrees
