"""Issues of bulk conversion: it cannot begin, or must not be taken for whole. Codes API-840 … API-842."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def folder_taken(name: str) -> Issue:
    """The folder holds something that no conversion wrote."""
    return Issue(
        code="API-840",
        severity=Severity.FATAL,
        pointer=name,
        zh=f"目录 {name} 不是空目录,也不是以前转换的结果",
        en=f"the folder {name} is neither empty nor the result of an earlier conversion",
        hint_zh="请用 --out 指定新的空目录",
        hint_en="name a new or empty folder with --out",
    )


def worker_lost(code: int) -> Issue:
    """A process of ours ended in the middle of its work."""
    return Issue(
        code="API-841",
        severity=Severity.FATAL,
        pointer="--jobs",
        zh=f"一个转换进程意外结束(代码 {code}),未写出任何结果",
        en=f"a converting process ended unexpectedly (code {code}); nothing was written",
        hint_zh="多因内存不足:请减小 --jobs 后重试;原因见上方输出",
        hint_en="memory is the usual reason: try again with fewer --jobs; what it printed stands above",
    )


def not_whole(files: str) -> Issue:
    """The export could not be read to its end."""
    return Issue(
        code="API-842",
        severity=Severity.ERROR,
        pointer=files,
        zh="导出不完整:有文件未能完整读取或缺少必需的表,未写出任何结果",
        en="the export is not whole: a file could not be read to its end or a needed table is missing; nothing written",
        hint_zh="请更正后重新导出;如要先转换其余部分,请加 --keep-going",
        hint_en="correct it and export again; --keep-going converts what can be read",
    )
