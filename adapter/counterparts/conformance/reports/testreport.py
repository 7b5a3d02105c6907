"""A FHIR R4 TestReport: one test per scenario, an operation and an assertion per step."""

from __future__ import annotations

from decimal import Decimal

from adapter.counterparts.conformance.play import Exchange, Result, StepResult
from adapter.counterparts.conformance.reports.report import Report, heard
from adapter.counterparts.wire import CANON, Resource, encode


def fhir_testreport(report: Report) -> bytes:
    """The report as a TestReport; ``score`` is the percentage of scenarios that passed."""
    passed = len(report.results) - len(report.broken)
    score = Decimal(100 * passed) / max(len(report.results), 1)
    resource: Resource = {
        "resourceType": "TestReport",
        "name": f"conform-{report.suite.replace('/', '-')}",
        "status": "completed",
        "testScript": {
            "identifier": {"system": f"{CANON}/sid/conformance", "value": report.suite},
            "display": f"conformance scenarios {report.suite}",
        },
        "result": "fail" if report.broken else "pass",
        "score": score.quantize(Decimal("0.01")),
        "issued": report.at.isoformat(timespec="seconds"),
        "participant": [
            {"type": "test-engine", "uri": f"{CANON}/conformance-kit", "display": "adapter conform"},
            {"type": "server", "uri": report.target, "display": report.target},
        ],
        "test": [_test(result) for result in report.results],
    }
    return encode(resource)


def _test(result: Result) -> Resource:
    scenario = result.scenario
    actions = [action for step in result.steps for action in _actions(result, step)]
    return {"name": scenario.name, "description": f"{scenario.zh} {scenario.en}", "action": actions}


def _actions(result: Result, step: StepResult) -> list[Resource]:
    """An operation; and what was found, where a step expects something."""
    exchanges = step.exchanges
    unheard = any(exchange.failure for exchange in exchanges)
    said = "\n".join(_said(exchange, whole=bool(step.findings)) for exchange in exchanges)
    detail = f"{CANON}/{result.scenario.clause.page.removesuffix('.md')}"
    operation = {"result": "error" if unheard else "pass", "message": said or step.step.send, "detail": detail}
    clause = result.scenario.clause
    found = "\n".join(f"{finding.zh} {finding.en}" for finding in step.findings)
    message = f"{clause.where}: {found or clause.en}"
    return [
        {"operation": operation},
        {"assert": {"result": "fail" if step.findings else "pass", "message": message, "detail": detail}},
    ]


def _said(exchange: Exchange, *, whole: bool) -> str:
    """An exchange in a line; ``whole``: with both bodies, where something was found."""
    line = f"{exchange.address}: {heard(exchange)}"
    if not whole:
        return line
    sent, got = (part.decode("utf-8", "replace") for part in (exchange.sent, exchange.got))
    return f"{line}\n\n    > {_indented(sent)}\n\n    < {_indented(got)}"


def _indented(text: str) -> str:
    """A body as a code block of Markdown."""
    return text.replace("\n", "\n    ")
