"""Issues of what a hospital writes to our server. Codes FHIR-280 … FHIR-289."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def reference_unresolved(pointer: str, count: int) -> Issue:
    """A reference by condition or within a Bundle leads nowhere, or to several."""
    return Issue(
        code="FHIR-280",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"条件引用或 urn:uuid 引用须恰好找到一个资源,实际找到 {count} 个",
        en=f"a reference by condition or urn:uuid must find one resource; this one finds {count}",
        hint_zh="请先写入所引用的资源,或改用能唯一确定它的标识",
        hint_en="write the resource first, or refer by an identifier that only it has",
    )


def too_much_in_one(pointer: str, levels: int, size: int) -> Issue:
    return Issue(
        code="FHIR-281",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"资源嵌套超过 {levels} 层,或大于 {size} 字节",
        en=f"the resource is nested deeper than {levels} levels, or larger than {size} bytes",
        hint_zh="请去掉照片、附件以及多余的扩展或内含资源",
        hint_en="leave out photographs, attachments, and extensions or contained resources that are not needed",
    )


def charge_of_nobody(pointer: str) -> Issue:
    return Issue(
        code="FHIR-282",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="费用明细没有写明属于哪次住院(context)或哪个账户(account)",
        en="the charge says neither to which stay (context) nor to which account it belongs",
        hint_zh="请填写 ChargeItem.context",
        hint_en="give ChargeItem.context",
    )


def not_what_is_addressed(pointer: str) -> Issue:
    """Type or id of the body is not that of the address."""
    return Issue(
        code="FHIR-283",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="内容的资源类型或 id 与地址不一致",
        en="the type or id of the body is not that of the address",
        hint_zh="PUT 的资源须带与地址相同的 id",
        hint_en="a resource that is PUT carries the id of its address",
    )


def entry_unusable(pointer: str, zh: str, en: str) -> Issue:
    return Issue(
        code="FHIR-284",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"Bundle 条目不能执行:{zh}",
        en=f"the entry cannot be carried out: {en}",
        hint_zh="每个条目须有 request.method 和 request.url,POST、PUT 还须有 resource",
        hint_en="each entry needs request.method and request.url, a POST or PUT also a resource",
    )


def same_resource_twice(pointer: str) -> Issue:
    return Issue(
        code="FHIR-285",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="一个事务中有两个条目写同一个资源",
        en="two entries of one transaction write the same resource",
        hint_zh="请合并为一个条目,或分两次发送",
        hint_en="make one entry of them, or send them one after the other",
    )


def several_match(pointer: str, count: int) -> Issue:
    return Issue(
        code="FHIR-286",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"条件找到 {count} 个资源,无法确定是哪一个,未写入",
        en=f"the condition finds {count} resources, so nothing was written",
        hint_zh="请改用能唯一确定它的标识",
        hint_en="use an identifier that only it has",
    )


def version_is_another(pointer: str, version: int) -> Issue:
    """``version`` 0: there is none yet."""
    return Issue(
        code="FHIR-287",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"If-Match 的版本不是现行版本(现行:{version or '无'})",
        en=f"If-Match names another version than the present one ({version or 'none'})",
        hint_zh="请重新读取,在现行版本上修改后再写入",
        hint_en="read it again and make the change on the present version",
    )


def already_posted(pointer: str) -> Issue:
    return Issue(
        code="FHIR-288",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="医院的这个资源(按其自身 id)已经写入过,不能再新建",
        en="this resource of the hospital, by its own id, was written before and is not created again",
        hint_zh="修改请用 PUT;重复发送可用 If-None-Exist 或 Idempotency-Key",
        hint_en="PUT changes it; If-None-Exist or Idempotency-Key make sending it again harmless",
    )


def id_is_taken(pointer: str) -> Issue:
    return Issue(
        code="FHIR-289",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="这个 id 属于另一家医院,或属于病例中由本系统转换的资源,不能改写",
        en="this id belongs to another hospital, or to a resource that the case made of a file; it cannot be written",
        hint_zh="请用医院自己的 id 写入(PUT 类型/医院的id),或用 POST",
        hint_en="write it under the hospital's own id (PUT Type/own-id), or POST it",
    )
