"""Undoing: equal and opposite, backwards along the calls, and what a refusal leaves standing."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.cases import dispatch, outgoing, reverse, settle, views
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.model.case import BillState, CallState
from adapter.model.issues import AdapterError
from adapter.model.messages import Outcome, Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer
from tests.support.office import (
    CLERK,
    SOURCE,
    Story,
    act,
    case_id,
    codes,
    row_of,
    settle_case,
    settlement_of,
    take_in,
    try_case,
    work,
)
from tests.support.payers import Payers

STAY = "300010004"
OBSERVED = "300010014"


def undo(stay: str, tools: Tools) -> None:
    reverse.start_reversal(case_id(stay), tools, act(tools, "费用更正"))
    assert work(tools)


def refusal(stay: str, tools: Tools) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        reverse.start_reversal(case_id(stay), tools, act(tools))
    return codes(caught.value)


def call(tools: Tools, name: str, version: int = 1) -> CallState | None:
    with tools.ledger.reading() as tx:
        found = tx.state(case_id(STAY), "call", f"{version}/{name}")
    return None if found is None else CallState(found)


def nothing_is_left(tools: Tools, stay: str = STAY, version: int = 1) -> None:
    """Postings and accruals of a version are at zero."""
    with tools.ledger.reading() as tx:
        assert set(tx.balances(case_id(stay), version).values()) == {Money(0)}
        row = tx.case(case_id(stay))
        assert row is not None
        year = tx.year_to_date(SOURCE, row.person_key, settlement_of(stay, tools, version).on.year)
    assert all(not amount for _, amount in year.amounts)


def dearer(told: Story) -> None:
    told["stays"][0]["lines"].append({"item": "2104", "on": "2021-05-12"})


def test_a_reversal_brings_everything_back(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    undo(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    assert (call(tools, "insurance"), call(tools, "aid")) == (CallState.REVERSED, CallState.REVERSED)
    assert payers.bureau.settled() == payers.aid.settled() == []
    nothing_is_left(tools)
    with tools.ledger.reading() as tx:
        held = [decode(row.body) for row in tx.resources_of_case(case_id(STAY))]
    financial = [each for each in held if each["resourceType"] in ("Claim", "ClaimResponse", "ExplanationOfBenefit")]
    assert financial
    assert {each["status"] for each in financial} == {"cancelled"}
    assert {each["status"] for each in held if each["resourceType"] == "Invoice"} == {"cancelled"}
    assert "billed" not in {each["status"] for each in held if each["resourceType"] == "ChargeItem"}


def test_a_reversal_goes_backwards(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    bureau_asked_first: list[bool] = []
    payers.aid.before_answer = lambda _: bureau_asked_first.append(bool(payers.bureau.asked_about(Stage.REVERSE)))
    undo(STAY, tools)
    assert bureau_asked_first == [False]


def test_a_case_is_reversed_changed_and_settled_again(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    undo(STAY, tools)
    assert not take_in(tools, tmp_path, STAY, changed=dearer).stopped
    settle_case(STAY, tools)
    first, second = settlement_of(STAY, tools, 1), settlement_of(STAY, tools, 2)
    assert second.total == first.total + Money.yuan("25.00")
    assert (row_of(STAY, tools).version, row_of(STAY, tools).bill) == (2, BillState.SETTLED)
    assert payers.bureau.settled() == [f"{case_id(STAY)}.v2.insurance.settle"]
    with tools.ledger.reading() as tx:
        assert tx.balances(case_id(STAY))["charges"] == -second.total
        year = dict(tx.year_to_date(SOURCE, "88004", second.on.year).amounts)
        earlier = tx.state(case_id(STAY), "bill", "1")
    assert earlier is BillState.SUPERSEDED
    assert year["basic.paid"] == second.share_of(Payer.BASIC)


def test_charges_that_change_after_settlement_hold_the_case_and_it_can_be_done_again(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    before = settlement_of(STAY, tools)
    take_in(tools, tmp_path, STAY, changed=dearer)
    assert codes(row_of(STAY, tools)) == ["CASE-311"]
    assert settlement_of(STAY, tools) == before, "the bill is as it was"
    undo(STAY, tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.REVERSED, False)
    nothing_is_left(tools)
    assert views.full_record(case_id(STAY), tools)["type"] == "transaction"
    told = next(row for row in outgoing.messages(tools) if row.message.key.endswith("insurance.reverse"))
    claim = decode(told.message.composed)["entry"][0]["resource"]
    assert str(claim["total"]["value"]) == before.total.text, "what is undone is what was settled"
    settle_case(STAY, tools)
    assert settlement_of(STAY, tools, 2).total == before.total + Money.yuan("25.00")


def test_a_refused_settlement_holds_is_reversed_and_a_new_version_settles(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    payers.aid.refuses = {Stage.SETTLE}
    settle.start_settlement(case_id(STAY), tools, act(tools))
    assert work(tools)
    row = row_of(STAY, tools)
    assert (row.bill, codes(row)) == (BillState.SETTLING, ["CASE-320", "DEL-501"])
    assert (call(tools, "insurance"), call(tools, "aid")) == (CallState.ACCEPTED, CallState.REJECTED)
    undo(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    assert payers.bureau.settled() == []
    assert payers.aid.asked_about(Stage.REVERSE) == []
    payers.aid.refuses = set()
    settle_case(STAY, tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).version) == (BillState.SETTLED, 2)
    assert [len(payers.bureau.settled()), len(payers.aid.settled())] == [1, 1]


def test_a_settlement_refused_by_the_first_payer_is_reversed_without_asking_anybody(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    payers.bureau.refuses = {Stage.SETTLE}
    settle.start_settlement(case_id(STAY), tools, act(tools))
    assert work(tools)
    assert codes(row_of(STAY, tools)) == ["CASE-320", "DEL-501"]
    undo(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    assert payers.bureau.asked_about(Stage.REVERSE) == []


def test_a_refused_settlement_may_also_be_asked_for_again(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    """The payer mended its own side: the same message goes through and the hold is lifted."""
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    payers.bureau.refuses = {Stage.SETTLE}
    settle.start_settlement(case_id(STAY), tools, act(tools))
    assert work(tools)
    payers.bureau.refuses = set()
    outgoing.retry(f"{case_id(STAY)}.v1.insurance.settle", tools, act(tools))
    assert work(tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.SETTLED, False)
    assert len(payers.bureau.settled()) == 1


def test_a_refused_reversal_leaves_the_bill_settled(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    payers.aid.refuses = {Stage.REVERSE}
    undo(STAY, tools)
    row = row_of(STAY, tools)
    assert (row.bill, codes(row)) == (BillState.SETTLED, ["CASE-320", "DEL-501"])
    assert (call(tools, "insurance"), call(tools, "aid")) == (CallState.ACCEPTED, CallState.ACCEPTED)
    assert len(payers.bureau.settled()) == len(payers.aid.settled()) == 1
    with tools.ledger.reading() as tx:
        assert tx.balances(case_id(STAY))["charges"] == -settlement_of(STAY, tools).total


def test_a_reversal_refused_half_way_stays_open_and_goes_on_when_asked_again(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    payers.bureau.refuses = {Stage.REVERSE}
    undo(STAY, tools)
    for _ in range(2):  # and a restart says the same
        row = row_of(STAY, tools)
        assert (row.bill, codes(row)) == (BillState.REVERSING, ["CASE-320", "DEL-501", "CASE-495"])
        aid = settlement_of(STAY, tools).share_of(Payer.MEDICAL_AID)
        assert f"medical-aid {aid} was taken back" in row.issues[-1].en, "whose part is gone"
        assert (call(tools, "insurance"), call(tools, "aid")) == (CallState.ACCEPTED, CallState.REVERSED)
        dispatch.resume_all(tools, CLERK)
    payers.bureau.refuses = set()
    undo(STAY, tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.REVERSED, False)
    assert payers.bureau.settled() == payers.aid.settled() == []
    assert len(payers.aid.asked_about(Stage.REVERSE)) == 1
    nothing_is_left(tools)


def test_what_is_not_settled_cannot_be_reversed(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    assert refusal(STAY, tools) == ["CASE-309"]
    try_case(STAY, tools)
    assert refusal(STAY, tools) == ["CASE-309"]
    settle_case(STAY, tools)
    undo(STAY, tools)
    assert refusal(STAY, tools) == ["CASE-309"]


def test_what_is_on_its_way_cannot_be_reversed(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    settle.start_settlement(case_id(STAY), tools, act(tools))
    assert refusal(STAY, tools) == ["CASE-310"]
    payers.bureau.mute = [Stage.SETTLE]
    dispatch.work_once(tools)
    assert call(tools, "insurance") is CallState.UNKNOWN
    assert refusal(STAY, tools) == ["CASE-310"]
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED


def test_what_the_his_settled_the_his_must_undo(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, OBSERVED)
    settle_case(OBSERVED, tools)
    assert refusal(OBSERVED, tools) == ["CASE-319"]
    assert payers.bureau.log == []


@pytest.mark.parametrize("lost", ["deaf", "mute"])
def test_a_lost_reversal_is_asked_about_and_done_once(tools: Tools, payers: Payers, tmp_path: Path, lost: str) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    getattr(payers.bureau, lost).append(Stage.REVERSE)
    undo(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    key = f"{case_id(STAY)}.v1.insurance.reverse"
    assert payers.bureau.log.count(f"deliver {key}") == (2 if lost == "deaf" else 1)
    assert f"lookup {key}" in payers.bureau.log
    nothing_is_left(tools)
    rows = {row.message.key: row for row in outgoing.messages(tools)}
    assert rows[key].outcome is Outcome.ACCEPTED


def test_undoing_leaves_the_hiss_newest_word_in_place(tools: Tools, tmp_path: Path) -> None:
    """A line whose amount the HIS corrected after settlement is billable again with the new amount."""

    def corrected(told: Story) -> None:
        told["stays"][0]["lines"][-1]["price"] = "130.0000"  # was 135.00

    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    before = settlement_of(STAY, tools)
    take_in(tools, tmp_path, STAY, changed=corrected)
    undo(STAY, tools)
    with tools.ledger.reading() as tx:
        charges = [decode(row.body) for row in tx.resources_of_case(case_id(STAY), ("ChargeItem",))]
    amounts = [str(each["priceOverride"]["value"]) for each in charges]
    assert "130.00" in amounts
    assert "135.00" not in amounts
    assert {each["status"] for each in charges} == {"billable"}
    settle_case(STAY, tools)
    assert settlement_of(STAY, tools, 2).total == before.total - Money.yuan("5.00")
