"""Issues of the second version. Codes FHIR-26x. Values never appear in them: they may be personal data."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def type_not_spoken(kind: str) -> Issue:
    return Issue(
        code="FHIR-260",
        severity=Severity.ERROR,
        pointer=kind,
        zh="这种资源没有另一版本的表述",
        en="this type of resource is not said in the other version",
        hint_zh="可表述的类型见 docs/r5.md",
        hint_en="docs/r5.md lists the types",
    )


def not_sound(pointer: str) -> Issue:
    return Issue(
        code="FHIR-263",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="保存的资源不合 R4 结构,无法转换为 R5",
        en="the resource as it is kept is not sound R4, so it cannot be said in R5",
        hint_zh="请在 /fhir 下读取原资源,并用 $validate 查看问题",
        hint_en="read it at the R4 base; $validate there tells what is wrong",
    )


def carried(pointer: str, zh: str, en: str, url: str) -> Issue:
    return Issue(
        code="FHIR-261",
        severity=Severity.INFORMATION,
        pointer=pointer,
        zh=f"{zh};以扩展 {url} 携带",
        en=f"{en}; the extension {url} carries it",
        hint_zh="读取该扩展即可得到原内容;转换回原版本时自动还原",
        hint_en="read the extension for it; on the way back it is put in its place again",
    )


def not_said(pointer: str, zh: str, en: str) -> Issue:
    return Issue(
        code="FHIR-262",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=zh,
        en=en,
        hint_zh="需要完整内容时请读取原版本的资源",
        hint_en="read the resource in its own version for the whole of it",
    )
