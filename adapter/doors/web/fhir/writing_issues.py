"""Issues of writing over HTTP: whose resource it is, and what is not done. Codes API-854, API-856 … API-860."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def no_hospital_named() -> Issue:
    return Issue(
        code="API-854",
        severity=Severity.ERROR,
        pointer="header.X-Source",
        zh="没有说明是哪家医院写入的",
        en="nothing says which hospital writes this",
        hint_zh="请在请求头 X-Source 中写明来源名,或设置 ADAPTER_FHIR_SOURCE(只有一家医院时)",
        hint_en="name the source in the header X-Source, or set ADAPTER_FHIR_SOURCE where there is one hospital",
    )


def speaks_no_fhir(source: str) -> Issue:
    return Issue(
        code="API-856",
        severity=Severity.ERROR,
        pointer=f"mappings/sources/{source}.yaml",
        zh=f"来源 {source} 不是以 FHIR 接入的医院,不能直接写入资源",
        en=f"the source {source} does not send FHIR, so no resources are written for it",
        hint_zh="请改用 POST /his/来源名 发送其导出,或将来源的 shape 设为 fhir_r4",
        hint_en="POST its exports to /his/{source}, or let the source be of shape fhir_r4",
    )


def not_written(kind: str, kinds: str) -> Issue:
    """A type that we make ourselves, or that settlement does not need."""
    return Issue(
        code="API-857",
        severity=Severity.ERROR,
        pointer=kind,
        zh=f"这种资源由本系统生成或结算不需要,不能写入;可写入的是:{kinds}",
        en=f"resources of this type are made here or not needed, and are not written; these are: {kinds}",
        hint_zh="请去掉这种资源",
        hint_en="leave resources of this type out",
    )


def not_done(pointer: str, method: str) -> Issue:
    """DELETE and PATCH: what was booked stays on record."""
    return Issue(
        code="API-858",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"不支持 {method}:记过的账不删除,也不局部修改",
        en=f"{method} is not done: what was booked is neither deleted nor changed in parts",
        hint_zh="记错的请写入 status 为 entered-in-error 的完整新版本(PUT);退费另记负数明细",
        hint_en="PUT a whole new version with status entered-in-error for a wrong one; a refund is a negative line",
    )


def condition_unusable(pointer: str) -> Issue:
    return Issue(
        code="API-859",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="条件或版本号的写法不对",
        en="the condition or the version cannot be read",
        hint_zh='If-Match 如 W/"3",If-None-Match 写入时只能是 *;If-None-Exist 和条件更新如 identifier=系统|值',
        hint_en='If-Match is like W/"3", If-None-Match *; If-None-Exist and a conditional PUT identifier=system|value',
    )


def too_many_entries(most: int) -> Issue:
    return Issue(
        code="API-860",
        severity=Severity.ERROR,
        pointer="Bundle.entry",
        zh=f"一个 Bundle 最多 {most} 个条目",
        en=f"a Bundle holds {most} entries at most",
        hint_zh="请按住院分批发送,或用 POST /his/来源名 发送文件",
        hint_en="send it stay by stay, or as a file to POST /his/{source}",
    )
