"""Which fee lines a settlement of the HIS took in, and whether they add up to it (结算与费用行核对).

A line belongs to the settlement whose number it names, never to the one whose dates fit. So a view that joined
settlements by stay alone, or that repeats a settlement's money on every line, is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from adapter.intake.mapping import stay_issues as issues
from adapter.intake.mapping.stay_spec import CoveredLines, Covers
from adapter.intake.mapping.transforms import decimal
from adapter.model.issues import Issue
from adapter.model.money import Money, half_up
from adapter.model.observed import ObservedSettlement
from adapter.model.source import SourceRecord

Tables = Mapping[str, Sequence[SourceRecord]]

#: A settlement and the row that it was read from.
Observed = tuple[ObservedSettlement, SourceRecord]

#: Kind of a settlement that stands as a negative mirror beside the one that it undoes.
MIRROR = "mirror"

_NO_SETTLEMENT = frozenset({"", "0"})


def without_undone(observed: Sequence[Observed]) -> tuple[list[Observed], list[Issue]]:
    """Settlements that a negative mirror undoes are void, and so is the mirror; one that undoes nothing is MAP-197."""
    found: list[Issue] = []
    void: set[int] = set()
    for place, (mirror, record) in enumerate(observed):
        if mirror.void or mirror.kind != MIRROR:
            continue
        original = next(
            (
                at
                for at, (each, _) in enumerate(observed)
                if at not in void and not each.void and each.number == mirror.number and each.total == -mirror.total
                if each.kind != MIRROR
            ),
            None,
        )
        if original is None:
            found.append(issues.undoes_nothing(record.origin.pointer()))
        void |= {place} if original is None else {place, original}
    kept = [(replace(each, void=True) if at in void else each, row) for at, (each, row) in enumerate(observed)]
    return kept, found


def with_lines(
    observed: Sequence[Observed], covers: Covers, tables: Tables
) -> tuple[list[ObservedSettlement], list[Issue]]:
    """The settlements with the sum of the lines that name them, and what does not add up (MAP-192, MAP-194).

    A void settlement covers nothing: its lines are free again, or name the one that took its place.
    """
    standing = [(each, record) for each, record in observed if not each.void]
    found: list[Issue] = []
    sums = {each.row_key: [Decimal(0), Decimal(0)] for each, _ in standing}
    for lines in covers.lines if standing else ():
        its = {_told(record, [column for _, column in lines.by]): each.row_key for each, record in standing}
        _add_up(lines, tables.get(lines.table, ()), its, sums, found)
    done = []
    for each, record in observed:
        if each.row_key not in sums:
            done.append(each)
            continue
        amount, count = sums[each.row_key]
        fen = amount.scaleb(2)
        charged = Money(half_up(*fen.as_integer_ratio()))
        done.append(replace(each, charged=charged, lines=int(count)))
        if abs(amount - each.total.decimal) > covers.tolerance:
            pointer = record.origin.pointer()
            found.append(issues.sum_differs(pointer, each.total.text, int(count), f"{amount:f}"))
    return done, found


def _add_up(
    lines: CoveredLines,
    rows: Sequence[SourceRecord],
    its: Mapping[tuple[str, ...], str],
    sums: Mapping[str, list[Decimal]],
    found: list[Issue],
) -> None:
    missing: set[tuple[str, ...]] = set()
    for row in rows:
        told = _told(row, [column for column, _ in lines.by])
        if _NO_SETTLEMENT.intersection(told) or not all(each.holds(row.fields) for each in lines.only):
            continue
        settlement = its.get(told)
        if settlement is None:
            if told not in missing:
                missing.add(told)
                found.append(issues.settlement_missing(row.origin.pointer(lines.by[0][0]), "/".join(told)))
            continue
        try:
            sums[settlement][0] += decimal(row.fields.get(lines.amount, ""))
        except ValueError:
            continue  # the line itself reports what cannot be read
        sums[settlement][1] += 1


def _told(record: SourceRecord, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(record.fields.get(column, "") for column in columns)
