"""Issues of ``adapter replay``: CASE-410 … CASE-413."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def amount_differs(bill: str, place: str, then: str | None, now: str | None) -> Issue:
    return Issue(
        code="CASE-410",
        severity=Severity.ERROR,
        pointer=f"{bill}#{place}",
        zh=f"当时为{then or '无'},按存下的事实和当日规定重算为{now or '无'}",
        en=f"it was {then or 'not there'}; the stored facts under the rules of that day now give {now or 'nothing'}",
        hint_zh="旧账单不得因升级而改变:请查明计划文件的改动(见该计划的 CHANGES.md)或报告程序缺陷",
        hint_en="no upgrade may change an old bill: find what changed in the plan file, or report a defect",
    )


def rules_differ(bill: str, then: str, now: str) -> Issue:
    return Issue(
        code="CASE-411",
        severity=Severity.INFORMATION,
        pointer=bill,
        zh=f"计划文件自结算后有改动({then} → {now}),金额未变",
        en=f"the plan file was changed since ({then} → {now}); no amount differs for it",
    )


def not_replayed(bill: str, why: str) -> Issue:
    return Issue(
        code="CASE-412",
        severity=Severity.ERROR,
        pointer=bill,
        zh=f"无法重算:{why}",
        en=f"cannot be settled again: {why}",
        hint_zh="请恢复当时的参考数据和映射文件后再试",
        hint_en="bring back the reference data and mapping files of that time, then try again",
    )


def nothing_settled(case_id: str) -> Issue:
    return Issue(
        code="CASE-413",
        severity=Severity.INFORMATION,
        pointer=case_id,
        zh="该病例没有已结算的账单,无可重算",
        en="no bill of this case was settled: nothing to settle again",
    )
