"""Operations on a stay: which case an Encounter is, what an assessment leaves, how a bill stands meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.cases import settle
from adapter.cases.operations import bill_now, case_of_encounter, check_entitlement
from adapter.cases.tools import Tools
from adapter.ledger.rows import ResourceIn
from adapter.model.case import BillState, EntitlementState
from adapter.model.issues import AdapterError
from tests.support.office import TestClock, act, case_id, codes, office, take_in, work
from tests.support.payers import fake_payers

STAY = "300010002"
CASE = case_id(STAY)


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    clock = TestClock()
    with office(tmp_path, fake_payers(clock).endpoints, clock=clock) as opened:
        take_in(opened, tmp_path, STAY)
        yield opened


def encounter_of(tools: Tools) -> str:
    with tools.ledger.reading() as tx:
        return str(tx.resources_of_case(CASE, ("Encounter",))[0].id)


def test_a_stay_is_one_case(tools: Tools) -> None:
    encounter = encounter_of(tools)
    assert case_of_encounter(encounter, tools) == CASE
    with pytest.raises(AdapterError) as none:
        case_of_encounter("nobody", tools)
    assert codes(none.value) == ["CASE-450"]


def test_a_stay_that_the_his_took_back_is_still_its_case(tools: Tools) -> None:
    encounter = encounter_of(tools)
    with tools.ledger.transaction() as tx:
        tx.delete_resources("qingshi_county", CASE, [("Encounter", encounter)], **act(tools).said)
    assert case_of_encounter(encounter, tools) == CASE


def test_a_stay_of_several_cases_names_none(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY, "300010003")
    encounter = encounter_of(tools)
    with tools.ledger.transaction() as tx:
        body = next(row for row in tx.resources_of_case(CASE, ("Encounter",)) if row.id == encounter)
        again = ResourceIn(body.type, body.id, body.body, body.digest)
        tx.put_resources("qingshi_county", case_id("300010003"), [again], **act(tools).said)
    with pytest.raises(AdapterError) as several:
        case_of_encounter(encounter, tools)
    assert codes(several.value) == ["CASE-451"]


def test_an_assessment_leaves_its_decision_and_a_line(tools: Tools) -> None:
    first, second = (check_entitlement(CASE, tools, act(tools, "asked")) for _ in range(2))
    assert first.row.entitlement in (EntitlementState.GRANTED, EntitlementState.PROVISIONAL)
    assert first.decision == second.decision  # nothing changed, so the decision is the same Task
    assert first.decision["resourceType"] == "Task"
    with tools.ledger.reading() as tx:
        noted = [line.event for line in tx.journal(CASE) if line.event.data.get("what") == "entitlement-asked"]
    assert [event.reason for event in noted] == ["asked", "asked"]


def test_how_a_bill_stands(tools: Tools) -> None:
    before = bill_now(CASE, tools)
    assert (before.shown, before.invoice, before.under_way) == (None, None, False)
    settle.start_trial(CASE, tools, act(tools))
    assert bill_now(CASE, tools).under_way
    assert work(tools)
    tried = bill_now(CASE, tools)
    assert tried.shown is not None
    assert (tried.shown.mode, tried.under_way, tried.invoice) == ("trial", False, None)
    settle.start_settlement(CASE, tools, act(tools), basis=tried.shown.basis)
    settling = bill_now(CASE, tools)
    assert (settling.row.bill, settling.under_way, settling.shown) == (BillState.SETTLING, True, None)
    assert work(tools)
    settled = bill_now(CASE, tools)
    assert settled.shown is not None
    assert (settled.shown.mode, settled.shown.basis) == ("settled", tried.shown.basis)
    with tools.ledger.reading() as tx:
        assert tx.resource("Invoice", str(settled.invoice)) is not None
