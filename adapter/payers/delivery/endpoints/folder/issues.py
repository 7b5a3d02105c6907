"""Issues of offline exchange."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def refused(key: str, reason: str) -> Issue:
    """The counterpart's receipt refuses the message; ``reason`` is its own words, shortened."""
    return Issue(
        code="DEL-600",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"对方的回执退回了该文件:{reason}",
        en=f"the counterpart's receipt refuses the file: {reason}",
        hint_zh="请按退回原因冲销后重新结算;或由对方更正、办理原文件并重新放置回执后,执行 adapter outbox retry",
        hint_en="reverse and settle again; or have them act on the file and lay a new receipt down, then outbox retry",
    )


def torn(key: str, what: str) -> Issue:
    """A receipt or statement is there and not whole: its checksum, its form or its key is wrong."""
    return Issue(
        code="DEL-601",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"回执文件不完整或不符:{what}",
        en=f"the receipt file is not whole or not ours: {what}",
        hint_zh="请对方重新放置该文件及其 .sha256;在此之前按未知处理",
        hint_en="have the counterpart lay the file and its .sha256 down again; until then the effect is unknown",
    )


def interrupted(key: str) -> Issue:
    """The process died while it laid the file out, and the file is not there: it may have been taken in that moment."""
    return Issue(
        code="DEL-602",
        severity=Severity.FATAL,
        pointer=key,
        zh="写出文件时中断,且文件已不在 out 目录,可能已被取走",
        en="laying the file out was interrupted and it is not in out: it may have been taken",
        hint_zh="请与对方核对;确未收到的,删除 kept 目录中的 .begun 标记,再执行 adapter outbox retry",
        hint_en="ask the counterpart; if it has nothing, delete the .begun mark in kept, then adapter outbox retry",
    )


def not_written(key: str, why: str) -> Issue:
    """The folder cannot be written or read."""
    return Issue(
        code="DEL-603",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"交换目录无法读写:{why}",
        en=f"the exchange folder cannot be written or read: {why}",
        hint_zh="请检查目录、权限和剩余空间;系统会自动重试",
        hint_en="check folder, permissions and space; the adapter tries again by itself",
    )
