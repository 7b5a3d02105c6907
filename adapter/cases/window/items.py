"""Items that cannot wait for payment: which lines, why, and what the doctor said of their exceptions (不缓交项目)."""

from __future__ import annotations

from typing import Any

import msgspec

from adapter.cases.reading import Dossier, case_of, dossier
from adapter.cases.tools import Act, Tools
from adapter.cases.window.desk import Done, at_desk, not_found
from adapter.cases.window.record import WindowRecord, findings_by_line, record_of
from adapter.ledger.ledger import Transaction
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue
from adapter.model.window import ItemFinding
from adapter.rules.programme import LineDeferral, deferral_issues, deferral_of_lines
from adapter.rules.programme.reading import read_terms
from adapter.rules.programme.window_issues import checker_unnamed


def record_finding(case_id: str, line: str, excepted: bool, by: str, tools: Tools, act: Act) -> Done:
    """Record the doctor's answer: functional treatment, medical need, or neither. A later answer counts.

    Args:
        line: the HIS's own key of a fee line.

    Raises:
        AdapterError: PRG-245 no such line, PRG-253 without the doctor.
    """
    with at_desk(case_id, tools, act, doing="item-finding", zh="登记项目认定") as desk:
        if not by.strip():
            raise AdapterError(checker_unnamed(case_id, line))
        if all(each.row_key != line for each in _read(desk.tx, case_id, tools).claim.lines):
            raise not_found(case_id, "items", line)
        finding = ItemFinding(line, excepted, by, act.at, act.actor.id)
        desk.keep(findings=(*desk.record.findings, finding))
        shown: dict[str, Any] = msgspec.to_builtins(finding)
        return desk.done(shown)


def list_items(case_id: str, tools: Tools) -> tuple[list[dict[str, Any]], tuple[Issue, ...]]:
    """Lines of excluded groups with their answer and article, and what is still to be established.

    A line that cannot wait never takes the stay out: every payer is asked about it like about any other (X-04).

    Raises:
        AdapterError: CASE-302, or what keeps the case from being read.
    """
    with tools.ledger.reading() as tx:
        case = _read(tx, case_id, tools)
        answers = _answers(case, record_of(tx, case_id), tools)
    terms = read_terms(tools.book.programme(case.scheme.programme), case.scheme.settings)
    excluded = {each.group for each in terms.items}
    lines = {line.id: line for line in case.claim.lines}
    shown = [
        {
            "line": lines[each.line_id].row_key,
            "code": lines[each.line_id].code,
            "amount": lines[each.line_id].amount.text,
            "group": each.group,
            "answer": str(each.answer),
            "own_pay": each.own_pay,
            "zh": each.zh,
            "en": each.en,
            "cite": each.cite,
        }
        for each in answers
        if each.group in excluded
    ]
    return shown, deferral_issues(answers)


def _answers(case: Dossier, record: WindowRecord, tools: Tools) -> tuple[LineDeferral, ...]:
    programme = tools.book.programme(case.scheme.programme)
    return deferral_of_lines(case.claim, programme, case.scheme.settings, findings_by_line(case.claim, record))


def _read(tx: Transaction, case_id: str, tools: Tools) -> Dossier:
    row = case_of(tx, case_id)
    return dossier(tx, case_id, max(row.version, 1), tools, estimate_on=local_day(tools.clock.now()))
