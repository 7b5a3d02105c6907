"""Which charge line does a refund line undo? A refund is a line with negative quantity (退费对应).

Order of preference: the HIS's own link; the same item and price with the same quantity, nothing of it given back yet;
the same item and price with enough left; the same item with enough left; several lines of the item together. Among
equals the latest line on or before the refund's day is taken. More given back than charged is an issue, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapter.intake.mapping import issues
from adapter.intake.mapping.spec import Refunds
from adapter.intake.mapping.transforms import decimal
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


def has_refunds(rows: Iterable[tuple[str, SourceRecord]], spec: Refunds) -> bool:
    """Whether any line is a refund; the common stay has none."""
    quantity = spec.quantity
    return any(record.fields.get(quantity, "")[:1] == "-" for _, record in rows)


def pair(rows: Sequence[tuple[str, SourceRecord]], spec: Refunds) -> tuple[dict[str, tuple[str, ...]], list[Issue]]:
    """Pair the refunds of a stay.

    Args:
        rows: row key and record of every charge line, in a fixed order.

    Returns:
        Keys of the charge lines undone, by key of the refund line; and issues (MAP-107, MAP-108).
    """
    lines = [line for key, record in rows if (line := _line(key, record, spec)) is not None]
    by_key = {line.key: line for line in lines if line.quantity > 0}
    links: dict[str, tuple[str, ...]] = {}
    found: list[Issue] = []
    refunds = [line for line in lines if line.quantity < 0]
    linked = {line.key: line.record.fields.get(spec.link, "") if spec.link else "" for line in refunds}
    for refund in sorted(refunds, key=lambda line: not linked[line.key]):
        wanted = -refund.quantity
        chosen = _originals(refund, wanted, list(by_key.values()), by_key.get(linked[refund.key]))
        pointer = refund.record.origin.pointer(spec.quantity)
        item = "/".join(part for part in refund.item if part)
        if not chosen:
            found.append(issues.refund_exceeds(pointer, item, f"{wanted:f}"))
            continue
        for line in chosen:
            taken = min(wanted, line.left)
            line.left -= taken
            wanted -= taken
        links[refund.key] = tuple(line.key for line in chosen)
        if len(chosen) > 1:
            found.append(issues.refund_spread(pointer, item, len(chosen)))
    return links, found


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
    return _Line(key, record, item, price, quantity, quantity, fields.get(spec.day, ""))


def _originals(refund: _Line, wanted: Decimal, charges: Sequence[_Line], linked: _Line | None) -> list[_Line]:
    """The lines to give back from, the best first; none when too little is left."""
    if linked is not None and linked.left >= wanted:
        return [linked]
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
