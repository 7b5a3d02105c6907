"""The way in: the same again changes nothing, the bad waits, the cause is fixed and it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.cases import parked, reverse
from adapter.cases.intake import ingest
from adapter.cases.recording import Fate
from adapter.cases.tools import Tools
from adapter.ledger.ledger import Transaction
from adapter.model.case import BillState, StayState
from adapter.model.issues import AdapterError
from bench.synthetic.story import write_export
from tests.support.office import (
    SOURCE,
    Story,
    act,
    case_id,
    codes,
    copy_of_reference,
    feed_from,
    office,
    row_of,
    settle_case,
    story,
    take_in,
    try_case,
    work,
)
from tests.support.payers import Payers

STAY = "300010004"
UNKNOWN_ITEM = "300010013"


def everything(tx: Transaction, stays: tuple[str, ...]) -> tuple[int, dict[tuple[str, str], int]]:
    """Journal length, and the version of every resource."""
    versions = {(row.type, row.id): row.version for stay in stays for row in tx.resources_of_case(case_id(stay))}
    return len(list(tx.journal())), versions


def test_the_same_export_twice_changes_nothing(tools: Tools, tmp_path: Path) -> None:
    stays = (STAY, "300010002", UNKNOWN_ITEM, "300010014", "300010016")
    export = tmp_path / "export"
    write_export(story(*stays), export)
    first = ingest(SOURCE, [export], tools, act(tools))
    with tools.ledger.reading() as tx:
        before = everything(tx, stays)
    again = ingest(SOURCE, [export], tools, act(tools))
    with tools.ledger.reading() as tx:
        assert everything(tx, stays) == before
    assert {stay.fate for stay in again.stays} == {Fate.UNCHANGED, Fate.PARKED}
    assert [stay.stay_key for stay in again.stays if stay.fate is Fate.PARKED] == [UNKNOWN_ITEM]
    assert again.known_files == again.files > 0
    assert set(codes(again.issues)) - set(codes(first.issues)) == {"CASE-316"}


def test_the_same_export_after_settlement_changes_nothing_either(tools: Tools, tmp_path: Path) -> None:
    export = tmp_path / "export"
    write_export(story(STAY, "300010014"), export)
    ingest(SOURCE, [export], tools, act(tools))
    settle_case(STAY, tools)
    settle_case("300010014", tools)
    with tools.ledger.reading() as tx:
        before = everything(tx, (STAY, "300010014"))
    again = ingest(SOURCE, [export], tools, act(tools))
    assert {stay.fate for stay in again.stays} == {Fate.UNCHANGED}
    with tools.ledger.reading() as tx:
        assert everything(tx, (STAY, "300010014")) == before
    assert not row_of(STAY, tools).held


def test_the_same_rows_in_another_file_change_nothing_of_the_case(tools: Tools, tmp_path: Path) -> None:
    """A full export that repeats an old stay beside a new one."""
    take_in(tools, tmp_path, STAY)
    with tools.ledger.reading() as tx:
        _, before = everything(tx, (STAY,))
    again = take_in(tools, tmp_path, STAY, "300010003")
    assert {stay.stay_key: stay.fate for stay in again.stays} == {STAY: Fate.UNCHANGED, "300010003": Fate.OPENED}
    with tools.ledger.reading() as tx:
        assert everything(tx, (STAY,))[1] == before


def test_a_dry_run_writes_nothing(tools: Tools, tmp_path: Path) -> None:
    export = tmp_path / "export"
    write_export(story(STAY), export)
    taken = ingest(SOURCE, [export], tools, act(tools), dry_run=True)
    assert [stay.fate for stay in taken.stays] == [Fate.OPENED]
    with tools.ledger.reading() as tx:
        assert list(tx.journal()) == []


def test_one_bad_stay_does_not_stop_the_others(tools: Tools, tmp_path: Path) -> None:
    taken = take_in(tools, tmp_path, STAY, UNKNOWN_ITEM)
    assert {stay.stay_key: stay.fate for stay in taken.stays} == {STAY: Fate.OPENED, UNKNOWN_ITEM: Fate.PARKED}
    assert (taken.parked, taken.stopped) == (1, True)
    assert not row_of(STAY, tools).held
    assert codes(row_of(UNKNOWN_ITEM, tools)) == ["REF-152"]


def test_a_parked_stay_is_replayed_after_the_cause_is_fixed(payers: Payers, tmp_path: Path) -> None:
    reference = copy_of_reference(tmp_path / "reference")
    with office(tmp_path, payers.endpoints, clock=payers.clock, feed=feed_from(reference)) as tools:
        take_in(tools, tmp_path, UNKNOWN_ITEM)
        (waiting,) = parked.parked_stays(tools)
        assert parked.replay(waiting.id, tools, act(tools)).fate is Fate.PARKED, "nothing was fixed yet"
        assert [each.id for each in parked.parked_stays(tools)] == [waiting.id]
    items = reference / SOURCE / "items.csv"
    columns = items.read_text("utf-8").splitlines()[0].split(",")
    new = {"code": "9901", "name": "新开展检验", "kind": "service", "item_class": "A", "valid_from": "2017-01-01"}
    items.write_text(items.read_text("utf-8") + ",".join(new.get(name, "") for name in columns) + "\n", "utf-8")
    with office(tmp_path, payers.endpoints, clock=payers.clock, feed=feed_from(reference)) as tools:
        replayed = parked.replay(waiting.id, tools, act(tools, "item added"))
        assert (replayed.fate, codes(replayed.issues)) == (Fate.UNCHANGED, [])
        assert not row_of(UNKNOWN_ITEM, tools).held
        assert parked.parked_stays(tools) == []
        settle_case(UNKNOWN_ITEM, tools)
        assert row_of(UNKNOWN_ITEM, tools).bill is BillState.SETTLED


def test_nothing_is_parked_under_that_id(tools: Tools) -> None:
    with pytest.raises(AdapterError) as caught:
        parked.replay("P-0000", tools, act(tools))
    assert codes(caught.value) == ["CASE-314"]


def test_a_stay_goes_on_in_hospital_and_ends(tools: Tools, tmp_path: Path) -> None:
    def still_there(told: Story) -> None:
        del told["stays"][0]["discharged"]
        told["stays"][0]["state"] = "0"

    take_in(tools, tmp_path, STAY, changed=still_there)
    assert row_of(STAY, tools).stay is StayState.IN_PROGRESS
    take_in(tools, tmp_path, STAY)
    assert row_of(STAY, tools).stay is StayState.WARD_DISCHARGED
    take_in(tools, tmp_path, STAY, changed=still_there)
    assert row_of(STAY, tools).stay is StayState.RECALLED
    take_in(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED


def test_a_change_before_settlement_only_needs_another_look(tools: Tools, tmp_path: Path) -> None:
    def dearer(told: Story) -> None:
        told["stays"][0]["lines"].append({"item": "2104", "on": "2021-05-12"})

    take_in(tools, tmp_path, STAY)
    try_case(STAY, tools)
    taken = take_in(tools, tmp_path, STAY, changed=dearer)
    assert [stay.fate for stay in taken.stays] == [Fate.CHANGED]
    assert not row_of(STAY, tools).held
    settle_case(STAY, tools)
    assert row_of(STAY, tools).bill is BillState.SETTLED


def _without_last_line(told: Story) -> None:
    told["stays"][0]["lines"].pop()


def test_a_line_that_the_his_took_back_is_no_longer_billed(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path / "first", STAY)
    with tools.ledger.reading() as tx:
        before = {row.id for row in tx.resources_of_case(case_id(STAY), ("ChargeItem",))}
    taken = take_in(tools, tmp_path / "second", STAY, changed=_without_last_line)
    with tools.ledger.reading() as tx:
        after = {row.id for row in tx.resources_of_case(case_id(STAY), ("ChargeItem",))}
        (gone,) = before - after
        newest = tx.resource("ChargeItem", gone)
        assert newest is not None and newest.deleted and len(tx.history("ChargeItem", gone)) == 2
    assert [stay.fate for stay in taken.stays] == [Fate.CHANGED]


def test_a_line_taken_back_after_settlement_holds_the_case_and_stays_away_when_it_is_reversed(
    tools: Tools, tmp_path: Path
) -> None:
    take_in(tools, tmp_path / "first", STAY)
    settle_case(STAY, tools)
    with tools.ledger.reading() as tx:
        billed = len(tx.resources_of_case(case_id(STAY), ("ChargeItem",)))
    take_in(tools, tmp_path / "second", STAY, changed=_without_last_line)
    assert "CASE-311" in codes(row_of(STAY, tools).issues)
    reverse.start_reversal(case_id(STAY), tools, act(tools))
    assert work(tools)
    assert row_of(STAY, tools).bill is BillState.REVERSED
    with tools.ledger.reading() as tx:
        assert len(tx.resources_of_case(case_id(STAY), ("ChargeItem",))) == billed - 1
