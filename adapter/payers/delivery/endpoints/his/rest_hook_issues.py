"""Issues of a subscription's receiver: what it said or failed to say. Codes DEL-620 to DEL-622."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def subscriber_refused(key: str, status: int) -> Issue:
    """The receiver will not have it; sending it again changes nothing until somebody changes something."""
    return Issue(
        code="DEL-620",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"订阅方拒收(HTTP {status}),该订阅已停发,之后的通知会等待",
        en=f"the subscriber refused the notice (HTTP {status}); nothing more is sent to it, later notices wait",
        hint_zh="请与订阅方查明原因,再由其重新提交 Subscription(PUT),或执行 adapter subscription retry",
        hint_en="find the cause with the subscriber; a PUT of the Subscription, or adapter subscription retry, goes on",
    )


def subscriber_silent(key: str, what: str) -> Issue:
    """Nobody is there, or nobody answered; it goes out again by itself."""
    return Issue(
        code="DEL-621",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"订阅方未应答:{what}",
        en=f"the subscriber did not answer: {what}",
        hint_zh="系统会自动重发;持续不通时请检查接收地址和网络",
        hint_en="it is sent again by itself; when that lasts, look at the receiver and the network",
    )


def subscriber_moved(key: str, status: int) -> Issue:
    """An answer that points elsewhere is not followed."""
    return Issue(
        code="DEL-622",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"订阅方要求转向另一地址(HTTP {status}),未跟随",
        en=f"the subscriber points to another address (HTTP {status}); it was not followed",
        hint_zh="请在 Subscription.channel.endpoint 中写明最终地址",
        hint_en="write the final address into Subscription.channel.endpoint",
    )
