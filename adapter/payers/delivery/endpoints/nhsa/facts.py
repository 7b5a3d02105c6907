"""What no single element of the stay's resources says: serials, national codes, sums (推导项)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from adapter.fhir import least
from adapter.fhir.elements import AnyResource, Held, coded, identified
from adapter.model.call import CallFacts
from adapter.model.claim import ChargeLine
from adapter.model.money import Money
from adapter.payers.delivery.endpoints.nhsa.history import Visit
from adapter.payers.delivery.endpoints.nhsa.hospital import Hospital
from adapter.payers.delivery.endpoints.nhsa.region import Region
from adapter.payers.delivery.endpoints.nhsa.values import with_decimals

ID_CARD = "urn:oid:2.16.156.10011.1.3"

#: What a repeated node may go over.
ROWS = ("lines", "diagnoses", "withdrawn", "funds")


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that a message may be composed from."""

    facts: CallFacts
    visit: Visit
    region: Region
    hospital: Hospital
    held: Held

    @classmethod
    def of(cls, facts: CallFacts, visit: Visit, region: Region, hospital: Hospital) -> Told:
        return cls(facts, visit, region, hospital, Held.of(facts.resources))

    def lines(self) -> tuple[ChargeLine, ...]:
        """The stay's lines, those that others refund first."""
        return tuple(sorted(self.facts.claim.lines, key=lambda line: line.reverses is not None))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a repeated node: a line, a diagnosis, the serial of a line to withdraw, or a fund and its amount."""

    place: int
    line: ChargeLine | None = None
    resource: AnyResource | None = None
    serial: str = ""
    amount: Money | None = None


Fact = Callable[[Told, Row], Any]


def line_serial(line: ChargeLine, form: str) -> str:
    """A line's serial at the bureau: the HIS's own key where its form allows, else digits that always are the same.

    >>> from datetime import date
    >>> booked = ChargeLine("x", "9100040004", "1", "床位费", date(2021, 5, 13), Decimal(1), Money(3000))
    >>> line_serial(booked, "digits15"), line_serial(booked, "text30")
    ('9100040004', '9100040004')
    """
    own = line.row_key
    if form == "digits15":
        if own.isascii() and own.isdigit() and len(own) <= 15 and not own.startswith("0"):
            return own
        return str(int(sha256(line.id.encode()).hexdigest(), 16) % (9 * 10**14) + 10**14)
    if own.isascii() and own.replace("-", "").replace("_", "").isalnum() and len(own) <= 30 and own != "0000":
        return own
    return sha256(line.id.encode()).hexdigest()[:30]


def _line(row: Row) -> ChargeLine:
    if row.line is None:
        raise LookupError("this field belongs to a fee line")
    return row.line


def _serial(told: Told, row: Row) -> str:
    return row.serial or line_serial(_line(row), told.region.line_serial)


def _original(told: Told, row: Row) -> str:
    """Serial of the line that a refund takes back, or empty."""
    undone = _line(row).reverses
    found = next((each for each in told.facts.claim.lines if each.id == undone), None)
    return "" if found is None else line_serial(found, told.region.line_serial)


def _price(told: Told, row: Row) -> Decimal:
    """Price per unit, never negative: the HIS's own, else amount by quantity to six decimals."""
    line = _line(row)
    if line.unit_price is not None:
        return abs(line.unit_price.decimal)
    return abs(with_decimals(line.amount.decimal / line.quantity, 6)) if line.quantity else Decimal(0)


def _national_item(told: Told, row: Row) -> str | None:
    item = _line(row).item
    return None if item is None else item.national_code


def _approved(told: Told, row: Row) -> str:
    """Flag of a restricted item: 1 used within its restriction, 2 outside; empty where that is not the question."""
    line = _line(row)
    if line.item is None or not line.item.restricted or line.in_restriction is None:
        return ""
    return "1" if line.in_restriction else "2"


def conditions(told: Told) -> list[AnyResource]:
    """Diagnoses with a code, the principal one first; each code once."""
    found: dict[str, AnyResource] = {}
    for place, each in enumerate(least.principal_first(told.held)):
        if code := _icd10(told, each, leading=place == 0):
            found.setdefault(code, each)
    return list(found.values())


def _icd10(told: Told, condition: AnyResource, *, leading: bool) -> str:
    own = coded(condition.get("code"), least.ICD10)
    principal = told.facts.claim.stay.principal_diagnosis
    return (principal if leading and principal else own) or ""


def _diagnosis_code(told: Told, row: Row) -> str:
    return _icd10(told, row.resource or {}, leading=row.place == 0)


def _main_name(told: Told, row: Row) -> str:
    first = next(iter(conditions(told)), {})
    return str(first.get("code", {}).get("text") or "") or (told.facts.claim.stay.principal_diagnosis or "")


def _credential(told: Told, row: Row) -> str:
    """The ID number where the ID card is the credential; what is taken at the window is put in when it is sent."""
    return id_number(told.held) if told.region.credential == "02" else ""


def id_number(held: Held) -> str:
    """The patient's ID number, or empty."""
    return identified(held.patient() or {}, ID_CARD) or ""


def _sum_of(part: str) -> Fact:
    """A sum of the bureau's own split of the lines, or None where it has not split them all to the fen."""

    def fact(told: Told, row: Row) -> Money | None:
        lines = told.visit.lines.values()
        splits = [line.split for line in lines if line.split is not None and line.split.total == line.amount]
        if not splits or len(splits) < len(lines):
            return None
        return Money.total(getattr(split, part) for split in splits)

    return fact


#: Functions that fhir.yaml may name.
FACTS: Mapping[str, Fact] = {
    "line-serial": _serial,
    "line-original": _original,
    "line-price": _price,
    "line-approved": _approved,
    "national-item": _national_item,
    "diagnosis-code": _diagnosis_code,
    "diagnosis-place": lambda told, row: Decimal(row.place + 1),
    "diagnosis-is-main": lambda told, row: "1" if row.place == 0 else "0",
    "main-diagnosis": lambda told, row: told.facts.claim.stay.principal_diagnosis,
    "main-diagnosis-name": _main_name,
    "admission-diagnosis": _main_name,
    "stay-key": lambda told, row: told.facts.claim.stay.key,
    "credential-number": _credential,
    "certificate-type": lambda told, row: "01" if id_number(told.held) else "",
    "settlement-message": lambda told, row: "" if told.visit.settled is None else told.visit.settled.msgid,
    "fund-code": lambda told, row: row.serial,
    "fund-amount": lambda told, row: row.amount,
    "total": lambda told, row: told.facts.claim.total,
    "full-self-pay": _sum_of("full_self_pay"),
    "over-limit": _sum_of("over_limit"),
    "pre-self-pay": _sum_of("pre_self_pay"),
    "in-scope": _sum_of("in_scope"),
}
