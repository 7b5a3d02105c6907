"""Issues of files that cannot be read, of the rules between resources and of R4's prose. Codes FHIR-185 to 194, 220 to
225, 236 and 296 to 298."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def not_xml(reason: str) -> Issue:
    return Issue(
        code="FHIR-236",
        severity=Severity.FATAL,
        pointer="body",
        zh=f"不是合法的 FHIR XML:{reason}",
        en=f"not well-formed FHIR XML: {reason}",
        hint_zh="请发送方检查 XML 后重新发送",
        hint_en="ask the sender to check the XML, then send again",
    )


def not_utf8() -> Issue:
    return Issue(
        code="FHIR-296",
        severity=Severity.FATAL,
        pointer="body",
        zh="文件是 UTF-16 编码;FHIR 只用 UTF-8",
        en="the file is UTF-16; FHIR is written in UTF-8",
        hint_zh="请另存为 UTF-8 后重试(记事本中的“Unicode”即 UTF-16)",
        hint_en="save it as UTF-8 (what Windows calls 'Unicode' is UTF-16)",
    )


def not_readable(reason: str) -> Issue:
    return Issue(
        code="FHIR-298",
        severity=Severity.FATAL,
        pointer="body",
        zh=f"文件无法读取:{reason}",
        en=f"the file cannot be read: {reason}",
        hint_zh="请检查文件权限和磁盘",
        hint_en="check who may read it, and the disk",
    )


def too_deep(pointer: str) -> Issue:
    return Issue(
        code="FHIR-297",
        severity=Severity.FATAL,
        pointer=pointer,
        zh="嵌套层次过深,无法校验",
        en="it is nested too deeply to be checked",
        hint_zh="请检查生成该资源的程序;正常资源不会嵌套数百层",
        hint_en="check what wrote it; no resource needs hundreds of levels",
    )


def reference_type(pointer: str, named: str) -> Issue:
    return Issue(
        code="FHIR-185",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"Reference.type 写的类型与被引用的资源({named})不符",
        en=f"Reference.type contradicts the resource that is referred to ({named})",
        hint_zh="请删去 type,或改成被引用资源的类型",
        hint_en="leave type out, or write the type of the target",
    )


def consent_patient(pointer: str, key: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-186",
        severity=severity,
        pointer=pointer,
        zh=f"此类同意书必须写明患者({key})",
        en=f"a consent of this scope needs its patient ({key})",
        hint_zh="请填写 Consent.patient",
        hint_en="supply Consent.patient",
    )


def priority_repeated(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-187",
        severity=severity,
        pointer=pointer,
        zh="账户的两个付款方优先级相同",
        en="two payers of the account have the same priority",
        hint_zh="Account.coverage.priority 决定结算先后,不能重复",
        hint_en="Account.coverage.priority orders the settlement; the numbers must differ",
    )


def order_differs(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-188",
        severity=severity,
        pointer=pointer,
        zh="Claim.insurance 的先后与 Account.coverage.priority 不一致",
        en="the order of Claim.insurance is not that of Account.coverage.priority",
        hint_zh="两处都按付款方结算先后编号",
        hint_en="both number the payers in the order in which they settle",
    )


def policy_not_listed(pointer: str, coverage: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-189",
        severity=severity,
        pointer=pointer,
        zh=f"账户上的付款方 {coverage} 没有列入 Claim.insurance",
        en=f"the account's payer {coverage} is not listed in Claim.insurance",
        hint_zh="适用的保障须全部列出,focal 标明发给谁",
        hint_en="list every policy that applies; focal marks whom the claim is for",
    )


def answer_not_attached(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-190",
        severity=severity,
        pointer=pointer,
        zh="前一付款方已有答复,但没有附在 insurance.claimResponse",
        en="an earlier payer has answered, but its answer is not attached as insurance.claimResponse",
        hint_zh="请在该付款方的 insurance 中引用其 ClaimResponse",
        hint_en="refer to its ClaimResponse in the insurance of that payer",
    )


def payers_out_of_order(pointer: str, first: str, later: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-191",
        severity=severity,
        pointer=pointer,
        zh=f"付款方先后不对:{first} 应在 {later} 之前",
        en=f"payers in the wrong order: {first} comes before {later}",
        hint_zh="先基本医保,再大病保险,再商业保险与医疗救助",
        hint_en="basic insurance first, then critical-illness insurance, then commercial insurance and aid",
    )


def downstream_stands(pointer: str, base: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-192",
        severity=severity,
        pointer=pointer,
        zh=f"前一付款方的结算 {base} 已撤销,依据其答复的本结算仍有效",
        en=f"the base claim {base} is cancelled, but this claim, which builds on its answer, is still active",
        hint_zh="请一并撤销后续付款方的结算",
        hint_en="reverse the claims that follow as well",
    )


def computed_without_author(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-193",
        severity=severity,
        pointer=pointer,
        zh="医院代为计算的应答缺少来源说明(Provenance:医院代付款方)",
        en="an answer that the hospital computed has no Provenance that says so (hospital on behalf of payer)",
        hint_zh="请附 Provenance:agent.who 为医院,onBehalfOf 为付款方",
        hint_en="add a Provenance whose agent is the hospital, onBehalfOf the payer",
    )


def computed_sent_to_payer(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-194",
        severity=severity,
        pointer=pointer,
        zh="医院代付款方计算的应答不能再发给该付款方",
        en="what the hospital computed in a payer's place is never sent to that payer",
        hint_zh="请从发给该付款方的数据中去掉",
        hint_en="leave it out of what goes to that payer",
    )


def not_subrogated(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-220",
        severity=severity,
        pointer=pointer,
        zh="第三人负担的保障须注明 subrogation = true",
        en="the coverage of a liable third party must say subrogation = true",
        hint_zh="第三人只列出,不参与结算计算",
        hint_en="a third party is listed and not adjudicated",
    )


def accident_missing(pointer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-221",
        severity=severity,
        pointer=pointer,
        zh="列有第三人负担的保障,但没有 accident",
        en="a liable third party's coverage is listed, but the claim tells no accident",
        hint_zh="请填写 Claim.accident(日期、类别)",
        hint_en="supply Claim.accident (date, type)",
    )


def identity_card_system(pointer: str) -> Issue:
    return Issue(
        code="FHIR-222",
        severity=Severity.INFORMATION,
        pointer=pointer,
        zh="该身份证标识系统只用于 R5(HL7 China),R4 中应为 urn:oid:2.16.156.10011.1.3",
        en="this identity-card system belongs to R5 (HL7 China); in R4 it is urn:oid:2.16.156.10011.1.3",
        hint_zh="请改用 R4 的标识系统",
        hint_en="use the system of R4",
    )


def active_changed(pointer: str, names: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-223",
        severity=severity,
        pointer=pointer,
        zh=f"生效的财务资源除 status 外不得修改,却改了:{names}",
        en=f"an active financial resource may change its status only, yet these changed: {names}",
        hint_zh="请撤销(cancelled)原资源,通知各接收方,再另发更正后的资源",
        hint_en="cancel it, tell every receiver, and make an amended one",
    )


def override_unexplained(pointer: str) -> Issue:
    return Issue(
        code="FHIR-224",
        severity=Severity.INFORMATION,
        pointer=pointer,
        zh="总价与单价×数量不同,但没有 overrideReason",
        en="the total differs from unit price × quantity, but there is no overrideReason",
        hint_zh="可在 overrideReason 写明取用了哪一个金额",
        hint_en="overrideReason may say where the amount comes from",
    )


def payer_as_reduction(pointer: str, payer: str, severity: Severity) -> Issue:
    return Issue(
        code="FHIR-225",
        severity=severity,
        pointer=pointer,
        zh=f"付款方({payer})支付的金额不是价格的减免",
        en=f"what a payer ({payer}) bears is no reduction of the price",
        hint_zh="请用 informational 成分表示,totalNet 仍为价格",
        hint_en="say it as an informational component; totalNet stays the price",
    )
