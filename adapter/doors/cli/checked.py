"""How ``adapter mapping check`` looks at a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapter.cases.mappings import CheckReport, Survey
from adapter.doors.cli.output import issue_json, out, table
from adapter.model.issues import Issue


def print_check(report: CheckReport, seen: Survey) -> None:
    """Tables, what is ignored and why, columns that nobody claimed, the work list, coverage."""
    rows = [
        (
            name,
            str(count),
            str(len(report.mapped.get(name, ()))),
            str(len(report.ignored.get(name, {}))),
            ", ".join(report.unclaimed.get(name, {})) or "—",
        )
        for name, count in report.rows.items()
    ]
    table("", ("table 表", "rows 行", "mapped 已对照", "ignored 已忽略", "unclaimed 未说明"), rows)
    for name, reasons in report.ignored.items():
        for column, reason in reasons.items():
            out.print(f"  {name}.{column}: {reason}", style="dim", markup=False)
    for name, columns in report.unclaimed.items():
        for column, count in columns.items():
            example = seen.examples.get(name, {}).get(column, "")
            out.print(f"  ? {name}.{column}: {count} rows, like {example or '—'}", style="yellow", markup=False)
    if seen.work:
        work = [(each.column, each.code, each.table, str(each.rows), f"{each.money:,.2f}") for each in seen.work]
        heads = ("column 列", "code 编码", "table 对照表", "rows 行", "yuan 涉及金额")
        table("\nto map, most money first 待对照编码", heads, work, right=("rows 行", "yuan 涉及金额"))
    covered = [
        (
            each.name,
            each.to,
            str(each.rows),
            str(each.made),
            f"{each.elements - len(each.empty)}/{each.elements}",
            ", ".join(each.empty) or "—",
        )
        for each in seen.coverage
    ]
    titles = ("file 映射文件", "resource 资源", "rows 行", "made 生成", "elements 有值", "never filled 始终无值")
    table("\ncoverage 覆盖", titles, covered)


def check_json(report: CheckReport, seen: Survey, found: Iterable[Issue]) -> dict[str, Any]:
    """The same for a pipe; amounts are text in yuan."""
    return {
        "rows": report.rows,
        "mapped": report.mapped,
        "ignored": report.ignored,
        "unclaimed": report.unclaimed,
        "absent": report.absent,
        "unmapped_codes": report.unmapped_codes,
        "examples": seen.examples,
        "work": [
            {
                "column": each.column,
                "code": each.code,
                "table": each.table,
                "rows": each.rows,
                "money": f"{each.money:f}",
            }
            for each in seen.work
        ],
        "coverage": [
            {
                "file": each.name,
                "resource": each.to,
                "rows": each.rows,
                "made": each.made,
                "elements": each.elements,
                "empty": list(each.empty),
            }
            for each in seen.coverage
        ],
        "issues": [issue_json(issue) for issue in found],
    }
