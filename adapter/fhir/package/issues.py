"""Issues of definitions that cannot be made into a package (FHIR-240–246)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def no_such_element(where: str, element: str) -> Issue:
    return Issue(
        code="FHIR-240",
        severity=Severity.ERROR,
        pointer=where,
        zh=f"基础定义中没有元素“{element}”",
        en=f"the base has no element '{element}'",
        hint_zh="请核对 differential 中的 id 和 path;切片须先在被切片的元素上声明 slicing",
        hint_en="check id and path in the differential; a slice needs slicing on the element that it slices",
    )


def loosened(where: str, element: str, what: str) -> Issue:
    return Issue(
        code="FHIR-241",
        severity=Severity.ERROR,
        pointer=where,
        zh=f"元素“{element}”的 {what} 比基础定义宽",
        en=f"element '{element}': its {what} is wider than the base allows",
        hint_zh="规范只能收紧基础定义",
        hint_en="a profile may only narrow its base",
    )


def not_unfolded(where: str, element: str) -> Issue:
    return Issue(
        code="FHIR-242",
        severity=Severity.ERROR,
        pointer=where,
        zh=f"元素“{element}”没有唯一且已知的类型,不能约束其内部",
        en=f"element '{element}' has no single known type, so nothing inside it can be constrained",
        hint_zh="请先把类型限定为一种;若为新类型,请加入 adapter/fhir/package/build_bases.py 并重新生成",
        hint_en="narrow it to one type first; add a new type to adapter/fhir/package/build_bases.py and build again",
    )


def unknown_base(where: str, url: str) -> Issue:
    return Issue(
        code="FHIR-243",
        severity=Severity.ERROR,
        pointer=where,
        zh=f"没有基础定义 {url}",
        en=f"the base definition {url} is not known",
        hint_zh="请核对 baseDefinition;若为 R4 类型,请加入 adapter/fhir/package/build_bases.py 并重新生成",
        hint_en="check baseDefinition; add an R4 type to adapter/fhir/package/build_bases.py and build again",
    )


def said_twice(where: str, url: str) -> Issue:
    return Issue(
        code="FHIR-244",
        severity=Severity.ERROR,
        pointer=where,
        zh=f"规范包中 {url} 出现两次",
        en=f"the package would hold {url} twice",
        hint_zh="每个规范地址只能有一个文件",
        hint_en="one file for each canonical address",
    )


def misnamed(where: str, wanted: str) -> Issue:
    return Issue(
        code="FHIR-245",
        severity=Severity.ERROR,
        pointer=where,
        zh=f"文件名与内容不符,应为 {wanted}",
        en=f"the file's name does not go with what it holds; it should be {wanted}",
        hint_zh="文件名为 <资源类型>-<id>.json",
        hint_en="a file is called <resource type>-<id>.json",
    )


def out_of_order(where: str, element: str, before: str) -> Issue:
    return Issue(
        code="FHIR-246",
        severity=Severity.ERROR,
        pointer=where,
        zh=f"元素“{element}”应排在“{before}”之前",
        en=f"element '{element}' belongs before '{before}'",
        hint_zh="differential 须按基础定义的元素顺序书写,否则其他工具会忽略乱序的元素",
        hint_en="write the differential in the order of the base; other tools leave out what is out of order",
    )
