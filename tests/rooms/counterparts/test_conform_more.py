"""The conformance kit at a bureau of the national platform and at a SOAP aid service: true ones pass, liars fail."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.counterparts.aid_xml.seed import load_seed as load_aid_seed
from adapter.counterparts.conformance.aid_xml.site import AidXmlSite
from adapter.counterparts.conformance.dialects import conform, scenarios_for, site_for
from adapter.counterparts.conformance.nhsa.site import NhsaSite
from adapter.counterparts.conformance.reports.junit import junit
from adapter.counterparts.conformance.reports.page import page
from adapter.counterparts.conformance.reports.report import Report
from adapter.counterparts.conformance.reports.testreport import fhir_testreport
from adapter.model.issues import AdapterError
from tests.support.conform_more import HereToo, aid_service_here, bureau_here
from tests.support.conformance import MAPPINGS
from tests.support.counterparts import ROOT
from tests.support.lies_more import AID_LIES, AS_LISTED, NHSA_LIES

ROLES = {"nhsa": "insurance", "aid-xml": "aid"}
HERE: dict[str, Callable[[], AbstractContextManager[HereToo]]] = {"nhsa": bureau_here, "aid-xml": aid_service_here}
SCENARIOS = {dialect: scenarios_for(dialect, role, MAPPINGS) for dialect, role in ROLES.items()}
LIES = {"nhsa": NHSA_LIES, "aid-xml": AID_LIES}

_REFUSING = {
    *("without-sign-in", "unknown-person", "another-name", "missing-field", "admission", "one-bad-line", "line-twice"),
    *("withdraw", "settle-again", "another-person", "cancel-twice", "cancel-its-own", "undo"),
}
_SETTLING = {"refund-line", "trial-keeps-nothing", "settle", "wrong-total", "cancel", "undo"}
_LINES = {"fee-lines", "one-bad-line", "line-twice", "refund-line", "withdraw"}
_CEILING = {
    *("identity", "ceiling", "questions-keep-nothing", "settle", "settle-unregistered", "settle-twice"),
    *("reversal", "reversal-twice", "reversal-of-its-own", "settle-after-reversal"),
}
#: What each lie of tests/support/lies_more.py breaks.
BROKEN_BY: dict[str, dict[str, set[str]]] = {
    "nhsa": {
        "the name in another encoding": {"person"},
        "a bill of another stay": {"settle"},
        "a fund pays less than nothing": _SETTLING,
        "another fund than in the trial": {"trial-keeps-nothing", "settle", "cancel", "year-follows"},
        "a settled line has another amount": {"settle"},
        "what was refused is kept": {"wrong-total"},
        "one cancellation shows everywhere": {"cancel-its-own"},
        "another number at each sign-in": {"sign-in"},
        "another person each time": {"person"},
        "in hospital for ever": {"admission-cancelled", "discharge"},
        "errors are infcode 0": {*_REFUSING, "wrong-total"},
        "refuses without a word": _REFUSING,
        "everybody is known": {"without-sign-in", "unknown-person", "another-name"},
        "no fund grants anything": {"entitlement"},
        "admits twice": {"admission"},
        "nobody is in hospital": {"admission"},
        "a line is off by a fen": _LINES,
        "a line is not answered": _LINES,
        "bad lines are good": {"one-bad-line", "line-twice"},
        "the trial is a fen off": {"trial-keeps-nothing"},
        "the trial has an id": {"trial-keeps-nothing"},
        "the fund pays a fen more": _SETTLING,
        "another total": _SETTLING,
        "finer than a fen": _SETTLING,
        "funds without rows": {*_SETTLING, "year-follows"},
        "a number of its own": {"settle"},
        "settles again": {"settle-again"},
        "cancels again": {"cancel-twice", "undo"},
        "cancellation is positive": {"cancel"},
        "cancellation does not show": {"cancel", "cancel-its-own"},
        "a settled line is not shown": {"settle"},
        "the year stands still": {"year-follows"},
        "everything balances": {"totals-differ"},
    },
    "aid-xml": {
        "no session is needed": {"session-needed", "logout"},
        "any account will do": {"unknown-account"},
        "refusals are good": {
            *("unknown-person", "not-aided", "admission", "ceiling", "settle-unregistered", "settle-twice"),
            *("reversal-twice", "reversal-of-its-own", "lines"),
        },
        "repeats are good": {"settle-unregistered", "settle-twice", "reversal-twice", "reversal-of-its-own"},
        "other codes": {"admission"},
        "lines at any time": {"lines"},
        "everybody is aided": {"not-aided"},
        "the ceiling stands still": {"settle", "reversal-of-its-own", "settle-after-reversal"},
        "the ceiling in whole yuan": {"settle", "reversal-of-its-own", "settle-after-reversal"},
        "the ceiling finer than a fen": _CEILING,
        "a ceiling of its own": {"ceiling"},
        "another name": {"identity"},
        "a ratio in words": {"ratio"},
        "a ratio below nothing": {"ratio"},
        "the ceiling is not told": _CEILING,
        "no ratio": {"ratio"},
        "no category": {"identity", "ratio"},
        "no SOAP faults": {"not-a-call"},
        "another namespace": {one.name for one in SCENARIOS["aid-xml"]} - {"not-a-call"},
    },
}
#: Scenarios for what the region of the shipped site does not have; they are tried elsewhere on this page.
_ELSEWHERE = {"nhsa": {"wrong-signature", "lines-by-visit"}, "aid-xml": set[str]()}


@pytest.fixture(scope="module", params=ROLES)
def party(request: pytest.FixtureRequest) -> Iterator[tuple[str, HereToo]]:
    with HERE[request.param]() as here:
        yield request.param, here


def broken(dialect: str, here: HereToo) -> set[str]:
    """The scenarios that fail, all in one run."""
    results = conform(dialect, ROLES[dialect], here.target, SCENARIOS[dialect])
    return {one.scenario.name for one in results if not one.passed}


def plain() -> NhsaSite:
    found = site_for("nhsa", "insurance", MAPPINGS, None)
    assert isinstance(found, NhsaSite)
    return found


# -- parties that keep the page ----------------------------------------------------------------------------------------


def test_a_party_that_behaves_passes_all_and_is_left_as_it_was(party: tuple[str, HereToo]) -> None:
    dialect, here = party
    here.reset()
    with patch("uuid.uuid4", side_effect=[UUID("1" * 32), UUID("2" * 32)]):
        assert [broken(dialect, here) for _ in range(2)] == [set(), set()], "a second run meets what the first left"
    left = here.state()
    assert left["settled"] == 0 and left["settled_twice"] == {}
    if dialect == "nhsa":
        assert left["refunded"] > 0 and set(left["visits"]) == {"cancelled"} and not any(left["lines"].values())
    else:
        assert left["registered"] == 0 and left["reversed"] > 0 and left["paid"] == "0.00"


REGIONS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "test_inland": (
        {"signs_in": False, "digits": True, "lines_by_visit": True, "cumulative": {"D390101": "3901"}},
        {},
    ),
    "test_coastal": (
        {
            "by_path": True,
            "signing": "x-tif",
            "key_env": "K",
            "secret_env": "S",
            "refusals": ("-2",),
            "account_inside_fund": True,
            "opposite_positive": True,
        },
        {"K": "test", "S": "not-a-real-secret"},
    ),
    "lake": (
        {"by_path": True, "signing": "sm3", "secret_env": "S"},
        {"S": "test-digest-secret"},
    ),
}


@pytest.mark.parametrize("region", REGIONS)
def test_what_a_region_does_differently_is_said_in_the_site_file(region: str) -> None:
    changed, secrets = REGIONS[region]
    with bureau_here(region, replace(plain(), **changed), secrets) as here:
        results = list(conform("nhsa", "insurance", here.target, SCENARIOS["nhsa"]))
    assert [(one.scenario.name, one.findings) for one in results if not one.passed] == []
    played = {one.scenario.name for one in results}
    assert ("sign-in" in played) == (region != "test_inland")
    assert ("wrong-signature" in played) == (region != "test_inland")
    assert ("lines-by-visit" in played) == (region == "test_inland")


def test_a_bureau_that_answers_with_the_very_fields_of_the_page_passes() -> None:
    """5203 has other names for the patient's part than 2304, and none for the hospital's."""
    with bureau_here() as here:
        here.lie(AS_LISTED)
        assert broken("nhsa", here) == set()


# -- and parties that do not -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dialect", "lie"), [(dialect, lie) for dialect, lies in LIES.items() for lie in lies])
def test_a_lie_fails_exactly_what_it_touches(dialect: str, lie: str) -> None:
    with HERE[dialect]() as here:
        found = set()
        for name in sorted(BROKEN_BY[dialect][lie] | {"identity", "fee-lines", "settle", "admission"}):
            here.reset()
            here.lie(LIES[dialect][lie])
            scenarios = [one for one in SCENARIOS[dialect] if one.name == name]
            found |= {
                one.scenario.name for one in conform(dialect, ROLES[dialect], here.target, scenarios) if one.findings
            }
    assert found == BROKEN_BY[dialect][lie]


@pytest.mark.parametrize("dialect", ROLES)
def test_every_scenario_is_failed_by_a_lie_and_names_its_clause(dialect: str) -> None:
    caught = set().union(*BROKEN_BY[dialect].values()) | _ELSEWHERE[dialect]
    assert set(BROKEN_BY[dialect]) == set(LIES[dialect])
    assert caught == {one.name for one in SCENARIOS[dialect]}
    for scenario in SCENARIOS[dialect]:
        clause = scenario.clause
        headings = re.findall(r"^#{2,3} (.+)$", (ROOT / clause.page).read_text("utf-8"), flags=re.MULTILINE)
        assert any(line.startswith(clause.section) for line in headings), clause.where
        assert re.search("[\u4e00-\u9fff]", clause.zh) and clause.en.isascii()


def test_a_gateway_that_takes_any_signature_and_a_bureau_that_hides_lines_are_found_out() -> None:
    claims = replace(plain(), signing="x-tif", key_env="K", secret_env="S", lines_by_visit=True)
    with bureau_here("plain", claims, {"K": "test", "S": "not-a-real-secret"}) as here:
        assert broken("nhsa", here) == {"wrong-signature", "lines-by-visit"}


def test_a_bureau_whose_refusals_prove_nothing_is_found_out() -> None:
    more = {number: {"insuplc_admdvs": "999900", "mdtrtarea_admvs": "999900"} for number in ("2401", "2303", "2304")}
    site = replace(plain(), signing="gateway-hmac-sha1", key_env="K", secret_env="S", digits=True, more=more)
    with bureau_here("inland", site, {"K": "test-access-key", "S": "test-secret-key"}) as here:
        found = broken("nhsa", here)
    assert found >= {*_REFUSING, "wrong-total"} and not found & {"settle", "cancel", "fee-lines", "refund-line"}


FAULTS: dict[str, dict[str, Any]] = {
    "answer lost": {"do": "drop-after"},
    "request lost": {"do": "drop-before"},
    "garbage": {"do": "garbage"},
    "breaks off": {"do": "truncated"},
    "out of order": {"do": "status", "status": 503},
    "out of order, but done": {"do": "status", "status": 500, "processed": True},
    "arrives twice": {"do": "twice"},
    "no answer": {"do": "hang"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_line_fails_the_settlement_and_what_was_lost_is_taken_back(
    fault: str, party: tuple[str, HereToo]
) -> None:
    dialect, here = party
    here.reset()
    match = {"path": "/2304" if dialect == "nhsa" else "balance"}
    here.script({"match": match, **FAULTS[fault]})
    (found,) = conform(
        dialect, ROLES[dialect], here.target, scenarios_for(dialect, ROLES[dialect], MAPPINGS, ["settle"])
    )
    assert not found.passed
    left = here.state()
    assert left["settled"] == 0
    assert (left.get("registered", 0), set(left.get("visits", {}))) == (
        0,
        {"cancelled"} if dialect == "nhsa" else set(),
    )


# -- what is shown -----------------------------------------------------------------------------------------------------


def test_no_report_shows_a_person(party: tuple[str, HereToo]) -> None:
    dialect, here = party
    here.reset()
    here.script({"match": {"times": 0, "path": "/2304" if dialect == "nhsa" else "balance"}, "do": "garbage"})
    results = tuple(conform(dialect, ROLES[dialect], here.target, SCENARIOS[dialect]))
    report = Report(f"{dialect}/{ROLES[dialect]}", here.target.url, datetime(2026, 3, 2, tzinfo=UTC), results)
    shown = "".join(form(report).decode() for form in (junit, page, fhir_testreport))
    for personal in ("999999195510120047", "999999197107020053", "测试乙", "测试丙", "not-a-real-password"):
        assert personal not in shown
    assert "docs/wire-" in shown and "***" in shown


@pytest.mark.parametrize("dialect", ROLES)
def test_a_site_that_lacks_something_says_what(dialect: str, tmp_path: Any) -> None:
    text = (MAPPINGS / "conformance" / dialect / "site.yaml").read_text("utf-8")
    for good, bad, said in (
        ("\npersons:", "\npeople:", "persons"),
        ("timeout_seconds: 30", "timeout_seconds: soon", "soon"),
        ("signing: none", "signing: wax", "signing is one of")
        if dialect == "nhsa"
        else ('aid: "10.37"', 'aid: "x"', "x"),
    ):
        file = tmp_path / "site.yaml"
        file.write_text(text.replace(good, bad, 1), encoding="utf-8")
        with pytest.raises(AdapterError) as refused:
            site_for(dialect, ROLES[dialect], MAPPINGS, file)
        assert refused.value.issues[0].code == "CNF-902" and said in refused.value.issues[0].en
    assert site_for(dialect, ROLES[dialect], MAPPINGS, None, "H00000000000") != site_for(
        dialect, ROLES[dialect], MAPPINGS, None
    )


def test_a_password_that_is_not_set_stops_the_run() -> None:
    with aid_service_here() as here, pytest.raises(AdapterError, match="CNF-905") as stopped:
        target = replace(here.target, secret=lambda _: None)
        list(conform("aid-xml", "aid", target, SCENARIOS["aid-xml"]))
    (issue,) = stopped.value.issues
    assert "password_env" in issue.en and "ADAPTER_CONFORM_PASSWORD='secret' adapter conform" in (issue.hint_en or "")


def test_a_password_that_is_not_taken_stops_the_run_before_the_account_is_locked() -> None:
    with aid_service_here() as here:
        wrong = replace(here.target, secret=lambda _: "…")
        for _ in range(2):
            with pytest.raises(AdapterError, match="CNF-908"):
                list(conform("aid-xml", "aid", wrong, SCENARIOS["aid-xml"]))
        assert broken("aid-xml", here) == set(), "five wrong passwords lock an account"


def test_the_worked_example_has_the_password_of_the_simulator() -> None:
    site = site_for("aid-xml", "aid", MAPPINGS, None)
    assert isinstance(site, AidXmlSite)
    users = load_aid_seed(ROOT / "fixtures" / "endpoints" / "aid-xml.yaml").users
    for page_with_it in ("conformance-kit.md", "user-guide.md"):
        (line,) = re.findall(r"^\$ (.*--dialect aid-xml.*)$", (ROOT / "docs" / page_with_it).read_text("utf-8"), re.M)
        assert line.startswith(f"{site.password_env}={users[site.user]} adapter conform aid ")


@settings(deadline=None, max_examples=25, database=None)
@given(seed=st.integers(min_value=0, max_value=10**6))
def test_no_answer_can_make_the_kit_fall_over(seed: int, party: tuple[str, HereToo]) -> None:
    """Somewhere in every answer a few bytes are something else."""
    dialect, here = party
    dice = random.Random(seed)

    def odd(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        at = dice.randrange(len(response.content) + 1)
        put = dice.choice([b"", b"null", b"[]", b"{}", b'"', b"<", b"0.001", b"\xff", b"-1", b"<x/>"])
        content = response.content[:at] + put + response.content[at + dice.randrange(6) :]
        return httpx.Response(response.status_code, content=content, request=request)

    here.reset()
    here.lie(odd)
    list(conform(dialect, ROLES[dialect], here.target, dice.sample(SCENARIOS[dialect], 4)))
