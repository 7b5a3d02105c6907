"""Issues of ``adapter policy diff``: POL-231 … POL-234."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def row_unreadable(place: str, zh: str, en: str) -> Issue:
    return Issue(
        code="POL-231",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"该行无法读取:应为{zh}",
        en=f"the line cannot be read: {en} is wanted",
        hint_zh="请更正该行;列的写法见 docs/plans.md",
        hint_en="correct the line; docs/plans.md shows the columns",
    )


def column_unknown(place: str, column: str) -> Issue:
    return Issue(
        code="POL-232",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"不认识的列“{column}”",
        en=f"unknown column '{column}'",
        hint_zh="列名见 docs/plans.md;计划按其变化的其他条件写作 circumstance.名称",
        hint_en="docs/plans.md lists the columns; other keys of a plan are written circumstance.NAME",
    )


def column_missing(place: str, column: str) -> Issue:
    return Issue(
        code="POL-233",
        severity=Severity.ERROR,
        pointer=place,
        zh=f"缺少列“{column}”",
        en=f"the column '{column}' is missing",
        hint_zh="列名见 docs/plans.md",
        hint_en="docs/plans.md lists the columns",
    )


def rule_date_missing(case: str) -> Issue:
    return Issue(
        code="POL-234",
        severity=Severity.ERROR,
        pointer=case,
        zh="该病例没有结算日期(settled_on),也没有指定规则日期",
        en="the case has no day of settlement (settled_on), and no rule date was given",
        hint_zh="请补充该列,或用 --on 指定规则日期",
        hint_en="add the column, or give a rule date with --on",
    )
