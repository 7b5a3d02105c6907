"""Issues of what a hospital writes to our server. Codes FHIR-280 … FHIR-292, FHIR-295."""

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


def posted_elsewhere(pointer: str, place: str) -> Issue:
    """A PUT under the hospital's own id of what was POSTed with that id."""
    return Issue(
        code="FHIR-290",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"医院的这个资源(按其自身 id)已用 POST 写入,地址是 {place}",
        en=f"this resource of the hospital, by its own id, was POSTed before and stands at {place}",
        hint_zh="请把 id 改为该地址中的 id,PUT 到该地址",
        hint_en="PUT it to that address, with the id of that address",
    )


def same_full_url(pointer: str) -> Issue:
    """Two entries of a transaction have one fullUrl (R4 bdl-7)."""
    return Issue(
        code="FHIR-291",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="一个事务中有两个条目的 fullUrl 相同,无法确定引用的是哪一个",
        en="two entries of one transaction have the same fullUrl, so nobody knows which one is referred to",
        hint_zh="请给每个条目一个自己的 fullUrl,例如新的 urn:uuid",
        hint_en="give each entry a fullUrl of its own, a new urn:uuid for example",
    )


def there_already(pointer: str) -> Issue:
    """If-None-Match: * (or version 0), and there is one."""
    return Issue(
        code="FHIR-292",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="If-None-Match 要求尚无此资源,但它已存在,未写入",
        en="If-None-Match wants no such resource, but there is one; nothing was written",
        hint_zh="要修改它,请用 If-Match 写明现行版本",
        hint_en="to change it, name the present version in If-Match",
    )


def only_a_part(pointer: str) -> Issue:
    """A resource that was shown in part (``_summary``, ``_elements``) comes back as if it were whole."""
    return Issue(
        code="FHIR-295",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="这是只显示了一部分的资源(SUBSETTED),写入会丢失其余内容,未写入",
        en="this is a part of a resource (SUBSETTED); writing it would lose the rest, so nothing was written",
        hint_zh="请读取完整资源(不带 _summary、_elements),修改后再写入",
        hint_en="read the whole resource, without _summary and _elements, and change that",
    )
