"""What must have moved, and by how much: the year's amounts, the day's totals, the day's list. 累计与对账检查。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from adapter.counterparts.conformance.answers import (
    amount_in,
    benefits_of,
    payer_of,
    resource_of,
    responses_of,
    settlement_ids,
    tables,
)
from adapter.counterparts.conformance.checks import Check
from adapter.counterparts.conformance.play import Finding
from adapter.counterparts.conformance.said import Said
from adapter.counterparts.wire import ACCUMULATOR, PAYER, Resource, code_in


def year_up_by(now: Said, wanted: Mapping[str, str], said: Mapping[str, Said]) -> list[Finding]:
    """``paid`` of every payer of a settlement rose by what it bears (``by``) since an earlier question (``since``)."""
    before, after = _paid(said[wanted["since"]]), _paid(now)
    for payer, borne in benefits_of(said[wanted["by"]].last).items():
        rise = after.get(payer, Decimal(0)) - before.get(payer, Decimal(0))
        if rise != borne:
            return [
                Finding(f"{payer} 年度累计应增 {borne},实增 {rise}", f"{payer}: the year rose by {rise}, not {borne}")
            ]
    return []


def year_as(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """All amounts of the year are those of an earlier question."""
    before, after = _benefits(said[wanted]), _benefits(now)
    if before == after:
        return []
    moved = sorted(
        {
            f"{payer}.{code}"
            for payer, code in {*before, *after}
            if before.get((payer, code)) != after.get((payer, code))
        }
    )
    return [Finding(f"年度累计与 {wanted} 不同:{', '.join(moved)}", f"not the year of {wanted}: {', '.join(moved)}")]


def totals_up_by(now: Said, wanted: Mapping[str, str], said: Mapping[str, Said]) -> list[Finding]:
    """Count and total of the day rose by one settlement (``by``) since an earlier question (``since``)."""
    (count, total), (count_then, total_then) = _totals(now), _totals(said[wanted["since"]])
    borne = sum((paid for paid in benefits_of(said[wanted["by"]].last).values() if paid is not None), Decimal(0))
    if count is None or total is None or count_then is None or total_then is None:
        return [Finding("缺少 count 或 total", "count or total is missing")]
    if (count - count_then, total - total_then) == (1, borne):
        return []
    up = f"{count - count_then} / {total - total_then}"
    return [Finding(f"当日应增 1 / {borne},实增 {up}", f"the day rose by {up}, not by 1 / {borne}")]


def totals_as(now: Said, wanted: str, said: Mapping[str, Said]) -> list[Finding]:
    """Count and total of the day are those of an earlier question."""
    got, then = _totals(now), _totals(said[wanted])
    return [] if got == then else [Finding(f"当日合计应为 {then},实为 {got}", f"the day is {got}, not {then}")]


def lists(now: Said, wanted: str | list[str], said: Mapping[str, Said]) -> list[Finding]:
    """The pages of a day hold every answer of these steps, and each answer once."""
    found = [one for page in now.exchanges for one in responses_of(page)]
    numbers = Counter(number for one in found for number in settlement_ids(one)[:1])
    twice = [number for number, times in numbers.items() if times > 1]
    if twice:
        return [Finding(f"明细重复:{twice[0]}", f"listed twice: {twice[0]}")]
    for name in [wanted] if isinstance(wanted, str) else wanted:
        for one in responses_of(said[name].last):
            if not set(settlement_ids(one)[:1]) & set(numbers):
                return [Finding(f"明细缺少 {name} 的 {payer_of(one)}", f"{payer_of(one)} of {name} is not listed")]
    return []


def _paid(asked: Said) -> dict[str, Decimal]:
    return {payer: amount for (payer, code), amount in _benefits(asked).items() if code == "paid"}


def _benefits(asked: Said) -> dict[tuple[str, str], Decimal]:
    """Payer and accumulator → amount; admissions as a number of stays."""
    found = {}
    for item in [row for one in tables(resource_of(asked.last).get("insurance")) for row in tables(one.get("item"))]:
        payer = code_in(item.get("category"), PAYER) or ""
        for row in tables(item.get("benefit")):
            found[payer, code_in(row.get("type"), ACCUMULATOR) or ""] = _used(row)
    return found


def _used(row: Resource) -> Decimal:
    amount = amount_in(row.get("usedMoney"))
    return amount if amount is not None else Decimal(int(row.get("usedUnsignedInt", -1)))


def _totals(asked: Said) -> tuple[int | None, Decimal | None]:
    rows = {row.get("name"): row for row in tables(resource_of(asked.last).get("parameter"))}
    count = rows.get("count", {}).get("valueInteger")
    return count if isinstance(count, int) else None, amount_in(rows.get("total", {}).get("valueMoney"))


SUMS: Mapping[str, Check] = {
    "year_up_by": year_up_by,
    "year_as": year_as,
    "totals_up_by": totals_up_by,
    "totals_as": totals_as,
    "lists": lists,
}
