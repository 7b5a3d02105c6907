"""Issues of the addresses of subscriptions. Code API-882."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def no_subscription_sent(pointer: str) -> Issue:
    """The body is no Subscription, or one of another id."""
    return Issue(
        code="API-882",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="内容应为 Subscription 资源,id 与地址一致",
        en="the body is a Subscription, its id that of the address",
        hint_zh="新建用 POST(不带 id),修改用 PUT,id 与地址相同",
        hint_en="POST a new one without an id; PUT a changed one with the id of its address",
    )
