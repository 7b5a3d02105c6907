"""Issues of taking over resources of a hospital that speaks FHIR. Codes MAP-170 … MAP-175."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

_SERVER_ZH = "请让医院的 FHIR 服务更正后发送新版本"
_SERVER_EN = "have the hospital's FHIR server correct it and send a newer version"


def not_understood(pointer: str) -> Issue:
    """modifierExtension or implicitRules: whoever does not understand it must not go on."""
    return Issue(
        code="MAP-170",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该元素会改变资源的含义,而本系统不认识它,不能当作没有",
        en="this element changes what the resource means and is not known here; it must not be passed over",
        hint_zh="请与医院确认其含义;不影响结算的,请医院不要发送",
        hint_en="ask the hospital what it means; if settlement is not affected, have them leave it out",
    )


def leads_nowhere(pointer: str, target: str, *, stops: bool = True) -> Issue:
    return Issue(
        code="MAP-171",
        severity=Severity.ERROR if stops else Severity.WARNING,
        pointer=pointer,
        zh=f"引用的 {target or '资源'} 没有收到,或不属于本次住院",
        en=f"it refers to {target or 'a resource'}, which nobody has sent or which is no part of this stay",
        hint_zh="请让医院一并发送所引用的资源;绝对地址须以来源文件 fhir.bases 所列地址开头",
        hint_en="have it sent as well; an absolute reference must begin with one of fhir.bases of the source file",
    )


def status_unusable(pointer: str, status: str) -> Issue:
    return Issue(
        code="MAP-172",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"状态“{status}”不能说明该资源是否算数",
        en=f"status '{status}' does not tell whether the resource counts",
        hint_zh=_SERVER_ZH,
        hint_en=_SERVER_EN,
    )


def does_not_count(pointer: str, status: str) -> Issue:
    return Issue(
        code="MAP-173",
        severity=Severity.INFORMATION,
        pointer=pointer,
        zh=f"状态为“{status}”,不作为本次住院的依据",
        en=f"its status is '{status}', so it is no part of this stay",
        hint_zh="无需处理",
        hint_en="nothing to do",
    )


def refund_unlinked(pointer: str) -> Issue:
    return Issue(
        code="MAP-174",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="数量为负,但没有指明冲销哪一条费用",
        en="the quantity is negative, yet nothing says which charge it undoes",
        hint_zh="请让医院在 partOf 或扩展 reverses 中指明原费用",
        hint_en="have the hospital name the charge in partOf, or in the extension reverses",
    )


def signs_disagree(pointer: str, quantity: str, amount: str) -> Issue:
    return Issue(
        code="MAP-175",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"数量 {quantity} 为负而金额 {amount} 不为负",
        en=f"the quantity {quantity} is negative and the amount {amount} is not",
        hint_zh=_SERVER_ZH,
        hint_en=_SERVER_EN,
    )
