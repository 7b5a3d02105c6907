"""Scenario and site files that cannot be used are refused; persons are masked; reports are well-formed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fhir.resources.R4B.testreport import TestReport as FhirTestReport

from adapter.counterparts.conformance.dialects import Target, conform, scenarios_for
from adapter.counterparts.conformance.masking import Mask
from adapter.counterparts.conformance.play import Exchange
from adapter.counterparts.conformance.reports.junit import junit
from adapter.counterparts.conformance.reports.page import page
from adapter.counterparts.conformance.reports.report import Report
from adapter.counterparts.conformance.reports.testreport import fhir_testreport
from adapter.counterparts.conformance.scenario import load_scenarios
from adapter.counterparts.conformance.site import load_site
from adapter.model.issues import AdapterError
from tests.support.conformance import MAPPINGS, Here, counterpart_here, site

SITE = MAPPINGS / "conformance" / "site.yaml"
GOOD = """
page: docs/wire-fhir.md
scenarios:
  one:
    zh: 一
    en: one
    section: "4. Look-up"
    rule: {zh: 条款, en: clause}
    steps:
      - {send: settle, as: first, expect: {answer: complete}}
      - {send: repeat, with: {of: first}}
"""


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    with counterpart_here("bureau", tmp_path_factory.mktemp("bureau") / "store.sqlite") as here:
        yield here


@pytest.fixture(scope="module")
def report(bureau: Here) -> Report:
    """One scenario that passes and one that fails because the reversal's answer is garbage."""
    bureau.script({"match": {"stage": "reverse", "times": 0}, "do": "garbage"})
    scenarios = scenarios_for("fhir", "insurance", MAPPINGS, ["look-up", "reversal"])
    results = tuple(conform("fhir", "insurance", bureau.target, scenarios))
    return Report("fhir/insurance", "http://here.example/fhir", datetime(2026, 3, 2, tzinfo=UTC), results)


def load(folder: Path, text: str) -> None:
    file = folder / "file.yaml"
    file.write_text(text, encoding="utf-8")
    load_scenarios(file, sends=("settle", "repeat"), checks=("answer",))


def test_a_good_file_is_read(tmp_path: Path) -> None:
    load(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("send: settle", "send: pay", "pay is none of"),
        ("answer: complete", "anwser: complete", "anwser is none of"),
        ("of: first", "of: second", "no earlier step is called second"),
        ("    en: one\n", "", "en"),
        ("    zh: 一\n", "    zh: 一\n    zh: 二\n", "zh is given twice"),
        ("    section:", "    chapter: x\n    section:", "chapter is none of"),
        ("scenarios:", "scenarios: [", "while parsing"),
        (GOOD, "- a list", "a table is expected"),
    ],
)
def test_a_bad_scenario_file_is_refused_with_the_word(tmp_path: Path, good: str, bad: str, said: str) -> None:
    with pytest.raises(AdapterError) as refused:
        load(tmp_path, GOOD.replace(good, bad, 1))
    assert refused.value.issues[0].code == "CNF-901" and said in refused.value.issues[0].en


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("  unknown: T99999999", "  nobody: T99999999", "unknown"),
        ("settled: 2021-03-12", "settled: someday", "someday"),
        ('in_scope: "9000.00"', 'in_scope: "much"', "much"),
        ("facility:", "hospital:", "facility"),
    ],
)
def test_a_bad_site_file_is_refused_with_the_entry(tmp_path: Path, good: str, bad: str, said: str) -> None:
    text = SITE.read_text("utf-8")
    assert good in text
    (tmp_path / "site.yaml").write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(AdapterError) as refused:
        load_site(tmp_path / "site.yaml")
    assert refused.value.issues[0].code == "CNF-902" and said in refused.value.issues[0].en


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(AdapterError, match="CNF-900"):
        scenarios_for("fax", "insurance", MAPPINGS)
    with pytest.raises(AdapterError, match="CNF-903"):
        scenarios_for("fhir", "aid", MAPPINGS, ["nothing"])


def test_a_token_that_is_not_set_stops_the_run(tmp_path: Path) -> None:
    text = SITE.read_text("utf-8").replace("# token_env", "token_env")
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    target = Target("http://here.example/fhir", load_site(tmp_path / "site.yaml"))
    with pytest.raises(AdapterError, match="CNF-905"):
        list(conform("fhir", "aid", target, scenarios_for("fhir", "aid", MAPPINGS)))


def test_the_facility_may_be_another(bureau: Here) -> None:
    bureau.reset()
    target = Target(bureau.target.url, load_site(SITE, facility="H00000000000"), client=bureau.target.client)
    (result,) = conform("fhir", "insurance", target, scenarios_for("fhir", "insurance", MAPPINGS, ["settle"]))
    assert "outcome=complete" in result.findings[0].en, "the bureau has no item list for that hospital"


# -- masking and reports -----------------------------------------------------------------------------------------------


def test_persons_are_masked_and_amounts_are_not_touched() -> None:
    body = (
        b'{"resourceType":"Patient","id":"p","name":[{"text":"Somebody"}],"birthDate":"1962-03-14",'
        b'"note":"T00000002, 430101196203140018","subscriberId":"T00000002","value":1500.10}'
    )
    shown = Mask.of(["T00000002"]).exchange(Exchange("GET /x?a=T00000002", body, got=b"not json T00000002"))
    everything = shown.address + shown.sent.decode() + shown.got.decode()
    for secret in ("T00000002", "Somebody", "1962-03-14", "430101196203140018"):
        assert secret not in everything
    assert '"value": 1500.10' in shown.sent.decode()


def test_no_report_names_a_person(report: Report) -> None:
    number = site().persons["insured"]
    for form in (junit, page, fhir_testreport):
        text = form(report).decode()
        assert number not in text and "1962-03-14" not in text


def test_junit_has_the_clause_and_both_bodies(report: Report) -> None:
    suite = ElementTree.fromstring(junit(report))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    passed, failed = suite.findall("testcase")
    assert passed.find("failure") is None and (failed.get("name"), failed.get("classname")) == (
        "reversal",
        "fhir.insurance",
    )
    failure = failed.find("failure")
    assert failure is not None and failure.text is not None
    assert failure.text.startswith("docs/wire-fhir.md § 5. Reversal\n")
    assert "> POST /Claim/$submit" in failure.text and "< HTTP 200" in failure.text and "\x1f" not in failure.text


def test_the_page_stands_alone_and_opens_what_failed(report: Report) -> None:
    text = page(report).decode()
    assert "1 / 2" in text and "5. Reversal" in text
    assert '<details id="reversal" open>' in text and '<details id="look-up">' in text
    assert "<html>" not in text.partition("<body>")[2], "what came back is shown, not run"
    assert "src=" not in text and 'href="http' not in text


def test_the_testreport_is_valid_and_says_what_was_broken(report: Report) -> None:
    resource = json.loads(fhir_testreport(report))
    assert FhirTestReport.model_validate(resource).result == "fail"
    assert resource["score"] == 50 and [test["name"] for test in resource["test"]] == ["look-up", "reversal"]
    asserted = [action["assert"]["result"] for action in resource["test"][1]["action"] if "assert" in action]
    assert asserted == ["pass", "pass", "fail"]
    last_operation = resource["test"][1]["action"][-2]["operation"]
    assert "\n    > {" in last_operation["message"] and "HTTP 200" in last_operation["message"]
