"""Issues of arrivals: taking in that was interrupted, took too long, or was overtaken. Codes SRC-162 … SRC-165."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def goes_on(name: str, received: str) -> Issue:
    """The file came before, and taking it in was broken off."""
    return Issue(
        code="SRC-162",
        severity=Severity.INFORMATION,
        pointer=name,
        zh=f"该文件已于{received}收到,当时处理中断;现在继续",
        en=f"the file was received before ({received}) and its processing was broken off; it goes on now",
        hint_zh="无需处理",
        hint_en="nothing to do",
    )


#: A stay that was read whole and set aside only because time was over: it may be replayed as it is.
OUT_OF_TIME = "SRC-163"


def out_of_time(stay_key: str, seconds: float) -> Issue:
    """Taking an export in took longer than it may; this stay was read and not begun."""
    return Issue(
        code="SRC-163",
        severity=Severity.ERROR,
        pointer=stay_key,
        zh=f"本次导入超过 {seconds:g} 秒的上限,该住院已读取、尚未处理,数据行已暂存",
        en=f"taking the export in took longer than {seconds:g} seconds; this stay was read, not begun, and its rows "
        "are parked",
        hint_zh="执行 adapter parked replay 继续;经常出现时请分批导出,或调高 ADAPTER_LIMITS__SECONDS",
        hint_en="run adapter parked replay; if it happens often, export in batches or raise ADAPTER_LIMITS__SECONDS",
    )


def overtaken(name: str) -> Issue:
    """Newer files of the source came before this one was through, and nobody can tell which stays they hold."""
    return Issue(
        code="SRC-164",
        severity=Severity.ERROR,
        pointer=name,
        zh="该文件处理中断后,同一来源又收到了更新的文件;为避免旧数据覆盖新数据,未自动继续",
        en="its processing was broken off, and newer files of the source came since; so that nothing old replaces "
        "anything new, it was not gone on with",
        hint_zh="请核对较新的导出是否已包含这些住院;如未包含,请重新导入该文件",
        hint_en="see whether the newer export holds these stays; if not, import this file again",
    )


def sends_no_messages(source: str) -> Issue:
    """HL7 v2 came for a source whose mapping knows none."""
    return Issue(
        code="SRC-165",
        severity=Severity.ERROR,
        pointer=source,
        zh=f"来源 {source} 的对照文件不读取 HL7 v2 消息",
        en=f"the mapping of source {source} reads no HL7 v2 messages",
        hint_zh="请把消息发给以 hl7v2 读取的来源,或修改设置 listen.mllp",
        hint_en="send the messages to a source that reads hl7v2, or correct the setting listen.mllp",
    )
