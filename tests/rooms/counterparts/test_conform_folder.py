"""The conformance kit at a counterpart behind a folder: a good one passes, each bad habit fails just what it must."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.counterparts.conformance import texts
from adapter.counterparts.conformance.dialects import conform, scenarios_for
from adapter.counterparts.conformance.folder.drop import usable
from adapter.counterparts.conformance.reports.junit import junit
from adapter.counterparts.conformance.reports.page import page
from adapter.counterparts.conformance.reports.report import Report
from adapter.counterparts.conformance.reports.testreport import fhir_testreport
from adapter.counterparts.conformance.scenario import Scenario
from adapter.model.issues import AdapterError
from tests.support.conform_folder import Here, Liar, folder_here
from tests.support.conformance import MAPPINGS
from tests.support.counterparts import ROOT
from tests.support.lies_folder import HABITS, TOLD

#: The role that the kit names → the simulator that plays it.
PLAYED = {"insurance": "bureau", "aid": "aid"}
SCENARIOS = {role: scenarios_for("folder", role, MAPPINGS) for role in PLAYED}
EVERYTHING = {one.name for one in SCENARIOS["insurance"]}
REFUSING = {
    *("dates-out-of-range", "reversal-of-nothing", "reversal-twice", "unknown-person", "unreadable", "wrong-total"),
}
UNREAD = {"half-written", "no-checksum", "wrong-checksum"}
#: What each lie and habit of tests/support/lies_folder.py breaks at the bureau.
BROKEN_BY: dict[str, set[str]] = {
    "pays a fen more than it says": {
        *("another-body-under-a-name", "reversal", "reversal-twice", "same-file-twice", "settle"),
        *("several-at-once", "statement", "trial-keeps-nothing"),
    },
    "tries a fen more": {"trial-keeps-nothing"},
    "reversal is positive": {"reversal", "reversal-twice"},
    "refusals give no reason": REFUSING,
    "refusals are accepted": REFUSING,
    "receipts bear another key": EVERYTHING - {"unreadable"},
    "no settlement id": {"settle", "settle-after-reversal", "several-at-once", "statement"},
    "lines do not add up": {"settle"},
    "year stands still": {"another-body-under-a-name", "same-file-twice"},
    "nobody is covered": {"eligibility"},
    "day stands still": {"statement"},
    "statement lists one only": {"statement"},
    "looks at no digest": UNREAD,
    "needs no digest": {"no-checksum"},
    "throws away what it does not take": {*UNREAD, "files-of-others"},
    "takes files of others": {"files-of-others"},
    "acts on a name again": {"another-body-under-a-name"},
    "leaves a second file lying": {"another-body-under-a-name", "reversal-twice", "same-file-twice"},
    "answers one file a round": {"several-at-once"},
    "lays more receipts down": {"files-of-others", "nothing-unasked"},
    "lays notes down without digest": {"files-of-others", "nothing-unasked"},
    "accepts what it cannot read": {"unreadable"},
    "writes receipts in GB 18030": EVERYTHING,
}
#: One scenario that each breaks at an aid office, where it is another than the first at the bureau.
AT_AN_AID_OFFICE = {
    "year stands still": "",
    "refusals give no reason": "unknown-person",
    "refusals are accepted": "unknown-person",
    "receipts bear another key": "reversal",
    "no settlement id": "statement",
    "throws away what it does not take": "half-written",
    "takes files of others": "nothing-unasked",
    "lays more receipts down": "nothing-unasked",
    "lays notes down without digest": "nothing-unasked",
    "writes receipts in GB 18030": "statement",
    "leaves a second file lying": "reversal",
    "looks at no digest": "half-written",
    "pays a fen more than it says": "store-and-answer-later",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Here]]:
    with ExitStack() as stack:
        home = tmp_path_factory.mktemp("folders")
        yield {
            role: stack.enter_context(folder_here(simulator, home / simulator)) for role, simulator in PLAYED.items()
        }


def faults(role: str) -> dict[str, Mapping[str, Any]]:
    """The scripted faults of a role, acting for ever."""
    rows = texts.read(ROOT / "fixtures" / "conformance" / "faults-folder.yaml")
    mine = {name: row["fault"] for name, row in rows.items() if row.get("role", PLAYED[role]) == PLAYED[role]}
    return {
        name: {
            **fault,
            "match": {"times": 0, **fault["match"]},
            **({"seconds": float(fault["seconds"])} if "seconds" in fault else {}),
        }
        for name, fault in mine.items()
    }


def broken(
    role: str, here: Here, names: Sequence[str], bad: str = "", fault: Mapping[str, Any] | None = None
) -> set[str]:
    """Which of these scenarios fail, each tried in an empty folder at a counterpart that misbehaves in one way."""
    found = set()
    for scenario in _named(role, names):
        here.reset(HABITS[bad]) if bad in HABITS else here.reset(Liar, changes=[TOLD[bad]] if bad else [])
        here.script(*[fault] if fault else [])
        (result,) = conform("folder", role, here.target, [scenario])
        found |= set() if result.passed else {result.scenario.name}
    return found


def _named(role: str, names: Sequence[str]) -> list[Scenario]:
    return [one for one in SCENARIOS[role] if one.name in names]


# -- a counterpart that keeps the page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", PLAYED)
def test_a_counterpart_that_behaves_passes_all_and_is_left_as_it_was(role: str, folders: dict[str, Here]) -> None:
    here = folders[role]
    here.reset()
    for _ in range(2):  # a second run meets what the first left behind
        results = list(conform("folder", role, here.target, SCENARIOS[role]))
        assert [(one.scenario.name, one.findings) for one in results if not one.passed] == []
    left = here.state()
    assert (left["settled"], left["duplicates"], left["settled_twice"]) == (0, {}, {}) and left["reversed"] > 0
    assert left["least_data_breaches"] == {}, "the kit sends no more than the page allows"
    assert here.lying() == []


@pytest.mark.parametrize("fault", ["settlement-left", "receipt-lost", "receipt-torn", "receipt-late"])
def test_what_was_lost_on_the_way_is_taken_back(fault: str, folders: dict[str, Here]) -> None:
    here = folders["insurance"]
    here.reset()
    here.script(faults("insurance")[fault])
    (result,) = conform("folder", "insurance", here.target, _named("insurance", ["settle"]))
    why = "not taken within 1 s" if fault == "settlement-left" else "taken, and no receipt within 1 s"
    assert why in result.findings[0].en
    here.script()
    here.round()
    assert (here.state()["settled"], here.lying()) == (0, [])
    assert here.state()["reversed"] == (0 if fault == "settlement-left" else 1)


def test_nobody_there_leaves_nothing_lying(folders: dict[str, Here]) -> None:
    here = folders["insurance"]
    here.reset()
    alone = replace(here.target, pause=lambda seconds: None)
    (result,) = conform("folder", "insurance", alone, _named("insurance", ["several-at-once"]))
    assert [one.en for one in result.findings] == ["no answer: not taken within 1 s"]
    assert here.lying() == [], "nobody shall settle it later"


def test_a_folder_that_goes_away_fails_the_scenario_and_not_the_kit(folders: dict[str, Here]) -> None:
    here = folders["insurance"]
    here.reset()
    here.receiver.root.rename(here.receiver.root.with_name("gone"))
    try:
        (result,) = conform("folder", "insurance", here.target, _named("insurance", ["reversal"]))
    finally:
        here.receiver.root.with_name("gone").rename(here.receiver.root)
    assert result.findings[0].en == "no answer: the file cannot be laid out: FileNotFoundError"


# -- and those that do not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", BROKEN_BY)
def test_a_bad_habit_is_found_out(bad: str, folders: dict[str, Here]) -> None:
    name = sorted(BROKEN_BY[bad])[0]
    assert broken("insurance", folders["insurance"], [name], bad) == {name}
    assert folders["insurance"].state()["settled"] == 0
    shared = {one.name for one in SCENARIOS["aid"]}
    name = AT_AN_AID_OFFICE.get(bad, name)
    if name in shared:
        assert broken("aid", folders["aid"], [name], bad) == {name}


@pytest.mark.slow
@pytest.mark.parametrize("bad", BROKEN_BY)
def test_a_bad_habit_fails_exactly_what_it_touches(bad: str, folders: dict[str, Here]) -> None:
    tried = {*BROKEN_BY[bad], "eligibility", "files-of-others", "reversal", "settle", "statement", "no-checksum"}
    assert broken("insurance", folders["insurance"], sorted(tried), bad) == BROKEN_BY[bad]


@pytest.mark.slow
@pytest.mark.parametrize(("role", "name"), [(role, name) for role in PLAYED for name in faults(role)])
def test_a_scripted_fault_fails_exactly_the_scenarios_that_name_it(
    role: str, name: str, folders: dict[str, Here]
) -> None:
    wanted = {one.name for one in SCENARIOS[role] if name in one.catches}
    assert wanted, "a fault that nothing notices proves nothing"
    everything = [one.name for one in SCENARIOS[role]]
    assert broken(role, folders[role], everything, fault=faults(role)[name]) == wanted


@pytest.mark.parametrize("role", PLAYED)
def test_every_scenario_can_fail_and_names_its_clause(role: str) -> None:
    assert set(BROKEN_BY) == {*TOLD, *HABITS}
    assert set().union(*BROKEN_BY.values()) == EVERYTHING
    assert {name for one in SCENARIOS[role] for name in one.catches} == set(faults(role))
    for scenario in SCENARIOS[role]:
        clause = scenario.clause
        headings = re.findall(r"^#{2,3} (.+)$", (ROOT / clause.page).read_text("utf-8"), flags=re.MULTILINE)
        assert scenario.catches and any(line.startswith(clause.section) for line in headings), clause.where
        assert re.search("[\u4e00-\u9fff]", clause.zh) and clause.en.isascii()


# -- what is shown, and where it may be tried --------------------------------------------------------------------------


def test_no_report_shows_a_person(folders: dict[str, Here]) -> None:
    here = folders["insurance"]
    here.reset(Liar, changes=[TOLD["pays a fen more than it says"]])
    results = tuple(conform("folder", "insurance", here.target, _named("insurance", ["settle", "reversal"])))
    report = Report("folder/insurance", "exchange", datetime(2026, 3, 2, tzinfo=UTC), results)
    shown = "".join(form(report).decode() for form in (junit, page, fhir_testreport))
    assert "T00000002" not in shown and "1962-03-14" not in shown
    assert "docs/wire-folder.md § 3. Receipts" in shown and ".receipt.json" in shown and "bears" not in shown


def test_a_folder_that_a_hospital_uses_is_not_tried(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="CNF-906"):
        usable(tmp_path / "nowhere", for_tests=True)
    usable(tmp_path, for_tests=False)
    (tmp_path / "kept").mkdir()
    usable(tmp_path, for_tests=False)
    (tmp_path / "kept" / "x.out").write_bytes(b"")
    with pytest.raises(AdapterError, match="CNF-907"):
        usable(tmp_path, for_tests=False)
    usable(tmp_path, for_tests=True)
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
