"""Looking first, settling what was looked at, and what keeps a case from being settled."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.cases import reading, settle, views
from adapter.cases.reverse import start_reversal
from adapter.cases.tools import Tools
from adapter.fhir.canonical import digest
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import Stage
from adapter.model.money import Money
from adapter.model.settlement import Authority, Payer
from tests.support.office import (
    Story,
    act,
    case_id,
    codes,
    row_of,
    settle_case,
    settlement_of,
    shares_of,
    take_in,
    try_case,
    work,
)
from tests.support.payers import Payers

STAY = "300010004"  # registered poor, two calls
ONE_CALL = "300010003"
OBSERVED = "300010014"
NOT_POOR = "300010001"
IN_HOSPITAL = "300010016"
UNKNOWN_ITEM = "300010013"
FIRST, SECOND = "300010002", "300010021"  # one person, one year


def refusal(stay: str, tools: Tools, basis: str | None = None) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        settle.start_settlement(case_id(stay), tools, act(tools), basis=basis)
    return codes(caught.value)


def one_line_more(told: Story) -> None:
    told["stays"][0]["lines"].append({"item": "2104", "on": "2021-05-12"})


def test_settling_needs_a_preview(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    assert refusal(STAY, tools) == ["CASE-303"]


def test_the_bill_that_begins_is_the_bill_that_is_read_again(tools: Tools, tmp_path: Path) -> None:
    """What the first message is made from, and what later ones are, when nothing of it is remembered."""
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    with tools.ledger.transaction() as tx:
        case = reading.dossier(tx, case_id(STAY), 1, tools)
        begun = reading.keep_bill_facts(tx, case, act(tools))
        reading._known.cache_clear()
        reading._resources.cache_clear()
        again = reading.billed_dossier(tx, case_id(STAY), 1, tools)
    assert begun.claim is not again.claim
    assert begun == again
    assert [dict(each) for each in begun.resources] == [dict(each) for each in again.resources]


def test_nobody_changes_the_resources_that_are_remembered(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bill's resources are read once while its payers are asked; the next reader gets the very same objects."""
    remembered: dict[tuple[str, ...], reading._Read] = {}
    monkeypatch.setattr(reading, "_resources", lambda contents: remembered.setdefault(contents, reading._Read()))
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    start_reversal(case_id(STAY), tools, act(tools, "billed twice"))
    work(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    assert next(len(read.resources or ()) for read in remembered.values()) > 20
    for contents, read in remembered.items():
        assert read.resources is not None
        assert [digest(each) for each in read.resources] == list(contents)


def test_a_draft_whose_trial_is_on_its_way_is_no_preview(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle.start_trial(case_id(STAY), tools, act(tools))
    assert refusal(STAY, tools) == ["CASE-303"]


@pytest.mark.rule("B-02")
@pytest.mark.rule("B-23")
@pytest.mark.rule("A-36")
def test_a_stale_preview_is_refused_and_a_new_one_settles(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    assert not take_in(tools, tmp_path, STAY, changed=one_line_more).stopped
    assert refusal(STAY, tools) == ["CASE-304"]
    assert payers.bureau.settled() == []
    settle_case(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED
    assert settlement_of(STAY, tools).total == Money.yuan("1006.95") + Money.yuan("25.00")


def test_a_bill_of_nothing_settles_reverses_and_posts_nothing(tools: Tools, tmp_path: Path) -> None:
    """Everything was refunded before the patient left."""

    def all_refunded(told: Story) -> None:
        told["stays"][0]["lines"] = [{"item": "2104", "on": "2022-05-09", "qty": quantity} for quantity in ("1", "-1")]

    assert not take_in(tools, tmp_path, ONE_CALL, changed=all_refunded).stopped
    settle_case(ONE_CALL, tools)
    assert row_of(ONE_CALL, tools).bill is BillState.SETTLED
    assert settlement_of(ONE_CALL, tools).total == Money(0)
    with tools.ledger.reading() as tx:
        assert tx.postings(case_id(ONE_CALL)) == []
    start_reversal(case_id(ONE_CALL), tools, act(tools))
    assert work(tools)
    assert row_of(ONE_CALL, tools).bill is BillState.REVERSED


def test_the_preview_that_the_caller_saw_is_the_one_that_counts(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    seen = settle.estimate(case_id(STAY), tools, act(tools)).basis
    assert refusal(STAY, tools, basis="f" * 64) == ["CASE-304"]
    settle.start_settlement(case_id(STAY), tools, act(tools), basis=seen)
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED


def test_a_patient_in_hospital_can_be_estimated_only(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, IN_HOSPITAL)
    assert settle.estimate(case_id(IN_HOSPITAL), tools, act(tools), on=date(2022, 11, 25)).settlement.total > Money(0)
    assert refusal(IN_HOSPITAL, tools) == ["CASE-305"]
    with pytest.raises(AdapterError) as caught:
        settle.start_trial(case_id(IN_HOSPITAL), tools, act(tools))
    assert codes(caught.value) == ["CASE-305"]


def test_a_held_case_is_refused_with_its_reasons(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, UNKNOWN_ITEM)
    assert refusal(UNKNOWN_ITEM, tools) == ["CASE-306", "REF-152"]


def test_an_unknown_case(tools: Tools) -> None:
    with pytest.raises(AdapterError) as caught:
        settle.estimate("nobody", tools, act(tools))
    assert codes(caught.value) == ["CASE-302"]


def test_settling_twice_is_refused(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    assert refusal(STAY, tools) == ["CASE-318"]
    with pytest.raises(AdapterError) as caught:
        settle.start_trial(case_id(STAY), tools, act(tools))
    assert codes(caught.value) == ["CASE-318"]
    assert len(payers.bureau.settled()) == len(payers.aid.settled()) == 1


def test_an_estimate_of_a_settled_case_shows_the_settlement(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    shown = settle.estimate(case_id(STAY), tools, act(tools))
    assert (shown.mode, shown.settlement) == ("settled", settlement_of(STAY, tools))


def test_a_trial_may_be_repeated(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    """The same facts asked about again, later and within the same second."""
    take_in(tools, tmp_path, STAY)
    for later in (0, 0, 0.2, 3600):
        payers.clock.moment += timedelta(seconds=later)
        try_case(STAY, tools)
        assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.PREVIEWED, False)
        with tools.ledger.reading() as tx:
            paper = tx.paper(case_id(STAY), "trial")
        assert paper is not None
        assert paper["state"] == "done"
    assert payers.bureau.settled() == payers.aid.settled() == []


def test_a_trial_that_was_overtaken_by_the_settlement_does_no_harm(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, STAY)
    settle.estimate(case_id(STAY), tools, act(tools))
    settle.start_trial(case_id(STAY), tools, act(tools))
    settle.start_settlement(case_id(STAY), tools, act(tools))
    assert work(tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.SETTLED, False)
    assert len(payers.bureau.settled()) == len(payers.aid.settled()) == 1


def test_the_payers_answer_stands_and_the_variance_is_shown(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    """Ten yuan less from basic insurance: aid is computed from what was really left."""
    take_in(tools, tmp_path, STAY)
    expected = settle.estimate(case_id(STAY), tools, act(tools)).settlement
    less = expected.share_of(Payer.BASIC) - Money.yuan("10.00")
    payers.bureau.says[Payer.BASIC] = less.text
    settle_case(STAY, tools)
    settled = settlement_of(STAY, tools)
    basic = next(share for share in settled.shares if share.payer is Payer.BASIC)
    assert (basic.amount, basic.expected, basic.authority) == (less, expected.share_of(Payer.BASIC), Authority.PAYER)
    assert basic.variance == -Money.yuan("10.00")
    assert settled.share_of(Payer.MEDICAL_AID) == expected.share_of(Payer.MEDICAL_AID) + Money.yuan("7.00")
    assert settled.patient_pays == expected.patient_pays + Money.yuan("3.00")
    assert settled.basis == expected.basis


def test_one_call_may_answer_for_all_payers(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, ONE_CALL)
    settle_case(ONE_CALL, tools)
    assert payers.bureau.settled() == [f"{case_id(ONE_CALL)}.v1.insurance.settle"]
    assert shares_of(ONE_CALL, tools)[Payer.MEDICAL_AID] != "0.00"
    assert payers.aid.log == []


def test_the_aid_office_hears_nothing_of_a_person_whom_it_does_not_aid(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    take_in(tools, tmp_path, NOT_POOR)
    settle_case(NOT_POOR, tools)
    assert row_of(NOT_POOR, tools).bill is BillState.SETTLED
    assert shares_of(NOT_POOR, tools)[Payer.MEDICAL_AID] == "0.00"
    assert payers.aid.log == []


def test_an_observed_settlement_is_never_sent(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, OBSERVED)
    settle_case(OBSERVED, tools)
    assert row_of(OBSERVED, tools).bill is BillState.SETTLED
    basic = next(share for share in settlement_of(OBSERVED, tools).shares if share.payer is Payer.BASIC)
    assert (basic.amount.text, basic.authority) == ("1074.32", Authority.OBSERVED)
    assert payers.bureau.log == []


def test_two_stays_of_one_person_are_settled_one_after_the_other(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, FIRST, SECOND)
    try_case(FIRST, tools)
    try_case(SECOND, tools)
    settle.start_settlement(case_id(FIRST), tools, act(tools))
    assert refusal(SECOND, tools) == ["CASE-307"]
    assert work(tools)
    assert refusal(SECOND, tools) == ["CASE-304"], "the first stay used up what the second one counted on"
    settle_case(SECOND, tools)
    critical = settlement_of(SECOND, tools).share_of(Payer.CRITICAL_ILLNESS)
    assert critical > Money(0), "the first stay has passed the year's deductible"
    assert [key.split(".")[0] for key in payers.bureau.settled()] == [case_id(FIRST), case_id(SECOND)]


def test_what_was_settled_is_in_the_next_estimate_without_asking(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, FIRST, SECOND)
    before = settle.estimate(case_id(SECOND), tools, act(tools)).settlement
    settle_case(FIRST, tools)
    after = settle.estimate(case_id(SECOND), tools, act(tools)).settlement
    assert before.share_of(Payer.CRITICAL_ILLNESS) == Money(0) < after.share_of(Payer.CRITICAL_ILLNESS)


def test_postings_balance_and_the_year_is_added_once(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    settled = settlement_of(STAY, tools)
    with tools.ledger.reading() as tx:
        balances = tx.balances(case_id(STAY))
        year = dict(tx.year_to_date("qingshi_county", "88004", settled.on.year).amounts)
    assert Money.total(balances.values()) == Money(0)
    assert balances["charges"] == -settled.total
    assert {f"receivable/{s.payer}": s.amount for s in settled.shares if s.amount}.items() <= balances.items()
    assert year == {accrual.name: accrual.amount for accrual in settled.accruals}
    assert year["basic.paid"] == settled.share_of(Payer.BASIC)


def test_a_refused_trial_holds_the_case_until_a_trial_succeeds(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    take_in(tools, tmp_path, STAY)
    payers.bureau.refuses = {Stage.TRIAL}
    try_case(STAY, tools)
    assert codes(row_of(STAY, tools)) == ["CASE-320", "DEL-501"]
    assert refusal(STAY, tools)[0] == "CASE-306"
    payers.bureau.refuses = set()
    settle_case(STAY, tools)
    assert (row_of(STAY, tools).bill, row_of(STAY, tools).held) == (BillState.SETTLED, False)


def test_charges_that_change_while_settling_are_not_mixed_with_the_answers(
    tools: Tools, payers: Payers, tmp_path: Path
) -> None:
    """What was looked at is settled, with every payer; the change holds the case for a person."""
    take_in(tools, tmp_path, STAY)
    seen = settle.estimate(case_id(STAY), tools, act(tools))
    settle.start_settlement(case_id(STAY), tools, act(tools))
    payers.bureau.before_answer = lambda _: take_in(tools, tmp_path, STAY, changed=one_line_more)
    assert work(tools)
    row = row_of(STAY, tools)
    assert (row.bill, codes(row)) == (BillState.SETTLED, ["CASE-311"])
    settled = settlement_of(STAY, tools)
    assert (settled.basis, settled.total) == (seen.basis, seen.settlement.total)
    assert views.full_record(case_id(STAY), tools)["type"] == "transaction"
