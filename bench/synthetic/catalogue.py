"""A synthetic hospital's item catalogue and its reference files (docs/reference-data.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.synthetic.dice import Dice

ITEM_COLUMNS = (
    "code,name,kind,item_class,national_code,self_share,limit_township,limit_primary,limit_secondary,limit_tertiary,"
    "limit_provincial,restricted,programme_group,valid_from,valid_to"
)
FACILITY = "999901001"
DIAGNOSES = 60

#: kind, items in a hundred, XMLX, highest price in yuan, 费用项目.
_KINDS = (
    ("drug", 55, "2", 60, "21"),
    ("service", 25, "3", 120, "14"),
    ("consumable", 19, "1", 150, "31"),
    ("bed", 1, "9", 60, "10"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the hospital's price list, with its place in the insurance catalogue.

    Attributes:
        price: in 1/10000 yuan; two or four decimals when printed.
        share: pre-self-pay share in percent, for class B.
        limit: price limit at the hospital's level in 1/10000 yuan, or None.
    """

    code: str
    name: str
    kind: str
    by: str
    group: str
    price: int
    item_class: str
    share: int | None
    limit: int | None


def invent_items(seed: int, count: int) -> tuple[Item, ...]:
    """``count`` items: about 55% class A, 40% class B, 5% class C; at least one bed."""
    items = [_bed()]
    for number in range(1, count):
        dice = Dice(seed, "item", number)
        kind, _, by, top, group = _kind(dice)
        price = (
            dice.between(1, top * 10000) if dice.percent(60) and kind == "drug" else dice.between(50, top * 100) * 100
        )
        item_class = "A" if dice.percent(55) else "B" if dice.percent(89) else "C"
        share = dice.one_of((5, 10, 15, 20, 30)) if item_class == "B" else None
        limited = item_class != "C" and dice.percent(10)
        limit = price * dice.between(80, 120) // 10000 * 100 if limited and price > 10000 else None
        items.append(
            Item(f"{600000 + number}", f"合成{_NAMES[kind]}{number}", kind, by, group, price, item_class, share, limit)
        )
    return tuple(items)


_NAMES = {"drug": "药品", "service": "诊疗项目", "consumable": "耗材", "bed": "床位费"}


def _kind(dice: Dice) -> tuple[str, int, str, int, str]:
    throw = dice.below(100)
    for entry in _KINDS:
        throw -= entry[1]
        if throw < 0:
            return entry
    return _KINDS[0]


def _bed() -> Item:
    return Item("600000", "合成床位费0", "bed", "9", "10", 450000, "A", None, 300000)


def write_items(folder: Path, items: Iterable[Item]) -> None:
    """``items.csv``; the national codes have the right form and lie in classes that nobody uses."""
    with (folder / "items.csv").open("w", encoding="utf-8", newline="\n") as out:
        out.write(ITEM_COLUMNS + "\n")
        for item in items:
            share = "" if item.share is None else f"0.{item.share:02d}"
            limit = "" if item.limit is None else f"{item.limit // 10000}.{item.limit % 10000:04d}"
            out.write(
                f"{item.code},{item.name},{item.kind},{item.item_class},{_national(item)},{share},,,{limit},,,no,,"
                "2017-01-01,\n"
            )


def _national(item: Item) -> str:
    number = int(item.code)
    if item.kind == "drug":
        return f"XV99ZZT{number % 1000:03d}A{number:012d}"
    if item.kind == "consumable":
        return f"C99{number % 100000:05d}99999{number:07d}"
    return f"0099{number:011d}-990{number:06d}"


def write_facilities(folder: Path) -> None:
    (folder / "facilities.csv").write_text(
        "code,national_code,name,kind,level,ownership,county,programme_start,valid_from,valid_to\n"
        f"{FACILITY},H99990100001,合成县人民医院,county-general,secondary,public,999901,2017-11-01,2010-01-01,\n",
        encoding="utf-8",
    )


def write_diagnoses(folder: Path) -> None:
    rows: Sequence[str] = [
        f"{8000 + number},合成诊断{number},J{number:02d}.900,医保版2.0,2010-01-01,\n" for number in range(DIAGNOSES)
    ]
    text = "code,name,icd10,edition,valid_from,valid_to\n" + "".join(rows)
    (folder / "diagnoses.csv").write_text(text, encoding="utf-8")
