"""Issues of bulk exports. Codes CASE-467 to CASE-469."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def export_failed(identity: str, what: str) -> Issue:
    """The files could not be written."""
    return Issue(
        code="CASE-467",
        severity=Severity.ERROR,
        pointer=f"export/{identity}",
        zh=f"导出文件写入失败:{what}",
        en=f"the files of the export could not be written: {what}",
        hint_zh="请检查 ADAPTER_EXPORTS__FOLDER 所在磁盘的空间和权限,然后重新导出",
        hint_en="look at the room and rights of ADAPTER_EXPORTS__FOLDER, then export again",
    )


def too_many_exports(unfinished: int) -> Issue:
    """As many exports wait or run as may."""
    return Issue(
        code="CASE-468",
        severity=Severity.ERROR,
        pointer="export",
        zh=f"已有 {unfinished} 个导出未完成",
        en=f"{unfinished} exports are not finished yet",
        hint_zh="请等待其完成,或取消不需要的(DELETE 状态地址,或 adapter export cancel)",
        hint_en="wait for them, or cancel those that nobody needs (DELETE their status, or adapter export cancel)",
    )


def no_such_export(identity: str) -> Issue:
    """No export of that id, or it was cancelled or its time is over."""
    return Issue(
        code="CASE-469",
        severity=Severity.ERROR,
        pointer=f"export/{identity}",
        zh="没有该导出,或已取消、已过期",
        en="there is no such export, or it was cancelled, or its time is over",
        hint_zh="请重新发起导出;文件保存时间见 ADAPTER_EXPORTS__HOURS",
        hint_en="export again; ADAPTER_EXPORTS__HOURS says how long files are kept",
    )
