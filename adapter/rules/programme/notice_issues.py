"""Issues of what patients are told: PRG-260 … PRG-265 (费用告知)."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue, Severity


def no_estimate(stay_key: str, group: str, count: int, cite: str) -> Issue:
    """Neither enough own stays nor a row of the table; nothing is guessed."""
    return Issue(
        code="PRG-260",
        severity=Severity.WARNING,
        pointer=f"{stay_key}/estimate",
        zh=f"病组“{group}”没有费用估算依据:本院已结算{count}例不足,参考表也无此病组(依据 {cite})",
        en=f"no basis to estimate '{group}': {count} settled stays are too few and no table has it (article {cite})",
        hint_zh="请由责任医师告知大致费用后登记确认,或在 estimates.csv 中补充该病组",
        hint_en="let the responsible doctor name an amount and record who heard it, or add the group to estimates.csv",
    )


def relation_unknown(key: str, relation: str, known: str) -> Issue:
    """Who acknowledged a notice is said in one of the listed words, never by name."""
    return Issue(
        code="PRG-261",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"确认人与患者的关系不能是“{relation}”,应为:{known}",
        en=f"who acknowledges cannot be '{relation}'; one of {known} is wanted",
        hint_zh="请按列出的关系登记,不要填写姓名",
        hint_en="use one of the listed relations; names are not recorded here",
    )


def planned_day_impossible(case_id: str, planned: date, admitted: date) -> Issue:
    """Nobody leaves before he came."""
    return Issue(
        code="PRG-262",
        severity=Severity.ERROR,
        pointer=f"{case_id}/planned-discharge",
        zh=f"拟出院日{planned}早于入院日{admitted}",
        en=f"the planned discharge on {planned} is before the admission on {admitted}",
        hint_zh="请核对拟出院日后重新登记",
        hint_en="check the day and record it again",
    )


def clause_unreadable(programme: str, cause: str, known: str) -> Issue:
    """The programme file asks for a notice that no rule knows."""
    return Issue(
        code="PRG-263",
        severity=Severity.FATAL,
        pointer=f"programmes/{programme}.yaml#notices/{cause}",
        zh=f"不认识的告知事项“{cause}”,或其 to、channel 有误;可用:{known}",
        en=f"'{cause}' is no notice that a rule knows, or its to or channel is wrong; known: {known}",
        hint_zh="请对照 mappings/programmes/README.md 更正",
        hint_en="correct it; mappings/programmes/README.md lists them",
    )


def nothing_to_compare(case_id: str, cite: str, codes: str) -> Issue:
    """Shares could not be worked out, so cap and ratio were not looked at; silence would look like all is well."""
    return Issue(
        code="PRG-264",
        severity=Severity.WARNING,
        pointer=f"{case_id}/notices",
        zh=f"费用分担无法测算({codes}),封顶线与自费比例未能检查(依据 {cite})",
        en=f"shares cannot be worked out ({codes}): the cap and the self-pay ratio were not looked at (article {cite})",
        hint_zh="请先处理所列问题,再运行 adapter notices run",
        hint_en="deal with the listed issues, then run adapter notices run",
    )


def day_not_reached(on: date, today: date) -> Issue:
    """A bill of days that are not over would be wrong the next morning."""
    return Issue(
        code="PRG-265",
        severity=Severity.ERROR,
        pointer=f"notices/{on}",
        zh=f"{on}还没有到(今天是{today}),不能提前出具清单和告知",
        en=f"{on} has not come yet (today is {today}); bills and notices are never made ahead",
        hint_zh="请改用今天或以前的日期",
        hint_en="use today or an earlier day",
    )
