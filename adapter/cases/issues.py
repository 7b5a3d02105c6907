"""Issues of cases: what a case needs before it can go on."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.messages import Stage
from adapter.model.money import Money
from adapter.model.person import without_id_numbers


def unknown_case(case_id: str) -> Issue:
    """No case has that id."""
    typed = without_id_numbers(case_id)
    return Issue(
        code="CASE-302",
        severity=Severity.ERROR,
        pointer=typed,
        zh=f"没有编号为“{typed}”的病例",
        en=f"there is no case '{typed}'",
        hint_zh="用 adapter case list 查看全部病例",
        hint_en="adapter case list shows all cases",
    )


def look_first(case_id: str) -> Issue:
    """Settling needs a trial or an estimate that somebody has looked at."""
    return Issue(
        code="CASE-303",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="尚未预结算或测算,不能结算",
        en="there is no trial or estimate to settle on",
        hint_zh="请先执行 adapter trial(或 adapter estimate),核对后再结算",
        hint_en="run adapter trial (or adapter estimate) first, look at it, then settle",
    )


def not_answered(key: str, endpoint: str, attempts: int, waits: str) -> Issue:
    """A payer was asked and has not answered; what is asked for goes on by itself."""
    zh, en = (f";等待:{waits}", f"; it waits: {waits}") if waits else ("", "")
    return Issue(
        code="CASE-494",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"“{endpoint}”尚未答复,已尝试 {attempts} 次{zh}",
        en=f"'{endpoint}' has not answered yet, tried {attempts} times{en}",
        hint_zh="报文保留在发件箱,adapter deliver 继续;端点状态见 adapter endpoint show;"
        "患者要出院的,先 adapter estimate,再 adapter settle --advance",
        hint_en="it stays in the outbox and adapter deliver goes on with it; see adapter endpoint show; "
        "where the patient goes home: adapter estimate, then adapter settle --advance",
    )


def stale_preview(case_id: str, looked_at: str, now: str) -> Issue:
    """Something changed since the preview was looked at."""
    return Issue(
        code="CASE-304",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"预结算之后费用、累计或规则已变化({looked_at[:12]} → {now[:12]})",
        en=f"charges, year-to-date amounts or rules changed since the preview ({looked_at[:12]} → {now[:12]})",
        hint_zh="请重新预结算,核对后再结算",
        hint_en="run the trial again, look at it, then settle",
    )


def still_in_hospital(case_id: str) -> Issue:
    """Only an ended stay can be settled."""
    return Issue(
        code="CASE-305",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="患者尚未出院,只能测算,不能出院结算",
        en="the patient has not been discharged: the stay can be estimated, not settled",
        hint_zh="办理出院并重新导入后再结算",
        hint_en="discharge the patient, import again, then settle",
    )


def held(case_id: str, count: int) -> Issue:
    """The case waits for a person."""
    return Issue(
        code="CASE-306",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"病例有{count}个待处理问题,已暂停",
        en=f"the case is held with {count} open issue(s)",
        hint_zh="用 adapter case show 查看问题,处理后执行 adapter parked replay",
        hint_en="adapter case show lists them; deal with them, then adapter parked replay",
    )


def person_busy(case_id: str, other: str) -> Issue:
    """Year-to-date amounts depend on order: one person's stays are settled one after the other."""
    return Issue(
        code="CASE-307",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"同一患者的另一病例({other})正在结算,年度累计尚未确定",
        en=f"another case of the same person ({other}) is being settled; its year-to-date amounts are not known yet",
        hint_zh="待其结算完成或冲销后再结算本病例",
        hint_en="wait until it is settled or reversed, then settle this one",
    )


def layer_not_modelled(case_id: str, payers: str) -> Issue:
    """Nobody published the parameters of a layer: nothing is computed for it."""
    return Issue(
        code="CASE-308",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"方案中以下付款方没有公布的参数,无法测算:{payers}",
        en=f"the scheme has layers whose parameters nobody published, so nothing is computed: {payers}",
        hint_zh="请在 mappings/plans/ 中补充有依据的参数,或改用由付款方计算的端点",
        hint_en="add cited parameters under mappings/plans/, or let the payer compute",
    )


def not_settled(case_id: str, state: str) -> Issue:
    """Only a bill that was sent to a payer can be reversed."""
    return Issue(
        code="CASE-309",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"账单状态为“{state}”,没有可冲销的结算",
        en=f"the bill is '{state}': there is nothing to reverse",
        hint_zh="用 adapter case show 查看账单状态",
        hint_en="adapter case show shows the state of the bill",
    )


def effect_unknown(case_id: str, call: str) -> Issue:
    """A call is on its way; reversing now could miss what it did."""
    return Issue(
        code="CASE-310",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"调用“{call}”的结果尚未确定,暂不能冲销",
        en=f"the effect of call '{call}' is not known yet, so it cannot be reversed",
        hint_zh="执行 adapter deliver 查明结果后再冲销",
        hint_en="run adapter deliver until its effect is known, then reverse",
    )


def changed_after_settlement(case_id: str, lines: int) -> Issue:
    """The HIS sent other facts for a stay that is settled."""
    return Issue(
        code="CASE-311",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"结算后 HIS 又变更了{lines}项数据,已记录,但账单未变",
        en=f"the HIS changed {lines} resource(s) after settlement; they are recorded, the bill is as it was",
        hint_zh="核对后冲销并重新结算(adapter reverse、adapter settle)",
        hint_en="look at the change, then reverse and settle again (adapter reverse, adapter settle)",
    )


def observed_unbalanced(case_id: str, total: Money, parts: Money) -> Issue:
    """The HIS's own settlement does not add up."""
    return Issue(
        code="CASE-312",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"HIS 结算单不平:费用合计{total}元,各方支付合计{parts}元",
        en=f"the HIS's settlement does not balance: total {total}, parts {parts}",
        hint_zh="请在 HIS 中核对该结算单后重新导出",
        hint_en="check the settlement in the HIS, then export again",
    )


def observed_other_total(case_id: str, total: Money, lines: Money) -> Issue:
    """The HIS's settlement is over another amount than the lines."""
    return Issue(
        code="CASE-313",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"HIS 结算单金额{total}元与费用明细合计{lines}元不符",
        en=f"the HIS settled {total}, its charge lines add up to {lines}",
        hint_zh="请核对明细是否完整导出",
        hint_en="check whether all lines were exported",
    )


def nothing_parked(parked_id: str) -> Issue:
    """No parked record has that id."""
    return Issue(
        code="CASE-314",
        severity=Severity.ERROR,
        pointer=parked_id,
        zh=f"没有编号为“{parked_id}”的待处理记录",
        en=f"nothing is parked under '{parked_id}'",
        hint_zh="用 adapter parked list 查看",
        hint_en="adapter parked list shows what is parked",
    )


def endpoint_unset(endpoint: str) -> Issue:
    """The scheme names an endpoint that the settings do not describe."""
    return Issue(
        code="CASE-315",
        severity=Severity.ERROR,
        pointer=f"endpoints.{endpoint}",
        zh=f"未设置端点“{endpoint}”",
        en=f"endpoint '{endpoint}' is not set up",
        hint_zh="请在设置中填写该端点的地址(docs/operations.md)",
        hint_en="describe it under endpoints in the settings (docs/operations.md)",
    )


def duplicate_file(name: str, received: str) -> Issue:
    """The very same file came before."""
    return Issue(
        code="CASE-316",
        severity=Severity.INFORMATION,
        pointer=name,
        zh=f"该文件已于{received}收过,内容完全相同,不再重复处理",
        en=f"this very file was received before ({received}); it changes nothing",
        hint_zh="无需处理",
        hint_en="nothing to do",
    )


def stay_without_admission(stay_key: str) -> Issue:
    """Records arrived for a stay that cannot become a case."""
    return Issue(
        code="CASE-317",
        severity=Severity.ERROR,
        pointer=stay_key,
        zh="住院记录缺少建立病例所需的要素(患者、住院登记或机构)",
        en="the records lack what a case needs (patient, admission or hospital)",
        hint_zh="请补全住院登记后重新导入;记录已保留",
        hint_en="complete the admission and import again; the records are kept",
    )


def already_settled(case_id: str, version: int) -> Issue:
    """A settled bill is not tried again; it is reversed first."""
    return Issue(
        code="CASE-318",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{version}",
        zh=f"第{version}版账单已结算",
        en=f"bill version {version} is settled",
        hint_zh="如需重新结算,请先冲销(adapter reverse)",
        hint_en="to settle again, reverse it first (adapter reverse)",
    )


def settled_by_his(case_id: str, call: str) -> Issue:
    """What the HIS settled itself, the HIS must cancel itself."""
    return Issue(
        code="CASE-319",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"“{call}”由 HIS 自行与医保结算,本系统不能代为冲销",
        en=f"the HIS settled '{call}' with the bureau itself; the adapter cannot reverse it",
        hint_zh="请在 HIS 中取消结算并重新导出",
        hint_en="cancel the settlement in the HIS and export again",
    )


#: What a stage is called in the sentences that a clerk reads.
_STAGE_ZH = {
    Stage.ELIGIBILITY: "待遇查询",
    Stage.ADMIT: "入院登记",
    Stage.CHARGES: "费用上传",
    Stage.TRIAL: "预结算",
    Stage.SETTLE: "结算",
    Stage.REVERSE: "冲销",
    Stage.RECONCILE: "对账",
    Stage.NOTIFY: "回传",
}


def refused_by_payer(case_id: str, call: str, stage: Stage) -> Issue:
    """A payer said no; its own words stand beside this."""
    return Issue(
        code="CASE-320",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{call}",
        zh=f"付款方退回了“{call}”的{_STAGE_ZH[stage]}请求",
        en=f"the payer rejected the {stage} request of '{call}'",
        hint_zh="请按付款方说明的原因处理;已发生的结算可用 adapter reverse 冲销后重办",
        hint_en="deal with the payer's reason; what was settled can be undone with adapter reverse and settled again",
    )


def half_undone(case_id: str, taken_back: str) -> Issue:
    """One payer refuses the reversal after another has undone its part: the bill stands nowhere whole."""
    return Issue(
        code="CASE-495",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"冲销只完成了一部分:{taken_back} 已被撤销,账单不再完整,其余支付方仍未撤销",
        en=f"the reversal is half done: {taken_back} was taken back already, the other payers' parts still stand",
        hint_zh="与退回的付款方谈妥后再次执行 adapter reverse,只会再问它;全部撤销后才能重新结算",
        hint_en="settle it with the payer that refused, then adapter reverse again, which asks that one only; "
        "the stay can be settled anew once every part is undone",
    )


def day_differs(endpoint: str, day: str) -> Issue:
    """The books and a payer's statement of one day differ."""
    return Issue(
        code="REC-601",
        severity=Severity.ERROR,
        pointer=f"{endpoint}/{day}",
        zh=f"{day}与“{endpoint}”对账不一致",
        en=f"the books and the statement of '{endpoint}' differ on {day}",
        hint_zh="逐条核对差异:少记、多记、金额不符、重复、合计不符",
        hint_en="deal with each difference: missing, unexpected, amount differs, duplicate, total differs",
    )


def send_file_again(place: str) -> Issue:
    """A row or file that belongs to no stay cannot be replayed: it has to come again, corrected."""
    return Issue(
        code="CASE-321",
        severity=Severity.ERROR,
        pointer=place,
        zh="该记录不属于任何一次住院,无法重放",
        en="this record belongs to no stay, so there is nothing to replay",
        hint_zh="更正后重新导入该文件,系统会自动消除此条",
        hint_en="correct the file and import it again; this entry then goes away by itself",
    )


def reversal_differs(case_id: str, payer: str, paid: Money, back: Money) -> Issue:
    """A payer took back another amount than it bore."""
    return Issue(
        code="CASE-322",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{payer}",
        zh=f"“{payer}”冲销金额{back}元与原支付{paid}元不是等额反向",
        en=f"'{payer}' reversed {back}, which is not the opposite of the {paid} it paid",
        hint_zh="请与对方核对,账单保持冲销中",
        hint_en="agree on the amount with the counterpart; the bill stays in reversal",
    )


def message_parked(key: str) -> Issue:
    """A message was tried as often as allowed, or its answer needs a person."""
    return Issue(
        code="CASE-323",
        severity=Severity.ERROR,
        pointer=key,
        zh="报文未得到可用的应答,已停止自动重试,结果尚未确定",
        en="the message got no answer that can be used; nothing more is sent by itself, and its effect is not known",
        hint_zh="请先与对方核对,再执行 adapter outbox retry;系统会先查询,确认未收到才重发",
        hint_en="ask the counterpart, then adapter outbox retry: the adapter looks it up before it sends again",
    )


def walk_stopped(case_id: str) -> Issue:
    """Something other than a payer's answer keeps a case from going on; what it is stands beside this."""
    return Issue(
        code="CASE-324",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="病例在结算途中停下,已收到的应答均已保存;原因见同列问题",
        en="the case stopped on its way; every answer so far is stored, and the reason stands beside this",
        hint_zh="排除原因后执行 adapter deliver,病例从停下处继续",
        hint_en="remove the cause, then adapter deliver takes the case on from where it stopped",
    )


def no_certificate(case_id: str) -> Issue:
    return Issue(
        code="CASE-325",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="该账单版本没有结算证明:尚未结算",
        en="this bill version has no certificate: it was never settled",
        hint_zh="结算完成后再查看,或指定已结算的版本",
        hint_en="look again after settlement, or name a version that was settled",
    )


def certificate_fails(pointer: str, promise: str, what: str) -> Issue:
    return Issue(
        code="CASE-326",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"结算证明不成立({promise}):{what}",
        en=f"the certificate does not hold ({promise}): {what}",
        hint_zh="请向出具方索取原件;算术错误须由出具方更正",
        hint_en="ask whoever issued it for the original; wrong arithmetic is for the issuer to correct",
    )
