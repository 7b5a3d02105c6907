"""Issues of the commands themselves: what they were given and cannot use."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def file_unusable(error: OSError) -> Issue:
    """A file that a command was told to read or write cannot be opened."""
    name, why = str(error.filename), error.strerror or type(error).__name__
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return Issue(
        code="CASE-491",
        severity=Severity.ERROR,
        pointer=shown,
        zh=f"文件无法读取或写入:{why}",
        en=f"the file cannot be read or written: {why}",
        hint_zh="请核对路径、文件夹是否存在以及权限,再执行一次",
        hint_en="check the path, that its folder is there, and the rights on it, then run the command again",
    )


_LONGEST_NAME = 200
