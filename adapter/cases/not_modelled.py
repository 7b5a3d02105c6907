"""Layers that nobody published: said by name, and nothing is settled for them (未公布的参数)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.settlement import Settlement

_GAPS = frozenset({"SET-312", "SET-321", "SET-330", "SET-331"})


def gaps(settlement: Settlement) -> tuple[Issue, ...]:
    """Which value of which plan is not published."""
    return tuple(issue for issue in settlement.issues if issue.code in _GAPS)


def nobody_decides(case_id: str, settlement: Settlement) -> Issue:
    """No payer has answered for a layer, and nothing can be computed for it."""
    payers = ", ".join(settlement.not_modelled)
    return Issue(
        code="CASE-395",
        severity=Severity.ERROR,
        pointer=case_id,
        zh=f"{payers} 的参数没有公布,也没有其答复,不能结算;这不表示其支付为 0",
        en=f"nobody published what {payers} needs, and it has given no answer: nothing is settled, and it is not 0",
        hint_zh="请让该支付方经其端点答复(authority: payer),或在方案的 plan_settings 中填写有依据的参数",
        hint_en="let the payer answer through its endpoint (authority: payer), or give cited values in plan_settings",
    )
