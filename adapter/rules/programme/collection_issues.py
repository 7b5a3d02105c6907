"""Issues of collecting the patient's part: PRG-270 … PRG-289 (个人应付的收取)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def clause_absent(programme: str, clause: str) -> Issue:
    """The programme knows no such thing; another programme's clause is never borrowed."""
    return Issue(
        code="PRG-270",
        severity=Severity.ERROR,
        pointer=f"programmes/{programme}.yaml#collection/{clause}",
        zh=f"该规定没有“{clause}”的条款,不得办理",
        en=f"the programme has no clause '{clause}', so the act is refused",
        hint_zh="请核对病例适用的规定;本规定下个人承担费用按其结清条款收取",
        hint_en="check which programme the case is under; its own clause on payment applies",
    )


def in_advance(case_id: str, amount: Money, incurred: Money, cite: str) -> Issue:
    """Money asked or taken before the cost is there is a deposit under another name."""
    return Issue(
        code="PRG-271",
        severity=Severity.ERROR,
        pointer=f"{case_id}/stages",
        zh=f"收取{amount}元超过已发生的个人应付{incurred}元,阶段收取不得预收(依据 {cite})",
        en=f"{amount} is more than the {incurred} incurred so far; a stage never collects in advance (article {cite})",
        hint_zh="请按已发生费用中的个人应付部分收取",
        hint_en="collect the patient's share of what has been incurred",
    )


def stage_is_no_settlement(case_id: str, cite: str) -> Issue:
    """A stage is between hospital and patient; an interim settlement (中途结算) is the payer's transaction."""
    return Issue(
        code="PRG-272",
        severity=Severity.ERROR,
        pointer=f"{case_id}/stages",
        zh=f"阶段收取不是医保中途结算,二者不得合并登记(依据 {cite})",
        en=f"a staged collection is no interim settlement with a payer; one record cannot be both (article {cite})",
        hint_zh="请分别登记:收取患者费用用阶段收取,医保已结算部分用中途结算",
        hint_en="record them apart: the patient's money as a stage, the payer's transaction as an interim settlement",
    )


def payment_over_open(case_id: str, amount: Money, still_open: Money, cite: str) -> Issue:
    """More than is owed."""
    return Issue(
        code="PRG-273",
        severity=Severity.ERROR,
        pointer=f"{case_id}/patient-part",
        zh=f"收款{amount}元超过尚欠的{still_open}元(依据 {cite})",
        en=f"a payment of {amount} is more than the {still_open} still open (article {cite})",
        hint_zh="请核对金额;只收取尚欠部分",
        hint_en="check the amount; take no more than is open",
    )


def plan_sum_wrong(case_id: str, rows: Money, balance: Money, cite: str) -> Issue:
    """The rows of a plan are not the balance, to the fen."""
    return Issue(
        code="PRG-274",
        severity=Severity.ERROR,
        pointer=f"{case_id}/plan",
        zh=f"各期合计{rows}元,不等于尚欠{balance}元(依据 {cite})",
        en=f"the instalments add up to {rows}, not to the balance of {balance} (article {cite})",
        hint_zh="请调整最后一期,使合计与尚欠金额一分不差",
        hint_en="let the last instalment take the remainder, so that the sum is the balance to the fen",
    )


def plan_rows_wrong(case_id: str, number: int, cite: str) -> Issue:
    """An instalment of nothing, or one that is not after the row before it."""
    return Issue(
        code="PRG-275",
        severity=Severity.ERROR,
        pointer=f"{case_id}/plan/{number}",
        zh=f"第{number}期的金额须大于零、日期须晚于上一期且不早于签订日(依据 {cite})",
        en=f"instalment {number} must be above zero, later than the one before and not before signing (article {cite})",
        hint_zh="请更正该期的金额或日期",
        hint_en="correct its amount or date",
    )


def plan_too_long(case_id: str, days: int, longest: int, cite: str) -> Issue:
    """Past the longest term, counted from the first plan of the case."""
    return Issue(
        code="PRG-276",
        severity=Severity.ERROR,
        pointer=f"{case_id}/plan",
        zh=f"还款期{days}天,超过最长{longest}天(自首次签订起算,依据 {cite})",
        en=f"a term of {days} days is longer than {longest}, counted from the first signing (article {cite})",
        hint_zh="请缩短还款期,或由有权人员修改设置 repayment_longest_days",
        hint_en="shorten the term, or have the setting repayment_longest_days changed by whoever may",
    )


def hardship_unproven(case_id: str, cite: str) -> Issue:
    """A plan needs the two-step proof: village certificate, township seal."""
    return Issue(
        code="PRG-277",
        severity=Severity.ERROR,
        pointer=f"{case_id}/plan/certificate",
        zh=f"缺少村委会开具并加盖乡镇政府公章的困难证明(依据 {cite})",
        en=f"no certificate of hardship that the village issued and the township sealed (article {cite})",
        hint_zh="请补交困难证明,登记开具单位和盖章单位后再签订还款承诺书",
        hint_en="obtain it, record who issued and who sealed it, then sign the plan",
    )


def refund_over_due(case_id: str, amount: Money, due: Money, cite: str) -> Issue:
    """More would go back than is due back."""
    return Issue(
        code="PRG-278",
        severity=Severity.ERROR,
        pointer=f"{case_id}/patient-part",
        zh=f"退款{amount}元,超过应退的{due}元(依据 {cite})",
        en=f"a refund of {amount} is more than the {due} due back (article {cite})",
        hint_zh="请核对应退金额",
        hint_en="check the amount that is due back",
    )


def plan_is_kept(case_id: str, cite: str) -> Issue:
    """Who cannot pay and keeps a plan is no defaulter (trap 27)."""
    return Issue(
        code="PRG-279",
        severity=Severity.ERROR,
        pointer=f"{case_id}/credit",
        zh=f"债务人已签订还款承诺书且未逾期,不得提请列入不良记录(依据 {cite})",
        en=f"the debtor signed a plan and keeps it, so no listing may be proposed (article {cite})",
        hint_zh="请继续按还款计划收取",
        hint_en="go on collecting under the plan",
    )


def debtor_protected(case_id: str, zh: str, en: str, cite: str) -> Issue:
    """A minor, a dead person, an estate, or somebody whose age nobody established is never listed."""
    return Issue(
        code="PRG-280",
        severity=Severity.ERROR,
        pointer=f"{case_id}/credit/debtor",
        zh=f"{zh},不得列入不良记录(依据 {cite})",
        en=f"{en}: never listed (article {cite})",
        hint_zh="请登记真正的债务人,或用其他方式追缴",
        hint_en="record who the debtor really is, or collect in another way",
    )


def proposal_unfounded(case_id: str, zh: str, en: str, cite: str) -> Issue:
    """A proposal or a listing without what it rests on."""
    return Issue(
        code="PRG-281",
        severity=Severity.ERROR,
        pointer=f"{case_id}/credit",
        zh=f"缺少{zh},不得办理(依据 {cite})",
        en=f"{en} is missing, so the act is refused (article {cite})",
        hint_zh="请补登后再办理",
        hint_en="record it, then try again",
    )


def person_needed(case_id: str, act: str, zh: str) -> Issue:
    """Listing, legal action, write-off: a named person decides, never the service itself."""
    return Issue(
        code="PRG-282",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{act}",
        zh=f"{zh}须由具名人员决定,系统不得自行办理",
        en=f"a named person must decide '{act}'; the service never does so by itself",
        hint_zh="请由有权人员以本人身份办理",
        hint_en="let somebody who may decide do it under their own name",
    )


def trigger_not_met(case_id: str, trigger: str, cite: str) -> Issue:
    """The facts do not carry the trigger that was named; being overdue alone is no other trigger."""
    return Issue(
        code="PRG-283",
        severity=Severity.ERROR,
        pointer=f"{case_id}/credit",
        zh=f"未发生“{trigger}”所要求的事实(依据 {cite})",
        en=f"the facts do not meet the trigger '{trigger}' (article {cite})",
        hint_zh="请核对欠款、还款计划和日期,或改用相符的情形",
        hint_en="check what is owed, the plan and the dates, or name the trigger that fits",
    )


def interim_total_differs(case_id: str, payer: str, parts: Money, whole: Money) -> Issue:
    """Interim settlements of one stay changed a payer's total although no new stay began (中途结算)."""
    return Issue(
        code="PRG-284",
        severity=Severity.ERROR,
        pointer=f"{case_id}/interim/{payer}",
        zh=f"中途结算合计{parts}元,与整次住院应付{whole}元不符;中途结算不改变支付方总额",
        en=f"interim settlements add up to {parts}, the whole stay to {whole}; they may change no payer's total",
        hint_zh="请与支付方核对起付线和分段是否被重复计算",
        hint_en="ask the payer whether the deductible or a band was counted twice",
    )


def credit_move_refused(case_id: str, before: str, after: str) -> Issue:
    """The credit machine has no such move."""
    return Issue(
        code="PRG-285",
        severity=Severity.ERROR,
        pointer=f"{case_id}/credit",
        zh=f"信用状态“{before}”之后不能是“{after}”",
        en=f"credit cannot go from '{before}' to '{after}'",
        hint_zh="请先查看该债务人的当前状态",
        hint_en="look at the debtor's present state first",
    )


def step_unfounded(case_id: str, act: str, zh: str, en: str, cite: str) -> Issue:
    """A step of collection that its clause does not allow yet."""
    return Issue(
        code="PRG-286",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{act}",
        zh=f"{zh}(依据 {cite})",
        en=f"{en} (article {cite})",
        hint_zh="请先完成前一步骤并登记",
        hint_en="take the step before it first, and record it",
    )


def amount_over_open(case_id: str, act: str, amount: Money, still_open: Money, cite: str) -> Issue:
    """A write-off, a claim or an adjustment of more than is open, or of nothing."""
    return Issue(
        code="PRG-287",
        severity=Severity.ERROR,
        pointer=f"{case_id}/{act}",
        zh=f"金额{amount}元须大于零且不超过{still_open}元(依据 {cite})",
        en=f"the amount {amount} must be above zero and at most {still_open} (article {cite})",
        hint_zh="请核对金额",
        hint_en="check the amount",
    )


def reward_is_on(programme: str, cite: str) -> Issue:
    """A fee reduction for paying on time is the hospital's money and its risk (A-23)."""
    return Issue(
        code="PRG-288",
        severity=Severity.WARNING,
        pointer=f"programmes/{programme}.yaml#switches/rewards",
        zh=f"已开启按时结清的费用减免:由医院自行承担,不得改变医保支付;请先核实价格和医保管理要求(依据 {cite})",
        en=f"fee reductions for paying on time are on: the hospital's own money, no payer changes; check pricing and "
        f"insurance rules first (article {cite})",
        hint_zh="不需要时请把开关 rewards 改回 off",
        hint_en="set the switch rewards back to off unless it is wanted",
    )


def recovery_over_lost(case_id: str, amount: Money, lost: Money, cite: str) -> Issue:
    """More came back than was written off or borne by the fund."""
    return Issue(
        code="PRG-289",
        severity=Severity.ERROR,
        pointer=f"{case_id}/recovery",
        zh=f"追回{amount}元,须大于零且不超过未追回的{lost}元(依据 {cite})",
        en=f"a recovery of {amount} must be above zero and at most the {lost} still lost (article {cite})",
        hint_zh="请核对金额;多收部分应退还",
        hint_en="check the amount; what is too much goes back",
    )
