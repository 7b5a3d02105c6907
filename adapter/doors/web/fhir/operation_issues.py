"""Issues of operations: what they were given, and what they cannot do. Codes API-874 … API-879."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def wrong_parameter(pointer: str, zh: str, en: str) -> Issue:
    """A parameter of an operation is missing, stands twice, is not known, or has the wrong form."""
    return Issue(
        code="API-874",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"操作参数不对:{zh}",
        en=f"a parameter of the operation is wrong: {en}",
        hint_zh="请对照该操作的 OperationDefinition(mappings/profiles)修改后重新发送",
        hint_en="compare with the operation's OperationDefinition (mappings/profiles), then send again",
    )


def unknown_format() -> Issue:
    """The body is neither FHIR JSON nor FHIR XML of our version."""
    return Issue(
        code="API-875",
        severity=Severity.ERROR,
        pointer="Content-Type",
        zh="请求内容的格式或 FHIR 版本不能读取",
        en="the format or FHIR version of the body cannot be read",
        hint_zh="请以 application/fhir+json 或 application/fhir+xml 发送;本地址为 R4 (fhirVersion=4.0)",
        hint_en="send application/fhir+json or application/fhir+xml; this address speaks R4 (fhirVersion=4.0)",
    )


def nothing_to_validate(kind: str) -> Issue:
    """The request names a type, and holds no resource of it."""
    return Issue(
        code="API-876",
        severity=Severity.ERROR,
        pointer=kind,
        zh=f"没有可校验的 {kind} 资源",
        en=f"there is no {kind} to validate",
        hint_zh="请把资源本身作为请求内容,或放入 Parameters 的 resource 参数;类型须与地址一致",
        hint_en="send the resource as the body, or as 'resource' of Parameters, of the address's type",
    )


def never_deleted(pointer: str) -> Issue:
    """Nothing is deleted here, whatever its content."""
    return Issue(
        code="API-877",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="本服务不删除资源",
        en="resources are not deleted here",
        hint_zh="误记的资源请改为 entered-in-error,或由 HIS 重新导出",
        hint_en="mark a wrong one entered-in-error, or let the HIS export it again",
    )


def other_id(pointer: str) -> Issue:
    """An update of one resource with the content of another."""
    return Issue(
        code="API-878",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="资源的 id 与地址不一致",
        en="the resource's id is not that of the address",
        hint_zh="更新时 id 必须与地址中的 id 相同;新建请用 mode=create",
        hint_en="an update carries the id of its address; for a new resource use mode=create",
    )


def no_such_profile() -> Issue:
    """The profile that a resource was to be held against is not at hand."""
    return Issue(
        code="API-879",
        severity=Severity.ERROR,
        pointer="profile",
        zh="所要的规范(profile)不在手边,未按它校验",
        en="the profile that was asked for is not at hand; nothing was held against it",
        hint_zh="请用 mappings/profiles 中 StructureDefinition 的 url,或把该规范放入其中后重启服务",
        hint_en="give the url of a StructureDefinition of mappings/profiles, or put one there and start again",
    )
