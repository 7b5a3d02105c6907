"""The counterpart's own item list (三目录), read from the columns that docs/reference-data.md describes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from adapter.model.dates import Period
from adapter.model.money import decimal_of

_LIMIT = "limit_"


@dataclass(frozen=True, slots=True)
class Item:
    """One row: the share paid first (None outside the catalogue) and the price limits in yuan by hospital level."""

    valid: Period
    share: Decimal | None
    limits: dict[str, Decimal]


class Catalogue:
    """Items by local and by national code, each with its periods."""

    def __init__(self, rows: Iterable[tuple[str, Item]]) -> None:
        self._items: dict[str, list[Item]] = {}
        for code, item in rows:
            self._items.setdefault(code, []).append(item)

    def find(self, codes: Iterable[str], on: date) -> Item | None:
        """The row in force for the first code that has one, or None."""
        for code in codes:
            for item in self._items.get(code, []):
                if on in item.valid:
                    return item
        return None


class ItemLists:
    """The list that goes with each hospital (定点机构目录对照): local codes mean something only within a hospital."""

    def __init__(self, lists: Mapping[str, Catalogue]) -> None:
        self._lists = lists

    def of(self, facilities: Iterable[str]) -> Catalogue | None:
        """The list of the first facility code that has one, else the list for everybody, or None."""
        return next((self._lists[code] for code in (*facilities, "") if code in self._lists), None)


def load_lists(paths: Mapping[str, Path]) -> ItemLists | None:
    """The lists of a seed, or None where it has none. Raises ValueError naming the row that cannot be read."""
    return ItemLists({code: load_catalogue(path) for code, path in paths.items()}) if paths else None


def load_catalogue(path: Path) -> Catalogue:
    """Read ``items.csv``. Raises ValueError naming the row that cannot be read."""
    rows: list[tuple[str, Item]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            try:
                item = _item(row)
            except (KeyError, ValueError) as error:
                raise ValueError(f"{path.name}#{number}: {error}") from error
            rows += [(code, item) for code in (row["code"], row["national_code"]) if code]
    return Catalogue(rows)


def _item(row: dict[str, str]) -> Item:
    shares = {"A": "0", "B": row["self_share"], "C": ""}
    share = shares[row["item_class"]]
    if row["item_class"] == "B" and not share:
        raise ValueError("a class B item needs its self_share")
    end = row["valid_to"]
    return Item(
        valid=Period(date.fromisoformat(row["valid_from"]), date.fromisoformat(end) if end else None),
        share=decimal_of(share) if share else None,
        limits={key.removeprefix(_LIMIT): decimal_of(row[key]) for key in row if key.startswith(_LIMIT) and row[key]},
    )
