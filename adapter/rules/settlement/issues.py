"""Issues of the settlement room: SET-3xx."""

from __future__ import annotations

from datetime import date

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money
from adapter.model.settlement import Payer


def share_out_of_range(policy: str, amount: Money, most: Money) -> Issue:
    return Issue(
        code="SET-301",
        severity=Severity.FATAL,
        pointer=policy,
        zh=f"按该计划算得的支付额{amount}不在 0 至剩余费用{most}之间,拒绝结算",
        en=f"the plan makes {amount} of it, which is not between 0 and what is left of the bill, {most}: refused",
        hint_zh="请更正该计划文件的比例或金额",
        hint_en="correct the ratios or amounts in the plan file",
    )


def answer_out_of_range(payer: Payer, amount: Money, most: Money) -> Issue:
    return Issue(
        code="SET-302",
        severity=Severity.ERROR,
        pointer=f"answer/{payer}",
        zh=f"{payer} 答复的金额{amount}不在 0 至{most}之间",
        en=f"the answer of {payer}, {amount}, is not between 0 and {most}",
        hint_zh="请与对方核对该笔结算,不得自行改动金额",
        hint_en="clear the settlement with the payer; never change the amount here",
    )


def line_not_in_catalogue(line: str) -> Issue:
    return Issue(
        code="SET-303",
        severity=Severity.ERROR,
        pointer=f"lines/{line}",
        zh="该费用明细在服务日期没有目录对照,也没有医院系统的拆分",
        en="the line has no catalogue row on its day of service, nor a split by the HIS",
        hint_zh="请在 items.csv 中补充该项目(含起止日期)后重新处理",
        hint_en="add the item with its dates to items.csv, then process the case again",
    )


def answered_split_unbalanced(payer: Payer, line: str, amount: Money, found: Money) -> Issue:
    return Issue(
        code="SET-304",
        severity=Severity.ERROR,
        pointer=f"answer/{payer}/lines/{line}",
        zh=f"{payer} 对该明细的拆分合计{found},与明细金额{amount}不等(或无此明细)",
        en=f"the split by {payer} adds up to {found}, the line is {amount} (or is not on this bill)",
        hint_zh="请与对方核对明细上传是否完整",
        hint_en="check with the payer whether the lines arrived whole",
    )


def payer_not_in_scheme(payer: Payer) -> Issue:
    return Issue(
        code="SET-305",
        severity=Severity.ERROR,
        pointer=f"answer/{payer}",
        zh=f"方案中没有支付方 {payer},但收到了它的金额",
        en=f"{payer} is not part of the scheme, yet an amount of it came in",
        hint_zh="请核对基金编码对照和方案的支付方顺序",
        hint_en="check the mapping of fund codes and the payers of the scheme",
    )


def third_party_out_of_range(amount: Money, total: Money) -> Issue:
    return Issue(
        code="SET-306",
        severity=Severity.ERROR,
        pointer="third_party",
        zh=f"第三人负担{amount}不在 0 至费用总额{total}之间",
        en=f"the third party's part {amount} is not between 0 and the bill {total}",
        hint_zh="请在窗口登记中更正第三人负担金额",
        hint_en="correct the third party's amount in the window facts",
    )


def step_unknown(policy: str, step: str, known: str) -> Issue:
    return Issue(
        code="SET-307",
        severity=Severity.ERROR,
        pointer=f"{policy}#steps",
        zh=f"不认识的步骤“{step}”",
        en=f"unknown step '{step}'",
        hint_zh=f"可用:{known}",
        hint_en=f"known: {known}",
    )


def plan_contradicts(policy: str, found: str, wanted: str) -> Issue:
    return Issue(
        code="SET-308",
        severity=Severity.ERROR,
        pointer=policy,
        zh=f"计划参数与步骤不一致:{found};应为 {wanted}",
        en=f"the plan's parameters and steps do not agree: {found}; wanted: {wanted}",
        hint_zh="请更正该计划文件的 steps 或参数",
        hint_en="correct 'steps' or the parameter in the plan file",
    )


def self_share_missing(line: str) -> Issue:
    return Issue(
        code="SET-309",
        severity=Severity.ERROR,
        pointer=f"lines/{line}",
        zh="乙类项目没有先行自付比例,计划也没有规定默认比例(Q-05)",
        en="a class B item has no pre-self-pay share, and the plan gives no default (Q-05)",
        hint_zh="请在 items.csv 中填写该项目的先行自付比例",
        hint_en="fill in the item's self_share in items.csv",
    )


def restriction_unknown(line: str) -> Issue:
    return Issue(
        code="SET-310",
        severity=Severity.ERROR,
        pointer=f"lines/{line}",
        zh="限制使用的项目没有标明是否符合限制条件",
        en="a restricted item does not say whether its use met the restriction",
        hint_zh="请医师或医保办在明细上标明后重新处理",
        hint_en="have the doctor or the insurance office flag the line, then process the case again",
    )


def facts_invalid(pointer: str, zh: str, en: str) -> Issue:
    return Issue(
        code="SET-311",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"试算事实有误:{zh}",
        en=f"the facts cannot be read: {en}",
        hint_zh="写法见 docs/whatif.md",
        hint_en="docs/whatif.md shows how facts are written",
    )


def layer_not_modelled(payer: Payer, policy: str) -> Issue:
    return Issue(
        code="SET-312",
        severity=Severity.WARNING,
        pointer=policy,
        zh=f"{payer} 的参数没有公布,本次不作估算;这不表示其支付为 0",
        en=f"nobody published the parameters of {payer}: nothing is estimated for it, which is not the same as 0",
        hint_zh="以该支付方的答复为准",
        hint_en="its own answer decides",
    )


def layer_waits(payer: Payer, earlier: Payer) -> Issue:
    return Issue(
        code="SET-313",
        severity=Severity.WARNING,
        pointer=str(payer),
        zh=f"{payer} 的基数取决于尚未答复的 {earlier},本次不作计算",
        en=f"the base of {payer} depends on {earlier}, which has not answered; nothing is computed for it",
        hint_zh="请先取得前序支付方的答复",
        hint_en="get the earlier payer's answer first",
    )


def refund_exceeds(line: str) -> Issue:
    return Issue(
        code="SET-314",
        severity=Severity.WARNING,
        pointer=f"lines/{line}",
        zh="该明细的退费超过原收费",
        en="more was refunded than was charged on this line",
        hint_zh="请收费处核对退费记录",
        hint_en="have the cashier check the refunds of this line",
    )


def year_differs(accrued: int, on: date) -> Issue:
    return Issue(
        code="SET-315",
        severity=Severity.ERROR,
        pointer="year_to_date",
        zh=f"年度累计是{accrued}年的,结算日期是{on}",
        en=f"the year-to-date amounts are of {accrued}, the settlement date is {on}",
        hint_zh="请按结算日期所在年度重新查询年度累计",
        hint_en="ask for the year-to-date amounts of the settlement date's year",
    )


def split_is_estimate(line: str) -> Issue:
    return Issue(
        code="SET-316",
        severity=Severity.WARNING,
        pointer=f"lines/{line}",
        zh="该明细没有目录对照,按医院系统的拆分估算",
        en="the line has no catalogue row; the split of the HIS is used as an estimate",
        hint_zh="请在 items.csv 中补充该项目",
        hint_en="add the item to items.csv",
    )


def refund_loop(line: str) -> Issue:
    return Issue(
        code="SET-317",
        severity=Severity.ERROR,
        pointer=f"lines/{line}",
        zh="退费明细的冲销关系成环",
        en="the refunds of this line point at each other in a circle",
        hint_zh="请核对医院系统的退费关联",
        hint_en="check the refund links in the HIS",
    )


def value_not_published(payer: Payer, pointer: str) -> Issue:
    return Issue(
        code="SET-321",
        severity=Severity.WARNING,
        pointer=pointer,
        zh=f"{payer} 计算本次住院所需的参数没有公布,不作估算;这不表示其支付为 0",
        en=f"nobody published what {payer} needs for this stay: nothing is estimated for it, which is not 0",
        hint_zh="以该支付方的答复为准;有正式文件的,在方案的 plan_settings 中填写并注明依据",
        hint_en="its own answer decides; with a document in hand, give the value under plan_settings of the scheme",
    )


def plan_historical(policy: str, year: str) -> Issue:
    return Issue(
        code="SET-322",
        severity=Severity.INFORMATION,
        pointer=policy,
        zh=f"该计划是历史参数({year or '来源未印年份'}),不是现行规定",
        en=f"the plan is historical ({year or 'no year printed'}), not current",
        hint_zh="仅供核对当时的结算;现行结算请使用现行文件",
        hint_en="good for bills of its time; for a bill of today use the document in force",
    )


def age_unknown(policy: str) -> Issue:
    return Issue(
        code="SET-323",
        severity=Severity.ERROR,
        pointer=f"{policy}#ratio_by_age",
        zh="该计划的支付比例随年龄变化,但没有年龄",
        en="the plan's ratio depends on the person's age, and no age is known",
        hint_zh="请补充 circumstances 中的 age(周岁)",
        hint_en="give the age in whole years as circumstance 'age'",
    )


def sheet_unbalanced(pointer: str, zh: str, en: str) -> Issue:
    return Issue(
        code="SET-318",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"结算单金额不平:{zh}",
        en=f"the settlement sheet does not balance: {en}",
        hint_zh="请退回来源核对,不得自行改数",
        hint_en="send it back to where it came from; never mend a figure here",
    )


def sheet_impossible(pointer: str, zh: str, en: str) -> Issue:
    return Issue(
        code="SET-319",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"结算单金额不可能成立:{zh}",
        en=f"the settlement sheet is impossible: {en}",
        hint_zh="请退回来源核对,不得自行改数",
        hint_en="send it back to where it came from; never mend a figure here",
    )


def answered_scope_differs(payer: Payer, ours: Money, theirs: Money) -> Issue:
    return Issue(
        code="SET-320",
        severity=Severity.WARNING,
        pointer=f"answer/{payer}",
        zh=f"{payer} 认定的政策范围内费用{theirs}与逐条拆分的{ours}不同,且其各部分合计不等于账单",
        en=f"{payer} counted {theirs} as in scope, the lines come to {ours}, and its parts do not make up the bill",
        hint_zh="后序支付方的基数仍按逐条拆分(对方未拆分的按本方)计算,请与对方核对目录",
        hint_en="later bases keep the lines (ours where it gave none); compare the catalogues with the payer",
    )


def batch_unsupported(policy: str, what: str) -> Issue:
    return Issue(
        code="SET-350",
        severity=Severity.ERROR,
        pointer=policy,
        zh=f"批量测算不认识“{what}”,未测算",
        en=f"the batch calculation does not know '{what}': nothing was computed",
        hint_zh="请逐例测算(较慢,结果相同);常用命令会自动改用逐例测算",
        hint_en="divide case by case, which is slower and knows every step; the commands do so by themselves",
    )


def batch_too_large(amount: Money) -> Issue:
    return Issue(
        code="SET-351",
        severity=Severity.ERROR,
        pointer="batch",
        zh=f"金额{amount}过大,64 位整数批量测算可能溢出,未测算",
        en=f"an amount of {amount} could overflow 64 bits in the batch calculation: nothing was computed",
        hint_zh="请核对该金额;确属实时请逐例测算",
        hint_en="check the amount; if it is right, divide that case by itself",
    )
