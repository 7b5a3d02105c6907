"""Issues of the commands themselves: what they were given and cannot use."""

from __future__ import annotations

import errno

from adapter.model.issues import Issue, Severity


def file_unusable(error: OSError) -> Issue:
    """A file that a command was told to read or write cannot be opened."""
    name, why = str(error.filename or "disk"), error.strerror or type(error).__name__
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


def words_unreadable(place: int) -> Issue:
    """Bytes were typed that are no text in the terminal's encoding: GBK at a terminal that is set to UTF-8."""
    return Issue(
        code="CASE-504",
        severity=Severity.ERROR,
        pointer=f"argument {place}",
        zh=f"第{place}个参数不是有效的文本:终端编码与系统设置不一致",
        en=f"argument {place} is no text in this terminal's encoding",
        hint_zh="请将终端编码设为 UTF-8(LANG=zh_CN.UTF-8)后重新输入",
        hint_en="set the terminal to UTF-8 (LANG=zh_CN.UTF-8) and type it again",
    )


_LONGEST_NAME = 200
#: Met while writing, when the system no longer says which file it was.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
