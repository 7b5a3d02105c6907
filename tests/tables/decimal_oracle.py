"""A second opinion on the fixture bills: plain Decimal arithmetic that shares no code with the adapter.

It reads the committed XML with the standard library, splits what is left of each line by the committed ``items.csv``,
and walks the composite Hunan test profile: 起付线 500, 75% (建档立卡 +10 points), fund cap 150000 (R1), 大病 22324 or
11162 with its bands, aid 70% for 建档立卡. Each payer is rounded half up to the fen before the next one starts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from xml.etree import ElementTree

FIXTURES = Path(__file__).parents[2] / "fixtures"
EXPORT = FIXTURES / "his/bsoft_phis/qingshi_county/export"
REFERENCE = FIXTURES / "reference/qingshi_county"

Row = Mapping[str, str]

NIL = Decimal("0.00")
BANDS = (Decimal(30000), Decimal(80000), Decimal(150000))
RATIOS = {False: ("0.60", "0.65", "0.75", "0.85"), True: ("0.65", "0.70", "0.80", "0.90")}


def fen(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def table(name: str, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    """Rows of one committed XML file, decoded as it really is, whatever it declares."""
    text = (EXPORT / f"{name}.xml").read_bytes().decode(encoding)
    return [{field.tag: field.text or "" for field in row} for row in ElementTree.fromstring(text.partition("?>")[2])]


def fee_rows() -> list[dict[str, str]]:
    return table("ZY_FYMX", "gb18030")


def csv_rows(name: str) -> list[dict[str, str]]:
    return rows_of_csv(REFERENCE / name)


def rows_of_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@dataclass(frozen=True)
class Split:
    """全自费, 超限价, 先行自付, 政策范围内."""

    full_self_pay: Decimal = NIL
    over_limit: Decimal = NIL
    pre_self_pay: Decimal = NIL
    in_scope: Decimal = NIL

    def __add__(self, other: Split) -> Split:
        return Split(
            self.full_self_pay + other.full_self_pay,
            self.over_limit + other.over_limit,
            self.pre_self_pay + other.pre_self_pay,
            self.in_scope + other.in_scope,
        )

    @property
    def total(self) -> Decimal:
        return self.full_self_pay + self.over_limit + self.pre_self_pay + self.in_scope


def split_of(row: Mapping[str, str], amount: Decimal, quantity: Decimal, catalogue: Sequence[Row]) -> Split:
    """So much of a fee line by the catalogue row in force on its day, at a county hospital (secondary)."""
    day = row["FYRQ"][:10]
    item = next(
        each
        for each in catalogue
        if each["code"] == row["FYXH"] and each["valid_from"] <= day <= (each["valid_to"] or "9999")
    )
    if item["item_class"] == "C":
        return Split(full_self_pay=amount)
    within = amount
    if item["limit_secondary"]:
        within = min(amount, fen(Decimal(item["limit_secondary"]) * quantity))
    first = fen(within * Decimal(item["self_share"] or "0"))
    return Split(NIL, amount - within, first, within - first)


def split_of_stay(rows: Sequence[Row], catalogue: Sequence[Row]) -> Split:
    """What is left of every charge is split and rounded line by line, then added.

    A refund lessens the charge it undoes, so that a line given back in pieces leaves nothing behind in any part: the
    latest earlier line of the item with the same quantity, else the latest that still has so much.
    """
    charges = [row for row in rows if Decimal(row["FYSL"]) >= 0]
    left = {row["JLXH"]: (Decimal(row["ZJJE"]), Decimal(row["FYSL"])) for row in charges}
    for refund in sorted((row for row in rows if Decimal(row["FYSL"]) < 0), key=lambda row: row["FYRQ"]):
        wanted = -Decimal(refund["FYSL"])
        open_lines = [
            row
            for row in charges
            if row["FYXH"] == refund["FYXH"] and row["FYRQ"] <= refund["FYRQ"] and left[row["JLXH"]][1] >= wanted
        ]
        equal = [row for row in open_lines if left[row["JLXH"]][1] == wanted]
        undone = max(equal or open_lines, key=lambda row: row["FYRQ"])["JLXH"]
        amount, quantity = left[undone]
        left[undone] = (amount + Decimal(refund["ZJJE"]), quantity - wanted)
    whole = Split()
    for row in charges:
        whole += split_of(row, *left[row["JLXH"]], catalogue)
    return whole


def splits_by_stay() -> dict[str, Split]:
    """The four sums of every stay whose items the catalogue knows."""
    catalogue = csv_rows("items.csv")
    known = {item["code"] for item in catalogue}
    by_stay: dict[str, list[Row]] = {}
    for row in fee_rows():
        by_stay.setdefault(row["ZYH"], []).append(row)
    return {
        key: split_of_stay(rows, catalogue)
        for key, rows in by_stay.items()
        if all(row["FYXH"] in known for row in rows)
    }


@dataclass(frozen=True)
class Bill:
    """What each payer bears, and the figures on the way."""

    deductible: Decimal
    ratio: Decimal
    basic: Decimal
    base: Decimal
    above: Decimal
    critical_illness: Decimal
    aid_base: Decimal
    medical_aid: Decimal
    patient: Decimal


def bill(split: Split, *, poor: bool, insured: bool, before: Mapping[str, Decimal]) -> Bill:
    """Walk the payers. ``before`` is the year to date: ``basic.deductible``, ``critical-illness.base`` …"""
    if not insured:
        return Bill(NIL, NIL, NIL, NIL, NIL, NIL, NIL, NIL, split.total)
    scope = split.in_scope
    deductible = min(Decimal("500.00"), Decimal("2300.00") - before.get("basic.deductible", NIL), scope)
    ratio = Decimal("0.85") if poor else Decimal("0.75")
    basic = min(fen((scope - deductible) * ratio), Decimal("150000.00") - before.get("basic.paid", NIL))
    base = scope - basic  # deductible + coinsurance + over the cap, all of it in scope
    accumulated = base + before.get("critical-illness.base", NIL)
    above = max(accumulated - (Decimal("11162.00") if poor else Decimal("22324.00")), NIL)
    entitled = fen(banded(above, RATIOS[poor]))
    if not poor:
        entitled = min(entitled, Decimal("300000.00"))
    critical = entitled - before.get("critical-illness.paid", NIL)
    left = scope - basic - critical
    aid = fen(left * Decimal("0.70")) if poor else NIL
    return Bill(deductible, ratio, basic, base, above, critical, left, aid, split.total - basic - critical - aid)


def banded(above: Decimal, ratios: Iterable[str]) -> Decimal:
    """Each band takes only the slice inside it, counted from the deductible."""
    due, lower = Decimal(0), Decimal(0)
    for upper, ratio in zip((*BANDS, above), ratios, strict=True):
        due += max(min(above, upper) - lower, Decimal(0)) * Decimal(ratio)
        lower = upper
    return due
