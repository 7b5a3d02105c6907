"""What a catalogue row says at one hospital level, read once: bills bring the same few hundred (目录条件)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapter.model.claim import LineSplit
from adapter.model.kept import Kept
from adapter.model.money import ZERO, Money, UnitPrice, half_up
from adapter.model.reference import CatalogueItem, ItemClass, Level

#: Rows remembered for a level; a catalogue that changes under way pushes the old ones out.
_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """Attributes:

    item: the row itself; held, so that no other can come by its identity.
    limit: highest unit price in scope at this level, or None.
    restricted: whether its use must have met the restriction.
    outside: 丙, or outside the catalogue: all of it is full self-pay.
    splits: how an amount splits, by its fen, where nothing else counts: no limit, no restriction, no rule of the day.
    part, below: the share that the patient pays first, as two integers; None where the rule of the day says it.
    mark: everything of it that a split depends on, for the hash of a settlement's basis.
    usual: how the mark of a line ends that neither undoes another nor says anything of a restriction.
    """

    item: CatalogueItem
    limit: UnitPrice | None
    restricted: bool
    outside: bool
    splits: Mapping[int, LineSplit] | None
    part: int | None
    below: int
    mark: str
    usual: str


class LevelTerms(dict[int, ItemTerms]):
    """The terms read so far at one level, by the identity of the row: that costs less than comparing what rows say.

    A loop over lines asks ``known.get(id(item)) or known.read(item)``.
    """

    def __init__(self, level: Level) -> None:
        super().__init__()
        self.level = level

    def read(self, item: CatalogueItem) -> ItemTerms:
        """The terms of a row that was not met before."""
        if len(self) >= _KEPT:
            self.clear()
        terms = self[id(item)] = _read(item, self.level)
        return terms


#: What has been read, by hospital level.
AT: Mapping[Level, LevelTerms] = {level: LevelTerms(level) for level in Level}


def _read(item: CatalogueItem, level: Level) -> ItemTerms:
    limit, outside = item.price_limit(level), item.item_class is ItemClass.C
    part, below = _share(item)
    mark = f"{item.item_class}|{item.self_share}|{limit}|{item.restricted}"
    return ItemTerms(
        item=item,
        limit=None if limit is None else UnitPrice.yuan(limit),
        restricted=item.restricted,
        outside=outside,
        splits=None if item.restricted else _OUTSIDE if outside else _by_amount(limit, part, below),
        part=part,
        below=below,
        mark=mark,
        usual=f"None|{mark}|None|",
    )


def _share(item: CatalogueItem) -> tuple[int | None, int]:
    """An item's own share wins over any default of its class (S64); only 乙 has a default."""
    if item.self_share is not None:
        return item.self_share.as_integer_ratio()
    return (None, 1) if item.item_class is ItemClass.B else (0, 1)


def _by_amount(limit: Decimal | None, part: int | None, below: int) -> Mapping[int, LineSplit] | None:
    return None if limit is not None or part is None else _SHARED[part, below]


def _shared(share: tuple[int, int]) -> Mapping[int, LineSplit]:
    """By the share that the patient pays first: bills bring the same prices again and again."""
    part, below = share

    def split(fen: int) -> LineSplit:
        return within_scope(Money(fen), part, below)

    return Kept(split, _AMOUNTS)


def within_scope(amount: Money, part: int, below: int, over: Money = ZERO, base: int | None = None) -> LineSplit:
    """Split what is within the price limit by a share that the patient pays first, rounded half up.

    Args:
        over: what is over the limit.
        base: fen that the share is taken of, where it is not the amount.
    """
    if not part:
        return LineSplit(ZERO, over, ZERO, amount)
    pre = half_up((amount.fen if base is None else base) * part, below)
    if abs(pre) > abs(amount.fen):
        pre = amount.fen
    return LineSplit(ZERO, over, Money(pre), Money(amount.fen - pre))


#: Amounts remembered for a share, and shares.
_AMOUNTS, _SHARES = 4096, 256
_SHARED: Mapping[tuple[int, int], Mapping[int, LineSplit]] = Kept(_shared, _SHARES)
_OUTSIDE: Mapping[int, LineSplit] = Kept(lambda fen: LineSplit(Money(fen)), _AMOUNTS)
