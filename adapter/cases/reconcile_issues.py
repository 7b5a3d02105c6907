"""Issues of reconciliation and of its work list (对账)."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue, Severity


def cannot_be_asked(endpoint: str, day: date, lines: int) -> Issue:
    """The counterpart lists nothing: a person compares with the list that the office gives."""
    return Issue(
        code="REC-602",
        severity=Severity.ERROR,
        pointer=f"{endpoint}/{day.isoformat()}",
        zh=f"“{endpoint}”不提供任何对账查询,本院当日 {lines} 笔待人工核对",
        en=f"'{endpoint}' cannot be asked for a day at all: {lines} lines of ours wait to be compared by hand",
        hint_zh="请向对方索取当日清单,与所列明细逐笔核对",
        hint_en="get the office's own list of the day and compare it with the lines listed here",
    )


def no_such_day(day: date) -> Issue:
    """A day on which nothing can have been settled."""
    return Issue(
        code="CASE-492",
        severity=Severity.ERROR,
        pointer=day.isoformat(),
        zh=f"不能核对 {day.isoformat()}:日期不在可用范围内",
        en=f"{day.isoformat()} is no day that can be reconciled",
        hint_zh="请核对日期(YYYY-MM-DD)",
        hint_en="check the day (YYYY-MM-DD)",
    )


def unknown_hospital(facility: str, known: str) -> Issue:
    """No source is of a hospital with this code."""
    return Issue(
        code="CASE-493",
        severity=Severity.ERROR,
        pointer=f"facility/{facility}",
        zh=f"没有代码为“{facility}”的医院;现有:{known}",
        en=f"no hospital here has the code '{facility}'; there are: {known}",
        hint_zh="请核对 --facility(付款方所用的机构代码)",
        hint_en="check --facility: the code by which payers know the hospital",
    )


def no_open_difference(difference: str) -> Issue:
    """No open difference has this id."""
    return Issue(
        code="REC-603",
        severity=Severity.ERROR,
        pointer=difference,
        zh=f"没有编号为 {difference} 的未处理差异",
        en=f"no open difference has the id {difference}",
        hint_zh="用 adapter differences list 查看",
        hint_en="adapter differences list shows the open ones",
    )
