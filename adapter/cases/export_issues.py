"""Issues of bulk exports. Codes CASE-467 to CASE-469, CASE-486, CASE-487, FHIR-299, FHIR-300."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

_ROOM_ZH = "请在存放导出文件的磁盘上腾出空间"
_ROOM_EN = "make room on the disk of the files"
_RIGHT_ZH = "请让运行本服务的用户可以写入存放导出文件的目录及其所在磁盘"
_RIGHT_EN = "let the user that runs this write into the folder of the files, and onto its disk"
_DISK_ZH = "请按系统所述检查存放导出文件的目录(ADAPTER_EXPORTS__FOLDER)及其磁盘"
_DISK_EN = "look at the folder of the files (ADAPTER_EXPORTS__FOLDER) and its disk for what the system says"


def export_failed(identity: str, what: str) -> Issue:
    """The files could not be written.

    Args:
        what: the system's word for it, its name first: ``ENOSPC (No space left on device)``.
    """
    name = what.partition(" ")[0]
    room, right = name in ("ENOSPC", "EDQUOT", "EFBIG"), name in ("EACCES", "EPERM", "EROFS")
    return Issue(
        code="CASE-467",
        severity=Severity.ERROR,
        pointer=f"export/{identity}",
        zh=f"导出文件写入失败:{what}",
        en=f"the files of the export could not be written: {what}",
        hint_zh=_ROOM_ZH if room else _RIGHT_ZH if right else _DISK_ZH,
        hint_en=_ROOM_EN if room else _RIGHT_EN if right else _DISK_EN,
    )


def resource_unreadable(pointer: str, what: str) -> Issue:
    """A resource that is kept is not what it was when it was kept: the disk that holds the ledger, or a hand, did it.

    Args:
        pointer: the resource, or the export that stopped at it.
        what: which resource, and the codes of what is wrong with it.
    """
    return Issue(
        code="CASE-486",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"账簿中的一条资源无法读取,导出已停止:{what}",
        en=f"a resource in the ledger cannot be read, so the export stopped: {what}",
        hint_zh="与导出目录无关:请用 adapter ledger verify 核对账簿;修复前可用 _type 导出其余类型",
        hint_en="the folder of the files is not to blame: adapter ledger verify says what of the ledger was altered; "
        "until that is mended _type exports the other types",
    )


def export_stopped(identity: str, codes: str) -> Issue:
    """Something else is wrong than its files and its resources."""
    return Issue(
        code="CASE-487",
        severity=Severity.ERROR,
        pointer=f"export/{identity}",
        zh=f"导出已停止:{codes}",
        en=f"the export stopped: {codes}",
        hint_zh="请按所列代码的说明处理(docs/issues.md),然后重新导出",
        hint_en="docs/issues.md says of each of these codes what to do; then export again",
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


def filter_unusable(kind: str, zh: str, en: str) -> Issue:
    """Where a filter is not understood, more would go out than was asked for."""
    return Issue(
        code="FHIR-299",
        severity=Severity.ERROR,
        pointer=f"_typeFilter({kind})",
        zh=f"_typeFilter 不能这样用:{zh}",
        en=f"this _typeFilter cannot be used: {en}",
        hint_zh="如 _typeFilter=ChargeItem?status=billable;检索参数见 GET /fhir/metadata",
        hint_en="write _typeFilter=ChargeItem?status=billable; GET /fhir/metadata lists the search parameters",
    )


def personal_filter(kind: str) -> Issue:
    """The filter is kept with the export, and repeated in its manifest."""
    return Issue(
        code="FHIR-300",
        severity=Severity.ERROR,
        pointer=f"_typeFilter({kind})",
        zh="导出条件会随导出保存,其中不得有个人信息",
        en="a filter is kept with its export, and holds no personal data",
        hint_zh="请按资源标识筛选,如 Patient?_id=…;标识可用 POST _search 查得",
        hint_en="filter by ids, as Patient?_id=…; a search by POST to _search finds them",
    )
