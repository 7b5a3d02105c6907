"""The work list of codes that nobody has mapped yet, those with most money at stake first (未对照编码清单).

It is worked out anew each time: from the resources of cases that are not settled, and from what is parked, under the
mapping and the dated facts of today. So a code leaves the list when its table is completed and its stays are replayed.
Cases and parked records are looked at one after another; only the codes are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from adapter.cases.lineage import RECORDS
from adapter.cases.parking import unpacked, unpacked_from
from adapter.cases.reading import OURS
from adapter.cases.tools import Feed, Tools
from adapter.fhir.canonical import decode
from adapter.fhir.charge_facts import is_charge
from adapter.fhir.elements import AnyResource, Held, day_of
from adapter.fhir.least import ICD10
from adapter.intake.mapping.unknown import unknown_codes
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState
from adapter.model.money import ZERO, Money
from adapter.model.person import masked
from adapter.model.reference import ItemClass
from adapter.model.source import StayRecords

#: Bills whose money is not at stake any more.
_SETTLED = (BillState.SETTLED, BillState.SETTLED_ADVANCED)

#: Kinds of code tables under another name than their file's.
_KINDS = {"fee_category": "charge-category"}

_TAG = b'"unmapped-code"'
_TYPES = ("ChargeItem", "Condition", "Encounter")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Unmapped:
    """One code and what it holds up.

    Attributes:
        kind: ``item`` (not in the catalogue), ``national-item`` (in it as 甲 or 乙, without a national code),
            ``diagnosis``, or the code table that lacks it (``charge-category``, ``department``, ``insurance`` …).
        text: what the hospital calls it; empty where it says nothing.
        lines: rows that hold it; ``stays``: of how many stays that are not settled.
        amount: Σ |amount| of its lines, or of the whole stays where it stands on none.
        since: when the first of them was recorded or parked.
        file: where a row is to be added, below the mappings or the reference folder.
    """

    source: str
    kind: str
    code: str
    text: str
    lines: int
    stays: int
    amount: Money
    since: datetime
    file: str

    @property
    def hint_zh(self) -> str:
        return f"请在 {self.file} 中补充“{self.code}”,然后重放或重新导入"

    @property
    def hint_en(self) -> str:
        return f"add '{self.code}' to {self.file}, then replay or import again"

    def as_json(self) -> dict[str, Any]:
        """For programs; the amount is text in yuan."""
        return {
            "source": self.source,
            "kind": self.kind,
            "code": self.code,
            "text": self.text,
            "lines": self.lines,
            "stays": self.stays,
            "amount": self.amount.text,
            "since": self.since.isoformat(),
            "file": self.file,
            "hint_zh": self.hint_zh,
            "hint_en": self.hint_en,
        }


#: Source, kind, code, file.
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Met:
    """One code in one stay."""

    kind: str
    code: str
    file: str
    text: str
    lines: int
    amount: Money


@dataclass
class _Sum:
    since: datetime
    text: str = ""
    lines: int = 0
    stays: int = 0
    amount: Money = ZERO


@dataclass
class _List:
    sums: dict[_Key, _Sum] = field(default_factory=dict)

    def add(self, source: str, met: Iterable[_Met], since: datetime) -> None:
        """Add what one stay holds."""
        for each in _merged(met):
            known = self.sums.setdefault((source, each.kind, each.code, each.file), _Sum(since))
            known.since, known.text = min(known.since, since), known.text or each.text
            known.lines, known.stays = known.lines + each.lines, known.stays + 1
            known.amount += each.amount


def unmapped_codes(tools: Tools, *, source: str | None = None) -> list[Unmapped]:
    """The list, by money at stake."""
    found = _List()
    for case in _open_cases(tools, source):
        with tools.ledger.reading() as tx:
            met, since = _of_case(tx, case, tools.feed(case.source))
        found.add(case.source, met, since)
    for parked_id in _parked(tools, source):
        with tools.ledger.reading() as tx:
            parked = tx.parked_one(parked_id)
            if parked is None or parked.stay_key is None or tx.find_case(parked.source, parked.stay_key) is not None:
                continue
        feed, records = tools.feed(parked.source), unpacked(parked)
        mapped = feed.mapper.map(records)
        met = [*_of_facts(mapped.resources, feed), *_of_tables(records, feed)]
        found.add(parked.source, met, parked.parked_at)
    listed = [
        Unmapped(of, kind, code, each.text, each.lines, each.stays, each.amount, each.since, file)
        for (of, kind, code, file), each in found.sums.items()
    ]
    return sorted(listed, key=lambda each: (-each.amount.fen, -each.lines, each.source, each.kind, each.code))


def _open_cases(tools: Tools, source: str | None) -> Iterator[CaseRow]:
    after = ""
    while True:
        with tools.ledger.reading() as tx:
            page = tx.cases(source=source, after=after)
        if not page:
            return
        yield from (case for case in page if case.bill not in _SETTLED)
        after = page[-1].case_id


def _parked(tools: Tools, source: str | None) -> Iterator[str]:
    after = ""
    while True:
        with tools.ledger.reading() as tx:
            page = tx.parked_ids(source=source, after=after)
        if not page:
            return
        yield from page
        after = page[-1]


def _of_case(tx: Transaction, case: CaseRow, feed: Feed) -> tuple[list[_Met], datetime]:
    """What a case holds: by its resources, and by the rows it was made from where one of its codes was unknown."""
    rows = [row for row in tx.resources_of_case(case.case_id) if row.source != OURS]
    used = [row for row in rows if row.type in _TYPES]
    met = list(_of_facts([decode(row.body) for row in used], feed))
    kept = tx.paper(case.case_id, RECORDS)
    held = any(issue.code == "MAP-104" for issue in case.issues) or any(_TAG in row.body for row in rows)
    if held and kept is not None:
        newest = next(iter(tx.parked(source=case.source, stay_key=case.stay_key)), None)
        records = unpacked(newest) if newest is not None else unpacked_from(kept, case.source)
        met += _of_tables(records, feed)
    return met, min((row.at for row in used), default=case.opened_at)


def _of_tables(records: StayRecords, feed: Feed) -> Iterator[_Met]:
    """Codes that their code table does not know."""
    for each in unknown_codes(feed.mapper, records):
        stem = each.table.rpartition("/")[2].removesuffix(".csv")
        kind = _KINDS.get(stem, stem.replace("_", "-"))
        yield _Met(kind, each.code, each.table, "", each.rows, _yuan(each.money))


def _of_facts(resources: Iterable[AnyResource], feed: Feed) -> Iterator[_Met]:
    """Items and diagnoses that the dated facts do not know on their day."""
    held = Held.of(resources)
    lines = [each for each in held.all("ChargeItem") if is_charge(each)]
    for each in lines:
        code, on = _first_code(each), _day(each.get("occurrenceDateTime"))
        if code is None or on is None:
            continue
        known = feed.reference.item(code, on)
        outside = known is not None and known.item_class is ItemClass.C
        kind = "item" if known is None else "" if known.national_code or outside else "national-item"
        if kind:
            text = str(each.get("code", {}).get("text", ""))
            yield _Met(kind, _shown(code), f"{feed.name}/items.csv", _named(text), 1, _amount(each))
    total = Money.total(_amount(each) for each in lines)
    encounter = held.first("Encounter") or {}
    period = encounter.get("period", {})
    on = _day(period.get("end") or period.get("start"))
    for each in held.all("Condition"):
        code = _first_code(each)
        systems = {coding.get("system") for coding in each.get("code", {}).get("coding", ())}
        if code is not None and on is not None and ICD10 not in systems and feed.reference.diagnosis(code, on) is None:
            text = str(each.get("code", {}).get("text", ""))
            yield _Met("diagnosis", _shown(code), f"{feed.name}/diagnoses.csv", _named(text), 1, total)


def _merged(met: Iterable[_Met]) -> Iterator[_Met]:
    """One entry a code within a stay; what stands on no line counts the stay's money once."""
    found: dict[tuple[str, str, str], _Met] = {}
    for each in met:
        key = each.kind, each.code, each.file
        known = found.get(key)
        if known is None:
            found[key] = each
        else:
            whole = each.kind == "diagnosis"
            amount = known.amount if whole else known.amount + each.amount
            found[key] = _Met(*key, known.text or each.text, known.lines + each.lines, amount)
    return iter(found.values())


def _first_code(resource: AnyResource) -> str | None:
    codings = resource.get("code", {}).get("coding", ())
    return next((str(each["code"]) for each in codings if "code" in each), None)


def _day(text: object) -> date | None:
    try:
        return day_of(str(text))
    except ValueError:
        return None


def _amount(charge: Mapping[str, Any]) -> Money:
    """The size of a line's amount; ¥0.00 where it cannot be used."""
    value = charge.get("priceOverride", {}).get("value")
    return _yuan(abs(Decimal(value))) if isinstance(value, Decimal | int) else ZERO


def _yuan(value: Decimal) -> Money:
    """Money of an amount that may be finer than a fen, cut to the fen: the list only ranks by it."""
    return Money(int(value * 100))


def _shown(code: str) -> str:
    return code if len(code) <= _LONGEST else masked(code)


def _named(text: str) -> str:
    """What an item or a diagnosis is called; a text too long for that may say anything."""
    return text if len(text) <= _LONGEST else masked(text)
