"""Loads the CSV tables: typed rows, or an issue per cell that cannot be read (参考数据表)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from adapter.intake.reference import issues
from adapter.intake.reference.book import Book, PriceRow, Prices
from adapter.model.dates import Period
from adapter.model.issues import Issue
from adapter.model.message import ListPrice
from adapter.model.money import Money, UnitPrice, decimal_of
from adapter.model.person import Category
from adapter.model.reference import (
    CatalogueItem,
    DiagnosisEntry,
    EstimateEntry,
    Facility,
    FacilityKind,
    ItemClass,
    ItemKind,
    ItemMark,
    Level,
    Ownership,
    RegisterEntry,
)

#: Finds the hospital's person key for an ID number, or None.
PersonMatch = Callable[[str], str | None]

_PERIOD = ("valid_from", "valid_to")
_LIMITS = {f"limit_{level}": level for level in Level}
_FACILITY = ("code", "national_code", "name", "kind", "level", "ownership", "county", "programme_start", *_PERIOD)
_ITEM = (
    *("code", "name", "kind", "item_class", "national_code", "self_share"),
    *_LIMITS,
    *("restricted", "programme_group", *_PERIOD),
)
_DIAGNOSIS = ("code", "name", "icd10", "edition", *_PERIOD)
_REGISTER = ("person_key", "category", "issuer", *_PERIOD)
_PRICE = ("code", "unit", "price", "pack", *_PERIOD)
_ESTIMATE = ("group", "median", "p80", "cite", *_PERIOD)
_ID_NUMBER = "id_number"
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


class _Dated(Protocol):
    @property
    def valid(self) -> Period: ...


_T = TypeVar("_T", bound=_Dated)
_E = TypeVar("_E", bound=StrEnum)


def load_reference(folder: Path, match: PersonMatch | None = None) -> Book:
    """Load ``facilities.csv``, ``items.csv``, ``diagnoses.csv`` and ``registers.csv`` of one hospital.

    Args:
        folder: the hospital's folder.
        match: for register rows without a person key; the ID number is dropped once matched.

    Returns:
        The book. Nothing is raised: what cannot be read is in ``issues`` (REF-101 …) and the rest counts.
    """
    found: list[Issue] = []
    facilities = _table(folder / "facilities.csv", _FACILITY, _facility, found)
    items = _table(folder / "items.csv", _ITEM, _item, found, optional=("marks",))
    diagnoses = _table(folder / "diagnoses.csv", _DIAGNOSIS, _diagnosis, found)

    def register(row: _Row) -> RegisterEntry | None:
        return _register(row, match)

    registers = _table(folder / "registers.csv", _REGISTER, register, found, optional=(_ID_NUMBER,))
    return Book(
        facilities=_dated(facilities, lambda each: each.code, found),
        items=_dated(items, lambda each: each.code, found),
        diagnoses=_dated(diagnoses, lambda each: each.code, found),
        entries=_of_persons(registers, found),
        issues=tuple(found),
    )


def load_prices(path: Path) -> Prices:
    """Load ``prices.csv``, the item master of a hospital whose messages hold no amounts.

    ``price`` is yuan for ``pack`` units (a box of 48 tablets: the price of the box, pack 48, unit 片); no pack means 1.

    Returns:
        The prices. Nothing is raised: what cannot be read is in ``issues`` and the rest counts.
    """
    found: list[Issue] = []
    rows = _table(path, _PRICE, _price, found)
    return Prices(_dated(rows, lambda each: each.code, found), tuple(found))


def load_estimates(path: Path) -> tuple[tuple[EstimateEntry, ...], tuple[Issue, ...]]:
    """Load ``estimates.csv``: what stays of a diagnosis group usually cost, each row with its source.

    Returns:
        The rows, and an issue for each that cannot be read; nothing is raised.
    """
    found: list[Issue] = []
    rows = _dated(_table(path, _ESTIMATE, _estimate, found), lambda each: each.group, found)
    return tuple(each for same in rows.values() for each in same), tuple(found)


# -- one row -----------------------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """A cell that cannot be read; carries its issue."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(issue.en)


@dataclass(slots=True)
class _Row:
    """One line of a table: cells by column, and typed access that names the cell when it fails."""

    file: str
    number: int
    cells: dict[str, str]

    def pointer(self, column: str | None = None) -> str:
        return f"{self.file}#{self.number}/{column}" if column else f"{self.file}#{self.number}"

    def fail(self, column: str, zh: str, en: str) -> _Unreadable:
        return _Unreadable(issues.cell_wrong(self.pointer(column), zh, en))

    def text(self, column: str) -> str | None:
        return self.cells.get(column, "").strip() or None

    def required(self, column: str) -> str:
        found = self.text(column)
        if found is None:
            raise self.fail(column, "非空内容", "some text")
        return found

    def choice(self, column: str, kind: type[_E]) -> _E:
        found = self.required(column)
        try:
            return kind(found)
        except ValueError:
            listed = " · ".join(kind)
            raise self.fail(column, f"其中之一:{listed}", f"one of {listed}") from None

    def day(self, column: str) -> date | None:
        found = self.text(column)
        if found is None:
            return None
        try:
            if not _DAY.match(found):
                raise ValueError
            return date.fromisoformat(found)
        except ValueError:
            raise self.fail(column, "日期 YYYY-MM-DD", "a date as YYYY-MM-DD") from None

    def number_of(self, column: str) -> Decimal | None:
        found = self.text(column)
        if found is None:
            return None
        try:
            return decimal_of(found)
        except ValueError:
            raise self.fail(column, "十进制数", "a plain decimal number") from None

    def valid(self) -> Period:
        self.required("valid_from")
        start, end = self.day("valid_from"), self.day("valid_to")
        if start is None or (end is not None and end < start):
            raise self.fail("valid_to", "不早于 valid_from 的日期", "a day not before valid_from")
        return Period(start, end)


def _facility(row: _Row) -> Facility:
    county = row.required("county")
    if not (len(county) == 6 and county.isascii() and county.isdigit()):
        raise row.fail("county", "六位行政区划代码", "a six-digit division code")
    return Facility(
        code=row.required("code"),
        name=row.required("name"),
        kind=row.choice("kind", FacilityKind),
        level=row.choice("level", Level),
        ownership=row.choice("ownership", Ownership),
        county=county,
        valid=row.valid(),
        national_code=row.text("national_code"),
        programme_start=row.day("programme_start"),
    )


def _item(row: _Row) -> CatalogueItem:
    item_class, share = row.choice("item_class", ItemClass), row.number_of("self_share")
    if item_class is ItemClass.B and (share is None or not 0 <= share <= 1):
        raise row.fail("self_share", "乙类项目的先行自付比例(0 至 1)", "a share from 0 to 1, which class B needs")
    if item_class is not ItemClass.B and share is not None:
        raise row.fail("self_share", "空(仅乙类填写)", "nothing (only class B has a share)")
    return CatalogueItem(
        code=row.required("code"),
        name=row.required("name"),
        kind=row.choice("kind", ItemKind),
        item_class=item_class,
        valid=row.valid(),
        national_code=row.text("national_code"),
        self_share=share,
        price_limits=_limits(row),
        restricted=_yes(row, "restricted"),
        programme_group=row.text("programme_group"),
        marks=_marks(row),
    )


def _marks(row: _Row) -> frozenset[ItemMark]:
    """Marks of cost control, apart by ``|``; the column may be left out."""
    try:
        return frozenset(ItemMark(each.strip()) for each in (row.text("marks") or "").split("|") if each.strip())
    except ValueError:
        listed = " · ".join(ItemMark)
        raise row.fail("marks", f"以“|”分隔,取自:{listed}", f"apart by |, each one of {listed}") from None


def _limits(row: _Row) -> tuple[tuple[Level, Decimal], ...]:
    limits = []
    for column, level in _LIMITS.items():
        limit = row.number_of(column)
        if limit is None:
            continue
        try:
            UnitPrice.yuan(limit)
        except ValueError:
            raise row.fail(column, "最多四位小数的单价", "a price with at most four decimals") from None
        if limit < 0:
            raise row.fail(column, "非负单价", "a price that is not negative")
        limits.append((level, limit))
    return tuple(limits)


def _yes(row: _Row, column: str) -> bool:
    found = row.text(column)
    if found not in (None, "yes", "no"):
        raise row.fail(column, "yes 或 no", "yes or no")
    return found == "yes"


def _price(row: _Row) -> PriceRow:
    row.required("price")
    price, pack = row.number_of("price"), row.number_of("pack") or Decimal(1)
    if price is None or price < 0:
        raise row.fail("price", "非负单价", "a price that is not negative")
    if pack <= 0:
        raise row.fail("pack", "大于零的包装数", "a pack of more than nothing")
    return PriceRow(row.required("code"), ListPrice(price, pack, row.text("unit") or ""), row.valid())


def _estimate(row: _Row) -> EstimateEntry:
    median, p80 = _yuan(row, "median"), _yuan(row, "p80")
    if p80 < median:
        raise row.fail("p80", "不低于中位数的金额", "an amount not below the median")
    return EstimateEntry(row.required("group").upper()[:3], median, p80, row.required("cite"), row.valid())


def _yuan(row: _Row, column: str) -> Money:
    try:
        found = Money.yuan(row.required(column))
    except ValueError:
        raise row.fail(column, "金额(元,两位小数)", "an amount in yuan with two decimals") from None
    if found.fen <= 0:
        raise row.fail(column, "大于零的金额", "an amount above zero")
    return found


def _diagnosis(row: _Row) -> DiagnosisEntry:
    return DiagnosisEntry(
        code=row.required("code"),
        name=row.required("name"),
        icd10=row.required("icd10"),
        edition=row.required("edition"),
        valid=row.valid(),
    )


def _register(row: _Row, match: PersonMatch | None) -> RegisterEntry | None:
    """One entry; the ID number is used for the match and goes no further."""
    number = row.cells.pop(_ID_NUMBER, "").strip()
    person = row.text("person_key")
    if person is None and number and match is not None:
        person = match(number)
    category, issuer, valid = row.choice("category", Category), row.required("issuer"), row.valid()
    if person is None:
        raise _Unreadable(issues.person_unknown(row.pointer("person_key")))
    return RegisterEntry(person_key=person, category=category, issuer=issuer, valid=valid)


# -- a table -----------------------------------------------------------------------------------------------------------


def _table(
    path: Path,
    columns: Sequence[str],
    read: Callable[[_Row], _T | None],
    found: list[Issue],
    optional: Sequence[str] = (),
) -> list[tuple[str, _T]]:
    """Rows that could be read, each with its pointer."""
    rows = []
    for row in _rows(path, columns, optional, found):
        try:
            value = read(row)
        except _Unreadable as unreadable:
            found.append(unreadable.issue)
            continue
        if value is not None:
            rows.append((row.pointer(), value))
    return rows


def _rows(path: Path, columns: Sequence[str], optional: Sequence[str], found: list[Issue]) -> Iterator[_Row]:
    if not path.is_file():
        found.append(issues.table_missing(path.name))
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        found.append(issues.encoding_wrong(path.name))
        return
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in (*columns, *optional)]
    if missing or unknown or len(set(header)) != len(header):
        found.append(issues.columns_wrong(path.name, ", ".join(missing), ", ".join(unknown)))
        return
    for number, cells in enumerate((cells for cells in reader if cells), start=1):
        if len(cells) != len(header):
            found.append(issues.row_wrong(f"{path.name}#{number}", len(cells), len(header)))
            continue
        yield _Row(path.name, number, dict(zip(header, cells, strict=True)))


def _dated(rows: list[tuple[str, _T]], key: Callable[[_T], str], found: list[Issue]) -> dict[str, tuple[_T, ...]]:
    """Rows by key, in order of time; a row that overlaps an earlier one of its key is left out with an issue."""
    kept: dict[str, list[tuple[str, _T]]] = {}
    for pointer, row in rows:
        same = kept.setdefault(key(row), [])
        clash = next((at for at, other in same if _overlap(row.valid, other.valid)), None)
        if clash is not None:
            found.append(issues.periods_overlap(pointer, clash))
            continue
        same.append((pointer, row))
    return {name: tuple(sorted((row for _, row in same), key=_start)) for name, same in kept.items()}


def _start(row: _Dated) -> date:
    return row.valid.start


def _overlap(one: Period, other: Period) -> bool:
    return one.start in other or other.start in one


def _of_persons(rows: list[tuple[str, RegisterEntry]], found: list[Issue]) -> dict[str, tuple[RegisterEntry, ...]]:
    """Entries by person; a person may stand in several registers at once, but in each only once a day."""
    kept = _dated(rows, lambda entry: f"{entry.category}\x1f{entry.person_key}", found)
    persons: dict[str, list[RegisterEntry]] = {}
    for name in sorted(kept):
        for entry in kept[name]:
            persons.setdefault(entry.person_key, []).append(entry)
    return {person: tuple(entries) for person, entries in persons.items()}
