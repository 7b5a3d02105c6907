"""Issues of the addresses about codes and lineage. Codes API-830 … API-832."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def wrong_translate(pointer: str) -> Issue:
    """A parameter of $translate is missing, unknown, or has the wrong form."""
    return Issue(
        code="API-830",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="$translate 的参数缺失、不认识或格式不对",
        en="a parameter of $translate is missing, not known, or has the wrong form",
        hint_zh="请给出 code(或 coding、codeableConcept),并给出 system 或 url;见 docs/service.md",
        hint_en="give code (or coding, codeableConcept) with system or url; see docs/service.md",
    )


def no_hospital_named() -> Issue:
    """Neither the url nor the system is of a hospital that is known here."""
    return Issue(
        code="API-831",
        severity=Severity.ERROR,
        pointer="system",
        zh="url 和 system 都不属于已登记的医院,无法确定用哪家医院的对照表",
        en="neither url nor system belongs to a hospital that is known here, so no table can be chosen",
        hint_zh="system 形如 …/CodeSystem/<来源>/<对照表>,url 形如 …/ConceptMap/<来源>-<对照表>",
        hint_en="system reads …/CodeSystem/<source>/<table>, url reads …/ConceptMap/<source>-<table>",
    )
