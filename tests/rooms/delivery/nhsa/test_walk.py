"""A stay through the office with a bureau of the platform: trial, settlement, lost answers, correction, reversal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import respx

from adapter.cases import reverse, settle
from adapter.cases.tools import Tools
from adapter.model.case import BillState
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from tests.support.nhsa import ADDRESS, HOSPITAL, KEYS, STAY, Answers, dialect, friendly, no, ok, stay_facts
from tests.support.office import TestClock, act, case_id, codes, office, row_of, settle_case, shares_of, take_in, work
from tests.support.payers import fake_payers


@dataclass
class Counter:
    """An office with a bureau of the platform and an aid office of the other kind."""

    tools: Tools
    answers: Answers


@contextmanager
def counter(folder: Path, answers: Answers | None = None) -> Iterator[Counter]:
    clock = TestClock()
    answers = answers or friendly(stay_facts())
    config = EndpointConfig("bureau", "nhsa", ADDRESS, simulator=True, longest_delay=5, timeout=1)
    bureau = NhsaEndpoint(config, clock, dialect=dialect(), hospital=HOSPITAL, keys=KEYS)
    endpoints = {"bureau": bureau, "civil-affairs": fake_payers(clock).aid}
    with respx.mock(assert_all_called=False) as wire:
        wire.post(url__startswith=ADDRESS).mock(side_effect=answers)
        with office(folder, endpoints, clock=clock) as tools:
            assert not take_in(tools, folder, STAY).stopped
            yield Counter(tools, answers)
    bureau.close()


def test_a_stay_is_settled_and_reversed(tmp_path: Path) -> None:
    with counter(tmp_path) as at:
        settle_case(STAY, at.tools)
        assert row_of(STAY, at.tools).bill is BillState.SETTLED
        assert shares_of(STAY, at.tools)[Payer.BASIC] == "300.00"
        assert at.answers.numbers() == ["1101", "2001", "5206", "2401", "2301", "2303", "2402", "2304"]
        reverse.start_reversal(case_id(STAY), at.tools, act(at.tools))
        assert work(at.tools)
        assert row_of(STAY, at.tools).bill is BillState.REVERSED
        assert at.answers.numbers()[-1] == "2305"
        settle_case(STAY, at.tools)
        assert row_of(STAY, at.tools).bill is BillState.SETTLED
        assert at.answers.numbers()[9:] == ["1101", "2001", "5206", "2303", "2304"]


def test_an_admission_that_was_refused_is_said_anew_once_it_is_corrected(tmp_path: Path) -> None:
    answers = friendly(stay_facts())
    good = answers.by_number["2401"]
    answers.by_number["2401"] = lambda body: no("诊断不存在")
    with counter(tmp_path, answers) as at:
        settle.start_trial(case_id(STAY), at.tools, act(at.tools))
        assert work(at.tools)
        assert "CASE-320" in codes(row_of(STAY, at.tools))
        answers.by_number["2401"] = good
        settle_case(STAY, at.tools)
        assert row_of(STAY, at.tools).bill is BillState.SETTLED
    assert answers.numbers().count("2401") == 2


@pytest.mark.slow
def test_a_settlement_whose_answer_is_lost_counts_once(tmp_path: Path) -> None:
    """The bureau settles and the answer is cut off; the look-up finds it, and nothing is sent again."""
    answers = friendly(stay_facts())
    done: list[dict[str, object]] = []
    good = answers.by_number["2304"]

    def cut_off(body: dict[str, object]) -> Exception:
        done.append(good(body)["output"])  # type: ignore[arg-type,index,call-overload]
        return httpx.ReadTimeout("slow")

    answers.by_number["2304"] = cut_off
    answers.by_number["5204"] = lambda body: ok(root=[]) | {"output": [{"feedetl_sn": "1", "setl_id": "SETL1"}]}
    answers.by_number["5203"] = lambda body: ok(**done[0])
    with counter(tmp_path, answers) as at:
        settle_case(STAY, at.tools)
        assert row_of(STAY, at.tools).bill is BillState.SETTLED
        assert shares_of(STAY, at.tools)[Payer.BASIC] == "300.00"
    assert answers.numbers().count("2304") == 1


@pytest.mark.slow
def test_a_bad_line_holds_the_case_with_its_name(tmp_path: Path) -> None:
    answers = friendly(stay_facts())
    good = answers.by_number["2301"]

    def charges(body: dict[str, object]) -> object:
        rows = body["input"]["feedetail"]  # type: ignore[index]
        return no("限价超标") if any(row["feedetl_sn"] == "9100040029" for row in rows) else good(body)  # type: ignore[arg-type]

    answers.by_number["2301"] = charges  # type: ignore[assignment]
    with counter(tmp_path, answers) as at:
        settle.start_trial(case_id(STAY), at.tools, act(at.tools))
        assert work(at.tools)
        row = row_of(STAY, at.tools)
        assert row.held
        assert "DEL-548" in codes(row)
        assert "9100040029" in " ".join(issue.en for issue in row.issues)
        answers.by_number["2301"] = good
        at.tools.clock.moment += timedelta(minutes=16)  # type: ignore[attr-defined]
        settle_case(STAY, at.tools)
        assert row_of(STAY, at.tools).bill is BillState.SETTLED


@pytest.mark.slow
def test_a_fund_that_nobody_mapped_holds_the_trial(tmp_path: Path) -> None:
    answers = friendly(stay_facts())
    found = answers.by_number["2303"]({})
    found["output"]["setldetail"][0]["fund_pay_type"] = "888800"  # type: ignore[index,call-overload]
    answers.by_number["2303"] = lambda body: found
    with counter(tmp_path, answers) as at:
        settle.start_trial(case_id(STAY), at.tools, act(at.tools))
        assert work(at.tools)
        assert {"DEL-561"} <= set(codes(row_of(STAY, at.tools)))
