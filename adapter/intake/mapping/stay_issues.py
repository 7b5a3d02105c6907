"""Issues of what several rows of a stay say together. Codes MAP-190 … MAP-199."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def newborn_unknown(pointer: str, key: str) -> Issue:
    return Issue(
        code="MAP-190",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行属于新生儿(“{key}”),但登记中没有该新生儿,或有多个而无法确定是哪一个",
        en=f"the line is a newborn's ('{key}'); none of that key is registered, or it may be several",
        hint_zh="请把新生儿登记表一并导出,或在 HIS 中核对该行的婴儿标志",
        hint_en="export the table of newborns as well, or check the line's newborn flag in the HIS",
    )


def no_order(pointer: str, other: str) -> Issue:
    return Issue(
        code="MAP-191",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行与 {other} 的先后顺序无法确定",
        en=f"nothing says whether this row or {other} came first",
        hint_zh="请在 HIS 中核对两行的时间和序号,或在 from_rows 的 order 中补充一列",
        hint_en="check the times and numbers of both rows in the HIS, or add a column to the order of from_rows",
    )


def sum_differs(pointer: str, total: str, lines: int, charged: str) -> Issue:
    return Issue(
        code="MAP-192",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"HIS 结算金额 {total} 与归入该次结算的 {lines} 行费用合计 {charged} 不符",
        en=f"the HIS's settlement of {total} and the {lines} line(s) that name it, {charged} in all, do not agree",
        hint_zh="请核对费用行的结算号;如视图在每行重复了总额,请改取行金额",
        hint_en="check the settlement number of the lines; where a view repeats the total on each, map another column",
    )


def rows_disagree(pointer: str, other: str) -> Issue:
    return Issue(
        code="MAP-193",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"该行与 {other} 说的是同一事物,内容却不同",
        en=f"this row and {other} speak of one thing, and differ on it",
        hint_zh="请在 HIS 中核对两行;如本来就是多项,请在映射文件的 row_key 中补充区分列",
        hint_en="check both rows in the HIS; where they are several things, add what tells them apart to the row_key",
    )


def settlement_missing(pointer: str, number: str) -> Issue:
    return Issue(
        code="MAP-194",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"费用行归入 HIS 结算“{number}”,但导出中没有该次结算",
        en=f"fee lines name the HIS's settlement '{number}', which the export does not hold",
        hint_zh="请把该次结算一并导出",
        hint_en="export that settlement as well",
    )


def minutes_are_months(pointer: str, times: int) -> Issue:
    return Issue(
        code="MAP-195",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"该次住院的 {times} 个时间中,“分”处都是月份;日期可用,钟点不可信",
        en=f"in {times} times of this stay the month stands where minutes belong; days hold, clock times do not",
        hint_zh="请更正视图的时间格式(mm 应为 mi);在此之前请把该列按 as: date 取日期",
        hint_en="correct the view's time format (mi, not mm); until then read the column as: date",
    )


def twelve_hours(pointer: str, times: int) -> Issue:
    return Issue(
        code="MAP-196",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"该次住院的 {times} 个时间都在 1 至 12 时,且有发生晚于记账的行,疑为十二小时制;日期可用,钟点不可信",
        en=f"all {times} times of this stay lie between 1 and 12 o'clock and some occurred after they were booked: "
        "a twelve-hour clock, it seems; days hold, clock times do not",
        hint_zh="请更正视图的时间格式(hh 应为 hh24);在此之前请把该列按 as: date 取日期",
        hint_en="correct the view's time format (hh24, not hh); until then read the column as: date",
    )


def undoes_nothing(pointer: str) -> Issue:
    return Issue(
        code="MAP-197",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该行冲销一次 HIS 结算,但导出中没有同号同额的结算",
        en="the row undoes a settlement of the HIS, and the export holds none of that number and amount",
        hint_zh="请把被冲销的结算一并导出",
        hint_en="export the settlement that it undoes as well",
    )
