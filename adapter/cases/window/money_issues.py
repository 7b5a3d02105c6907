"""Issues of acts about the patient's part: CASE-370 … CASE-389, CASE-477 (个人应付的收取)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def bill_under_way(case_id: str, state: str) -> Issue:
    """While a bill is being settled or undone nobody knows what is owed."""
    return Issue(
        code="CASE-370",
        severity=Severity.ERROR,
        pointer=f"{case_id}/patient-part",
        zh=f"账单状态为“{state}”,个人应付尚未确定,暂不办理收款、退款和还款计划",
        en=f"the bill is '{state}': what the patient owes is not decided, so no money moves and no plan is signed now",
        hint_zh="请待结算或冲销完成后再办理;用 adapter case show 查看进度",
        hint_en="wait until the settlement or the reversal is through (adapter case show)",
    )


def receipt_used(case_id: str, receipt: str, before: Money, now: Money) -> Issue:
    """The same receipt number stands for another amount or another act."""
    return Issue(
        code="CASE-371",
        severity=Severity.ERROR,
        pointer=f"{case_id}/payments/{receipt}",
        zh=f"收据号“{receipt}”已登记{before}元,与本次{now}元或本次办理内容不同",
        en=f"receipt '{receipt}' is on record for {before}; this act ({now}) is another one",
        hint_zh="请核对收据号;重复提交同一笔不会重复入账",
        hint_en="check the receipt number; sending the same act again books nothing twice",
    )


def interim_stands(case_id: str, reference: str) -> Issue:
    """A payer has settled a part of this stay already; settling the whole would make it pay twice."""
    return Issue(
        code="CASE-372",
        severity=Severity.ERROR,
        pointer=f"{case_id}/interim/{reference}",
        zh=f"该次住院已有医保中途结算“{reference}”,不能再按整次住院预结算或结算,以免重复支付",
        en=f"a payer has already settled a part of this stay ('{reference}'): a trial or settlement of the whole would"
        " pay it twice",
        hint_zh="请与支付方办理最后一段的结算,或先由支付方撤销中途结算并登记(adapter interim cancel)",
        hint_en="settle the last part with the payer, or have the interim settlement cancelled there and record that",
    )


def interim_known(case_id: str, reference: str) -> Issue:
    """An interim settlement is recorded once; another content under its number is refused."""
    return Issue(
        code="CASE-373",
        severity=Severity.ERROR,
        pointer=f"{case_id}/interim/{reference}",
        zh=f"中途结算“{reference}”已登记,内容不同;或未登记过而要求撤销",
        en=f"interim settlement '{reference}' is recorded with another content, or is not there to be cancelled",
        hint_zh="请核对支付方的结算号和各方金额",
        hint_en="check the payer's settlement id and the amounts",
    )


def interim_after_bill(case_id: str, reference: str) -> Issue:
    """A part is settled before the whole is; once the whole is on its way, a part beside it would be paid twice."""
    return Issue(
        code="CASE-477",
        severity=Severity.ERROR,
        pointer=f"{case_id}/interim/{reference}",
        zh=f"该次住院已按整次住院结算或正在结算,不能再登记中途结算“{reference}”",
        en=f"the whole stay is settled or being settled: no interim settlement ('{reference}') is recorded beside it",
        hint_zh="支付方确有中途结算的,先冲销本账单(adapter reverse),再登记(adapter interim record)",
        hint_en="if the payer did settle a part, reverse the bill first (adapter reverse), then record it",
    )


def no_stage_due(case_id: str, incurred: Money, asked: Money, rule: str) -> Issue:
    """Nothing is due under the hospital's own stage rule."""
    return Issue(
        code="CASE-374",
        severity=Severity.ERROR,
        pointer=f"{case_id}/stages",
        zh=f"按规则({rule})今日不收阶段款:已发生个人应付{incurred}元,已要求{asked}元",
        en=f"no stage is due today ({rule}): {incurred} incurred, {asked} asked so far",
        hint_zh="到期后再办理;最终账单出具后按账单收款",
        hint_en="try again when it is due; after the final bill, collect under the bill",
    )


def stage_after_bill(case_id: str) -> Issue:
    """A stage is asked during the stay only; once there is a final bill, the bill is collected."""
    return Issue(
        code="CASE-375",
        severity=Severity.ERROR,
        pointer=f"{case_id}/stages",
        zh="已有最终账单,不再分阶段收取",
        en="there is a final bill; stages are over",
        hint_zh="请按账单收款(adapter pay)或签订还款计划(adapter plan sign)",
        hint_en="collect under the bill (adapter pay) or sign a plan (adapter plan sign)",
    )


def plan_unsigned(case_id: str) -> Issue:
    """The case has no running plan."""
    return Issue(
        code="CASE-376",
        severity=Severity.ERROR,
        pointer=f"{case_id}/plan",
        zh="该病例没有正在履行的还款计划",
        en="the case has no running plan",
        hint_zh="账单冲销或变更后须重新签订(adapter plan sign)",
        hint_en="after a reversal or a new bill it is signed anew (adapter plan sign)",
    )


def no_credit_entry(case_id: str) -> Issue:
    """Nobody was proposed in this case."""
    return Issue(
        code="CASE-377",
        severity=Severity.ERROR,
        pointer=f"{case_id}/credit",
        zh="该病例没有信用记录的提请",
        en="nobody was proposed for the credit list in this case",
        hint_zh="请先提请并告知(adapter credit propose)",
        hint_en="propose first, with notice and evidence (adapter credit propose)",
    )


def debtor_fixed(case_id: str) -> Issue:
    """The debtor of a running credit entry is not exchanged under it."""
    return Issue(
        code="CASE-378",
        severity=Severity.ERROR,
        pointer=f"{case_id}/debtor",
        zh="信用记录正在办理,不得更换债务人",
        en="a credit entry is running; its debtor is not exchanged",
        hint_zh="请先移出原记录(adapter credit clear),再登记新的债务人",
        hint_en="clear the entry first (adapter credit clear), then record the other debtor",
    )


def loss_stands(case_id: str) -> Issue:
    """A debt is lost once: it was written off or claimed from the fund already."""
    return Issue(
        code="CASE-379",
        severity=Severity.ERROR,
        pointer=f"{case_id}/loss",
        zh="该欠费已核销或已申请风险基金,不得重复办理",
        en="the debt was written off or claimed from the fund already; it is lost only once",
        hint_zh="后续收到的款项按追回登记(adapter pay)",
        hint_en="what comes in later is a recovery (adapter pay)",
    )


def fund_amount_wrong(case_id: str, amount: Money, most: Money) -> Issue:
    """More than the fund was asked for, or more than is owed to it."""
    return Issue(
        code="CASE-380",
        severity=Severity.ERROR,
        pointer=f"{case_id}/fund",
        zh=f"金额{amount}元须大于零且不超过{most}元(基金应付或应还部分)",
        en=f"the amount {amount} must be above zero and at most {most}, what the fund owes or is owed",
        hint_zh="请用 adapter account 查看基金申请、到账和应还金额",
        hint_en="adapter account shows what was claimed, received and is to be repaid",
    )


def deposit_over_held(case_id: str, amount: Money, held: Money) -> Issue:
    """A deposit can be used up to what is held of it."""
    return Issue(
        code="CASE-381",
        severity=Severity.ERROR,
        pointer=f"{case_id}/deposit",
        zh=f"抵用押金{amount}元,超过尚存的{held}元",
        en=f"{amount} of the deposit is more than the {held} held",
        hint_zh="请核对押金余额,其余部分用其他方式收取",
        hint_en="check what is held, and take the rest in another way",
    )


def plan_needs_bill(case_id: str) -> Issue:
    """A plan is about the balance of a final bill."""
    return Issue(
        code="CASE-382",
        severity=Severity.ERROR,
        pointer=f"{case_id}/plan",
        zh="尚无最终账单,不能签订还款计划",
        en="there is no final bill, so no plan can be signed",
        hint_zh="请先完成结算;住院期间可按规则分阶段收取(adapter stage ask)",
        hint_en="settle first; during the stay the programme may allow stages (adapter stage ask)",
    )


def no_reward(case_id: str) -> Issue:
    """Nothing to grant: switched off, no history, or a late one."""
    return Issue(
        code="CASE-383",
        severity=Severity.ERROR,
        pointer=f"{case_id}/reward",
        zh="没有可给予的按时结清优惠:未开启、无既往住院或曾逾期",
        en="there is no reward to grant: switched off, no earlier stay, or one that was late or is unpaid",
        hint_zh="开关 rewards 由地区设置;默认不实行",
        hint_en="the region sets the switch rewards; it is off by default",
    )


def reward_granted(case_id: str) -> Issue:
    """One reward a bill version."""
    return Issue(
        code="CASE-384",
        severity=Severity.ERROR,
        pointer=f"{case_id}/reward",
        zh="本次账单已给予过优惠",
        en="this bill version has had its reward already",
        hint_zh="无需重复办理",
        hint_en="nothing to do",
    )


def discharge_waits(case_id: str, zh: str, en: str, cite: str) -> Issue:
    """Told to the window, never in the way of the clinical end of a stay."""
    return Issue(
        code="CASE-385",
        severity=Severity.WARNING,
        pointer=f"{case_id}/discharge",
        zh=f"出院手续:{zh}(依据 {cite});临床出院不受影响",
        en=f"discharge formalities: {en} (article {cite}); the clinical end of the stay never waits",
        hint_zh="收款用 adapter pay,签订还款计划用 adapter plan sign",
        hint_en="take the payment (adapter pay) or sign a plan (adapter plan sign)",
    )


def resign_plan(case_id: str) -> Issue:
    """The bill under a plan is another one now."""
    return Issue(
        code="CASE-386",
        severity=Severity.WARNING,
        pointer=f"{case_id}/plan",
        zh="账单已冲销或变更,原还款计划作废,须按新余额重新签订",
        en="the bill was reversed or changed: the plan is void and is signed anew over the new balance",
        hint_zh="结算完成后用 adapter plan sign 重新签订",
        hint_en="sign it anew with adapter plan sign once the bill is settled",
    )


def nothing_moves(case_id: str, amount: Money) -> Issue:
    """An amount that changes hands is above zero."""
    return Issue(
        code="CASE-387",
        severity=Severity.ERROR,
        pointer=f"{case_id}/payments",
        zh=f"金额{amount}元须大于零",
        en=f"the amount {amount} must be above zero",
        hint_zh="收款和退款都填写正数;退款用 adapter refund",
        hint_en="payments and refunds are given as positive amounts; use adapter refund to give back",
    )


def receipt_missing(case_id: str) -> Issue:
    """Without its number, the same payment could be booked twice."""
    return Issue(
        code="CASE-388",
        severity=Severity.ERROR,
        pointer=f"{case_id}/payments",
        zh="缺少收据号或交易流水号",
        en="the number of the receipt or of the transaction is missing",
        hint_zh="请填写收据号;同一收据号重复提交不会重复入账",
        hint_en="give its number; the same number sent again books nothing twice",
    )


def source_unknown(source: str) -> Issue:
    """No scheme is for that hospital, so it keeps no list here."""
    return Issue(
        code="CASE-389",
        severity=Severity.ERROR,
        pointer=f"credit/{source}",
        zh=f"没有适用于来源“{source}”的方案",
        en=f"no scheme is for the source '{source}'",
        hint_zh="请核对来源名称(mappings/sources 中的文件名)",
        hint_en="check the name of the source (a file of mappings/sources)",
    )
