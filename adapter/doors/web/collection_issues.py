"""Issues of the addresses about the patient's part and debts. Code API-855."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def nobody_named() -> Issue:
    """The service's own name cannot decide about a person."""
    return Issue(
        code="API-855",
        severity=Severity.ERROR,
        pointer="header.X-Actor",
        zh="该操作须由具名人员办理,请求中没有办理人",
        en="a named person must do this, and the request names nobody",
        hint_zh="请在请求头 X-Actor 中给出办理人的工号",
        hint_en="give the staff number of who acts in the header X-Actor",
    )
