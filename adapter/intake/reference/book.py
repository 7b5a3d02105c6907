"""The book of dated facts: answers by key and day, in a dictionary look-up and a short scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from adapter.model.dates import Period
from adapter.model.issues import Issue
from adapter.model.message import ListPrice
from adapter.model.reference import CatalogueItem, DiagnosisEntry, Facility, RegisterEntry


class _Dated(Protocol):
    @property
    def valid(self) -> Period: ...


_T = TypeVar("_T", bound=_Dated)


@dataclass(frozen=True, slots=True)
class Book:
    """A hospital's reference data; implements ``ReferenceBook``. An answer of None means that the fact is missing.

    Attributes:
        issues: rows and files that could not be read; the rest counts.
    """

    facilities: Mapping[str, tuple[Facility, ...]] = field(default_factory=dict)
    items: Mapping[str, tuple[CatalogueItem, ...]] = field(default_factory=dict)
    diagnoses: Mapping[str, tuple[DiagnosisEntry, ...]] = field(default_factory=dict)
    entries: Mapping[str, tuple[RegisterEntry, ...]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    def facility(self, code: str, on: date) -> Facility | None:
        """The facility as it is on a day."""
        return _in_force(self.facilities.get(code, ()), on)

    def item(self, code: str, on: date) -> CatalogueItem | None:
        """The catalogue row in force on a day."""
        return _in_force(self.items.get(code, ()), on)

    def diagnosis(self, code: str, on: date) -> DiagnosisEntry | None:
        """The diagnosis row in force on a day."""
        return _in_force(self.diagnoses.get(code, ()), on)

    def registers(self, person_key: str, on: date) -> tuple[RegisterEntry, ...]:
        """The person's register entries in force on a day, in order of category."""
        return tuple(entry for entry in self.entries.get(person_key, ()) if on in entry.valid)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What an item costs, for a period."""

    code: str
    price: ListPrice
    valid: Period


@dataclass(frozen=True, slots=True)
class Prices:
    """A hospital's item master; implements ``PriceList``.

    Attributes:
        issues: rows that could not be read; the rest counts.
    """

    rows: Mapping[str, tuple[PriceRow, ...]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    def price(self, code: str, on: date) -> ListPrice | None:
        """The price in force on a day."""
        found = _in_force(self.rows.get(code, ()), on)
        return None if found is None else found.price


def _in_force(rows: tuple[_T, ...], on: date) -> _T | None:
    return next((row for row in rows if on in row.valid), None)
