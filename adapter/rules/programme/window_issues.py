"""Issues of acts at the window: PRG-240 … PRG-256 (证件、协议、知情同意、核查)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def paper_not_asked(case_id: str, kind: str, programme: str) -> Issue:
    """The hospital holds what the programme asks for, and nothing else."""
    return Issue(
        code="PRG-240",
        severity=Severity.ERROR,
        pointer=f"{case_id}/documents/{kind}",
        zh=f"办法“{programme}”不要求提交“{kind}”,不得收存",
        en=f"the programme '{programme}' does not ask for '{kind}', so it is not taken",
        hint_zh="请把该证件退还患者;应交证件见 adapter document list",
        hint_en="hand it back; adapter document list shows what is asked for",
    )


def keeps_too_much(case_id: str, kind: str, keep: str, allowed: str, cite: str) -> Issue:
    """An original where a copy is enough, or an original of which only a copy was shown."""
    return Issue(
        code="PRG-241",
        severity=Severity.ERROR,
        pointer=f"{case_id}/documents/{kind}",
        zh=f"“{kind}”不能按“{keep}”收存,应为“{allowed}”(依据 {cite})",
        en=f"'{kind}' cannot be kept as '{keep}'; '{allowed}' is what may be kept (article {cite})",
        hint_zh="original 为原件,copy 为复印件,none 为只查验不收存;身份证、户口本只留复印件",
        hint_en="identity card and household book are copied and handed back; a copy cannot be kept as an original",
    )


def half_proven(case_id: str, kind: str, zh: str, en: str, cite: str) -> Issue:
    """A two-step proof with one step missing is none (B-17)."""
    return Issue(
        code="PRG-242",
        severity=Severity.ERROR,
        pointer=f"{case_id}/documents/{kind}",
        zh=f"{zh},不予收存(依据 {cite})",
        en=f"{en}: it is not taken (article {cite})",
        hint_zh="请补办后再收;用 --issuer 登记开具单位,--confirmed-by 登记盖章单位",
        hint_en="obtain it first; --issuer records who issued, --confirmed-by who sealed",
    )


def held_already(case_id: str, kind: str, document: str) -> Issue:
    """The same paper is held already."""
    return Issue(
        code="PRG-243",
        severity=Severity.ERROR,
        pointer=f"{case_id}/documents/{document}",
        zh=f"已收存同类证件“{kind}”(编号 {document})",
        en=f"a '{kind}' is held already ({document})",
        hint_zh="如需更换,请先归还或登记遗失",
        hint_en="to exchange it, return it or record its loss first",
    )


def not_waivable(case_id: str, name: str, programme: str) -> Issue:
    """Neither text lets anybody off a paper; only the region's own choice does."""
    return Issue(
        code="PRG-244",
        severity=Severity.ERROR,
        pointer=f"{case_id}/documents/{name}",
        zh=f"办法“{programme}”没有可豁免的要求“{name}”",
        en=f"under '{programme}' no requirement '{name}' may be waived",
        hint_zh="原文没有豁免规定;当地另有规定的,在方案 settings 的 waivable_papers 中列明",
        hint_en="the text waives nothing; a region that does lists it under waivable_papers in its scheme's settings",
    )


def no_such_paper(case_id: str, what: str, number: str) -> Issue:
    """The number names nothing that was recorded."""
    return Issue(
        code="PRG-245",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{what}/{number}",
        zh=f"没有编号为“{number}”的登记",
        en=f"nothing is recorded under '{number}'",
        hint_zh="请核对编号:adapter document list、adapter agreement list 或 adapter consent list",
        hint_en="check it with adapter document list, adapter agreement list or adapter consent list",
    )


def not_to_be_returned(case_id: str, document: str, zh: str, en: str, cite: str) -> Issue:
    """Papers go back after what the programme says, not before."""
    return Issue(
        code="PRG-246",
        severity=Severity.ERROR,
        pointer=f"{case_id}/documents/{document}",
        zh=f"{zh},暂不归还(依据 {cite})",
        en=f"{en}, so it is not returned yet (article {cite})",
        hint_zh="请先结清个人应付或签订还款计划;登记有误的请先更正",
        hint_en="settle the patient's part or sign a plan first; correct what is recorded where it is wrong",
    )


def instrument_unknown(case_id: str, kind: str, programme: str, known: str) -> Issue:
    """协议书 and 承诺书 are different instruments: each programme has its own (X-08)."""
    return Issue(
        code="PRG-247",
        severity=Severity.ERROR,
        pointer=f"{case_id}/agreements/{kind}",
        zh=f"办法“{programme}”没有“{kind}”这种文书,可用:{known}",
        en=f"the programme '{programme}' has no instrument '{kind}'; it has: {known}",
        hint_zh="请使用该办法规定的文书",
        hint_en="use the instrument that the programme names",
    )


def agreement_standing(case_id: str, kind: str, number: str) -> Issue:
    """One instrument of a kind at a time; a new version replaces the old one openly."""
    return Issue(
        code="PRG-248",
        severity=Severity.ERROR,
        pointer=f"{case_id}/agreements/{number}",
        zh=f"已有一份有效的“{kind}”(编号 {number})",
        en=f"a '{kind}' stands already (number {number})",
        hint_zh="确需更换的,出具新版本时加 --replace",
        hint_en="to put a new version in its place, offer it with --replace",
    )


def signer_may_not(case_id: str, where: str, zh: str, en: str) -> Issue:
    """A minor does not sign; a relative signs with a stated authority."""
    return Issue(
        code="PRG-249",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{where}",
        zh=zh,
        en=en,
        hint_zh="未成年人由监护人签字;他人代签的,用 --authority 登记授权或代理依据",
        hint_en="a guardian signs for a minor; whoever signs for another states the ground with --authority",
    )


def consent_covers_nothing(case_id: str) -> Issue:
    """A consent names items or kinds of items; a blank one would cover everything."""
    return Issue(
        code="PRG-250",
        severity=Severity.ERROR,
        pointer=f"{case_id}/consents",
        zh="知情同意未写明项目或项目类别",
        en="the consent names neither an item nor a kind of items",
        hint_zh="用 --item 写项目编码,或用 --kind 写 drug、service、consumable",
        hint_en="name item codes with --item, or drug, service, consumable with --kind",
    )


def consent_missing(line_id: str, code: str, cite: str, severity: Severity) -> Issue:
    """Used outside the catalogue without anybody's consent."""
    return Issue(
        code="PRG-251",
        severity=severity,
        pointer=f"ChargeItem/{line_id}",
        zh=f"目录外或超限价项目“{code}”没有患者或家属的知情同意(依据 {cite})",
        en=f"item '{code}' is outside the catalogue or over its limit, and nobody consented (article {cite})",
        hint_zh="请核实是否已签署;已签的补登(adapter consent record),未签的由医院处理",
        hint_en="if a consent was signed, record it (adapter consent record); if not, the hospital deals with it",
    )


def consent_after_use(line_id: str, code: str, signed: str, used: str, cite: str, severity: Severity) -> Issue:
    """The consent came after the use; it must come before."""
    return Issue(
        code="PRG-252",
        severity=severity,
        pointer=f"ChargeItem/{line_id}",
        zh=f"目录外或超限价项目“{code}”于{used}使用,{signed}才签署知情同意(依据 {cite})",
        en=f"item '{code}' was used on {used}, its consent was signed on {signed} (article {cite})",
        hint_zh="同意须在使用之前;请核实签署时间并说明",
        hint_en="consent comes before use; check when it was signed",
    )


def checker_unnamed(case_id: str, step: str) -> Issue:
    """Every step has a named person (A-39)."""
    return Issue(
        code="PRG-253",
        severity=Severity.ERROR,
        pointer=f"{case_id}/checks/{step}",
        zh="核查须由具名人员作出,系统不得自行登记",
        en="a named person checks; the service itself never does",
        hint_zh="请用 --by 登记核查人的工号",
        hint_en="name whoever checked, by staff number, with --by",
    )


def fact_incomplete(case_id: str, fact: str, zh: str, en: str) -> Issue:
    """A fact without what makes it one."""
    return Issue(
        code="PRG-254",
        severity=Severity.ERROR,
        pointer=f"{case_id}/window/{fact}",
        zh=zh,
        en=en,
        hint_zh="请补全后再登记",
        hint_en="complete it, then record it",
    )


def consent_not_asked(case_id: str, programme: str) -> Issue:
    """The programme has no clause about consent."""
    return Issue(
        code="PRG-255",
        severity=Severity.ERROR,
        pointer=f"{case_id}/consents",
        zh=f"办法“{programme}”没有目录外项目知情同意的条款",
        en=f"the programme '{programme}' has no clause about consent to items outside the catalogue",
        hint_zh="医院自行要求的同意书请在病历中保存",
        hint_en="what the hospital asks by its own rule stays in the medical record",
    )


def no_exception_needed(case_id: str, amount: Money) -> Issue:
    """A deposit is let through only where it is not allowed."""
    return Issue(
        code="PRG-256",
        severity=Severity.ERROR,
        pointer=f"{case_id}/deposit",
        zh=f"无须特许收取押金{amount}元:金额应大于零,且须是按规定不得收取的押金",
        en=f"{amount} cannot be let through: the amount must be above zero, and the deposit one that is not allowed",
        hint_zh="先用 POST /deposits/check 或 adapter case show 查看是否可以收取",
        hint_en="ask POST /deposits/check or look at adapter case show first",
    )
