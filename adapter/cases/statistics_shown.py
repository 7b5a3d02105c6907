"""Statistics as JSON, and as one row per hospital and figure for a spreadsheet (月报输出)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapter.cases.statistics import AGES, OLDEST, HospitalMonth, Statistics, Tally
from adapter.model.case import CreditState, PlanState
from adapter.model.money import ZERO, Money, half_up

#: Columns of the spreadsheet. An empty cell: there is no basis for the figure.
COLUMNS = ("month", "as_of", "facility", "figure", "key", "count", "amount", "zh")


def statistics_json(found: Statistics) -> dict[str, Any]:
    """Everything as plain JSON; amounts are text in yuan."""
    return {
        "month": found.month,
        "as_of": found.as_of.isoformat(),
        "recipients": list(found.recipients),
        "hospitals": [_hospital(each) for each in found.hospitals],
    }


def statistics_rows(found: Statistics) -> Iterator[tuple[str, ...]]:
    """Rows under ``COLUMNS``."""
    for each in found.hospitals:
        for figure, key, count, amount, zh in _figures(each):
            written = ("" if count is None else str(count), "" if amount is None else amount.text)
            yield found.month, found.as_of.isoformat(), each.facility, figure, key, *written, zh


def _hospital(each: HospitalMonth) -> dict[str, Any]:
    shown: dict[str, Any] = {"facility": each.facility}
    for figure, key, count, amount, _ in _figures(each):
        value = {"count": count, "amount": None if amount is None else amount.text}
        if key:
            shown.setdefault(figure, {})[key] = value
        else:
            shown[figure] = value
    shown["patient_share"] = None if each.patient_permille is None else _percent(each.patient_permille)
    return shown


def _figures(each: HospitalMonth) -> Iterator[tuple[str, str, int | None, Money | None, str]]:
    """Every figure: name, key, count, amount, words."""
    yield "admitted", "", each.admitted, None, "入院人次"
    yield "discharged", "", each.discharged, None, "出院人次"
    for state, count in sorted(each.entitlement.items()):
        yield "entitlement", state, count, None, "当月入院的资格"
    told = each.deposits_not_taken.amount if each.deposits_asked else None
    yield "deposits_not_taken", "", each.deposits_not_taken.count, None, "免收押金人次"
    yield "deposits_asked", "", each.deposits_asked, told, "其中询问过押金数额的"
    yield "settled", "", each.settled.count, each.settled.amount, "当月出院已结算"
    for payer, tally in sorted(each.by_payer.items()):
        yield "by_payer", payer, tally.count, tally.amount, "各方承担"
    yield "average_total", "", each.settled.count, _average(each.settled), "次均费用"
    yield "days", "", each.days, None, "已结算病例住院日"
    for kind, amount in sorted(each.by_kind.items()):
        yield "by_kind", kind, None, amount, "费用按项目种类(控费指标)"
    for mark, amount in sorted(each.by_mark.items()):
        yield "by_mark", mark, None, amount, "其中基本药物、抗菌药物、检查检验(控费指标)"
    if each.largest_drugs is not None:
        yield "largest_drugs", "", None, each.largest_drugs, "单次住院最大药费(大处方)"
    if each.unread:
        yield "unread", "", each.unread, None, "明细无法读取的病例"
    yield "plans_running", "", each.plans[PlanState.SIGNED] + each.plans[PlanState.OVERDUE], None, "执行中的还款计划"
    yield "plans_overdue", "", each.plans[PlanState.OVERDUE], None, "其中逾期"
    for age in (*(name for name, _ in AGES), OLDEST):
        tally = each.arrears.get(age, Tally())
        yield "arrears", age, tally.count, tally.amount, "欠费按逾期天数"
    yield "listed", "", each.credit[CreditState.LISTED], None, "现列入不良记录"
    yield "cleared", "", each.credit[CreditState.CLEARED], None, "已移出不良记录"
    for name, tally, zh in _fund(each):
        yield name, "", tally.count, tally.amount, zh


def _fund(each: HospitalMonth) -> Iterator[tuple[str, Tally, str]]:
    yield "fund_claimed", each.fund_claimed, "当月申请风险基金"
    yield "fund_received", each.fund_received, "当月风险基金到账"
    yield "lost", each.lost, "当月医院承担的坏账"


def _average(tally: Tally) -> Money | None:
    return Money(half_up(tally.amount.fen, tally.count)) if tally.count and tally.amount >= ZERO else None


def _percent(permille: int) -> str:
    return f"{permille // 10}.{permille % 10}%"
