"""Issues of the addresses of bulk exports. Codes API-883 to API-885, API-899."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def not_asynchronous() -> Issue:
    """An export is never answered at once."""
    return Issue(
        code="API-883",
        severity=Severity.ERROR,
        pointer="header.Prefer",
        zh="批量导出只能异步进行",
        en="a bulk export is not answered at once",
        hint_zh="请加请求头 Prefer: respond-async,再按 Content-Location 查询进度",
        hint_en="send Prefer: respond-async, then ask at Content-Location how far it is",
    )


def wrong_export_parameter(name: str, zh: str, en: str) -> Issue:
    """A parameter that is not understood would make another export than was asked for."""
    return Issue(
        code="API-884",
        severity=Severity.ERROR,
        pointer=name,
        zh=f"导出参数不能这样用:{zh}",
        en=f"the export cannot be asked for like this: {en}",
        hint_zh="可用参数为 _type、_since、_typeFilter、_elements、_outputFormat;"
        "其余可用 Prefer: handling=lenient 忽略",
        hint_en="_type, _since, _typeFilter, _elements and _outputFormat are taken; "
        "Prefer: handling=lenient leaves others out",
    )


def token_for_exports() -> Issue:
    """Everybody's data goes out in one piece: not from a service that asks nobody who he is."""
    return Issue(
        code="API-885",
        severity=Severity.ERROR,
        pointer="api_token",
        zh="未设置访问令牌的服务不提供批量导出",
        en="a service without an access token exports nothing",
        hint_zh="请设置 ADAPTER_API_TOKEN;在本机也可用 adapter export run",
        hint_en="set ADAPTER_API_TOKEN; on this machine adapter export run writes the same files",
    )


def no_groups() -> Issue:
    """Nobody keeps groups of patients here."""
    return Issue(
        code="API-899",
        severity=Severity.ERROR,
        pointer="Group",
        zh="不支持按 Group 导出:本系统不保存患者分组",
        en="there is no export by Group: no groups of patients are kept here",
        hint_zh="全部患者请用 Patient/$export;部分资源请加 _typeFilter,如 Encounter?service-provider=Organization/…",
        hint_en="Patient/$export is of everybody; _typeFilter takes some, as Encounter?service-provider=Organization/…",
    )
