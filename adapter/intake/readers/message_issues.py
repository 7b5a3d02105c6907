"""Issues of HL7 v2 messages: reading, understanding, folding. Codes SRC-120 … SRC-136."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

_RESEND_ZH = "请让 HIS 更正后重发该消息"
_RESEND_EN = "have the HIS correct the message and send it again"


def not_a_message(pointer: str, reason_zh: str, reason_en: str) -> Issue:
    """No MSH, no event, a line that is no segment, more than a limit allows, or cut off."""
    return Issue(
        code="SRC-120",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该消息无法读取:{reason_zh};其余消息不受影响",
        en=f"the message was refused: {reason_en}; the others are not affected",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def undecodable(pointer: str, offset: int) -> Issue:
    return Issue(
        code="SRC-121",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该消息既不是合法的 UTF-8,也不是合法的 GB18030(第 {offset} 字节起);未替换任何字符",
        en=f"the message is neither valid UTF-8 nor valid GB18030 (from byte {offset} on); no character was replaced",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def charset_contradicts(file: str, count: int, declared: str, found: str) -> Issue:
    return Issue(
        code="SRC-122",
        severity=Severity.INFORMATION,
        pointer=file,
        zh=f"{count} 条消息的 MSH-18 写作 {declared},实际为 {found};已按实际编码读取",
        en=f"{count} message(s) say {declared} in MSH-18 but are {found}; read as {found}",
        hint_zh="无需处理;可提醒 HIS 厂商更正 MSH-18",
        hint_en="nothing to do; the HIS vendor may correct MSH-18",
    )


def duplicates(file: str, count: int) -> Issue:
    return Issue(
        code="SRC-123",
        severity=Severity.INFORMATION,
        pointer=file,
        zh=f"{count} 条消息与已有消息内容相同,只计一次",
        en=f"{count} message(s) say the same as others; they count once",
        hint_zh="无需处理",
        hint_en="nothing to do",
    )


def unknown_event(pointer: str, event: str) -> Issue:
    return Issue(
        code="SRC-124",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"事件表中没有 {event},不知道它在该院的含义",
        en=f"the event table does not list {event}, so nobody knows what it means at this hospital",
        hint_zh="请在来源文件的 messages.events 中登记该事件(无关事件登记为 ignore)后重新导入",
        hint_en="list the event in the source file under messages.events (ignore, if it does not matter), import again",
    )


def no_key(pointer: str, path: str) -> Issue:
    return Issue(
        code="SRC-125",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"消息没有 {path},无法归入任何一次住院或任何患者",
        en=f"the message has no {path}, so it belongs to no stay and to no person",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )


def not_registered(pointer: str) -> Issue:
    return Issue(
        code="SRC-126",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="尚未收到该次住院的登记消息,暂存等待",
        en="no message has registered this stay yet; it waits",
        hint_zh="收到登记消息后自动继续;久未收到请让 HIS 补发",
        hint_en="it goes on by itself when the registration arrives; if it does not, have the HIS send it",
    )


def conflict(pointer: str, other: str, what: str) -> Issue:
    """Two messages with the same order key say different things."""
    return Issue(
        code="SRC-127",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"与 {other} 的次序键相同,但 {what} 不同,无法判断以哪一条为准",
        en=f"it has the same order key as {other} but says something else of {what}; nobody can tell which one counts",
        hint_zh="请在 HIS 中核对后重发一条更晚的消息",
        hint_en="check the record in the HIS, then send a later message",
    )


def undoes_nothing(pointer: str, number: str) -> Issue:
    return Issue(
        code="SRC-128",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该笔冲销或调整对应的记录 {number} 尚未收到",
        en=f"it undoes or adjusts entry {number}, which nobody has sent yet",
        hint_zh="收到原记录后自动继续;久未收到请让 HIS 补发",
        hint_en="it goes on by itself when the entry arrives; if it does not, have the HIS send it",
    )


def no_price(pointer: str, item: str, day: str) -> Issue:
    return Issue(
        code="SRC-129",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"消息不含金额,而项目 {item} 在 {day} 没有有效价格",
        en=f"the message holds no amount, and item {item} has no price in force on {day}",
        hint_zh="请在 prices.csv 中补充该项目当日的价格后重放",
        hint_en="add the item's price of that day to prices.csv, then replay",
    )


def unit_differs(pointer: str, unit: str, known: str) -> Issue:
    return Issue(
        code="SRC-130",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"计量单位“{unit}”与价格表的“{known}”不同,无法计价",
        en=f"the line counts in '{unit}', the price list in '{known}'; it cannot be priced",
        hint_zh="请在 prices.csv 中核对单位与包装数",
        hint_en="check unit and pack in prices.csv",
    )


def foreign_currency(pointer: str, currency: str) -> Issue:
    return Issue(
        code="SRC-131",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"金额币种为 {currency},只能处理人民币",
        en=f"the amount is in {currency}; only CNY is handled",
        hint_zh="请由人工处理该记录",
        hint_en="let a person deal with this entry",
    )


def unmatched_refund(pointer: str) -> Issue:
    return Issue(
        code="SRC-132",
        severity=Severity.WARNING,
        pointer=pointer,
        zh="退回的预交金没有对应的收款记录,按负数收款保留",
        en="the deposit given back matches none that was taken; kept as a negative one",
        hint_zh="请核对预交金收据",
        hint_en="check the deposit receipts",
    )


def unknown_kind(pointer: str, text: str) -> Issue:
    return Issue(
        code="SRC-133",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"不知道“{text}”是收费、退费、收款、调整还是作废",
        en=f"'{text}' tells neither charge, credit, payment, adjustment nor void",
        hint_zh="请在 messages.yaml 的 entries.kind 中登记",
        hint_en="list it under entries.kind in messages.yaml",
    )


def batch_count(pointer: str, said: str, found: int) -> Issue:
    return Issue(
        code="SRC-134",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"批次尾写有 {said} 条消息,实际读到 {found} 条",
        en=f"the batch trailer says {said} messages, {found} were found",
        hint_zh="请让 HIS 重新导出该批次",
        hint_en="have the HIS export the batch again",
    )


def merged_away(pointer: str, stay: str) -> Issue:
    return Issue(
        code="SRC-135",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"该次住院已并入 {stay},其费用记在 {stay}",
        en=f"this stay was merged into {stay}, which now holds its charges",
        hint_zh="请核对合并是否正确",
        hint_en="check whether the merge is right",
    )


def order_key_unreadable(pointer: str, path: str) -> Issue:
    return Issue(
        code="SRC-136",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"{path} 不是可读的时间,无法确定消息先后",
        en=f"{path} is not a readable time, so the message has no place in the order",
        hint_zh=_RESEND_ZH,
        hint_en=_RESEND_EN,
    )
