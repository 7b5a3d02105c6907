"""JUnit XML, for build servers: one test case per scenario."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from adapter.counterparts.conformance.play import Result
from adapter.counterparts.conformance.reports.report import Report, party_words, told

#: What XML 1.0 cannot hold.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    """The report as ``<testsuite>``; a failure's text has clause, finding and the exchange."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"conform {report.suite}",
        tests=str(len(report.results)),
        failures=str(len(report.broken)),
        errors="0",
        time=_seconds(report.milliseconds),
        timestamp=report.at.isoformat(timespec="seconds"),
        hostname=report.target,
    )
    for result in report.results:
        suite.append(_case(report, result))
    ElementTree.indent(suite)
    text = ElementTree.tostring(suite, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _case(report: Report, result: Result) -> ElementTree.Element:
    scenario = result.scenario
    case = ElementTree.Element(
        "testcase", classname=report.suite.replace("/", "."), name=scenario.name, time=_seconds(result.milliseconds)
    )
    if not result.passed:
        finding = result.findings[0]
        message = f"{scenario.clause.where}: {finding.en} {finding.zh}"
        message += f" [{words}]" if (words := party_words(result)) else ""
        failure = ElementTree.SubElement(case, "failure", message=_plain(message), type="clause")
        failure.text = _plain(told(result))
    return case


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"
