"""Issues of payments after closing and of stays that are to be settled again: CASE-400 … CASE-407."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

#: What marks a stay that is to be settled again.
MARKS = frozenset({"CASE-403", "CASE-404"})


def is_mark_after(issue: Issue, earlier: str) -> bool:
    """Whether an issue says that a bill no longer stands because that earlier case changed."""
    return issue.code == "CASE-403" and issue.pointer.endswith(f"/after/{earlier}")


def not_closed(case_id: str, state: str) -> Issue:
    return Issue(
        code="CASE-400",
        severity=Severity.ERROR,
        pointer=f"{case_id}/late-payer",
        zh=f"账单状态为“{state}”,结算后到账只能登记在已结算的账单上",
        en=f"the bill is '{state}': a late payment goes on a settled bill only",
        hint_zh="尚未结算的,请让该支付方在结算时答复;正在冲销的,请待冲销完成",
        hint_en="before settling, let the payer answer there; during a reversal, wait until it is through",
    )


def recorded_before(case_id: str, reference: str) -> Issue:
    return Issue(
        code="CASE-401",
        severity=Severity.ERROR,
        pointer=f"{case_id}/late-payer/{reference}",
        zh=f"凭证号“{reference}”已在该账单上,不重复登记",
        en=f"reference '{reference}' stands on this bill already: it is not recorded twice",
        hint_zh="请核对凭证号;同一笔款只登记一次",
        hint_en="check the reference: one payment is recorded once",
    )


def debt_lost(case_id: str, state: str) -> Issue:
    return Issue(
        code="CASE-402",
        severity=Severity.ERROR,
        pointer=f"{case_id}/patient-part",
        zh=f"个人应付已按“{state}”处理,到账款应先冲减该损失",
        en=f"the patient's part stands as '{state}': money that arrives now first makes good for that loss",
        hint_zh="请按收回欠款登记(adapter pay),由基金和医院分得",
        hint_en="record it as a recovery (adapter pay), which the fund and the hospital share",
    )


def settle_again(case_id: str, earlier: str, payers: str) -> Issue:
    return Issue(
        code="CASE-403",
        severity=Severity.ERROR,
        pointer=f"{case_id}/after/{earlier}",
        zh=f"病例 {earlier} 的金额已变更,本病例据以计算的年度累计不再成立,涉及:{payers}",
        en=f"case {earlier} changed, so the year-to-date amounts this bill was made on no longer stand: {payers}",
        hint_zh="请先冲销本病例,重新结算较早的病例,再结算本病例;核实不变的,adapter resettle --stands",
        hint_en="reverse this case, settle the earlier one again, then this one; or adapter resettle --stands",
    )


def earlier_settled_later(case_id: str, earlier: str, payers: str) -> Issue:
    return Issue(
        code="CASE-404",
        severity=Severity.ERROR,
        pointer=f"{case_id}/after/{earlier}",
        zh=f"较早出院的病例 {earlier} 在本病例之后结算,按结算日期顺序本病例的金额应不同,涉及:{payers}",
        en=f"case {earlier}, of an earlier day, was settled after this one; by day this bill differs: {payers}",
        hint_zh="按当地规定以出院先后为准的,请重新结算(adapter resettle);以结算先后为准的,登记维持原结算(--stands)",
        hint_en="where the order of discharge counts, adapter resettle; else record that it stands (--stands)",
    )


def nothing_late(case_id: str) -> Issue:
    return Issue(
        code="CASE-405",
        severity=Severity.ERROR,
        pointer=f"{case_id}/late-payer",
        zh="该账单上没有可撤销的结算后到账",
        en="there is no late payment on this bill that could be taken back",
        hint_zh="请用 adapter case show 核对账单",
        hint_en="look at the bill with adapter case show",
    )


def not_marked(case_id: str) -> Issue:
    return Issue(
        code="CASE-406",
        severity=Severity.ERROR,
        pointer=case_id,
        zh="该病例没有标记为须重新结算",
        en="the case is not marked as to be settled again",
        hint_zh="请用 adapter case list --held 查看被标记的病例",
        hint_en="adapter case list --held shows the marked ones",
    )


def later_first(case_id: str, later: str) -> Issue:
    return Issue(
        code="CASE-407",
        severity=Severity.ERROR,
        pointer=f"{case_id}/before/{later}",
        zh=f"病例 {later} 的账单以本病例原金额为依据,尚未冲销,本病例暂不能重新结算",
        en=f"the bill of case {later} stands on this case's old amounts: undo that one first",
        hint_zh="后结算的先冲销:请先冲销该病例,或登记其维持原结算(adapter resettle --stands)",
        hint_en="last settled is first undone: reverse that case, or let it stand (adapter resettle --stands)",
    )
