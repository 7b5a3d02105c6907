"""The conformance kit against simulators: one that behaves passes, one that does not fails just where it must."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.counterparts.conformance.checks import ANSWERS
from adapter.counterparts.conformance.dialects import DIALECTS, conform, scenarios_for
from adapter.counterparts.conformance.receiver import ANSWERS as RECEIVER_ANSWERS
from adapter.counterparts.conformance.receiver import SENDS, receiver_scenarios
from adapter.counterparts.faults import ACTIONS
from adapter.counterparts.state import state
from adapter.model.notice import WebhookForm
from tests.support.conformance import MAPPINGS, Here, counterpart_here, scripted_faults
from tests.support.counterparts import ROOT
from tests.support.lies import LIES
from tests.support.way_back import way_of
from tests.support.wire_bodies import dump, load

#: The role that the kit names → the simulator that plays it.
PLAYED = {"insurance": "bureau", "aid": "aid"}
SCENARIOS = {role: scenarios_for("fhir", role, MAPPINGS) for role in PLAYED}
FAULTS = {role: scripted_faults(simulator) for role, simulator in PLAYED.items()}

EVERY_ERROR = {"another-body-under-a-key", "wrong-total", "reversal-of-nothing", "errors-are-outcomes"}
#: What each lie of tests/support/lies.py breaks: at the bureau, at the aid office.
BROKEN_BY: dict[str, tuple[set[str], set[str]]] = {
    "amounts lose a digit": (
        {
            *("trial-keeps-nothing", "settle", "amounts-keep-their-digits", "same-claim-again"),
            *("reversal", "reversal-twice", "year-follows", "day-totals"),
        },
        {"store-and-answer-later", "trial-keeps-nothing", "reversal", "day-totals"},
    ),
    "no replay header": ({"same-claim-again", "reversal-twice"}, {"reversal"}),
    "errors are 200": (EVERY_ERROR, {*EVERY_ERROR, "unknown-person", "claim-not-last"}),
    "errors say nothing": (EVERY_ERROR, {*EVERY_ERROR, "unknown-person", "claim-not-last"}),
    "pays a fen more than it says": (
        {
            *("trial-keeps-nothing", "settle", "amounts-keep-their-digits", "same-claim-again", "look-up"),
            *("another-body-under-a-key", "reversal", "reversal-twice", "year-follows", "day-totals"),
        },
        {"reversal"},
    ),
    "tries a fen more": ({"trial-keeps-nothing"}, {"trial-keeps-nothing"}),
    "reversal is positive": ({"reversal", "reversal-twice"}, {"reversal"}),
    "refusals are complete": ({"unknown-person", "dates-out-of-range", "reversal-twice"}, set()),
    "no settlement id": (
        {
            *("settle", "same-claim-again", "another-body-under-a-key", "look-up"),
            *("reversal", "settle-after-reversal", "day-details"),
        },
        set(),
    ),
    "lines do not add up": ({"settle", "same-claim-again", "another-body-under-a-key", "look-up"}, set()),
    "look-up is empty": (
        {"same-claim-again", "another-body-under-a-key", "look-up", "reversal", "settle-after-reversal"},
        {"store-and-answer-later", "same-bundle-twice", "look-up", "trial-keeps-nothing", "reversal", "day-totals"},
    ),
    "look-up is never empty": (
        {"trial-keeps-nothing", "look-up", "dates-out-of-range", "wrong-total"},
        {"look-up", "trial-keeps-nothing"},
    ),
    "look-up never cancels": ({"reversal"}, {"reversal"}),
    "year stands still": ({"same-claim-again", "year-follows"}, set()),
    "everybody is covered": ({"eligibility"}, set()),
    "day stands still": ({"day-totals"}, {"day-totals"}),
    "first page only": ({"day-details"}, {"day-totals"}),
    "everything is new": (set(), {"same-bundle-twice"}),
}


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Here]]:
    folder = tmp_path_factory.mktemp("here")
    with (
        counterpart_here("bureau", folder / "bureau.sqlite") as bureau,
        counterpart_here("aid", folder / "aid.sqlite") as aid,
    ):
        yield {"insurance": bureau, "aid": aid}


def broken(role: str, here: Here, fault: dict[str, object] | None = None, lie: str = "") -> set[str]:
    """The scenarios that fail, each tried on an empty simulator that misbehaves in one way."""
    found = set()
    for scenario in SCENARIOS[role]:
        here.reset()
        here.script(*[fault] if fault else [])
        here.wire.change = LIES[lie] if lie else None
        (result,) = conform("fhir", role, here.target, [scenario])
        found |= set() if result.passed else {result.scenario.name}
    return found


# -- a simulator that behaves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", PLAYED)
def test_a_receiver_that_behaves_passes_all_and_is_left_as_it_was(role: str, simulators: dict[str, Here]) -> None:
    here = simulators[role]
    here.reset()
    for _ in range(2):  # a second run meets what the first left behind
        results = list(conform("fhir", role, here.target, SCENARIOS[role]))
        assert [(one.scenario.name, one.findings) for one in results if not one.passed] == []
    left = state(here.desk)
    assert left["settled"] == 0 and left["reversed"] > 0 and left["duplicates"] == {}
    assert left["least_data_breaches"] == {}, "the kit sends no more than section 8 allows"


@pytest.mark.parametrize("role", PLAYED)
def test_what_was_lost_on_the_way_is_taken_back_too(role: str, simulators: dict[str, Here]) -> None:
    here = simulators[role]
    here.reset()
    here.script(FAULTS[role]["settlement-lost"])
    results = list(conform("fhir", role, here.target, SCENARIOS[role]))
    assert any(not one.passed for one in results)
    assert state(here.desk)["settled"] == 0 and state(here.desk)["reversed"] > 0


# -- and simulators that do not ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "name"), [(role, name) for role in PLAYED for name in FAULTS[role]])
def test_a_scripted_fault_fails_exactly_the_scenarios_that_name_it(
    role: str, name: str, simulators: dict[str, Here]
) -> None:
    wanted = {scenario.name for scenario in SCENARIOS[role] if name in scenario.catches}
    assert wanted, "a fault that nothing notices proves nothing"
    assert broken(role, simulators[role], FAULTS[role][name]) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("role", PLAYED)
@pytest.mark.parametrize("lie", LIES)
def test_a_lie_fails_exactly_what_it_touches(role: str, lie: str, simulators: dict[str, Here]) -> None:
    assert broken(role, simulators[role], lie=lie) == BROKEN_BY[lie][list(PLAYED).index(role)]


@pytest.mark.parametrize("role", PLAYED)
def test_every_scenario_can_fail_by_a_wrong_answer(role: str) -> None:
    caught = set().union(*(found[list(PLAYED).index(role)] for found in BROKEN_BY.values()))
    assert caught == {scenario.name for scenario in SCENARIOS[role]}


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        ("insurance", {"same-claim-again", "another-body-under-a-key", "reversal-twice"}),
        ("aid", {"same-bundle-twice", "another-body-under-a-key", "reversal"}),
    ],
)
def test_a_receiver_that_ignores_keys_is_found_out(role: str, wanted: set[str], tmp_path: Path) -> None:
    with counterpart_here(PLAYED[role], tmp_path / "store.sqlite", ignore_keys=True) as here:
        assert broken(role, here) == wanted


# -- the files ---------------------------------------------------------------------------------------------------------


def test_the_faults_try_every_action_and_are_all_known() -> None:
    assert {str(fault["do"]) for faults in FAULTS.values() for fault in faults.values()} == set(ACTIONS)
    named = {role: {name for one in SCENARIOS[role] for name in one.catches} for role in PLAYED}
    assert named == {role: set(FAULTS[role]) for role in PLAYED}


def test_every_clause_stands_in_its_page() -> None:
    receiving = receiver_scenarios(way_of(WebhookForm("https://his.example", "X")), MAPPINGS)
    for scenario in [*receiving, *(one for scenarios in SCENARIOS.values() for one in scenarios)]:
        clause = scenario.clause
        page = (ROOT / clause.page).read_text("utf-8")
        headings = re.findall(r"^(?:## )?(.+)$", page, flags=re.MULTILINE)
        assert any(line.startswith(clause.section) for line in headings), clause.where
        assert re.search("[\u4e00-\u9fff]", clause.zh) and clause.en.isascii()


def test_the_page_names_every_word_a_scenario_may_use() -> None:
    page = (ROOT / "docs" / "conformance-kit.md").read_text("utf-8")
    words = {word for one in DIALECTS.values() for word in (*one.sends, *one.checks)}
    for word in words | set(SENDS) | set(ANSWERS) | set(RECEIVER_ANSWERS):
        assert f"`{word}`" in page, word


# -- whatever comes back -----------------------------------------------------------------------------------------------

ODD = (None, [], {}, "", "x", 0, -1, True, [[]], [{}], {"value": "1"}, Decimal("1.1"), 10**40)


@pytest.mark.parametrize("role", PLAYED)
@settings(deadline=None, max_examples=10, database=None)
@given(seed=st.integers(min_value=0, max_value=10**6))
def test_no_answer_can_make_the_kit_fall_over(role: str, seed: int, simulators: dict[str, Here]) -> None:
    """One place of every answer is replaced by something else."""
    dice = random.Random(seed)

    def odd(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = load(response.content)
        part, key = dice.choice(list(_places(body)))
        part[key] = dice.choice(ODD)
        return httpx.Response(response.status_code, headers=_typed(response), content=dump(body))

    here = simulators[role]
    here.reset()
    here.wire.change = odd
    for scenario in dice.sample(SCENARIOS[role], 4):
        list(conform("fhir", role, here.target, [scenario]))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from _places(each)


def _typed(response: httpx.Response) -> dict[str, str]:
    return {"content-type": response.headers["content-type"]}
