"""A source that combines feeds: movements by messages, charges by views, joined on the stay key, in any order."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from adapter.cases import parked
from adapter.cases.intake import Taken, ingest
from adapter.cases.lineage import case_lineage
from adapter.cases.mapping_tools import compare_edited, explain_row
from adapter.cases.mappings import check_sample
from adapter.cases.rows_in import rows_that_wait
from adapter.cases.tools import Tools
from tests.support.changes import Killed, fates, journal_kinds, killed_at, state_of
from tests.support.combined import DEPOSITS, EXPORT, FEES, ROOT, SOURCE, STAYS, dump, message_file, of_stay, rows
from tests.support.office import TestClock, act, codes, office
from tests.support.terminal import start

FILES = tuple(sorted(EXPORT.iterdir()))


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with office(tmp_path, {}, clock=TestClock()) as opened:
        yield opened


def take(tools: Tools, *paths: Path, dry_run: bool = False) -> Taken:
    return ingest(SOURCE, paths, tools, act(tools, "arrival"), dry_run=dry_run)


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> object:
    """What is stored when everything comes together."""
    with office(tmp_path_factory.mktemp("once"), {}, clock=TestClock()) as opened:
        taken = take(opened, EXPORT)
        assert fates(taken) == dict.fromkeys(STAYS, "opened") and not taken.stopped
        assert parked.parked_stays(opened) == []
        return state_of(SOURCE, opened)


@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
def test_files_apart_in_any_order_give_the_same(tools: Tools, at_once: object, order: str) -> None:
    files = list(FILES)
    if order == "reverse":
        files.reverse()
    if order == "shuffled":
        Random(7).shuffle(files)
    for file in files:
        take(tools, file)
    assert state_of(SOURCE, tools) == at_once
    assert parked.parked_stays(tools) == []


def test_views_before_messages_wait_and_are_taken_with_them(tools: Tools, tmp_path: Path) -> None:
    told, _ = of_stay("20004")
    early = take(tools, *sorted(EXPORT.glob("*.csv")))
    assert early.stays == [] and codes(early.issues) == ["SRC-141"] * 4
    assert "feed-rows-kept" in journal_kinds(tools) and not early.stopped
    assert rows_that_wait(tools.feed(SOURCE), tools) == early.issues
    assert fates(take(tools, message_file(tmp_path, 1, *told))) == {"20004": "opened"}
    assert len(rows_that_wait(tools.feed(SOURCE), tools)) == 3


def test_a_late_line_takes_its_stay_again_without_its_messages(tools: Tools, tmp_path: Path) -> None:
    take(tools, EXPORT)
    late = {**rows(FEES)[0], "xh": "59001", "syxh": "20002", "jlzt": "0", "tfxh": "0", "ypsl": "1.0000", "zje": "12.50"}
    assert fates(take(tools, dump(tmp_path, FEES, 1, [late]))) == {"20002": "changed"}
    assert fates(take(tools, EXPORT)) == dict.fromkeys(STAYS, "unchanged"), "and nothing turns it back"


def test_a_dry_run_of_either_sees_the_other(tools: Tools, tmp_path: Path) -> None:
    told, _ = of_stay("20001")
    take(tools, *sorted(EXPORT.glob("*.csv")))
    length = len(journal_kinds(tools))
    seen = take(tools, message_file(tmp_path, 1, *told), dry_run=True)
    assert fates(seen) == {"20001": "opened"} and seen.issues == []
    alone = take(tools, EXPORT / "ZY_BRFYMXK-20210309.csv", dry_run=True)
    assert alone.stays == [] and codes(alone.issues) == ["SRC-141"]
    assert len(journal_kinds(tools)) == length


def test_rows_left_behind_at_a_merged_stay_hold_both(tools: Tools, tmp_path: Path) -> None:
    take(tools, EXPORT)
    told, charged = of_stay("20001")
    merge = told[0].replace(b"ADT^A01", b"ADT^A42").replace(b"EVN|A01|20210305143000", b"EVN|A42|20210310090000")
    merge = b"\r".join(line for line in merge.split(b"\r") if line[:3] in (b"MSH", b"EVN", b"PID", b"PV1"))
    merge = merge.replace(b"|20001|", b"|20003|") + b"\rMRG|6001^^^&PATID||||20001"
    held = take(tools, message_file(tmp_path, 1, merge))
    assert {stay.stay_key: stay.fate.value for stay in held.stays} == {"20001": "parked", "20003": "parked"}
    assert all("SRC-142" in codes(stay.issues) for stay in held.stays)
    moved = [{**row, "syxh": "20003", "gxsj": "2021031009:30:00"} for table, row in charged if table == FEES]
    freed = take(tools, dump(tmp_path, FEES, 1, moved))
    assert all("SRC-142" not in codes(stay.issues) for stay in freed.stays)
    with tools.ledger.reading() as tx:
        lines = [len(tx.resources_of_case(f"{SOURCE}-{stay}", ("ChargeItem",))) for stay in ("20001", "20003")]
    assert lines == [0, 24]


@pytest.mark.parametrize("where", [1, 3])
def test_an_ingest_that_broke_off_goes_on(tools: Tools, at_once: object, where: int) -> None:
    with pytest.raises(Killed):
        ingest(SOURCE, [EXPORT], tools, act(tools), taken_one=killed_at(where))
    take(tools, EXPORT)
    assert state_of(SOURCE, tools) == at_once


def test_an_ingest_that_broke_off_between_its_feeds_goes_on(
    tools: Tools, at_once: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are kept, no message is."""

    def breaking(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("adapter.cases.messages_in.keep_messages", breaking)
        with pytest.raises(Killed):
            take(tools, EXPORT)
    assert state_of(SOURCE, tools) == {}
    for file in FILES:
        take(tools, file)
    assert state_of(SOURCE, tools) == at_once


@pytest.mark.slow
def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """kill -9 at moments of its own choosing, again and again, until a run comes to its end."""
    env = os.environ | {"ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'adapter.db'}"}
    kills, wait_seconds = 0, 0.1
    while True:
        running = start("ingest", SOURCE, str(EXPORT), "--json", env=env)
        try:
            code = running.wait(wait_seconds)
        except TimeoutError:
            running.kill()
            running.wait()
            kills, wait_seconds = kills + 1, wait_seconds * 1.25
            continue
        assert code == 0
        break
    assert kills, "it was killed at least once"
    with office(tmp_path, {}, clock=TestClock(), name="once.db") as opened:
        take(opened, EXPORT)
        expected = state_of(SOURCE, opened, ours=False)
    with office(tmp_path, {}, clock=TestClock()) as opened:
        assert state_of(SOURCE, opened, ours=False) == expected
        assert opened.ledger.verify() == []
        assert journal_kinds(opened).count("feed-message-kept") == 17


# -- tools -----------------------------------------------------------------------------------------------------------


def test_a_sample_of_both_is_checked_and_explained() -> None:
    mappings = ROOT / "mappings"
    report, _, found = check_sample(SOURCE, [EXPORT], mappings)
    assert report.complete and found == ()
    assert {FEES, DEPOSITS, "STAY", "DG1", "IN1"} <= report.rows.keys()
    line = explain_row(SOURCE, [EXPORT], "ZY_BRFYMXK-20210309.csv#5", mappings, table=FEES)
    price = next(each for each in line.lines if each.target == "extension[unit-price].valueMoney.value")
    assert [(place.column, place.text) for place in price.sources] == [("ypdj", "33.5400"), ("ykxs", "24")]
    assert price.rule.startswith("his/winning_this/charge_line.yaml:")
    stay = explain_row(SOURCE, [EXPORT], "adt-202104.hl7#2", mappings)
    assert stay.stay_key == "20002" and any(each.rule.startswith("his/hl7v2_winning/") for each in stay.lines)


def test_an_edited_folder_of_either_shape_is_compared(tmp_path: Path) -> None:
    edited = tmp_path / "winning_this"
    shutil.copytree(ROOT / "mappings/his/winning_this", edited)
    file = edited / "charge_line.yaml"
    text = file.read_text("utf-8").replace(
        "quantity.unit:          {from: ypdw}", "quantity.unit:          {from: ypgg}"
    )
    file.write_text(text.replace("  ypgg: 规格", "  ypdw: 单位"), "utf-8")
    result, before, after = compare_edited(SOURCE, [EXPORT], edited, ROOT / "mappings")
    assert before != after
    assert "quantity" in str(result) and "ChargeItem" in str(result)


def test_lineage_leads_to_the_view_and_to_the_message(tools: Tools) -> None:
    take(tools, EXPORT)
    case = f"{SOURCE}-20001"
    paid = case_lineage(case, tools, path="ChargeItem.priceOverride.value")
    assert {each.line.sources[0].pointer.partition("#")[0] for each in paid.elements} == {"ZY_BRFYMXK-20210309.csv"}
    ended = case_lineage(case, tools, path="Encounter.period.end")
    assert ended.elements[0].line.sources[0].pointer == "adt-202103.hl7#4/PV1-45"
    touched = case_lineage(case, tools, field=f"{FEES}.zje")
    assert {each.line.path for each in touched.elements} >= {"ChargeItem.priceOverride.value"}
    assert {use.rule.partition(":")[0] for use in touched.uses} == {"his/winning_this/charge_line.yaml"}
    assert all("winning_this" in each.rule for each in case_lineage(case, tools, field=f"{FEES}.syxh").uses)
    assert json.dumps(next(iter(paid.provenances())), default=str)
