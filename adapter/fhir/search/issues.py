"""Issues of a search. Codes FHIR-20x and FHIR-294. Searched values never appear in them: they may be personal data."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def type_not_searched(kind: str) -> Issue:
    return Issue(
        code="FHIR-201",
        severity=Severity.ERROR,
        pointer=kind,
        zh="该资源类型不能检索",
        en="this type of resource cannot be searched",
        hint_zh="可检索的类型见 GET /fhir/metadata",
        hint_en="GET /fhir/metadata lists the types that can",
    )


def unknown_parameter(kind: str, name: str) -> Issue:
    return Issue(
        code="FHIR-202",
        severity=Severity.ERROR,
        pointer=f"{kind}?{name}",
        zh="没有这个检索参数;忽略它会返回比所要更多的资源,因此拒绝",
        en="there is no such search parameter; without it the answer would be wider than the question",
        hint_zh="可用参数见 GET /fhir/metadata;确需忽略时请加请求头 Prefer: handling=lenient",
        hint_en="GET /fhir/metadata lists those of the type; send Prefer: handling=lenient to have it left out",
    )


def unknown_modifier(kind: str, name: str) -> Issue:
    return Issue(
        code="FHIR-203",
        severity=Severity.ERROR,
        pointer=f"{kind}?{name}",
        zh="该参数不支持这个修饰符",
        en="this parameter does not take this modifier",
        hint_zh="支持 :missing(所有参数)、:not(编码)、:exact、:contains(文本)、:identifier(引用)",
        hint_en=":missing goes with all, :not with codes, :exact and :contains with texts, :identifier with references",
    )


def bad_value(kind: str, name: str, expected: str) -> Issue:
    return Issue(
        code="FHIR-204",
        severity=Severity.ERROR,
        pointer=f"{kind}?{name}",
        zh=f"检索值格式不对,应为 {expected}",
        en=f"the value is not in the form of {expected}",
        hint_zh="请按 FHIR R4 的检索格式书写;数值和日期可加前缀 eq ne gt lt ge le sa eb",
        hint_en="write it as R4's search asks; numbers and dates take the prefixes eq ne gt lt ge le sa eb",
    )


def too_many_values(kind: str, name: str, most: int) -> Issue:
    return Issue(
        code="FHIR-205",
        severity=Severity.ERROR,
        pointer=f"{kind}?{name}",
        zh=f"一个参数最多 {most} 个检索值",
        en=f"at most {most} values for one parameter",
        hint_zh="请分成几次检索",
        hint_en="ask in several searches",
    )


def too_many_in_all(kind: str, most: int) -> Issue:
    return Issue(
        code="FHIR-294",
        severity=Severity.ERROR,
        pointer=kind,
        zh=f"一次检索的所有参数合计最多 {most} 个检索值",
        en=f"at most {most} values for all parameters of one search together",
        hint_zh="请分成几次检索",
        hint_en="ask in several searches",
    )


def too_costly(kind: str, looked_at: int) -> Issue:
    return Issue(
        code="FHIR-206",
        severity=Severity.ERROR,
        pointer=kind,
        zh=f"查看了 {looked_at} 条资源仍不足一页;这个条件组合太宽,已停止",
        en=f"after {looked_at} resources the page is not full yet; these conditions are too wide together",
        hint_zh="请加上患者、就诊、账户或标识等条件",
        hint_en="add a patient, an encounter, an account or an identifier",
    )


def not_sorted_by(kind: str, name: str, own: str) -> Issue:
    also = f"{own}, " if own else ""
    return Issue(
        code="FHIR-207",
        severity=Severity.ERROR,
        pointer=f"{kind}?_sort={name}",
        zh=f"不能按该参数排序;可用 {also}_lastUpdated",
        en=f"not sorted by this; there are {also}_lastUpdated, each with - for newest first",
        hint_zh="请改用上述参数,一次只用一个",
        hint_en="use one of these, one at a time",
    )


def personal_in_address(kind: str, name: str) -> Issue:
    return Issue(
        code="FHIR-208",
        severity=Severity.ERROR,
        pointer=f"{kind}?{name}",
        zh="个人信息不得出现在网址中",
        en="a person's data must not stand in an address",
        hint_zh=f"请改用 POST {kind}/_search,参数放在请求体里",
        hint_en=f"send it as POST {kind}/_search with the parameters in the body",
    )


def bad_page(kind: str) -> Issue:
    return Issue(
        code="FHIR-209",
        severity=Severity.ERROR,
        pointer=f"{kind}?_page",
        zh="翻页标记不是本服务给出的",
        en="this page mark is not one that this service gave out",
        hint_zh="请使用上一页返回的 next 链接,或从第一页开始",
        hint_en="follow the next link of the page before, or begin with the first page",
    )
