"""Issues of clearing and prepayment: CASE-390 … CASE-394, CASE-502, CASE-503 (清算与预付)."""

from __future__ import annotations

from adapter.model.case import ClearingState
from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def endpoint_uncalled(endpoint: str) -> Issue:
    """No scheme calls it, so it owes nothing."""
    return Issue(
        code="CASE-390",
        severity=Severity.ERROR,
        pointer=f"clearing/{endpoint}",
        zh=f"没有任何方案调用付款方“{endpoint}”",
        en=f"no scheme calls a counterpart named '{endpoint}'",
        hint_zh="请用 adapter policy list 查看各方案调用的付款方",
        hint_en="adapter policy list names the counterparts of each scheme",
    )


def nothing_to_show(book: str, zh: str, en: str) -> Issue:
    """Nothing was declared, or there is nothing to declare; no budget was recorded."""
    return Issue(
        code="CASE-391",
        severity=Severity.ERROR,
        pointer=book,
        zh=zh,
        en=en,
        hint_zh="请核对付款方、医院代码和年月;先登记或申报(adapter clearing declare、adapter prepayment schedule)",
        hint_en="check counterpart, hospital code and month; record or declare first (adapter clearing declare)",
    )


def receipt_wrong(book: str, zh: str, en: str) -> Issue:
    """The parts of what was received do not account for what was declared."""
    return Issue(
        code="CASE-392",
        severity=Severity.ERROR,
        pointer=f"{book}/received",
        zh=zh,
        en=en,
        hint_zh="到账 + 冲抵预付 + 留存 + 扣减 必须等于申报额;请按付款方的拨付单逐项核对",
        hint_en="cash, offset, retained and deducted add up to what was declared; check the payer's own statement",
    )


def reference_used(book: str, reference: str) -> Issue:
    """Without its own number the same money could be booked twice."""
    return Issue(
        code="CASE-393",
        severity=Severity.ERROR,
        pointer=f"{book}/received/{reference}",
        zh=f"拨付单号“{reference}”缺失,或已用于另一笔内容不同的款项",
        en=f"the number of the payment ('{reference}') is missing, or stands for another payment already",
        hint_zh="请填写拨付单号或银行流水号;同一笔重复提交不会重复入账",
        hint_en="give its number; the same payment sent again books nothing twice",
    )


def not_as_expected(book: str, part_zh: str, part: str, said: Money, expected: Money, cite: str) -> Issue:
    """The payer's figure counts; that it is another one is named."""
    return Issue(
        code="CASE-394",
        severity=Severity.WARNING,
        pointer=f"{book}/received/{part}",
        zh=f"{part_zh}:付款方{said}元,按规定测算{expected}元(依据 {cite})",
        en=f"{part}: the payer says {said}, the clause gives {expected} (article {cite})",
        hint_zh="以付款方为准入账;请与医保经办机构核实差异原因",
        hint_en="the payer's figure is booked; ask the insurance office why it differs",
    )


def declared_already(book: str, state: ClearingState, at: str, by: str) -> Issue:
    """A month is declared once; only a dispute opens it again."""
    return Issue(
        code="CASE-502",
        severity=Severity.ERROR,
        pointer=book,
        zh=f"该月已于 {at} 由 {by} 申报,目前{_STATE_ZH[state]},不能再次申报",
        en=f"this month was declared at {at} by {by} and is '{state}': it is not declared a second time",
        hint_zh="用 adapter clearing show 查看;付款方有异议的先 adapter clearing dispute,再重新申报;漏报的并入下月申报",
        hint_en="see adapter clearing show; where the payer disputes it: adapter clearing dispute, then declare anew; "
        "what was left out goes into the next month",
    )


def not_now(book: str, before: ClearingState, after: ClearingState) -> Issue:
    """An answer or a payment that does not follow from where the month stands."""
    return Issue(
        code="CASE-503",
        severity=Severity.ERROR,
        pointer=book,
        zh=f"该月清算目前{_STATE_ZH[before]},不能登记为{_STATE_ZH[after]}",
        en=f"the month is '{before}' with this payer and cannot become '{after}'",
        hint_zh="次序为:申报、对方确认(agree)或异议(dispute)、到账(receive);用 adapter clearing show 查看现状",
        hint_en="first declare, then agree or dispute, then receive; adapter clearing show tells where it stands",
    )


_STATE_ZH = {
    ClearingState.OPEN: "未申报",
    ClearingState.DECLARED: "已申报",
    ClearingState.AGREED: "已确认",
    ClearingState.DISPUTED: "有异议",
    ClearingState.RECEIVED: "已到账",
}
