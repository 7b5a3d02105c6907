"""Every cell of fixtures/faults/dialects.yaml: one fault, one dialect, what the adapter does, one effect at most."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapter.counterparts.conformance import texts
from adapter.ledger.rows import MessageState
from adapter.model.case import BillState
from tests.support.bad_days import STAY, BadDay, bad_day
from tests.support.counterparts import ROOT
from tests.support.office import codes, row_of, settlement_of, take_in

TABLE: Mapping[str, Any] = texts.read(ROOT / "fixtures" / "faults" / "dialects.yaml")
PAGE = ROOT / "docs" / "counterparts.md"
#: Column of the table → who plays it.
PLAYED = {"fhir": "fhir", "nhsa": "nhsa-inland", "nhsa-blind": "nhsa-coastal", "aid-xml": "aid-xml", "folder": "folder"}
#: Which requests a fault meets, by column and stage.
MET: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "fhir": {"settle": {"stage": "settle", "method": "POST"}},
    "nhsa": {"settle": {"path": "/2304"}, "charges": {"path": "/2301"}},
    "nhsa-blind": {"settle": {"path": "/2304"}, "charges": {"path": "/2301"}},
    "aid-xml": {"settle": {"path": "balance"}, "terms": {"path": "queryBalancePre"}},
    "folder": {"settle": {"key": ".insurance.settle"}},
}
CELLS = [
    (fault, column) for fault, row in TABLE.items() for column, then in row["cells"].items() if not then.startswith("—")
]
#: One of each kind for the fast lane.
QUICK = {("answer-lost", "fhir"), ("request-lost", "nhsa"), ("late-answer", "nhsa-blind"), ("garbage", "folder")}


def scripted(fault: str, column: str) -> dict[str, Any]:
    row = TABLE[fault]
    found = {**row["fault"], **row.get(column, {})}
    stage = row.get("at", {}).get(column, "settle")
    match: dict[str, Any] = {**MET[column][stage]}
    if stage != "settle":
        match["times"] = 0
    for name in ("seconds", "status"):
        if name in found:
            found[name] = int(found[name])
    if "processed" in found:
        found["processed"] = found["processed"] == "yes"
    return {"match": match, **found}


@pytest.mark.parametrize(
    ("fault", "column"),
    [pytest.param(*cell, marks=[] if cell in QUICK else [pytest.mark.slow]) for cell in CELLS],
)
def test_a_bad_day(fault: str, column: str, tmp_path: Path) -> None:
    then, _, code = TABLE[fault]["cells"][column].partition(" ")
    with bad_day(PLAYED[column], tmp_path) as day:
        assert not take_in(day.tools, tmp_path, STAY).stopped
        begins_early = TABLE[fault].get("at", {}).get(column) == "charges"
        if not begins_early:
            day.try_it()
        before = day.sent()
        day.script(scripted(fault, column))
        day.try_it() if begins_early else day.settle()
        assert day.faults.fired, "the fault met nothing"
        CHECKED[then](day, code, day.sent() - before)
        assert day.settled() <= 1


def test_the_table_has_every_fault_and_every_dialect() -> None:
    assert all(list(row["cells"]) == list(PLAYED) for row in TABLE.values())
    kinds = {then.partition(" ")[0] for row in TABLE.values() for then in row["cells"].values()}
    assert kinds == {*CHECKED, "—"}


def test_the_page_shows_the_table() -> None:
    assert table() in PAGE.read_text("utf-8")


def table() -> str:
    """The table as docs/counterparts.md has it."""
    lines = [f"| fault | {' | '.join(PLAYED)} |", f"| --- |{' --- |' * len(PLAYED)}"]
    lines += [f"| {row['zh']} {row['en']} | {' | '.join(row['cells'].values())} |" for row in TABLE.values()]
    return "\n".join(lines)


# -- what a cell says -------------------------------------------------------------------------------------------------


def _accepted(day: BadDay, code: str, sent: int) -> None:
    _closed(day)
    assert day.courier or sent == 1


def _found(day: BadDay, code: str, sent: int) -> None:
    _closed(day)
    assert sent == 1, "nothing is sent again"


def _again(day: BadDay, code: str, sent: int) -> None:
    _closed(day)
    assert sent == 2


def _differs(day: BadDay, code: str, sent: int) -> None:
    _closed(day)
    first = settlement_of(STAY, day.tools).shares[0]
    assert first.expected is not None and first.amount != first.expected
    assert day.told()["paid"][str(first.payer)] == first.amount.text, "the payer's word counts"


def _person(day: BadDay, code: str, sent: int) -> None:
    row = row_of(STAY, day.tools)
    assert (row.bill, row.held) == (BillState.SETTLING, True)
    assert code in codes(row)
    assert day.courier or sent == 1, "what may have arrived is not sent again"


def _refused(day: BadDay, code: str, sent: int) -> None:
    row = row_of(STAY, day.tools)
    assert row.held and code in codes(row)
    assert row.bill is not BillState.SETTLED and day.settled() == 0


def _closed(day: BadDay) -> None:
    row = row_of(STAY, day.tools)
    assert (row.bill, row.held, day.settled()) == (BillState.SETTLED, False, 1), codes(row)
    with day.tools.ledger.reading() as tx:
        left = [one for one in tx.messages_of_case(day.case) if one.state is not MessageState.DONE]
    assert left == []


CHECKED = {
    "accepted": _accepted,
    "found": _found,
    "again": _again,
    "differs": _differs,
    "person": _person,
    "refused": _refused,
}
