"""Issues about the amounts in a bureau's answer. Each holds the case: the answer stands, unread."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def identity_broken(key: str, formula: str, left: Money, right: Money) -> Issue:
    """An answer breaks a money identity of the platform."""
    return Issue(
        code="DEL-560",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"医保应答金额不平:{formula}({left} ≠ {right})",
        en=f"the bureau's amounts do not add up: {formula} ({left} ≠ {right})",
        hint_zh="请与医保核对该笔结算;个人账户是否计入基金支付总额见地区文件 account_inside_fund",
        hint_en="check the settlement with the bureau; whether the fund total holds the personal account is a setting"
        " of the region (account_inside_fund)",
    )


def fund_unmapped(key: str, fund: str, name: str, amount: Money) -> Issue:
    """A fund paid something, and nobody said which payer it is."""
    return Issue(
        code="DEL-561",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"基金 {fund}({name})支付 {amount} 元,但没有对应的支付方",
        en=f"fund {fund} ({name}) pays {amount}, and no payer is named for it",
        hint_zh="请在该地区文件的 funds 中补充该基金代码,再执行 adapter outbox retry",
        hint_en="add the fund code under funds in the region file, then adapter outbox retry",
    )


def payer_not_in_call(key: str, payer: str, amount: Money) -> Issue:
    """A payer bears a part for whom this call of the scheme does not answer."""
    return Issue(
        code="DEL-562",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"医保应答中 {payer} 承担 {amount} 元,但方案中该次调用不含此支付方",
        en=f"the answer makes {payer} bear {amount}, and the scheme's call does not answer for that payer",
        hint_zh="请在方案的该次调用中加入此支付方,再重新办理",
        hint_en="add the payer to this call of the scheme, then begin again",
    )


def total_differs(key: str, ours: Money, theirs: Money) -> Issue:
    """The bureau settled over another total than ours."""
    return Issue(
        code="DEL-563",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"医保结算的费用总额 {theirs} 元与 HIS 的 {ours} 元不一致",
        en=f"the bureau settled a total of {theirs}, the HIS has {ours}",
        hint_zh="请核对已上传的明细后撤销并重新结算",
        hint_en="compare the uploaded lines, cancel and settle again",
    )


def amount_unreadable(key: str, field: str) -> Issue:
    """An amount in the answer cannot be read to the fen."""
    return Issue(
        code="DEL-564",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"医保应答的金额 {field} 无法读到分",
        en=f"the amount {field} of the answer cannot be read to the fen",
        hint_zh="请与医保核对该笔应答",
        hint_en="check the answer with the bureau",
    )


def entitlement_withheld(key: str, fund: str, why: str) -> Issue:
    """The bureau says that a fund does not pay for this person."""
    return Issue(
        code="DEL-565",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"基金 {fund} 不享受待遇:{why}",
        en=f"fund {fund} grants no benefit: {why}",
        hint_zh="请告知参保人;有异议的向医保经办机构核实",
        hint_en="tell the patient; objections go to the bureau",
    )


def needs_our_side(endpoint: str, day: str) -> Issue:
    """This bureau lists nothing by itself: it compares what the hospital sends."""
    return Issue(
        code="DEL-566",
        severity=Severity.ERROR,
        pointer=f"{endpoint}/{day}",
        zh="医保平台不提供结算清单,只核对医院上传的总账和明细账",
        en="the platform lists no settlements: it compares the totals and details that the hospital sends",
        hint_zh="对账时须带上本院当日结算明细",
        hint_en="reconcile with the hospital's own settlements of the day",
    )


def file_unreadable(pointer: str, why: str) -> Issue:
    """A reconciliation file cannot be read."""
    return Issue(
        code="DEL-567",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"对账结果文件无法读取:{why}",
        en=f"the reconciliation file cannot be read: {why}",
        hint_zh="请重新下载;仍不行请与医保联系",
        hint_en="fetch it again, or ask the bureau",
    )


def splits_differ(key: str, part: str, lines: Money, settled: Money) -> Issue:
    """The bureau's lines add up to something else than its settlement counts."""
    return Issue(
        code="DEL-646",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"医保逐条返回的拆分合计与其结算不符:{part} 明细合计 {lines} 元,结算 {settled} 元;未采用其明细拆分",
        en=f"the bureau's lines do not add up to its settlement: {part} is {lines} by line, {settled} settled;"
        " its lines were not used",
        hint_zh="支付金额以结算为准,不受影响;请与医保核对明细拆分",
        hint_en="the settlement's amounts count all the same; check the lines with the bureau",
    )


def split_unbalanced(key: str, lines: int, code: str, parts: Money, amount: Money) -> Issue:
    """The parts that the bureau made of a line are not the line."""
    return Issue(
        code="DEL-647",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"医保对 {lines} 条明细的拆分与金额不等,如 {code}:合计 {parts} 元,明细 {amount} 元;未采用其明细拆分",
        en=f"the bureau's parts of {lines} lines are not the line, as of {code}: {parts} together of {amount};"
        " its lines were not used",
        hint_zh="支付金额以结算为准,不受影响;请与医保核对明细拆分",
        hint_en="the settlement's amounts count all the same; check the lines with the bureau",
    )


def split_unreadable(key: str, lines: int, first: str) -> Issue:
    """The bureau's split of a line cannot be read to the fen."""
    return Issue(
        code="DEL-648",
        severity=Severity.WARNING,
        pointer=key,
        zh=f"医保对 {lines} 条明细返回的金额无法读到分,如 {first};未采用其明细拆分",
        en=f"the bureau's amounts of {lines} lines cannot be read to the fen, as {first}; its lines were not used",
        hint_zh="支付金额以结算为准,不受影响;请与医保核对明细拆分",
        hint_en="the settlement's amounts count all the same; check the lines with the bureau",
    )
