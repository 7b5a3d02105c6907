"""Issues on the way from resources to claim facts: REF-151 … (reference facts), FHIR-171 …, -195 … (resources)."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue, Severity

#: What to do about resources that do not hold what is needed.
SOURCE_ZH = "请核对 HIS 导出数据及其对照文件,更正后重新导入"
SOURCE_EN = "check the HIS export and its mapping, correct it and import again"


def facility_unknown(pointer: str, code: str, on: date) -> Issue:
    return Issue(
        code="REF-151",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"机构“{code}”在{on}没有参考资料(级别、类别、所属区县)",
        en=f"facility '{code}' has no reference facts on {on} (level, kind, county)",
        hint_zh="请在参考资料 facilities.csv 中补充该机构及有效期后重新处理",
        hint_en="add the facility with its period to facilities.csv, then replay the case",
    )


def item_unknown(pointer: str, code: str, on: date, lines: int) -> Issue:
    return Issue(
        code="REF-152",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"收费项目“{code}”在{on}不在项目目录中,无法拆分({lines}条费用),暂停结算",
        en=f"item '{code}' is not in the catalogue on {on}; {lines} line(s) cannot be split, settlement waits",
        hint_zh="请在参考资料 items.csv 中补充该项目及有效期后重新处理",
        hint_en="add the item with its period to items.csv, then replay the case",
    )


def diagnosis_unknown(pointer: str, code: str, on: date) -> Issue:
    return Issue(
        code="REF-153",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"诊断“{code}”在{on}没有 ICD-10 对照",
        en=f"diagnosis '{code}' has no ICD-10 code on {on}",
        hint_zh="请在参考资料 diagnoses.csv 中补充该诊断后重新处理",
        hint_en="add the diagnosis to diagnoses.csv, then replay the case",
    )


def window_facts_missing(pointer: str) -> Issue:
    return Issue(
        code="REF-154",
        severity=Severity.WARNING,
        pointer=pointer,
        zh="该次住院没有窗口登记(住院原因、第三人责任等均未查明)",
        en="nothing was taken at the window for this stay (cause, third party … are not established)",
        hint_zh="请在窗口登记 window.yaml 中补充",
        hint_en="add the stay to window.yaml",
    )


def third_party_amount_missing(pointer: str) -> Issue:
    return Issue(
        code="REF-155",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="已查明有第三人责任,但第三人负担金额未定,暂停结算",
        en="a third party is liable, but the amount it bears is not known; settlement waits",
        hint_zh="请确定后在窗口登记中填写 third_party_amount(无需负担填 0.00)",
        hint_en="establish it and enter third_party_amount at the window (0.00 if it bears nothing)",
    )


def third_party_unknown(pointer: str, cause: str) -> Issue:
    return Issue(
        code="REF-156",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"住院原因为“{cause}”,须先查明有无第三人责任",
        en=f"the cause is '{cause}': whether a third party is liable must be established first",
        hint_zh="请在窗口登记中填写 third_party",
        hint_en="enter third_party at the window",
    )


def settlement_day_unknown(pointer: str) -> Issue:
    return Issue(
        code="REF-157",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="患者尚未出院且未登记结算日期,无法确定适用规定的日期",
        en="the patient is not discharged and no settlement day is known: no date to take the rules of",
        hint_zh="出院后再结算;在院期间可用“估算”",
        hint_en="settle after discharge; while the stay lasts, ask for an estimate",
    )


def principal_diagnosis_missing(pointer: str) -> Issue:
    return Issue(
        code="REF-158",
        severity=Severity.WARNING,
        pointer=pointer,
        zh="没有出院主要诊断",
        en="there is no principal discharge diagnosis",
        hint_zh="请在 HIS 中补录出院诊断;付款方可能退回无诊断的申请",
        hint_en="enter the discharge diagnosis in the HIS; a payer may refuse a claim without one",
    )


def insurance_missing(pointer: str) -> Issue:
    return Issue(
        code="REF-159",
        severity=Severity.INFORMATION,
        pointer=pointer,
        zh="没有医保登记,按未参保(自费)处理",
        en="no insurance registration: taken as not insured (self-pay), as the HIS has it",
        hint_zh="如已参保,请在 HIS 中补登医保信息",
        hint_en="if the person is insured, register the insurance in the HIS",
    )


def resource_missing(kind: str) -> Issue:
    return Issue(
        code="FHIR-171",
        severity=Severity.ERROR,
        pointer=kind,
        zh=f"缺少资源 {kind}",
        en=f"resource {kind} is missing",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def element_missing(pointer: str) -> Issue:
    return Issue(
        code="FHIR-172",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="缺少必需的内容",
        en="a required element is missing",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def amount_unusable(pointer: str) -> Issue:
    return Issue(
        code="FHIR-173",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="金额或数量不能使用:须为人民币(CNY)十进制数,金额精确到分",
        en="the amount or quantity cannot be used: a decimal in CNY is needed, amounts exact to the fen",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def date_unusable(pointer: str) -> Issue:
    return Issue(
        code="FHIR-174",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="日期不能使用:须精确到日,时间须带时区",
        en="the date cannot be used: a full day is needed, a time needs its zone",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def refund_exceeds(pointer: str, code: str) -> Issue:
    return Issue(
        code="FHIR-175",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"收费项目“{code}”的退费超过已收费用",
        en=f"refunds of item '{code}' exceed what was charged",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def refund_of_nothing(pointer: str) -> Issue:
    return Issue(
        code="FHIR-176",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="退费所指的原费用明细不在本次住院中",
        en="the refund names a line that is not part of this stay",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def coverage_unknown(pointer: str) -> Issue:
    return Issue(
        code="FHIR-177",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="无法识别的参保类别(应为居民医保或职工医保)",
        en="the kind of insurance is unknown (residents or employees expected)",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def nothing_charged(pointer: str) -> Issue:
    return Issue(
        code="FHIR-178",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="没有费用明细,无可结算",
        en="there are no charge lines; nothing to settle",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def estimate_unusable(pointer: str) -> Issue:
    return Issue(
        code="FHIR-179",
        severity=Severity.WARNING,
        pointer=pointer,
        zh="HIS 估算的个人负担无法使用(金额有误或大于该条费用),估算不予采用",
        en="the HIS's estimate of the patient's part cannot be used (bad amount, or more than the line)",
        hint_zh="不影响结算:拆分以付款方应答和项目目录为准",
        hint_en="settlement is not affected: the payer's answer and the catalogue count",
    )


def refund_unlinked(pointer: str) -> Issue:
    return Issue(
        code="FHIR-180",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="退费没有指明冲销哪一条费用",
        en="the refund does not say which line it undoes",
        hint_zh=SOURCE_ZH,
        hint_en=SOURCE_EN,
    )


def id_number_as_insurance_number(pointer: str) -> Issue:
    return Issue(
        code="FHIR-181",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="医保号登记的是身份证号;身份证号不得外发,无法向付款方说明参保人",
        en="the insurance number is the ID number, which is never sent; the payer cannot be told who is insured",
        hint_zh="请在 HIS 中登记医保个人编号后重新导入",
        hint_en="register the person's insurance number in the HIS and import again",
    )


def coverage_in_doubt(pointer: str) -> Issue:
    return Issue(
        code="FHIR-195",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="住院结束时有效的参保登记不是唯一的(没有一项有效,或多项同时有效而没有先后),暂停结算",
        en="not exactly one insurance registration counts at the end of the stay: none is in force, or several without "
        "an order; settlement waits",
        hint_zh="请在 HIS 中核对参保登记的起止时间;并存的须注明先后(Coverage.order)",
        hint_en="check the periods of the registrations in the HIS; those that stand together need an order",
    )


def served_outside(pointer: str, lines: int) -> Issue:
    return Issue(
        code="FHIR-196",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"{lines} 条费用发生在住院期间之外,照常计入;付款方可能要求日期在住院期间内",
        en=f"{lines} line(s) were served outside the stay; they count, but a payer may want dates inside it",
        hint_zh="请核对费用日期;急诊留观转住院的费用属正常",
        hint_en="check the dates; charges of the observation before an emergency admission are in order",
    )


def patient_unnamed(pointer: str) -> Issue:
    return Issue(
        code="FHIR-197",
        severity=Severity.WARNING,
        pointer=pointer,
        zh="患者身份不明(无名氏),按临时标识处理,参保和身份类别均未知",
        en="nobody knows yet who the patient is: a temporary identifier stands in, insurance and registers are unknown",
        hint_zh="查明身份后在 HIS 中更正并重新导入,资格会重新判定",
        hint_en="correct it in the HIS once the identity is known and import again: entitlement is assessed anew",
    )


def diagnosis_text_only(pointer: str) -> Issue:
    return Issue(
        code="FHIR-198",
        severity=Severity.WARNING,
        pointer=pointer,
        zh="出院主要诊断只有文字,没有编码",
        en="the principal discharge diagnosis is a text without a code",
        hint_zh="请在 HIS 中补录诊断编码;不按文字推断编码,付款方可能退回",
        hint_en="enter its code in the HIS; none is inferred from the text, and a payer may refuse the claim",
    )
