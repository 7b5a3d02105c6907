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


def told_by_endpoint(key: str, severity: Severity, code: str, place: str, words: str) -> Issue:
    """One issue of an OperationOutcome: its code and place, and the first of its words."""
    return Issue(
        code="DEL-610",
        severity=severity,
        pointer=f"{key}/{place}" if place else key,
        zh=f"对方({code}):{words}",
        en=f"the endpoint says ({code}): {words}",
        hint_zh=_OUTCOME_HINTS.get(code, _OTHER_HINT)[0],
        hint_en=_OUTCOME_HINTS.get(code, _OTHER_HINT)[1],
    )


#: What to do about an issue type of FHIR (http://hl7.org/fhir/R4/valueset-issue-type.html), by code.
_OUTCOME_HINTS = {
    **dict.fromkeys(
        ("invalid", "structure", "required", "value", "invariant", "code-invalid", "extension"),
        ("请按所指位置更正数据后重新结算", "correct the data at that place, then settle again"),
    ),
    **dict.fromkeys(
        ("security", "login", "unknown", "expired", "forbidden", "suppressed"),
        ("请核对本院在对方的账号与权限", "check the account and the rights that the hospital has there"),
    ),
    **dict.fromkeys(
        ("duplicate", "conflict", "multiple-matches"),
        ("对方已有同一笔或多笔,请与其核对", "it is there already, or more than once: agree with the counterpart"),
    ),
    **dict.fromkeys(
        ("not-found", "deleted"),
        ("对方没有所指的人员或记录,请核对", "the counterpart has no such person or record: check it"),
    ),
    **dict.fromkeys(
        ("transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"),
        ("对方暂时无法处理,系统会自行再试", "it cannot be done there just now; the adapter tries again by itself"),
    ),
    **dict.fromkeys(
        ("too-costly", "too-long"),
        ("请求过大:设置 max_entries 以分批发送", "the request is too large: set max_entries to send it in parts"),
    ),
}
_OTHER_HINT = ("请按对方说明处理", "deal with it as the counterpart says")


def place_missing(key: str) -> Issue:
    """A server that stored a part of a transaction did not say where, so the next part cannot refer to it."""
    return Issue(
        code="DEL-611",
        severity=Severity.ERROR,
        pointer=key,
        zh="对方存下了事务的一部分,但没有说明位置(response.location)",
        en="the endpoint stored a part of the transaction and did not say where (response.location)",
        hint_zh="请对方返回 location,或放宽其条数限制并取消 max_entries",
        hint_en="have it return the location, or lift its limit and unset max_entries",
    )


def tls_unusable(place: str, what: str) -> Issue:
    """A certificate, its key, or the list of whom we trust cannot be used."""
    return Issue(
        code="CFG-746",
        severity=Severity.FATAL,
        pointer=place,
        zh=f"双向 TLS 的证书或私钥不可用:{what}",
        en=f"the certificate or key for mutual TLS cannot be used: {what}",
        hint_zh="请检查 client_cert、client_key、ca 的路径、格式(PEM)与匹配",
        hint_en="check client_cert, client_key and ca: their place, PEM format, and that the key fits",
    )
