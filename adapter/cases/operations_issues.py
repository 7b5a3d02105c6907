"""Issues of operations on a stay: which case it is. Codes CASE-450 and CASE-451."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def no_case_of(encounter: str) -> Issue:
    """No case is that stay."""
    return Issue(
        code="CASE-450",
        severity=Severity.ERROR,
        pointer=f"Encounter/{encounter}",
        zh="没有与该住院(Encounter)对应的病例",
        en="there is no case of this Encounter",
        hint_zh="用 GET /fhir/Encounter?identifier=… 查找住院;记录未齐的住院先处理 GET /parked",
        hint_en="find the stay with GET /fhir/Encounter?identifier=…; one that waits for its records is in GET /parked",
    )


def several_cases_of(encounter: str, count: int) -> Issue:
    """Several cases share that stay."""
    return Issue(
        code="CASE-451",
        severity=Severity.ERROR,
        pointer=f"Encounter/{encounter}",
        zh=f"该住院(Encounter)对应{count}个病例,不能确定是哪一个",
        en=f"{count} cases share this Encounter, so it does not say which one is meant",
        hint_zh="请改用 /cases/{病例编号}/… 的地址",
        hint_en="use the address /cases/{case_id}/… instead",
    )
