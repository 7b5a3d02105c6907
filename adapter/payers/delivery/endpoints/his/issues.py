"""Issues of the way back: what the HIS's side said or failed to say. Codes DEL-520 to DEL-528."""

from __future__ import annotations

import re

from adapter.model.issues import Issue, Severity
from adapter.model.person import masked

_LONGEST = 160
_BETWEEN = re.compile(r"""([\s,;!?()\[\]{}"'=/,。;:、“”()]+)""")
_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z_.:'-]{0,30}|[0-9]{1,3}|[A-Z]{1,8}-?[0-9]{1,4}", re.ASCII)


def harmless(text: str) -> str:
    """A receiver's words, shortened: plain words and short numbers as they are, everything else masked.

    >>> harmless("stay 202100011 is locked, code E12")
    'stay 2*******1 is locked, code E12'
    """
    words = _BETWEEN.split(text[:_LONGEST])
    shown = (each if index % 2 or _PLAIN_WORD.fullmatch(each) else masked(each) for index, each in enumerate(words))
    return " ".join("".join(shown).split()) or "—"


def notice_rejected(key: str, answer: str, reason: str) -> Issue:
    """The HIS will not have the notice; sending it again changes nothing until somebody changes something."""
    return Issue(
        code="DEL-520",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"HIS 不接受该通知({answer}):{harmless(reason)}",
        en=f"the HIS refused the notice ({answer}): {harmless(reason)}",
        hint_zh="请与 HIS 厂商查明原因(原始应答见 adapter way-back show),排除后执行 adapter outbox retry;"
        "之后的通知会等它,不再需要时用 adapter way-back skip",
        hint_en="find the cause with the HIS vendor (adapter way-back show has the answer), then adapter outbox retry; "
        "later notices of the stay wait for it, adapter way-back skip lets it go",
    )


def not_heard(key: str, what: str) -> Issue:
    """Nobody is there, or nobody answered; it goes out again by itself."""
    return Issue(
        code="DEL-521",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"HIS 未应答:{what}",
        en=f"the HIS did not answer: {what}",
        hint_zh="系统会自动重发,按原顺序;持续不通时请检查接收端和网络",
        hint_en="it is sent again by itself, in order; when that lasts, look at the receiver and the network",
    )


def secret_missing(key: str, variable: str) -> Issue:
    """The source file names an environment variable that is not set here."""
    return Issue(
        code="DEL-522",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"环境变量 {variable} 未设置,通知未发出",
        en=f"the environment variable {variable} is not set; nothing was sent",
        hint_zh=f"请设置 {variable} 后重启服务;通知会自动发出",
        hint_en=f"set {variable} and restart the service; the notice then goes out by itself",
    )


def redirected(key: str, status: int) -> Issue:
    """An answer that points elsewhere: bills do not follow it."""
    return Issue(
        code="DEL-523",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"接收端要求转向另一地址(HTTP {status}),未跟随",
        en=f"the receiver points to another address (HTTP {status}); it was not followed",
        hint_zh="请在来源文件的 way_back 中写明最终地址",
        hint_en="write the final address into way_back of the source file",
    )


def key_taken(key: str) -> Issue:
    """Under the notice's name stands something else."""
    return Issue(
        code="DEL-524",
        severity=Severity.ERROR,
        pointer=key,
        zh="接收端已有同名但内容不同的文件或行,未覆盖",
        en="a file or row of that name with other content is there; it was not overwritten",
        hint_zh="请查明它从何而来(是否有两套系统写同一处),移开后执行 adapter outbox retry",
        hint_en="find out where it came from (do two systems write there?), move it, then adapter outbox retry",
    )


def unreadable_acknowledgement(key: str, what: str) -> Issue:
    """An answer came that acknowledges nothing, or another message."""
    return Issue(
        code="DEL-525",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"应答不是对该报文的 HL7 确认:{what}",
        en=f"the answer is no HL7 acknowledgement of this message: {what}",
        hint_zh="系统会自动重发;请检查接收端返回的 MSA-1 和 MSA-2",
        hint_en="it is sent again by itself; check MSA-1 and MSA-2 of what the receiver answers",
    )


def not_written(key: str, what: str) -> Issue:
    """The folder, disk or database did not take it this time."""
    return Issue(
        code="DEL-526",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"无法写入:{what}",
        en=f"it could not be written: {what}",
        hint_zh="请检查目录或数据库是否存在、可写、有空间;系统会自动重试",
        hint_en="check that the folder or database is there, writable and has room; it is tried again by itself",
    )


def table_unfit(key: str, what: str) -> Issue:
    """The table refuses the row as it is: a column is missing or too short."""
    return Issue(
        code="DEL-527",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"中间表与通知不符:{what}",
        en=f"the intermediate table does not fit the notice: {what}",
        hint_zh="请用 adapter way-back ddl 核对表结构,更正后执行 adapter outbox retry",
        hint_en="compare the table with adapter way-back ddl, correct it, then adapter outbox retry",
    )


def certificate_unusable(key: str, what: str) -> Issue:
    """A certificate file that the source file names cannot be used."""
    return Issue(
        code="DEL-528",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"证书或私钥文件无法使用({what}),通知未发出",
        en=f"a certificate or key file cannot be used ({what}); nothing was sent",
        hint_zh="请检查来源文件 way_back 中的 ca、certificate、key",
        hint_en="check ca, certificate and key under way_back of the source file",
    )
