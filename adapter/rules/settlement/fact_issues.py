"""Issues about facts that nobody gave, dates of a stay, and late payers: SET-330 … SET-339."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money
from adapter.model.settlement import Payer


def household_unknown(payer: Payer) -> Issue:
    return Issue(
        code="SET-330",
        severity=Severity.WARNING,
        pointer=f"{payer}/household",
        zh=f"{payer} 按家庭计算,没有家庭编号,不作测算;这不表示其支付为 0",
        en=f"{payer} counts by household and no family key is known: nothing is computed for it, which is not 0",
        hint_zh="请补充家庭编号(circumstances 中的 household),不得用个人数据代替;或以该支付方的答复为准",
        hint_en="give the family key as circumstance 'household', never one person's data; or its answer decides",
    )


def year_unknown(payer: Payer, name: str) -> Issue:
    return Issue(
        code="SET-331",
        severity=Severity.WARNING,
        pointer=f"year_to_date/{name}",
        zh=f"计算 {payer} 需要年度累计“{name}”,目前没有;空缺不等于 0",
        en=f"{payer} needs the year-to-date amount '{name}', and nobody gave it: a gap is not 0",
        hint_zh="请向该支付方查询年度累计后重新测算",
        hint_en="ask the payer for the year-to-date amounts, then compute again",
    )


def floor_unclear(policy: str) -> Issue:
    return Issue(
        code="SET-332",
        severity=Severity.ERROR,
        pointer=f"{policy}#floor_rule",
        zh="兜底规则不完整:须写明 on,并写明 patient_share、target_share、patient_most 之一或几项",
        en="the floor rule is incomplete: it needs 'on' and one of patient_share, target_share, patient_most",
        hint_zh="请按文件在计划中补全 floor_rule",
        hint_en="complete floor_rule in the plan file as the document says",
    )


def total_below_zero(total: Money) -> Issue:
    return Issue(
        code="SET-333",
        severity=Severity.WARNING,
        pointer="total",
        zh=f"退费后费用总额为{total},小于 0:各支付方不分担,差额退给个人",
        en=f"after refunds the bill is {total}, below zero: no payer shares it, it goes back to the patient",
        hint_zh="请收费处核对退费是否超过原收费,再结算",
        hint_en="have the cashier check that no more was refunded than was charged before settling",
    )


def cross_year_refused(policy: str, rule: str, admitted: date, settled: date) -> Issue:
    return Issue(
        code="SET-334",
        severity=Severity.ERROR,
        pointer=f"{policy}#cross_year",
        zh=f"住院跨年({admitted} 至 {settled}),该计划的跨年规则“{rule}”不能在此自动结算",
        en=f"the stay crosses new year ({admitted} to {settled}), and the plan's rule '{rule}' is not settled here",
        hint_zh="请按该规则由医保经办处理(年末先结、或按明细日期分成两次结算),再按结果登记",
        hint_en="let the insurance office apply it (settle on 31 December, two records by item date), then record it",
    )


def cross_year_differs(rules: str) -> Issue:
    return Issue(
        code="SET-335",
        severity=Severity.ERROR,
        pointer="cross_year",
        zh=f"住院跨年,方案中各计划的跨年规则不一致:{rules}",
        en=f"the stay crosses new year, and the plans of the scheme do not agree on its year: {rules}",
        hint_zh="请在方案的各计划中写明同一规则,或分别结算",
        hint_en="let the plans of one scheme name one rule",
    )


def identity_ended(categories: str, admitted: date, settled: date) -> Issue:
    return Issue(
        code="SET-336",
        severity=Severity.WARNING,
        pointer="person/categories",
        zh=f"身份“{categories}”在入院日({admitted})有效,在结算日({settled})已不在册,本次不按该身份计算",
        en=f"'{categories}' was registered on admission ({admitted}) and no longer on {settled}: it does not count",
        hint_zh="请向发证部门核实是否续期;已续期的,更新名册后重新测算",
        hint_en="ask the register's office whether it was renewed; if so, update the register and compute again",
    )


def never_late(payer: Payer) -> Issue:
    return Issue(
        code="SET-337",
        severity=Severity.ERROR,
        pointer=f"late-payer/{payer}",
        zh=f"{payer} 的金额不能作为结算后到账登记",
        en=f"an amount of {payer} cannot be recorded as a late payment",
        hint_zh="基本医保金额变化的,先冲销再重新结算;个人交款在缴费处登记",
        hint_en="where basic insurance changes, reverse and settle again; what the patient pays is taken as a payment",
    )


def late_amount_out_of_range(payer: Payer, amount: Money, most: Money) -> Issue:
    return Issue(
        code="SET-338",
        severity=Severity.ERROR,
        pointer=f"late-payer/{payer}",
        zh=f"{payer} 到账{amount}不在 0 至个人负担{most}之间",
        en=f"the late payment of {payer}, {amount}, is not above 0 and at most the patient's part, {most}",
        hint_zh="请与支付方核对金额,不得自行改数;超出个人负担的部分应退还支付方",
        hint_en="clear the amount with the payer, never change it here; what exceeds the part goes back to it",
    )


def late_payer_in_between(payer: Payer, before: Money) -> Issue:
    return Issue(
        code="SET-339",
        severity=Severity.ERROR,
        pointer=f"late-payer/{payer}",
        zh=f"{payer} 已支付{before},其后还有支付方以此为基数,不能直接追加",
        en=f"{payer} bore {before} already and others settled after it: it cannot simply bear more",
        hint_zh="请冲销该账单,按新的金额重新结算",
        hint_en="reverse the bill and settle it again with the payer's new amount",
    )
