"""Issues of the FHIR room: JSON at the door, structure, references, money. Codes FHIR-1xx."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def not_json(reason: str) -> Issue:
    return Issue(
        code="FHIR-101",
        severity=Severity.FATAL,
        pointer="body",
        zh=f"不是合法的 UTF-8 JSON:{reason}",
        en=f"not well-formed UTF-8 JSON: {reason}",
        hint_zh="请发送方检查编码和 JSON 格式后重新发送",
        hint_en="ask the sender to check encoding and JSON syntax, then send again",
    )


def repeated_key(key: str) -> Issue:
    return Issue(
        code="FHIR-102",
        severity=Severity.FATAL,
        pointer="body",
        zh=f"同一对象中字段“{key}”重复,无法判断取哪一个",
        en=f"field '{key}' stands twice in one object; nobody can tell which one counts",
        hint_zh="请发送方去掉重复字段后重新发送",
        hint_en="ask the sender to remove the repeated field, then send again",
    )


def not_a_number() -> Issue:
    return Issue(
        code="FHIR-103",
        severity=Severity.FATAL,
        pointer="body",
        zh="数值为 NaN 或无穷大,JSON 中没有这样的数",
        en="a value is NaN or infinite; JSON has no such number",
        hint_zh="请检查该数值的来源和换算",
        hint_en="check where the number comes from and how it is computed",
    )
