"""What a catalogue row says at one hospital level, read once: bills bring the same few hundred (目录条件)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.model.money import UnitPrice
from adapter.model.reference import CatalogueItem, ItemClass, Level

#: Rows remembered for a level; a catalogue that changes under way pushes the old ones out.
_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """Attributes:

    item: the row itself; held, so that no other can come by its identity.
    limit: highest unit price in scope at this level, or None.
    outside: 丙, or outside the catalogue: all of it is full self-pay.
    part, below: the row's own share that the patient pays first, as two integers; None where it carries none.
    mark: everything of it that a split depends on, for the hash of a settlement's basis.
    """

    item: CatalogueItem
    limit: UnitPrice | None
    outside: bool
    part: int | None
    below: int
    mark: str


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
    limit = item.price_limit(level)
    part, below = (None, 1) if item.self_share is None else item.self_share.as_integer_ratio()
    return ItemTerms(
        item=item,
        limit=None if limit is None else UnitPrice.yuan(limit),
        outside=item.item_class is ItemClass.C,
        part=part,
        below=below,
        mark=f"{item.item_class}|{item.self_share}|{limit}|{item.restricted}",
    )
