"""Issues of the platform dialect: what a bureau said, failed to say, or cannot be told."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def refused(key: str, number: str, words: str) -> Issue:
    """The bureau refused a transaction, in its own words."""
    return Issue(
        code="DEL-540",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"医保平台退回交易 {number}:{words}",
        en=f"the bureau refused transaction {number}: {words}",
        hint_zh="请按退回原因更正后重新发起;重发原报文无效",
        hint_en="correct the cause and begin again; sending the same message again will not help",
    )


def unclear(key: str, number: str, what: str) -> Issue:
    """The answer proves neither success nor refusal."""
    return Issue(
        code="DEL-541",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"交易 {number} 的应答不能证明成功或失败:{what}",
        en=f"the answer to transaction {number} proves neither success nor refusal: {what}",
        hint_zh="结果未知,系统先查询,不会直接重发",
        hint_en="the effect is unknown: the adapter asks and does not send again",
    )


def gateway_refused(key: str, status: str, words: str) -> Issue:
    """A gateway before the bureau turned the request away: keys, clock or address are wrong."""
    return Issue(
        code="DEL-542",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"网关拒绝(代码 {status}):{words}",
        en=f"the gateway turned the request away (code {status}): {words}",
        hint_zh="请核对接入账号、密钥、签名方案和服务器时钟,再执行 adapter outbox retry",
        hint_en="check account, keys, signing scheme and this machine's clock, then adapter outbox retry",
    )


def waits_for_credential(key: str, number: str) -> Issue:
    """The transaction needs the patient's credential or password, which is only at hand at the window."""
    return Issue(
        code="DEL-543",
        severity=Severity.FATAL,
        pointer=key,
        zh=f"交易 {number} 需要参保人在窗口出示凭证或输入密码,尚未发送",
        en=f"transaction {number} needs the patient's credential or password at the window; it was not sent",
        hint_zh="请在窗口读取凭证后执行 adapter outbox retry;凭证不会保存",
        hint_en="read the credential at the window, then adapter outbox retry; it is never kept",
    )


def field_missing(pointer: str, number: str, name: str, label: str, line: str = "") -> Issue:
    """A mandatory field has no value: neither the HIS gave it nor did the region agree on one.

    Args:
        line: the fee line that it is missing of, as the HIS knows it; empty for what is of no line.
    """
    return Issue(
        code="DEL-544",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"交易 {number} 的必填项 {name}({label})没有值{line}",
        en=f"transaction {number} needs {name} ({label}), and nobody gave it{line}",
        hint_zh="请在 HIS 映射中补充该项,或与医保约定后写入该地区文件的 supplied",
        hint_en="map it from the HIS, or agree a value with the bureau and put it under supplied in the region file",
    )


def field_unfit(pointer: str, number: str, name: str, why: str, line: str = "") -> Issue:
    """A value does not fit its field: too long, or not of its kind.

    Args:
        line: as for DEL-544.
    """
    return Issue(
        code="DEL-545",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"交易 {number} 的 {name} 不符合要求:{why}{line}",
        en=f"{name} of transaction {number} does not fit: {why}{line}",
        hint_zh="请更正 HIS 中的值或映射后重新导入",
        hint_en="correct the value in the HIS or its mapping, then import again",
    )


def not_insured(pointer: str, wanted: str, seen: str) -> Issue:
    """The bureau knows no enrolment in force of the kind that the HIS names."""
    return Issue(
        code="DEL-546",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"医保平台没有险种 {wanted} 的有效参保记录(返回:{seen})",
        en=f"the bureau has no enrolment in force under scheme {wanted} (it named: {seen})",
        hint_zh="请核对参保类型和参保状态;确未参保的按自费或其他支付方处理",
        hint_en="check the kind of insurance and its state; without enrolment others or the patient bear the stay",
    )


def person_unknown(pointer: str) -> Issue:
    """No ID number is known by which the bureau could be asked for the person."""
    return Issue(
        code="DEL-547",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="没有可用于查询参保人的证件号码",
        en="there is no ID number by which the bureau could be asked for the person",
        hint_zh="请在 HIS 登记证件号码后重新导入,或在窗口读取凭证",
        hint_en="have the ID number registered in the HIS and import again, or read the credential at the window",
    )


def line_refused(pointer: str, line: str, words: str) -> Issue:
    """The bureau takes every line of the stay but this one: the stay cannot be settled before a person decides."""
    return Issue(
        code="DEL-548",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"费用明细 {line} 被医保平台退回:{words}",
        en=f"the bureau refuses fee line {line}: {words}",
        hint_zh="请更正该明细(对照、单价、日期等)后重新试算;系统不会丢弃或改为自费",
        hint_en="correct the line (code, price, date …) and try again; it is never dropped or made self-pay by itself",
    )


def searching(key: str, lines: int, words: str) -> Issue:
    """A chunk of lines was refused as a whole; its halves are sent to find the bad ones."""
    return Issue(
        code="DEL-549",
        severity=Severity.INFORMATION,
        pointer=key,
        zh=f"{lines} 条明细整批被退回({words}),正在对半查找有误的明细",
        en=f"{lines} lines were refused together ({words}); their halves are sent to find the bad ones",
    )


def lines_differ(pointer: str, ours: tuple[int, Money], theirs: tuple[int, Money]) -> Issue:
    """What the bureau accepted is not what the HIS charged: number or sum of lines."""
    return Issue(
        code="DEL-550",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"医保平台已接收 {theirs[0]} 条共 {theirs[1]} 元,HIS 为 {ours[0]} 条共 {ours[1]} 元",
        en=f"the bureau accepted {theirs[0]} lines of {theirs[1]}, the HIS has {ours[0]} lines of {ours[1]}",
        hint_zh="请查明差异后重新试算;两边一致前不会结算",
        hint_en="find the difference and try again; nothing is settled before both sides agree",
    )


def serials_collide(pointer: str, line: str) -> Issue:
    """Two lines of a stay would bear the same serial at the bureau."""
    return Issue(
        code="DEL-551",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"费用明细 {line} 的流水号与另一条重复",
        en=f"fee line {line} would have the same serial as another",
        hint_zh="请检查 HIS 的明细主键;必要时将地区文件的 line_serial 改为 text30",
        hint_en="check the row keys of the HIS; where the bureau allows it, set line_serial: text30 in the region file",
    )


def cannot_be_asked(key: str, number: str) -> Issue:
    """Nothing at this bureau tells what became of the transaction."""
    return Issue(
        code="DEL-552",
        severity=Severity.FATAL,
        pointer=key,
        zh=f"该地区没有可以查明交易 {number} 结果的查询,结果仍未知",
        en=f"nothing at this bureau tells what became of transaction {number}; its effect stays unknown",
        hint_zh="请以次日对明细账(3202)结果或电话核实;可冲正的交易用 2601 冲正后再办",
        hint_en="use the next day's detail reconciliation (3202) or ask the bureau; where 2601 can undo it, do that",
    )


def withdrawn_elsewhere(key: str) -> Issue:
    """The bureau says that the settlement was cancelled already."""
    return Issue(
        code="DEL-553",
        severity=Severity.WARNING,
        pointer=key,
        zh="医保平台显示该结算已被撤销",
        en="the bureau shows the settlement as cancelled already",
        hint_zh="请核对是否有人在医保端撤销",
        hint_en="check whether somebody cancelled it at the bureau",
    )


def another_division(pointer: str) -> Issue:
    """The region is a test profile and the endpoint is not a simulator."""
    return Issue(
        code="DEL-554",
        severity=Severity.FATAL,
        pointer=pointer,
        zh="测试地区(非任何地方的医保)只能发往模拟端点",
        en="TEST PROFILE – no bureau's region: it may only be spoken with at an endpoint marked simulator",
        hint_zh="请改用当地的地区文件,或将端点标记为 simulator",
        hint_en="use the region file of your bureau, or mark the endpoint as simulator",
    )


def settled_before(key: str) -> Issue:
    """The bureau holds a settlement of another version of the bill."""
    return Issue(
        code="DEL-555",
        severity=Severity.ERROR,
        pointer=key,
        zh="该次住院在医保平台已有另一版账单的结算,未撤销前不能再结算",
        en="the bureau holds a settlement of another version of this bill; it must be cancelled first",
        hint_zh="请先冲销原结算",
        hint_en="reverse the earlier settlement first",
    )


def third_party_untold(key: str, amount: Money) -> Issue:
    """A third party must bear a part, and the platform's settlement has no field for an amount of his."""
    return Issue(
        code="DEL-556",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"第三人应承担 {amount} 元,医保平台结算无法按金额扣除,不能直接结算",
        en=f"a third party must bear {amount}, which a settlement on the platform cannot leave out: nothing is settled",
        hint_zh="请与医保经办机构确认处理办法(如按比例登记或先行支付)后再办",
        hint_en="ask the bureau how such a stay is handled (a share in the registration, or advance payment)",
    )
