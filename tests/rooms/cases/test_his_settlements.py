"""Settlements that the HIS made itself: several of one stay, rounded bills, one taken back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.cases import reverse, settle
from adapter.cases.intake import ingest
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Authority, Payer
from adapter.wiring import feeds
from tests.support.intake import FIXTURES
from tests.support.office import act, codes, office, work
from tests.support.payers import Payers
from tests.support.traps import changed_mappings

SOURCE = "linjiang_county"
EXPORT = FIXTURES / "his/hsa_cloud/linjiang_county/traps/export"
CASE = f"{SOURCE}-1400000000000000011"

Change = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def tools(tmp_path: Path, payers: Payers, empty_ledger: Path) -> Iterator[Tools]:
    """The hospital settles with the bureau itself, and newborns go with their mothers."""
    shutil.copy(empty_ledger, tmp_path / "adapter.db")
    mappings = changed_mappings(
        tmp_path / "mappings",
        "hsa_cloud",
        SOURCE,
        (f"sources/{SOURCE}.yaml", "overlays: {}", "observed_settlements: insurance\noverlays: {}"),
        newborns="with-mother",
    )
    feed = feeds(mappings, FIXTURES / "reference")
    with office(tmp_path, payers.endpoints, clock=payers.clock, feed=feed) as opened:
        yield opened


def take_in(tools: Tools, folder: Path, **changes: Change) -> None:
    """The export with the rows of some tables changed."""
    export = Path(shutil.copytree(EXPORT, folder))
    for table, change in changes.items():
        path = export / f"{table}.ndjson"
        rows = [json.loads(line, parse_float=str) for line in path.read_text("utf-8").splitlines()]
        change(rows)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    ingest(SOURCE, [export], tools, act(tools, "export"))


def settle_it(tools: Tools) -> None:
    settle.start_trial(CASE, tools, act(tools, "trial"))
    assert work(tools)
    settle.start_settlement(CASE, tools, act(tools, "settlement"))
    assert work(tools)


def balances(tools: Tools) -> dict[str, str]:
    """Debit less credit by account, over every version."""
    sums: dict[str, Money] = {}
    with tools.ledger.reading() as tx:
        for row in tx.postings(CASE):
            one = row.posting
            sums[one.account] = sums.get(one.account, ZERO) + one.debit - one.credit
    return {account: amount.text for account, amount in sums.items()}


def held(tools: Tools) -> list[str]:
    with tools.ledger.reading() as tx:
        row = tx.case(CASE)
    assert row is not None
    return codes(row.issues)


def parked(tools: Tools) -> set[str]:
    with tools.ledger.reading() as tx:
        return {code for each in tx.parked(source=SOURCE) for code in codes(each)}


def test_the_settlements_of_a_stay_are_its_bill_together(tools: Tools, payers: Payers, tmp_path: Path) -> None:
    """69.78 in the middle, 68.39 at the end: the funds' parts add up, and nothing goes to the bureau."""
    take_in(tools, tmp_path / "export")
    settle_it(tools)
    with tools.ledger.reading() as tx:
        done, paper = tx.settlement(CASE, 1), tx.paper(CASE, "observed")
        assert tx.messages_of_case(CASE) == []
    assert done is not None and done.total.text == "138.17"
    basic = next(share for share in done.shares if share.payer is Payer.BASIC)
    assert (basic.amount.text, basic.authority, basic.reference) == ("90.00", Authority.OBSERVED, "S2")
    assert paper is not None
    assert [(each["reference"], each["lines"]) for each in paper["settlements"]] == [("S1", 3), ("S2", 3)]  # type: ignore[attr-defined]


def test_what_the_bill_was_rounded_by_is_posted_on_its_own(tools: Tools, tmp_path: Path) -> None:
    """Every part keeps its fen; lines = funds + patient ± rounding; the reversal takes the rounding back too."""
    take_in(tools, tmp_path / "export")
    with tools.ledger.reading() as tx:
        assert tx.postings(CASE) == []
    settle_it(tools)
    assert balances(tools) == {
        "receivable/basic": "90.00",
        "receivable/patient": "48.20",  # 29.80 + 18.40, as the HIS took it
        "charges": "-138.17",
        "rounding": "-0.03",
    }
    with tools.ledger.reading() as tx:
        invoices = [decode(row.body) for row in tx.resources_of_case(CASE, ("Invoice",))]
    assert [(each["totalNet"]["value"], "0.03" in each["note"][0]["text"]) for each in invoices] == [
        (Money.yuan("138.17").decimal, True)
    ]
    unsettled(tools, tmp_path / "undone")
    reverse.start_reversal(CASE, tools, act(tools))
    assert set(balances(tools).values()) == {"0.00"}


def test_rounding_down_is_posted_the_other_way_round(tools: Tools, tmp_path: Path) -> None:
    def down(rows: list[dict[str, Any]]) -> None:
        rows[-1].update(actual_price="68.3", self_price="18.30")

    take_in(tools, tmp_path / "export", inpt_settle=down)
    settle_it(tools)
    assert balances(tools)["rounding"] == "0.07" and balances(tools)["receivable/patient"] == "48.10"


def test_money_that_the_hospital_waives_is_its_own_part(tools: Tools, tmp_path: Path) -> None:
    """减免 5.00: the hospital bears it, the patient does not."""

    def waived(rows: list[dict[str, Any]]) -> None:
        rows[-1].update(hosp_jm_price="5.00", self_price="13.40")

    take_in(tools, tmp_path / "export", inpt_settle=waived)
    settle_it(tools)
    found = balances(tools)
    assert (found["receivable/hospital"], found["receivable/patient"]) == ("5.00", "43.20")
    assert sum(map(Decimal, found.values())) == 0


@pytest.mark.parametrize("column", ["hosp_df_price", "credit_price"])
def test_money_advanced_or_left_on_account_goes_to_a_person(tools: Tools, tmp_path: Path, column: str) -> None:
    take_in(tools, tmp_path / "export", inpt_settle=lambda rows: rows[-1].update({column: "5.00"}))
    assert parked(tools) == {"MAP-109"}


def test_a_newborn_settled_apart_is_no_part_of_the_mothers_bill(tools: Tools, tmp_path: Path) -> None:
    """结算类型 2: what she was settled over and what her lines come to then differ, and a person decides."""
    take_in(tools, tmp_path / "export", inpt_settle=lambda rows: rows[2].update(type_code="2"))
    with tools.ledger.reading() as tx:
        paper = tx.paper(CASE, "observed")
    assert paper is not None and paper["total"] == "68.39"
    with pytest.raises(AdapterError, match="CASE-313"):
        settle.start_trial(CASE, tools, act(tools, "trial"))


def test_a_settlement_whose_parts_do_not_make_its_total_holds_the_stay(tools: Tools, tmp_path: Path) -> None:
    """Rounding explains 0.01 and no more."""
    take_in(tools, tmp_path / "export", inpt_settle=lambda rows: rows[-1].update(self_price="18.41"))
    assert "CASE-312" in held(tools)


def test_a_settlement_that_its_lines_do_not_make_holds_the_stay(tools: Tools, tmp_path: Path) -> None:
    """The line goes by the number that it names, and by no date."""

    def stray(rows: list[dict[str, Any]]) -> None:
        next(row for row in rows if row["settle_id"] == "S2")["settle_id"] = "S1"

    take_in(tools, tmp_path / "export", inpt_cost=stray)
    assert parked(tools) == {"MAP-192"}


def test_two_final_settlements_that_both_stand_go_to_a_person(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path / "export", inpt_settle=lambda rows: rows[2].update(type_code="0"))
    assert "CASE-350" in held(tools)


def unsettled(tools: Tools, folder: Path) -> None:
    """The same stay once the HIS has undone S2: its lines are free again, and nothing took its place."""

    def voided(rows: list[dict[str, Any]]) -> None:
        rows[-1]["status_code"] = "1"

    def free(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["settle_id"] = row["settle_id"].replace("S2", "")

    take_in(tools, folder, inpt_settle=voided, inpt_cost=free)


def test_a_settlement_that_the_his_takes_back_answers_nothing_any_more(tools: Tools, tmp_path: Path) -> None:
    """Before the bill is settled, the call is open again."""
    take_in(tools, tmp_path / "first")
    unsettled(tools, tmp_path / "second")
    with tools.ledger.reading() as tx:
        paper = tx.paper(CASE, "observed")
    assert paper is not None and paper["call"] == "" and held(tools) == []


def test_a_part_that_the_his_settled_is_not_settled_again_with_the_rest(tools: Tools, tmp_path: Path) -> None:
    """S1 stands, S2 is undone: nobody but the HIS can settle the rest (CASE-476)."""
    take_in(tools, tmp_path / "first")
    unsettled(tools, tmp_path / "second")
    settle.estimate(CASE, tools, act(tools))
    for begin in (settle.start_trial, settle.start_settlement):
        with pytest.raises(AdapterError) as refused:
            begin(CASE, tools, act(tools))
        assert codes(refused.value) == ["CASE-476"] and "S1" in refused.value.issues[0].zh
    with tools.ledger.reading() as tx:
        assert tx.messages_of_case(CASE) == []
    take_in(tools, tmp_path / "third")
    settle_it(tools)
    with tools.ledger.reading() as tx:
        assert tx.settlement(CASE, 1) is not None, "its final settlement is there again"


def test_a_part_that_the_his_undoes_leaves_the_stay_to_us(tools: Tools, tmp_path: Path) -> None:
    def none(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["status_code"] = "1"

    def free(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["settle_id"] = ""

    unsettled(tools, tmp_path / "first")
    take_in(tools, tmp_path / "second", inpt_settle=none, inpt_cost=free)
    settle.start_trial(CASE, tools, act(tools))
    with tools.ledger.reading() as tx:
        assert tx.messages_of_case(CASE)


def test_a_part_that_the_his_settles_beside_our_bill_goes_to_a_person(tools: Tools, tmp_path: Path) -> None:
    def without(rows: list[dict[str, Any]]) -> None:
        rows.clear()

    def free(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["settle_id"] = ""

    take_in(tools, tmp_path / "first", inpt_settle=without, inpt_cost=free)
    settle.start_trial(CASE, tools, act(tools))
    assert work(tools)
    settle.start_settlement(CASE, tools, act(tools))
    assert work(tools) and held(tools) == []
    unsettled(tools, tmp_path / "second")
    assert "CASE-476" in held(tools)


def test_a_bill_made_from_a_settlement_that_is_gone_is_held(tools: Tools, tmp_path: Path) -> None:
    """Only the HIS can undo what it settled (CASE-319); once it has, the bill is reversed and nothing is sent."""
    take_in(tools, tmp_path / "first")
    settle_it(tools)
    with pytest.raises(AdapterError, match="CASE-319"):
        reverse.start_reversal(CASE, tools, act(tools))
    unsettled(tools, tmp_path / "second")
    assert "CASE-351" in held(tools)
    reverse.start_reversal(CASE, tools, act(tools))
    assert work(tools)
    with tools.ledger.reading() as tx:
        row = tx.case(CASE)
        assert row is not None and row.bill is BillState.REVERSED and tx.messages_of_case(CASE) == []
