"""Issues of mapping: its files, its code tables and the values it meets. Codes MAP-1xx."""

from __future__ import annotations

from adapter.model.issues import AdapterError, Issue, Severity


class MappingRefused(AdapterError):
    """A mapping file or code table is wrong; nothing is mapped with it."""


def file_wrong(pointer: str, expected_zh: str, expected_en: str) -> Issue:
    return Issue(
        code="MAP-101",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"映射文件有误:{expected_zh}",
        en=f"the mapping file is wrong: {expected_en}",
        hint_zh="请按提示修改该行;格式说明见 docs/mapping-files.md",
        hint_en="correct that line; docs/mapping-files.md explains the format",
    )


def repeated_key(pointer: str, key: str, first_line: int) -> Issue:
    return Issue(
        code="MAP-102",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"键“{key}”重复(第 {first_line} 行已出现)",
        en=f"key '{key}' stands twice (first on line {first_line})",
        hint_zh="请删除其中一处",
        hint_en="remove one of them",
    )


def unreadable_value(pointer: str, shown: str, kind: str, required: bool) -> Issue:
    return Issue(
        code="MAP-103",
        severity=Severity.ERROR if required else Severity.WARNING,
        pointer=pointer,
        zh=f"值“{shown}”无法按 {kind} 读取",
        en=f"value '{shown}' cannot be read as {kind}",
        hint_zh="请在 HIS 中更正该值后重新导出;如属新的写法,请在映射文件的 formats 中登记",
        hint_en="correct the value in the HIS and export again; a new way of writing goes into the mapping's formats",
    )


def unknown_code(pointer: str, code: str, table: str, required: bool) -> Issue:
    return Issue(
        code="MAP-104",
        severity=Severity.ERROR if required else Severity.WARNING,
        pointer=pointer,
        zh=f"编码“{code}”在对照表 {table} 中没有对应关系",
        en=f"code '{code}' has no row in the code table {table}",
        hint_zh=f"请在 {table} 中补充一行后重新导入",
        hint_en=f"add a row to {table}, then import again",
    )


def required_missing(pointer: str, target: str, required: bool) -> Issue:
    return Issue(
        code="MAP-105",
        severity=Severity.ERROR if required else Severity.WARNING,
        pointer=pointer,
        zh=f"缺少必填值(目标 {target})",
        en=f"a value that {target} needs is missing",
        hint_zh="请在 HIS 中补全该字段后重新导出",
        hint_en="complete the field in the HIS, then export again",
    )


def amount_differs(pointer: str, amount: str, product: str, over_limit: bool) -> Issue:
    return Issue(
        code="MAP-106",
        severity=Severity.ERROR if over_limit else Severity.WARNING,
        pointer=pointer,
        zh=f"金额 {amount} 与 数量×单价 = {product} 不符;以 HIS 存储的金额为准",
        en=f"amount {amount} does not match quantity × price = {product}; the stored amount counts",
        hint_zh="请核对该费用行的数量、单价与金额",
        hint_en="check the line's quantity, price and amount",
    )


def refund_exceeds(pointer: str, item: str, quantity: str) -> Issue:
    return Issue(
        code="MAP-107",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"项目 {item} 的退费数量 {quantity} 超过已记费的剩余数量,无法对应",
        en=f"the refund of {quantity} of item {item} is more than what is left of the charges",
        hint_zh="请核对退费行,或确认原收费行已一并导出",
        hint_en="check the refund, or whether the original charge was exported too",
    )


def refund_spread(pointer: str, item: str, count: int) -> Issue:
    return Issue(
        code="MAP-108",
        severity=Severity.INFORMATION,
        pointer=pointer,
        zh=f"项目 {item} 的一行退费对应 {count} 行收费",
        en=f"one refund of item {item} undoes parts of {count} charge lines",
        hint_zh="无需处理",
        hint_en="nothing to do",
    )


def unexpected_value(pointer: str, shown: str, reason_zh: str, reason_en: str) -> Issue:
    return Issue(
        code="MAP-109",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"值“{shown}”超出本映射的处理范围:{reason_zh}",
        en=f"value '{shown}' is beyond what this mapping handles: {reason_en}",
        hint_zh="请由人工处理该次住院,或完善映射",
        hint_en="let a person deal with this stay, or extend the mapping",
    )


def doubtful_id(pointer: str, reason_zh: str, reason_en: str) -> Issue:
    return Issue(
        code="MAP-110",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"身份证号未通过校验({reason_zh}),作为未核实的标识保留",
        en=f"the ID number failed its check ({reason_en}); kept as an unverified identifier",
        hint_zh="请核对证件后在 HIS 中更正",
        hint_en="check the card, then correct the number in the HIS",
    )


def id_disagrees(pointer: str, with_zh: str, with_en: str) -> Issue:
    return Issue(
        code="MAP-111",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"身份证号与登记的{with_zh}不一致;两者均未改动",
        en=f"the ID number disagrees with the recorded {with_en}; neither was changed",
        hint_zh="请核对证件",
        hint_en="check the card",
    )


def no_such_file(pointer: str, kind_zh: str, kind_en: str) -> Issue:
    return Issue(
        code="MAP-112",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"找不到{kind_zh}",
        en=f"there is no such {kind_en}",
        hint_zh="请检查名称;可用的名称即 mappings/ 下的文件名",
        hint_en="check the name; the files under mappings/ are the names that exist",
    )


def unclaimed_column(pointer: str, count: int) -> Issue:
    return Issue(
        code="MAP-113",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"该列在映射文件中既未使用也未说明忽略理由(样本中出现 {count} 次)",
        en=f"the column is neither mapped nor ignored for a stated reason ({count} times in the sample)",
        hint_zh="请在映射文件的 fields 或 ignored 中登记该列",
        hint_en="list the column under fields or ignored in the mapping",
    )


def code_table_wrong(pointer: str, expected_zh: str, expected_en: str) -> Issue:
    return Issue(
        code="MAP-114",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"对照表有误:{expected_zh}",
        en=f"the code table is wrong: {expected_en}",
        hint_zh="请修改该行后重试",
        hint_en="correct that row and try again",
    )


def stay_row_count(pointer: str, table: str, count: int) -> Issue:
    return Issue(
        code="MAP-115",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该次住院在 {table} 中应有一行,实有 {count} 行",
        en=f"the stay has {count} rows in {table}, where one is expected",
        hint_zh="请检查导出条件",
        hint_en="check how the export was made",
    )


def refund_not_negative(pointer: str, item: str) -> Issue:
    return Issue(
        code="MAP-116",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"项目 {item} 的该行按状态是退费,但数量不是负数",
        en=f"by its status this line of item {item} is a refund, yet its quantity is not negative",
        hint_zh="请核对该行的状态和数量;如该 HIS 的退费行不取负,请人工处理并完善映射",
        hint_en="check the line's status and quantity; when this HIS writes refunds without a sign, extend the mapping",
    )


def link_leads_nowhere(pointer: str, item: str) -> Issue:
    return Issue(
        code="MAP-117",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"项目 {item} 的退费所指的原收费行不在导出中(可能被截断);按项目、单价、数量和日期对应",
        en=f"the refund of item {item} names a line that is not there, or was cut short; paired by item, price and day",
        hint_zh="请核对退费对应的原收费行",
        hint_en="check which line the refund undoes",
    )


def undone_by_nothing(pointer: str, item: str) -> Issue:
    return Issue(
        code="MAP-118",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"项目 {item} 的该行按状态已被冲销,但导出中没有冲销它的行",
        en=f"by its status this line of item {item} was undone, yet nothing in the export undoes it",
        hint_zh="请把冲销行一并导出,或在 HIS 中核对该行状态",
        hint_en="export the line that undoes it as well, or check its status in the HIS",
    )
