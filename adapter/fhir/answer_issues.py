"""Issues of a payer's answer that cannot be taken as it stands. Codes FHIR-151 … FHIR-169."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

#: What to do about an answer that cannot be taken.
TELL_ZH = "本次应答不予采用;请将此问题转告对方,由对方更正后再查询结果"
TELL_EN = "the answer is not used; tell the counterpart, and look the result up again once it is corrected"


def unexpected_shape(pointer: str, expected: str) -> Issue:
    return Issue(
        code="FHIR-151",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"应答结构不符:此处应为{expected}",
        en=f"the answer has another shape: expected {expected} here",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def wrong_currency(pointer: str) -> Issue:
    return Issue(
        code="FHIR-152",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="金额的币种不是人民币(CNY)",
        en="the amount is not in CNY",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def bad_amount(pointer: str) -> Issue:
    return Issue(
        code="FHIR-153",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="金额不是数字,或精度小于一分",
        en="the amount is not a number, or finer than a fen",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def payment_missing(pointer: str) -> Issue:
    return Issue(
        code="FHIR-154",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="应答没有支付金额(payment.amount)",
        en="the answer names no payment (payment.amount)",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def counted_twice(pointer: str, payer: str, count: int) -> Issue:
    return Issue(
        code="FHIR-155",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"对方对同一笔申请有{count}条“{payer}”应答,可能重复计算",
        en=f"the counterpart holds {count} answers of '{payer}' for one request: counted twice",
        hint_zh="请与对方核对并由对方撤销多余的一笔,再继续本病例",
        hint_en="agree with the counterpart which one stands and have the others withdrawn, then resume the case",
    )


def payer_missing(pointer: str, payer: str) -> Issue:
    return Issue(
        code="FHIR-156",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"应答中缺少“{payer}”",
        en=f"the answer lacks payer '{payer}'",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def payer_unexpected(pointer: str, payer: str) -> Issue:
    return Issue(
        code="FHIR-157",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"应答中出现了本次未询问的付款方“{payer}”",
        en=f"the answer speaks for payer '{payer}', which this call did not ask",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def other_request(pointer: str) -> Issue:
    return Issue(
        code="FHIR-158",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="应答对应的申请编号与所发申请不一致",
        en="the answer belongs to another request than the one sent",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def benefit_differs(pointer: str, benefit: str, paid: str) -> Issue:
    return Issue(
        code="FHIR-159",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"应答自相矛盾:待遇合计{benefit}元,支付{paid}元",
        en=f"the answer contradicts itself: benefit {benefit}, payment {paid}",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def refused(pointer: str, reason: str) -> Issue:
    """The payer says no; ``reason`` is its own words, shortened, long numbers masked."""
    return Issue(
        code="FHIR-160",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"付款方拒绝:{reason}",
        en=f"the payer refuses: {reason}",
        hint_zh="请按原因更正后重新办理;重发原报文无效",
        hint_en="correct the cause and settle again; sending the same message again will not help",
    )


def line_unknown(pointer: str) -> Issue:
    return Issue(
        code="FHIR-161",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="应答中的明细序号不在所发申请中",
        en="the answer splits a line that was not sent",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def line_differs(pointer: str, split: str, net: str) -> Issue:
    return Issue(
        code="FHIR-162",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"对方的明细拆分合计{split}元,与该明细金额{net}元不符",
        en=f"the payer's split of the line adds up to {split}, the line is {net}",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def wrong_sign(pointer: str) -> Issue:
    return Issue(
        code="FHIR-163",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="支付金额的正负号与应答状态不符(结算应非负,冲销应非正)",
        en="the sign of the payment does not fit the answer's status (settled >= 0, cancelled <= 0)",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def year_unknown(pointer: str) -> Issue:
    return Issue(
        code="FHIR-164",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="年度累计应答没有说明属于哪一年",
        en="the year-to-date answer does not say which year it is for",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def unknown_code(pointer: str, code: str) -> Issue:
    return Issue(
        code="FHIR-165",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"应答中的代码“{code}”不在约定代码表内",
        en=f"code '{code}' of the answer is not in the agreed list",
        hint_zh=TELL_ZH,
        hint_en=TELL_EN,
    )


def not_in_force(pointer: str) -> Issue:
    return Issue(
        code="FHIR-166",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="付款方答复该参保关系在结算日未生效",
        en="the payer answers that the coverage is not in force on the settlement date",
        hint_zh="请核对参保信息和缴费情况",
        hint_en="check the insurance registration and the premium",
    )
