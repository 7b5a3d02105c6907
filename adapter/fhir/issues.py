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


def number_out_of_reach(most: int) -> Issue:
    return Issue(
        code="FHIR-293",
        severity=Severity.FATAL,
        pointer="body",
        zh=f"有一个数大于 10 的 {most} 次方,或小于其倒数",
        en=f"a number is beyond ten to the power of {most}, or as small",
        hint_zh="请检查该数值的来源和换算",
        hint_en="check where the number comes from and how it is computed",
    )


def no_resource() -> Issue:
    return Issue(
        code="FHIR-105",
        severity=Severity.FATAL,
        pointer="body",
        zh="内容不是 FHIR 资源:缺少 resourceType",
        en="not a FHIR resource: resourceType is missing",
        hint_zh="请发送 FHIR R4 资源或 Bundle",
        hint_en="send an R4 resource or Bundle",
    )


def type_not_served(pointer: str, name: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-110",
        severity=severity,
        pointer=pointer,
        zh=f"资源类型“{name}”不在本系统处理范围,未作校验",
        en=f"resource type '{name}' is not one that we handle; it was not checked",
        hint_zh="结算不需要时可不发送",
        hint_en="leave it out; settlement does not use it",
    )


def missing(pointer: str, name: str) -> Issue:
    return Issue(
        code="FHIR-111",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"缺少必填元素“{name}”",
        en=f"required element '{name}' is missing",
        hint_zh="请在来源系统或对照文件中补上",
        hint_en="supply it in the source system or in the mapping",
    )


def unknown_element(pointer: str, names: str, version: str = "R4") -> Issue:
    return Issue(
        code="FHIR-112",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"{version} 中没有这些元素:{names}",
        en=f"{version} has no such element: {names}",
        hint_zh=f"请检查拼写和 FHIR 版本;{version} 以外的内容用扩展表示",
        hint_en=f"check the spelling and the FHIR version; say what {version} cannot say in an extension",
    )


def code_not_listed(pointer: str, codes: str) -> Issue:
    return Issue(
        code="FHIR-113",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"代码不在必须使用的代码表中,应为:{codes}",
        en=f"the code is not in the required list: {codes}",
        hint_zh="请改用表中的代码",
        hint_en="use a code of the list",
    )


def bad_format(pointer: str, kind: str) -> Issue:
    return Issue(
        code="FHIR-114",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"值不符合 FHIR 类型 {kind} 的格式或范围",
        en=f"the value is not a valid FHIR {kind}",
        hint_zh="请检查格式:日期须真实存在,时间须带时区,文本不能为空白",
        hint_en="check the form: dates must exist, times need a zone, text must not be blank",
    )


def wrong_type(pointer: str, expected: str) -> Issue:
    return Issue(
        code="FHIR-115",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"JSON 类型不对,应为 {expected};不允许 null",
        en=f"wrong JSON type, {expected} expected; null is not allowed",
        hint_zh="没有值的元素请整个省略;数值不要写成文本",
        hint_en="leave an element without a value out; do not write numbers as text",
    )


def empty(pointer: str) -> Issue:
    return Issue(
        code="FHIR-116",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="数组或对象为空",
        en="the array or object is empty",
        hint_zh="没有内容的元素请整个省略",
        hint_en="leave an element without content out",
    )


def choice(pointer: str, name: str) -> Issue:
    return Issue(
        code="FHIR-117",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"“{name}[x]”只能取一种类型的值(必填时恰好一个)",
        en=f"'{name}[x]' takes one value of one type (exactly one where it is required)",
        hint_zh="请只保留一个值",
        hint_en="keep a single value",
    )


def invariant(pointer: str, key: str, version: str = "R4") -> Issue:
    return Issue(
        code="FHIR-118",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"违反 {version} 约束 {key}",
        en=f"{version} invariant {key} does not hold",
        hint_zh=f"约束原文见 {version} 规范中该资源的页面",
        hint_en=f"the {version} page of the resource gives the invariant in words",
    )


def reference_target(pointer: str, targets: str) -> Issue:
    return Issue(
        code="FHIR-119",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"引用的写法或目标类型不对,应指向:{targets}",
        en=f"the reference has a wrong form or target type; it may point to: {targets}",
        hint_zh="请写成“类型/id”,并指向允许的类型",
        hint_en="write 'Type/id' and point to an allowed type",
    )


def structure(pointer: str, rule: str, version: str = "R4") -> Issue:
    return Issue(
        code="FHIR-120",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"结构不符合 {version}({rule})",
        en=f"the structure is not {version} ({rule})",
        hint_zh=f"请对照 {version} 规范检查该元素",
        hint_en=f"compare the element with the {version} specification",
    )


def currency(pointer: str) -> Issue:
    return Issue(
        code="FHIR-121",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="金额须注明币种,且只能是人民币 CNY",
        en="an amount must name its currency, and it must be CNY",
        hint_zh="请写 currency = CNY",
        hint_en="write currency = CNY",
    )


def inverted(pointer: str, key: str) -> Issue:
    return Issue(
        code="FHIR-122",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"起点晚于终点({key})",
        en=f"the start lies after the end ({key})",
        hint_zh="请检查来源系统中的起止时间或上下限",
        hint_en="check start and end, or low and high, in the source system",
    )


def dangling(pointer: str, target: str) -> Issue:
    return Issue(
        code="FHIR-123",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"引用的资源 {target} 不在同一组数据中",
        en=f"the reference {target} points to nothing in this set",
        hint_zh="请一并提供被引用的资源",
        hint_en="send the resource along that the reference points to",
    )


def repeated_id(pointer: str) -> Issue:
    return Issue(
        code="FHIR-124",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="同一组数据中有两个类型和 id 相同的资源",
        en="two resources of the set have the same type and id",
        hint_zh="请检查来源行的主键是否唯一",
        hint_en="check that the row keys of the source are unique",
    )


def no_address(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-125",
        severity=severity,
        pointer=pointer,
        zh="Bundle 条目缺少 fullUrl",
        en="the Bundle entry has no fullUrl",
        hint_zh="除 POST 新建外,每个带资源的条目都要有 fullUrl",
        hint_en="every entry with a resource needs one, unless it is created by POST",
    )


def inexact_amount(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-130",
        severity=severity,
        pointer=pointer,
        zh="金额不是精确到分的十进制数",
        en="the amount is not a decimal that is exact to the fen",
        hint_zh="请检查金额的来源;不要用浮点数,不要超过两位小数",
        hint_en="check where the amount comes from: no floats, no more than two decimals",
    )


def focal(pointer: str, count: int, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-131",
        severity=severity,
        pointer=pointer,
        zh=f"insurance 中须恰好一项 focal = true,现有 {count} 项",
        en=f"exactly one insurance must be focal, {count} are",
        hint_zh="focal 标明这份资料发给哪个支付方",
        hint_en="focal marks the payer that this resource is for",
    )


def focal_answered(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-132",
        severity=severity,
        pointer=pointer,
        zh="focal 的 insurance 不能带 claimResponse",
        en="the focal insurance must not carry a claimResponse",
        hint_zh="claimResponse 只放在此前支付方的 insurance 中",
        hint_en="claimResponse belongs to the insurances of earlier payers",
    )


def sequence_repeated(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-133",
        severity=severity,
        pointer=pointer,
        zh="sequence 重复",
        en="a sequence number stands twice",
        hint_zh="同一列表中的 sequence 须各不相同",
        hint_en="sequence numbers of a list must differ",
    )


def sequence_unknown(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-134",
        severity=severity,
        pointer=pointer,
        zh="引用的 sequence 不存在",
        en="the sequence number referred to does not exist",
        hint_zh="请检查诊断、补充信息等列表的序号",
        hint_en="check the numbers of the diagnosis and supportingInfo lists",
    )


def line_net(pointer: str, net: str, computed: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-135",
        severity=severity,
        pointer=pointer,
        zh=f"行金额 {net} 不等于数量×单价×系数 {computed}(四舍五入到分)",
        en=f"net {net} is not quantity × unit price × factor {computed} (half up to the fen)",
        hint_zh="来源金额确实不同时,省略 unitPrice,单价放入扩展",
        hint_en="where the stored amount really differs, leave unitPrice out and keep the price in an extension",
    )


def control_total(pointer: str, total: str, computed: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-136",
        severity=severity,
        pointer=pointer,
        zh=f"合计 {total} 不等于各行之和 {computed}",
        en=f"the total {total} is not the sum of its parts {computed}",
        hint_zh="请检查是否有漏行或重复行",
        hint_en="look for a missing or repeated line",
    )


def payment(pointer: str, amount: str, computed: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-137",
        severity=severity,
        pointer=pointer,
        zh=f"支付金额 {amount} 不等于待遇金额减调整 {computed}",
        en=f"the payment {amount} is not benefit minus adjustment {computed}",
        hint_zh="请与支付方核对",
        hint_en="ask the payer",
    )


def over_distributed(pointer: str, paid: str, computed: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-138",
        severity=severity,
        pointer=pointer,
        zh=f"明细合计 {computed} 超过拨付金额 {paid}",
        en=f"the details {computed} distribute more than the payment {paid}",
        hint_zh="请与支付方核对拨付明细",
        hint_en="check the remittance details with the payer",
    )


def no_xml_for(pointer: str) -> Issue:
    return Issue(
        code="FHIR-141",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="R4 在此处没有这个元素,不能写成 XML",
        en="R4 has no such element here, so there is no XML for it",
        hint_zh="请改用 JSON,或更正该元素",
        hint_en="ask for JSON, or correct the element",
    )


def not_in_xml(pointer: str) -> Issue:
    return Issue(
        code="FHIR-142",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="内容含有 XML 不允许的控制字符",
        en="the text holds a control character that XML cannot carry",
        hint_zh="请改用 JSON,或请来源系统去掉该字符",
        hint_en="ask for JSON, or have the source take the character out",
    )
