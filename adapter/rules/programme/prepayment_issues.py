"""Issues of prepayment: PRG-300 … PRG-303 (总额预付)."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity
from adapter.model.money import Money


def no_prepayment(programme: str) -> Issue:
    """The programme does not speak of prepayment; another one's clause is never borrowed."""
    return Issue(
        code="PRG-300",
        severity=Severity.ERROR,
        pointer=f"programmes/{programme}.yaml#settings/prepayment_share",
        zh="该规定没有医保基金总额预付的条款,不得办理",
        en="the programme has no clause on prepayment, so the act is refused",
        hint_zh="请核对方案适用的规定;没有预付的,按月申报并收款即可",
        hint_en="check the programme of the scheme; without prepayment, declare the month and record what is received",
    )


def prepaid_over_schedule(book: str, prepaid: Money, scheduled: Money, cite: str) -> Issue:
    """More came than the year's schedule has: the budget was raised, or the money is another year's."""
    return Issue(
        code="PRG-301",
        severity=Severity.WARNING,
        pointer=f"{book}/prepaid",
        zh=f"累计预付{prepaid}元,超过全年预付计划{scheduled}元(依据 {cite})",
        en=f"{prepaid} prepaid so far is more than the {scheduled} scheduled for the year (article {cite})",
        hint_zh="请核对年度预算文件;预算调整的,重新登记年度预算",
        hint_en="check the year's budget; where it was changed, record the new one",
    )


def assessment_impossible(book: str, zh: str, en: str, cite: str) -> Issue:
    """The year-end result gives back more than is there."""
    return Issue(
        code="PRG-302",
        severity=Severity.ERROR,
        pointer=f"{book}/assessment",
        zh=f"{zh}(依据 {cite})",
        en=f"{en} (article {cite})",
        hint_zh="请核对年终考核文件与各月清算(adapter prepayment show)",
        hint_en="check the assessment against the months' clearing (adapter prepayment show)",
    )


def budget_unusable(book: str, zh: str, en: str, cite: str) -> Issue:
    """A budget that gives no schedule, or one without the paper that sets it."""
    return Issue(
        code="PRG-303",
        severity=Severity.ERROR,
        pointer=f"{book}/budget",
        zh=f"{zh}(依据 {cite})",
        en=f"{en} (article {cite})",
        hint_zh="请按医保经办机构下达的年度预算文件填写金额和文号",
        hint_en="give the amount and the number of the paper by which the insurance office set the year's budget",
    )
