"""Issues of delivery: what a counterpart said or failed to say."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def rejected(key: str, status: int, reason: str) -> Issue:
    """The payer refused the message; ``reason`` is its own words, shortened."""
    return Issue(
        code="DEL-501",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"对方退回(HTTP {status}):{reason}",
        en=f"the endpoint rejected the message (HTTP {status}): {reason}",
        hint_zh="请按退回原因更正后重新结算;重发原报文无效",
        hint_en="correct the cause and settle again; sending the same message again will not help",
    )


def unreadable(key: str, what: str) -> Issue:
    """The answer cannot be read, so its effect is unknown."""
    return Issue(
        code="DEL-502",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"对方应答无法读取:{what}",
        en=f"the endpoint's answer cannot be read: {what}",
        hint_zh="结果未知,系统将先查询再决定是否重发",
        hint_en="the effect is unknown; the adapter asks before it sends again",
    )


def test_profile_refused(endpoint: str) -> Issue:
    """A test profile's amounts must never reach a real bureau."""
    return Issue(
        code="DEL-503",
        severity=Severity.FATAL,
        pointer=f"endpoints.{endpoint}",
        zh="测试方案(非任何地方的规定)只能发往模拟端点",
        en="TEST PROFILE – no place's rule: it may only be sent to an endpoint marked simulator",
        hint_zh="请改用当地方案,或将端点标记为 simulator",
        hint_en="use a scheme of your place, or mark the endpoint as simulator",
    )


def no_statement(endpoint: str, day: str, reason: str) -> Issue:
    """The day's statement could not be fetched."""
    return Issue(
        code="DEL-504",
        severity=Severity.ERROR,
        pointer=f"{endpoint}/{day}",
        zh=f"无法取得{day}的对账单:{reason}",
        en=f"the statement of {day} could not be had: {reason}",
        hint_zh="请稍后重试(adapter reconcile)",
        hint_en="try again later (adapter reconcile)",
    )


def counted_twice(key: str) -> Issue:
    """The payer holds several answers to one message. Sending or asking again by itself cannot mend that."""
    return Issue(
        code="DEL-505",
        severity=Severity.FATAL,
        pointer=key,
        zh="对方对同一报文给出了不止一份应答,可能已重复结算",
        en="the endpoint holds more than one answer to the message: it may have settled twice",
        hint_zh="请与对方核对并由其撤销多余的一笔,再执行 adapter outbox retry",
        hint_en="have the surplus one withdrawn by the counterpart, then adapter outbox retry",
    )
