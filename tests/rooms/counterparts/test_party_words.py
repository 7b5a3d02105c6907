"""A refusal's own reason is in every form of the kit's report: whoever reads it need not dig in a body."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.counterparts.conformance.dialects import scenarios_for
from adapter.counterparts.conformance.play import Exchange, Finding, Result, StepResult
from adapter.counterparts.conformance.reports.junit import junit
from adapter.counterparts.conformance.reports.page import page
from adapter.counterparts.conformance.reports.report import Report, party_words
from adapter.doors.cli.conform import _print
from tests.support.conformance import MAPPINGS

OUTCOME = '{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "该人员\\u5df2停保"}]}'


def result(got: bytes, *, status: str = "HTTP 422", failure: str = "", passed: bool = False) -> Result:
    (scenario,) = scenarios_for("fhir", "insurance", MAPPINGS, ["look-up"])
    findings = () if passed else (Finding("应答不是200", "no 200"),)
    exchange = Exchange("POST /Claim", b"{}", "" if failure else status, got, failure=failure)
    return Result(scenario, (StepResult(scenario.steps[0], (exchange,), findings),), 5)


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (OUTCOME.encode(), "HTTP 422: 该人员已停保"),
        (OUTCOME.encode()[:-3], "HTTP 422: 该人员已停保"),
        ('{"infcode": -1, "err_msg": "读卡失败", "output": null}'.encode(), "HTTP 422: 读卡失败"),
        ("<s:Body><s:Fault><faultstring>证书&amp;过期</faultstring></s:Fault>".encode(), "HTTP 422: 证书&过期"),
        ("MSH|^~\\&|A\rMSA|AE|1|床位未登记\r".encode(), "HTTP 422: 床位未登记"),
        ("<ns:return><returnCodeDes>账号已锁定</returnCodeDes>".encode(), "HTTP 422: 账号已锁定"),
        (b'{"message": "twice"} {"message": "twice"}', "HTTP 422: twice"),
        (b'{"message": "bad \\x escape"}', 'HTTP 422: "bad \\x escape"'),
        (b"", "HTTP 422"),
        (b"[" * 100_000, "HTTP 422"),
    ],
)
def test_what_the_party_said(got: bytes, said: str) -> None:
    assert party_words(result(got)) == said


def test_a_passed_scenario_and_a_silent_party_have_no_reason() -> None:
    assert party_words(result(OUTCOME.encode(), passed=True)) == ""
    assert party_words(result(b"", failure="refused")) == "no answer: refused"
    assert len(party_words(result(b'{"message": "%s"}' % (b"x" * 5000)))) == 300


def test_every_form_of_report_names_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    report = Report(
        "fhir/insurance", "http://here.example", datetime(2026, 3, 2, tzinfo=UTC), (result(OUTCOME.encode()),)
    )
    for form in (junit, page):
        text = form(report).decode()
        assert "该人员已停保" in text, form.__name__
    assert "[HTTP 422: 该人员已停保]" in junit(report).decode().split("</failure>")[0].split('type="clause"')[0]
    _print(report)
    assert "该人员已停保" in capsys.readouterr().out
