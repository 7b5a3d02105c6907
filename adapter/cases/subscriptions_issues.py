"""Issues of subscriptions: what cannot be subscribed to, and what became of one. Codes CASE-460 to CASE-466."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def channel_unknown() -> Issue:
    """Another channel than rest-hook."""
    return Issue(
        code="CASE-460",
        severity=Severity.ERROR,
        pointer="Subscription.channel.type",
        zh="只支持 rest-hook 通道",
        en="rest-hook is the only channel",
        hint_zh="请把 channel.type 设为 rest-hook,并提供接收地址",
        hint_en="set channel.type to rest-hook and give an address to be told at",
    )


def address_refused() -> Issue:
    """An address that the settings do not allow; it is not repeated."""
    return Issue(
        code="CASE-461",
        severity=Severity.ERROR,
        pointer="Subscription.channel.endpoint",
        zh="接收地址不在允许范围内,或含有账号、参数或相对路径",
        en="the address is none that may be told, or holds an account, parameters or a relative path",
        hint_zh="请运维在 ADAPTER_SUBSCRIPTIONS__ADDRESSES 中列出允许的地址前缀(http 或 https)",
        hint_en="the operator lists what addresses may begin with in ADAPTER_SUBSCRIPTIONS__ADDRESSES (http or https)",
    )


def payload_unknown() -> Issue:
    """A payload in a format that is not written here."""
    return Issue(
        code="CASE-462",
        severity=Severity.ERROR,
        pointer="Subscription.channel.payload",
        zh="不支持的 payload 格式",
        en="the payload is of a format that is not written here",
        hint_zh="请用 application/fhir+json 或 application/fhir+xml;不需要内容时省略",
        hint_en="use application/fhir+json or application/fhir+xml, or leave it out to be told only that it changed",
    )


def header_refused(number: int) -> Issue:
    """A header that is no header, one that came already or is ours to set; it may be a secret and is not repeated."""
    return Issue(
        code="CASE-463",
        severity=Severity.ERROR,
        pointer=f"Subscription.channel.header[{number}]",
        zh="请求头格式不对、重复、由本系统自行设置,或其值已隐去而原值未知",
        en="the header has no form of one, came already, is ours to set, or its value is hidden and was never given",
        hint_zh="格式为 名称: 值,例如 Authorization: Bearer …;修改订阅时以 *** 表示沿用原值",
        hint_en="write Name: value, as in Authorization: Bearer …; *** keeps the value that was given before",
    )


def criteria_unusable() -> Issue:
    """Criteria that are no search over one type."""
    return Issue(
        code="CASE-464",
        severity=Severity.ERROR,
        pointer="Subscription.criteria",
        zh="criteria 不是对一类资源的检索条件",
        en="the criteria are no search over one type of resource",
        hint_zh="例如 ChargeItem?subject=Patient/123;每个条件都要有值,不含排序、分页、_include,不订阅 Subscription",
        hint_en="as in ChargeItem?subject=Patient/123: a value each, no order, page or _include, not over Subscription",
    )


def no_subscription(identity: str) -> Issue:
    """Nobody subscribed under that id, or it was deleted."""
    return Issue(
        code="CASE-465",
        severity=Severity.ERROR,
        pointer=f"Subscription/{identity}",
        zh="没有该订阅,或已删除",
        en="there is no such subscription, or it was deleted",
        hint_zh="adapter subscription list 列出全部订阅",
        hint_en="adapter subscription list shows them all",
    )


def is_over() -> Issue:
    """Its end has come, or it is written in a way that says no moment."""
    return Issue(
        code="CASE-466",
        severity=Severity.ERROR,
        pointer="Subscription.end",
        zh="订阅的截止时间已过",
        en="the end of the subscription has passed",
        hint_zh="请填写将来的时间,或省略 end",
        hint_en="give a later moment, or leave end out",
    )
