"""Issues of notices and daily bills: CASE-365 … CASE-369 (告知与一日清单)."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue, Severity


def no_such_notice(case_id: str, key: str) -> Issue:
    return Issue(
        code="CASE-365",
        severity=Severity.ERROR,
        pointer=f"{case_id}/notices/{key}",
        zh=f"该病例没有编号为“{key}”的告知事项",
        en=f"the case has no notice '{key}'",
        hint_zh="用 adapter notices list 查看全部告知事项",
        hint_en="adapter notices list shows them all",
    )


def already_acknowledged(case_id: str, key: str, relation: str) -> Issue:
    """What was acknowledged stays as it was recorded."""
    return Issue(
        code="CASE-366",
        severity=Severity.ERROR,
        pointer=f"{case_id}/notices/{key}",
        zh=f"该告知已由“{relation}”确认,不能重复登记",
        en=f"this notice was acknowledged by '{relation}' already",
        hint_zh="无需再次登记;如登记有误,请查看流水",
        hint_en="nothing to do; the journal shows who recorded it and when",
    )


def no_daily_bill(case_id: str, on: date, why_zh: str, why_en: str) -> Issue:
    return Issue(
        code="CASE-367",
        severity=Severity.ERROR,
        pointer=f"{case_id}/daily-bill/{on}",
        zh=f"{on} 没有一日清单:{why_zh}",
        en=f"there is no daily bill of {on}: {why_en}",
        hint_zh="清单在次日出具,出院当日的清单在出院时出具;用 adapter notices list 查看已出具的清单",
        hint_en="a day's bill is made the next day, that of discharge at once; adapter notices list shows those made",
    )


def bill_not_reproduced(case_id: str, number: int) -> Issue:
    """The stored versions no longer give what was printed; the ledger was altered."""
    return Issue(
        code="CASE-368",
        severity=Severity.FATAL,
        pointer=f"{case_id}/daily-bill/{number}",
        zh=f"第{number}份清单无法按留存版本重现",
        en=f"daily bill {number} does not come out of the stored versions as it was made",
        hint_zh="请核验账簿(见 docs/operations.md),勿据此收费",
        hint_en="verify the ledger (docs/operations.md) and collect nothing on it",
    )


def case_not_looked_at(case_id: str, codes: str) -> Issue:
    """One case stops nobody else's notices."""
    return Issue(
        code="CASE-369",
        severity=Severity.ERROR,
        pointer=f"{case_id}/notices",
        zh=f"该病例的告知事项未能全部检查:{codes}",
        en=f"the notices of this case were not all looked at: {codes}",
        hint_zh="请处理所列问题后再运行 adapter notices run",
        hint_en="deal with the listed issues, then run adapter notices run again",
    )
