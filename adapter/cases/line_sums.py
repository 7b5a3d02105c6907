"""Cases given as sums of their lines, from CSV or NDJSON of any length, one after the other (按汇总金额的病例)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from adapter.cases import diff_issues
from adapter.fhir.canonical import decode
from adapter.model.claim import LineSplit
from adapter.model.issues import AdapterError, Issue
from adapter.model.money import ZERO, Money
from adapter.model.person import Category, Insurance
from adapter.model.reference import Level
from adapter.model.settlement import Payer
from adapter.rules.settlement.accumulators import NAMES

#: Columns that every file has; ``settled_on`` may be left out where a rule date is given for all cases.
NEEDED = ("case", "in_scope")
_PARTS = ("full_self_pay", "over_limit", "pre_self_pay", "in_scope")
_KNOWN = frozenset({"case", "settled_on", "hospital_level", "insurance", "categories", *_PARTS})
_ACCRUED = frozenset(f"{payer}.{name}" for payer in Payer for name in NAMES)
#: A column ``circumstance.referral`` is a key that plans vary by.
CIRCUMSTANCE = "circumstance."


@dataclass(frozen=True, slots=True)
class LineSums:
    """One case.

    Attributes:
        settled_on: rule date, or None where the file has none.
        accrued: year-to-date amounts before the stay, by the names of docs/accumulators.md.
        keys: what plans vary by, hospital level and insurance among them.
    """

    case: str
    settled_on: date | None
    insurance: Insurance
    categories: frozenset[Category]
    sums: LineSplit
    accrued: tuple[tuple[str, Money], ...]
    keys: Mapping[str, str]

    @property
    def total(self) -> Money:
        return self.sums.total


def read_line_sums(path: Path, told: Callable[[int], None] | None = None) -> Iterator[LineSums | Issue]:
    """Each case of the file, or what is wrong with its line; a bad line never stops the others.

    Args:
        told: hears how many bytes have been read.

    Raises:
        AdapterError: POL-232 for a column that is missing or unknown.
    """
    with path.open("rb") as file:
        lines = _told(file, told)
        rows = _ndjson(lines, path.name) if path.suffix in (".ndjson", ".jsonl") else _csv(lines, path.name)
        for place, row in rows:
            yield row if isinstance(row, Issue) else _case(row, place)


def _told(lines: Iterator[bytes], told: Callable[[int], None] | None) -> Iterator[str]:
    done = 0
    for number, line in enumerate(lines):
        done += len(line)
        if told is not None and number % 1000 == 0:
            told(done)
        yield line.decode("utf-8-sig" if number == 0 else "utf-8", errors="replace")
    if told is not None:
        told(done)


def _csv(lines: Iterator[str], name: str) -> Iterator[tuple[str, dict[str, str] | Issue]]:
    rows = csv.reader(lines)
    head = next(rows, [])
    _refuse_columns(head, name)
    for row in rows:
        place = f"{name}:{rows.line_num}"
        if not row:
            continue
        if len(row) != len(head):
            yield place, diff_issues.row_unreadable(place, f"{len(head)} 列", f"{len(head)} columns")
            continue
        yield place, dict(zip(head, row, strict=True))


def _ndjson(lines: Iterator[str], name: str) -> Iterator[tuple[str, dict[str, str] | Issue]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{name}:{number}"
        try:
            value = decode(line.encode())
        except (AdapterError, ValueError):
            value = None
        if not isinstance(value, dict) or not all(isinstance(each, str | int) for each in value.values()):
            yield (
                place,
                diff_issues.row_unreadable(place, "值为文本的 JSON 对象", "a JSON object whose values are text"),
            )
            continue
        if number == 1:
            _refuse_columns(list(value), name)
        yield place, {key: str(each) for key, each in value.items()}


def _refuse_columns(head: list[str], name: str) -> None:
    unknown = [
        column
        for column in head
        if column not in _KNOWN and column not in _ACCRUED and not column.startswith(CIRCUMSTANCE)
    ]
    found = [diff_issues.column_unknown(f"{name}:1", column) for column in unknown]
    found += [diff_issues.column_missing(f"{name}:1", column) for column in NEEDED if column not in head]
    if found:
        raise AdapterError(*found)


def _case(row: Mapping[str, str], place: str) -> LineSums | Issue:
    try:
        parts = {name: _money(row.get(name, "")) for name in _PARTS}
        return LineSums(
            case=row["case"],
            settled_on=_day(row.get("settled_on", "")),
            insurance=_insurance(row.get("insurance", "")),
            categories=_categories(row.get("categories", "")),
            sums=LineSplit(parts["full_self_pay"], parts["over_limit"], parts["pre_self_pay"], parts["in_scope"]),
            accrued=tuple([(name, Money.yuan(row[name])) for name in _of(tuple(row)).accrued if row[name]]),
            keys=_keys(row),
        )
    except (KeyError, ValueError) as error:
        return diff_issues.row_unreadable(place, f"可读的值({error})", f"values that can be read ({error})")


def _keys(row: Mapping[str, str]) -> dict[str, str]:
    keys = {name.removeprefix(CIRCUMSTANCE): row[name] for name in _of(tuple(row)).circumstances}
    keys["hospital_level"] = _level(row.get("hospital_level", ""))
    keys["insurance"] = row.get("insurance") or str(Insurance.RESIDENTS)
    return keys


class _Columns(NamedTuple):
    """Columns of a row that are not in every file."""

    accrued: tuple[str, ...]
    circumstances: tuple[str, ...]


@lru_cache(maxsize=64)
def _of(columns: tuple[str, ...]) -> _Columns:
    return _Columns(
        tuple(name for name in columns if name in _ACCRUED),
        tuple(name for name in columns if name.startswith(CIRCUMSTANCE)),
    )


@lru_cache(maxsize=16)
def _level(text: str) -> Level:
    return Level(text or Level.SECONDARY)


def _money(text: str) -> Money:
    return Money.yuan(text) if text else ZERO


@lru_cache(maxsize=4096)
def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@lru_cache(maxsize=16)
def _insurance(text: str) -> Insurance:
    return Insurance(text or Insurance.RESIDENTS)


@lru_cache(maxsize=1024)
def _categories(text: str) -> frozenset[Category]:
    """``registered-poor;orphan``."""
    return frozenset(Category(each.strip()) for each in text.split(";") if each.strip())
