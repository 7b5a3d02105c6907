"""The SOAP aid service as a process of its own, the adapter built from its settings: a stay survives a bad day."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from adapter.cases import reverse, settle
from adapter.model.case import BillState
from adapter.model.dates import SystemClock
from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoint import Endpoint
from adapter.payers.delivery.retry import RetryPolicy
from adapter.settings import load_settings
from adapter.wiring import open_tools
from tests.support.aid_xml import NAMESPACE, PASSWORD, STAY, USER, computing_book
from tests.support.counterparts import ROOT, Counterpart
from tests.support.office import TestClock, act, case_id, codes, row_of, take_in, work
from tests.support.payers import fake_payers


def test_an_account_is_needed(tmp_path: Path) -> None:
    endpoint = {"base_url": "http://127.0.0.1:9", "dialect": "aid-xml"}
    settings = load_settings(database_url=f"sqlite:///{tmp_path}/a.db", endpoints={"civil-affairs": endpoint})
    with pytest.raises(AdapterError) as caught, open_tools(settings):
        pass
    assert codes(caught.value) == ["CFG-740"]


@pytest.mark.slow
def test_a_stay_survives_a_lost_answer_and_a_killed_service(tmp_path: Path) -> None:
    seed = ROOT / "fixtures" / "endpoints" / "aid-xml.yaml"
    command = ["aid-xml", "--store", str(tmp_path / "aid.sqlite")]
    running = Counterpart("aid-xml", [*command, "--seed", str(seed)]).start()
    try:
        _walk(running, tmp_path)
    finally:
        assert running.stop() == 0


def _walk(aid: Counterpart, folder: Path) -> None:
    account = {"user_name": USER, "password": PASSWORD, "namespace": NAMESPACE}
    endpoint = {
        "base_url": f"{aid.base}/services/MedicalAid",
        "dialect": "aid-xml",
        "simulator": True,
        "aid_xml": account,
    }
    settings = load_settings(
        database_url=f"sqlite:///{folder}/adapter.db",
        endpoints={"civil-affairs": {**endpoint, "longest_delay": 1, "timeout": 5}},
    )
    with open_tools(settings) as opened:
        endpoints: dict[str, Endpoint] = {**opened.endpoints, "bureau": fake_payers(TestClock()).bureau}
        retry = RetryPolicy(first=0.1, most=1.0, limit=30)
        tools = replace(opened, book=computing_book(), endpoints=endpoints, retry=retry, clock=SystemClock())
        assert not take_in(tools, folder, STAY).stopped
        settle.start_trial(case_id(STAY), tools, act(tools, "trial"))
        assert work(tools, 60)
        httpx.post(f"{aid.base}/control/sessions/end").raise_for_status()
        aid.script({"match": {"path": "balance"}, "do": "drop-after"})
        settle.start_settlement(case_id(STAY), tools, act(tools, "settlement"))
        assert work(tools, 60)
        assert row_of(STAY, tools).bill is BillState.SETTLED, codes(row_of(STAY, tools))
        aid.kill()
        aid.restart()
        assert aid.state()["settled"] == 1
        reverse.start_reversal(case_id(STAY), tools, act(tools, "reversal"))
        assert work(tools, 60)
        assert row_of(STAY, tools).bill is BillState.REVERSED
        assert (aid.state()["paid"], aid.state()["settled_twice"]) == ("0.00", {})
