"""Which charge line does a refund line undo? A refund is a line with negative quantity (退费对应).

Order of preference: the HIS's own link; the same item and price with the same quantity, nothing of it given back yet;
the same item and price with enough left; the same item with enough left; several lines of the item together. Among
equals the latest line on or before the refund's day is taken. More given back than charged is an issue, never a guess,
and so is a line that the HIS calls a refund, or undone, when its numbers say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapter.intake.mapping import issues
from adapter.intake.mapping.spec import Condition, Refunds
from adapter.intake.mapping.transforms import decimal, parse_moment
from adapter.model.issues import Issue
from adapter.model.source import SourceRecord


@dataclass(slots=True)
class _Line:
    key: str
    record: SourceRecord
    item: tuple[str, ...]
    price: Decimal | None
    quantity: Decimal
    left: Decimal
    day: str

    @property
    def name(self) -> str:
        return "/".join(part for part in self.item if part)


def has_refunds(rows: Iterable[tuple[str, SourceRecord]], spec: Refunds) -> bool:
    """Whether any line is a refund, or is called one, or undone; the common stay has none."""
    quantity, told_by, undone = spec.quantity, spec.told_by, spec.undone
    if told_by is None and undone is None:
        return any(record.fields.get(quantity, "")[:1] == "-" for _, record in rows)
    return any(
        record.fields.get(quantity, "")[:1] == "-" or _holds(told_by, record.fields) or _holds(undone, record.fields)
        for _, record in rows
    )


def pair(rows: Sequence[tuple[str, SourceRecord]], spec: Refunds) -> tuple[dict[str, tuple[str, ...]], list[Issue]]:
    """Pair the refunds of a stay.

    Args:
        rows: row key and record of every charge line, in a fixed order.

    Returns:
        Keys of the charge lines undone, by key of the refund line; and issues (MAP-107, -108, -116, -117, -118).
    """
    lines = [line for key, record in _concerned(rows, spec) if (line := _line(key, record, spec)) is not None]
    charges = [line for line in lines if line.quantity > 0]
    named = _Named(charges, spec)
    links: dict[str, tuple[str, ...]] = {}
    found: list[Issue] = []
    refunds = [line for line in lines if line.quantity < 0]
    for refund in sorted(refunds, key=lambda line: not named.names_one(line)):
        wanted = -refund.quantity
        original = named.by(refund)
        pointer = refund.record.origin.pointer(spec.quantity)
        if original is None and named.names_one(refund):
            found.append(issues.link_leads_nowhere(pointer, refund.name))
        chosen = _originals(refund, wanted, charges, original)
        if not chosen:
            found.append(issues.refund_exceeds(pointer, refund.name, f"{wanted:f}"))
            continue
        for line in chosen:
            taken = min(wanted, line.left)
            line.left -= taken
            wanted -= taken
        links[refund.key] = tuple(line.key for line in chosen)
        if len(chosen) > 1:
            found.append(issues.refund_spread(pointer, refund.name, len(chosen)))
    return links, [*found, *_contradictions(charges, spec)]


def _contradictions(charges: Sequence[_Line], spec: Refunds) -> Iterator[Issue]:
    """Lines whose status says refund, or undone, while their numbers do not."""
    for line in charges:
        if _holds(spec.told_by, line.record.fields):
            yield issues.refund_not_negative(line.record.origin.pointer(spec.quantity), line.name)
        elif spec.undone is not None and _holds(spec.undone, line.record.fields) and line.left == line.quantity:
            yield issues.undone_by_nothing(line.record.origin.pointer(spec.undone.column), line.name)


class _Named:
    """Lines by what a refund calls them: their row key, or columns that hold the same."""

    def __init__(self, charges: Sequence[_Line], spec: Refunds) -> None:
        self._spec = spec
        its = [column for _, column in spec.link_to]
        self._lines: dict[tuple[str, ...], _Line] = {}
        for line in charges:
            fields = line.record.fields
            self._lines[tuple(fields.get(column, "") for column in its) if its else (line.key,)] = line

    def names_one(self, refund: _Line) -> bool:
        """Whether the refund names a line, be it there or not."""
        told = self._told(refund)
        return bool(told) and all(text and text not in self._spec.no_link for text in told)

    def by(self, refund: _Line) -> _Line | None:
        return self._lines.get(self._told(refund)) if self.names_one(refund) else None

    def _told(self, refund: _Line) -> tuple[str, ...]:
        mine = [column for column, _ in self._spec.link_to] or [column for column in (self._spec.link,) if column]
        return tuple(refund.record.fields.get(column, "") for column in mine)


def _concerned(rows: Sequence[tuple[str, SourceRecord]], spec: Refunds) -> list[tuple[str, SourceRecord]]:
    """The refunds and the lines that they may undo, by item or link: few of a stay's lines, so the rest is left out."""
    if spec.among:
        rows = [(key, record) for key, record in rows if all(_holds(each, record.fields) for each in spec.among)]
    if spec.link_to or spec.told_by is not None or spec.undone is not None:
        return list(rows)
    quantity, item, link = spec.quantity, spec.item[0], spec.link
    refunds = [record.fields for _, record in rows if record.fields.get(quantity, "")[:1] == "-"]
    items = {fields.get(item, "") for fields in refunds}
    linked = {fields.get(link, "") for fields in refunds} if link else set()
    return [(key, record) for key, record in rows if record.fields.get(item, "") in items or key in linked]


def _holds(condition: Condition | None, fields: Mapping[str, str]) -> bool:
    """Whether a row fulfils a condition, its code table asked where there is one."""
    if condition is None:
        return False
    text = fields.get(condition.column, "")
    if condition.starts:
        return text.startswith(tuple(condition.values))
    if condition.codes is not None:
        row = condition.codes.rows.get(text)
        return row is not None and (row.code in condition.values) is not condition.negated
    return (text in condition.values) is not condition.negated


def _line(key: str, record: SourceRecord, spec: Refunds) -> _Line | None:
    """The line as pairing sees it; one whose quantity cannot be read is reported elsewhere and left out here."""
    fields = record.fields
    try:
        quantity = decimal(fields.get(spec.quantity, ""))
    except ValueError:
        return None
    try:
        price = decimal(fields.get(spec.price, ""))
    except ValueError:
        price = None
    item = tuple(fields.get(column, "") for column in spec.item)
    return _Line(key, record, item, price, quantity, quantity, _day(fields.get(spec.day, ""), spec.day_formats))


def _day(text: str, formats: tuple[str, ...]) -> str:
    """The day as text that sorts; one that cannot be read is reported elsewhere and stays as it is."""
    if not formats:
        return text
    try:
        return parse_moment(text, formats)[0].isoformat()
    except ValueError:
        return text


def _originals(refund: _Line, wanted: Decimal, charges: Sequence[_Line], linked: _Line | None) -> list[_Line]:
    """The lines to give back from, the best first; none when too little is left."""
    if linked is not None:
        return [linked] if linked.left >= wanted else []
    same = [line for line in charges if line.item == refund.item and line.left > 0]
    before = [line for line in same if line.day <= refund.day]
    for pool in (before, same):
        at_price = [line for line in pool if line.price == refund.price]
        for fitting in (
            [line for line in at_price if line.left == line.quantity == wanted],
            [line for line in at_price if line.left >= wanted],
            [line for line in pool if line.left >= wanted],
        ):
            if fitting:
                return [max(fitting, key=_latest)]
    chosen: list[_Line] = []
    for line in sorted(same, key=lambda line: (line.price == refund.price, *_latest(line)), reverse=True):
        chosen.append(line)
        if sum(each.left for each in chosen) >= wanted:
            return chosen
    return []


def _latest(line: _Line) -> tuple[str, int, str]:
    return (line.day, len(line.key), line.key)
