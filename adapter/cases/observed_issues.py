"""Issues of settlements that the HIS made itself. Codes CASE-350 …, CASE-476"""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def several_finals(case_id: str, pointers: tuple[str, ...]) -> Issue:
    """More than one final settlement stands."""
    where, places = "、".join(pointers), ", ".join(pointers)
    return Issue(
        code="CASE-350",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"HIS 中该次住院有 {len(pointers)} 次有效的出院结算({where}),无法确定以哪一次为准",
        en=f"{len(pointers)} final settlements of this stay stand in the HIS ({places}): which one counts?",
        hint_zh="请在 HIS 中作废不再有效的结算后重新导出",
        hint_en="void the one that no longer counts in the HIS, then export again",
    )


def settlement_taken_back(case_id: str, reference: str) -> Issue:
    """The bill is made from a settlement that the HIS has voided since."""
    return Issue(
        code="CASE-351",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"HIS 已作废其结算“{reference}”,而本账单以它为据",
        en=f"the HIS has voided its settlement '{reference}', which this bill is made from",
        hint_zh="请先冲销本账单(adapter reverse),HIS 重新结算后再导入",
        hint_en="reverse the bill (adapter reverse); import again once the HIS has settled anew",
    )


def part_settled_by_his(case_id: str, references: tuple[str, ...]) -> Issue:
    """The HIS has settled a part of the stay with the bureau, and not the rest."""
    numbers, named = "、".join(references), ", ".join(references)
    return Issue(
        code="CASE-476",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"HIS 已与医保办理中途结算({numbers}),尚无出院结算;不能再由本系统按整次住院预结算或结算,以免重复支付",
        en=f"the HIS has settled a part of this stay with the bureau ({named}) and not the rest:"
        " a trial or settlement of the whole stay here would pay that part twice",
        hint_zh="请在 HIS 办理最后一段的结算后重新导出导入;或在 HIS 撤销中途结算后重新导出导入",
        hint_en="settle the last part in the HIS, or undo the interim settlement there; then export and import again",
    )
