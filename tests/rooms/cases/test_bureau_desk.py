"""The office and the simulated bureau of the platform: reconciliation, taking a lost message back, settlement lists."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from adapter.cases import afterwards, compensate, reconcile, reverse, settle, verdicts
from adapter.cases.reading import as_rows
from adapter.cases.verdicts import Word
from adapter.fhir.canonical import decode
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.messages import DifferenceKind, Outcome, Stage
from adapter.model.money import Money
from tests.support.nhsa import STAY, changed_region
from tests.support.nhsa_office import BureauOffice, bureau_office
from tests.support.office import FACILITY, act, case_id, codes, row_of, settle_case, settlement_of, try_case, work

CASE = case_id(STAY)
KEY = f"{CASE}.v1.insurance.settle"

#: What a hospital agrees with its bureau for the list; invented.
SUPPLIED = dict.fromkeys(
    (
        *("ntly", "prfs", "patn_rlts", "dscg_caty", "bill_code", "bill_no", "medins_fill_dept", "medins_fill_psn"),
        *("adm_cond_type", "dscg_way", "coner_addr", "coner_tel"),
    ),
    "1",
)


def lose(at: BureauOffice, *, processed: bool) -> None:
    """A settlement whose answer is lost, at a bureau that cannot be asked: it is set aside."""
    try_case(STAY, at.tools)
    at.window.script({"match": {"stage": "settle"}, "do": "status", "status": 504, "processed": processed})
    settle.start_settlement(CASE, at.tools, act(at.tools))
    assert work(at.tools, seconds=3600)
    with at.tools.ledger.reading() as tx:
        row = tx.message(KEY)
    assert row is not None and (row.state, row.outcome) == (MessageState.PARKED, Outcome.UNKNOWN)


def day_with_bureau(at: BureauOffice) -> reconcile.DayComparison:
    with at.tools.ledger.reading() as tx:
        row = tx.case(CASE)
    assert row is not None and row.discharged is not None
    return reconcile.reconcile_day("bureau", row.discharged, FACILITY, at.tools, act(at.tools))


@pytest.mark.parametrize("region", ["test_inland", "test_coastal"])
def test_a_day_with_the_bureau_agrees_settled_and_reversed(tmp_path: Path, region: str) -> None:
    with bureau_office(tmp_path, region) as at:
        settle_case(STAY, at.tools)
        found = day_with_bureau(at)
        assert found.agrees, found
        assert found.ours_count == 1 and found.ours_total == found.theirs_total
        with at.tools.ledger.reading() as tx:
            kept = tx.paper("", reconcile.day_paper("bureau", FACILITY, settlement_of(STAY, at.tools).on))
        assert kept is not None and kept["agrees"]
        reverse.start_reversal(CASE, at.tools, act(at.tools))
        assert work(at.tools)
        found = day_with_bureau(at)
        assert found.agrees and found.ours_count == 0, found


def test_a_lost_settlement_that_the_bureau_holds_stands_under_its_own_key(tmp_path: Path) -> None:
    with bureau_office(tmp_path, "test_coastal") as at:
        lose(at, processed=True)
        found = day_with_bureau(at)
        assert [(each.kind, each.key) for each in found.differences] == [(DifferenceKind.UNEXPECTED, KEY)]


@pytest.mark.parametrize("processed", [True, False])
def test_a_lost_settlement_is_taken_back_and_made_anew(tmp_path: Path, processed: bool) -> None:
    """2601 undoes what may have been done; the settlement goes out again and counts once."""
    with bureau_office(tmp_path, "test_coastal") as at:
        lose(at, processed=processed)
        at.clock.moment += timedelta(minutes=20)
        by = compensate.compensate(KEY, at.tools, act(at.tools, "查询无果"))
        with pytest.raises(AdapterError) as caught:
            compensate.compensate(KEY, at.tools, act(at.tools))
        assert codes(caught.value) == ["CASE-444"]
        assert work(at.tools)
        with at.tools.ledger.reading() as tx:
            sent = tx.message(by)
        assert sent is not None and sent.message.operation == "2601"
        if processed:
            assert sent.outcome is Outcome.ACCEPTED
            assert row_of(STAY, at.tools).bill is BillState.SETTLED
        else:
            assert sent.outcome is Outcome.REJECTED, "this bureau knows no original: a refusal proves nothing"
            assert row_of(STAY, at.tools).held
        assert at.window.state()["settled"] == int(processed)
        assert at.tools.ledger.verify() == []


def test_what_a_person_read_at_the_bureau_can_be_reconciled_and_reversed(tmp_path: Path) -> None:
    """The settlement id that was typed is the one that the cancellation names."""
    with bureau_office(tmp_path, "test_coastal") as at:
        lose(at, processed=True)
        (bill,) = at.window.bureau.office.store.bills()
        with at.tools.ledger.reading() as tx:
            row = tx.message(KEY)
        assert row is not None
        paid = at.window.state()["paid"]
        amounts = {payer: Money.yuan(str(paid.get(str(payer), "0.00"))) for payer in row.message.payers}
        why = act(at.tools, "医保经办系统截图")
        verdicts.resolve(KEY, Word.ACCEPTED, at.tools, why, reference=bill.setl_id, amounts=amounts)
        assert work(at.tools)
        assert row_of(STAY, at.tools).bill is BillState.SETTLED
        found = day_with_bureau(at).differences  # nobody typed the bureau's day: that of the sending is taken
        assert {(each.kind, each.key) for each in found} == {(DifferenceKind.WRONG_DAY, KEY)}
        reverse.start_reversal(CASE, at.tools, act(at.tools))
        assert work(at.tools)
        assert row_of(STAY, at.tools).bill is BillState.REVERSED
        assert (at.window.state()["settled"], at.window.state()["refunded"]) == (0, 1)


def test_only_what_is_unknown_is_taken_back_and_only_where_there_is_a_way(tmp_path: Path) -> None:
    with bureau_office(tmp_path) as at:
        settle_case(STAY, at.tools)
        with pytest.raises(AdapterError) as caught:
            compensate.compensate(KEY, at.tools, act(at.tools))
        assert codes(caught.value) == ["LED-418"]


def test_the_settlement_list_waits_for_what_is_missing_and_holds_nobody(tmp_path: Path) -> None:
    """The patient's contact is not in the feed yet: the bill stands, and the list follows when it has come."""
    region = changed_region("test_inland").region
    wanting = changed_region("test_inland", settlement_list=True, supplied={**region.supplied, **SUPPLIED})
    with bureau_office(tmp_path, spoken=wanting) as at:
        settle_case(STAY, at.tools)
        row = row_of(STAY, at.tools)
        assert (row.bill, row.held) == (BillState.SETTLED, False)
        (found,) = afterwards.settlement_lists(at.tools)
        assert (found.state, found.why) == ("not-composed", ("DEL-544", "DEL-544"))
        assert afterwards.send_list(CASE, at.tools, act(at.tools))[0].state == "not-composed"
        with at.tools.ledger.transaction() as tx:
            (patient,) = tx.resources_of_case(CASE, ("Patient",))
            contact = [{"address": {"text": "测试路1号"}, "telecom": [{"value": "00000000"}]}]
            told = {**decode(patient.body), "contact": contact}
            tx.put_resources(patient.source, CASE, as_rows([told]), **act(at.tools).said)
        afterwards.send_list(CASE, at.tools, act(at.tools))
        assert work(at.tools)
        assert afterwards.settlement_lists(at.tools) == []
        (found,) = afterwards.settlement_lists(at.tools, everything=True)
        assert (found.state, found.why) == ("accepted", ())
        with at.tools.ledger.reading() as tx:
            sent = [each.message for each in tx.messages_of_case(CASE) if each.message.stage is Stage.RECONCILE]
        assert [(each.operation, each.order_key) for each in sent] == [("4101", None)]
        with at.tools.ledger.reading() as tx:
            before = len(tx.messages_of_case(CASE))
        afterwards.send_list(CASE, at.tools, act(at.tools))
        with at.tools.ledger.reading() as tx:
            assert len(tx.messages_of_case(CASE)) == before, "accepted once is enough"


def test_nobody_wants_a_list_where_the_region_does_not(tmp_path: Path) -> None:
    with bureau_office(tmp_path) as at:
        with pytest.raises(AdapterError) as caught:
            afterwards.send_list(CASE, at.tools, act(at.tools))
        assert codes(caught.value) == ["CASE-445"]
