"""How a table of charges writes refunds: which column names the original, which one marks it (退费推测)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapter.intake.mapping.draft.profile import ABSENT, ColumnProfile, SampleTable
from adapter.intake.mapping.transforms import decimal

_FEW = 6
_FITTING = 0.9
_LEAST = 2

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Undoing:
    """What the sample shows of refunds.

    Attributes:
        negative: how many rows are below zero.
        link: column that names the row key of the original; ``no_link``: texts in it that name none.
        mark: column that tells refunds; ``mirrors``: its texts on them, ``undone``: its texts on what they undo.
    """

    negative: int
    link: str = ""
    no_link: tuple[str, ...] = ()
    mark: str = ""
    mirrors: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()


def undoing(
    table: SampleTable, quantity: str, key: tuple[str, ...], item: str, free: Sequence[ColumnProfile], link: str = ""
) -> Undoing:
    """Look at the rows of a table of charges.

    Args:
        key: the columns that name a row; ``free``: columns that are not taken for something else.
        link: the column that is called like a link, where there is one.
    """
    refunds = [row for row in table.rows if _below_zero(row.get(quantity, ""))]
    charges = [row for row in table.rows if not _below_zero(row.get(quantity, ""))]
    if len(refunds) < _LEAST or not charges:
        return Undoing(len(refunds), link, _no_link(charges, refunds, link))
    names = {row.get(key[0], "") for row in charges} if len(key) == 1 else set()
    link = link or next((each.name for each in free if _names_rows(each.name, refunds, charges, names)), "")
    for each in free:
        if each.name != link and each.distinct <= _FEW:
            found = _marks(each.name, refunds, charges, _undone(refunds, charges, link, key, item))
            if found is not None:
                return Undoing(len(refunds), link, _no_link(charges, refunds, link), each.name, *found)
    return Undoing(len(refunds), link, _no_link(charges, refunds, link))


def _names_rows(column: str, refunds: Sequence[Row], charges: Sequence[Row], names: set[str]) -> bool:
    """Whether refunds name charges in this column, and charges hardly ever do."""
    named = sum(row.get(column, "") in names for row in refunds)
    naming = sum(row.get(column, "") in names for row in charges)
    return named >= max(_LEAST, _FITTING * len(refunds)) and naming <= (1 - _FITTING) * len(charges)


def _no_link(charges: Sequence[Row], refunds: Sequence[Row], link: str) -> tuple[str, ...]:
    """Texts that stand in the link column of charges: they name nothing."""
    if not link:
        return ()
    texts = Counter(row.get(link, "") for row in charges)
    return tuple(sorted(text for text, count in texts.items() if text and (count > 1 or text in ABSENT)))[:_FEW]


def _undone(
    refunds: Sequence[Row], charges: Sequence[Row], link: str, key: tuple[str, ...], item: str
) -> tuple[list[Row], list[Row]]:
    """Charges that something may undo, and the others: by link where there is one, else by item."""
    column, told = (key[0], link) if link and len(key) == 1 else (item, item)
    named = {row.get(told, "") for row in refunds}
    inside = [row for row in charges if row.get(column, "") in named]
    return inside, [row for row in charges if row.get(column, "") not in named]


def _marks(
    column: str, refunds: Sequence[Row], charges: Sequence[Row], undone: tuple[list[Row], list[Row]]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The texts of refunds, and of charges that are undone; None when the column tells neither."""
    mirrors = {row.get(column, "") for row in refunds}
    if "" in mirrors or len(mirrors) > 2 or mirrors & {row.get(column, "") for row in charges}:
        return None
    may_be, others = undone
    only = {row.get(column, "") for row in may_be} - {row.get(column, "") for row in others} - {""}
    return tuple(sorted(mirrors)), tuple(sorted(only))


def _below_zero(text: str) -> bool:
    try:
        return decimal(text) < Decimal(0)
    except ValueError:
        return False
