"""How tables hang together: which one has a row per stay, what joins the others to it, what names a row (表间关系)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, permutations

from adapter.intake.mapping.draft.known import plain
from adapter.intake.mapping.draft.profile import ColumnProfile, Kind, SampleTable
from adapter.intake.mapping.transforms import decimal

_INCLUDED = 0.9
_FITTING = 0.9
_LOOKED_AT = 80
_MOST_KEYS = 3
_MANY_ROWS = 20
_PAIRED = 12
_MOSTLY_ONCE = 0.8

#: What a stay key is called in a draft when no one column name will do.
JOINED_KEY = "STAY_KEY"

_MOMENTS = (Kind.TIME, Kind.DAY)

#: Endings of column names that usually name a row.
_KEY_ENDINGS = ("ID", "XH", "BH", "_NO", "NO", "LSH", "序号", "编号", "号")

#: Kinds of columns that never are part of a key.
_NO_KEY = (Kind.ID_NUMBER, Kind.PHONE, Kind.EMPTY)


@dataclass(frozen=True, slots=True)
class StayJoin:
    """The stay table and, by table, the columns that together hold the stay key.

    Attributes:
        key: the column of the stay table that is the key, or the name that several columns joined go by.
        columns: a table that is missing here could not be joined.
    """

    table: str
    key: str
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class AmountRelation:
    """Three columns of which quantity × price is the amount in nearly all rows."""

    quantity: str
    price: str
    amount: str
    fitting: int
    rows: int


def stay_join(tables: Sequence[SampleTable], known_keys: frozenset[str]) -> StayJoin | None:
    """The most likely stay table with its key: columns that are unique there and whose values the others repeat.

    One column is looked for first; two together only where one does not reach as many tables.

    Args:
        known_keys: column names that are stay keys in HIS products that are known, as ``plain`` writes them.
    """
    best: tuple[tuple[int, ...], StayJoin] | None = None
    for table in tables:
        personal = sum(column.kind in (Kind.ID_NUMBER, Kind.PHONE, Kind.NAME) for column in table.columns.values())
        for place, names in enumerate(_possible_keys(table)):
            joined = _joined(tables, table, names)
            known = len(names) == 1 and plain(names[0]) in known_keys
            score = (len(joined), -len(names), known, personal, -place)
            if best is None or score > best[0]:
                best = score, StayJoin(table.name, _called(names, joined, tables), {table.name: names, **joined})
    return best[1] if best is not None else None


def _called(names: tuple[str, ...], joined: Mapping[str, tuple[str, ...]], tables: Sequence[SampleTable]) -> str:
    """The name of the stay key: its column's, unless another table has a column of that name that is something else."""
    taken = any(names[0] in table.columns and joined.get(table.name, names) != names for table in tables)
    return JOINED_KEY if len(names) > 1 or taken else names[0]


def _possible_keys(table: SampleTable) -> Iterator[tuple[str, ...]]:
    """Single columns that are unique, then pairs that are unique together though neither is alone."""
    possible = [column for column in table.columns.values() if _may_be_key(column) and column.kind not in _MOMENTS]
    for column in possible:
        if column.unique:
            yield (column.name,)
    for left, right in combinations([each.name for each in possible[:_PAIRED]], 2):
        if len({(row.get(left, ""), row.get(right, "")) for row in table.rows}) == len(table.rows):
            yield left, right


def row_key(table: SampleTable, join: tuple[str, ...], *, of_stay: bool = False) -> tuple[tuple[str, ...], bool]:
    """Columns that together name a row, and whether that is more than a guess.

    A column that is unique in few rows proves little, unless it is called like a key. One that nearly is, and is called
    so, names rows of which some came in several versions.
    """
    if of_stay:
        return join, True
    free = [each for each in table.columns.values() if _may_be_key(each) and each.name not in join]
    single = [each for each in free if each.unique and each.kind not in _MOMENTS]
    named = [column for column in single if _named_like_key(column.name)]
    versions = [each for each in free if _named_like_key(each.name) and each.distinct >= _MOSTLY_ONCE * each.rows]
    if not named and versions:
        return (versions[0].name,), False
    if named or (single and len(table.rows) >= _MANY_ROWS):
        return ((named or single)[0].name,), bool(named) or len(table.rows) >= _MANY_ROWS
    for count in range(1, _MOST_KEYS):
        for names in combinations([each.name for each in free[:10]], count):
            if _names_rows(table, (*join, *names)):
                return (*join, *names), False
    return (*join, *(each.name for each in free[: _MOST_KEYS - 1])), False


def amount_relation(table: SampleTable) -> AmountRelation | None:
    """Quantity, price and amount of a table by arithmetic, or None. Rows where one of them is 0 or 1 tell nothing."""
    numbers = [name for name, column in table.columns.items() if column.kind is Kind.NUMBER and column.filled]
    rows = [_numbers(row, numbers) for row in table.rows[:_LOOKED_AT]]
    best: AmountRelation | None = None
    for one, other, amount in permutations(numbers, 3):
        if one > other or table.columns[amount].distinct < 2:
            continue
        told = [(row[one], row[other], row[amount]) for row in rows if {one, other, amount} <= row.keys()]
        telling = [each for each in told if each[0] * each[1] and abs(each[0]) != 1 and abs(each[1]) != 1]
        fitting = sum(abs(left * right - product) <= Decimal("0.01") for left, right, product in telling)
        if len(telling) >= 2 and fitting >= _FITTING * len(telling) and (best is None or fitting > best.fitting):
            quantity, price = _which(table, one, other)
            best = AmountRelation(quantity, price, amount, fitting, len(telling))
    return best


def _which(table: SampleTable, one: str, other: str) -> tuple[str, str]:
    """Of two factors, quantity first: it is the one that goes below zero, and the one with fewer decimals."""
    left, right = table.columns[one], table.columns[other]
    quantity_first = (-left.negative, left.decimals) <= (-right.negative, right.decimals)
    return (one, other) if quantity_first else (other, one)


def _joined(tables: Sequence[SampleTable], stay: SampleTable, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """By other table, the columns whose values are stay keys: those of the same names, else one that fits."""
    keys = {tuple(row.get(name, "") for name in names) for row in stay.rows}
    found: dict[str, tuple[str, ...]] = {}
    for table in tables:
        if table.name != stay.name:
            fitting = (each for each in _candidates(table, stay, names) if _included(table, each, keys))
            columns = next(fitting, None)
            if columns is not None:
                found[table.name] = columns
    return found


def _candidates(table: SampleTable, stay: SampleTable, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    called = {plain(name): name for name in table.columns}
    if all(plain(name) in called for name in names):
        yield tuple(called[plain(name)] for name in names)
    if len(names) == 1:
        key = stay.columns[names[0]]
        yield from ((name,) for name, column in table.columns.items() if name != key.name and _like(column, key))


def _included(table: SampleTable, names: tuple[str, ...], keys: set[tuple[str, ...]]) -> bool:
    inside = sum(tuple(row.get(name, "") for name in names) in keys for row in table.rows)
    return inside >= _INCLUDED * len(table.rows)


def _like(column: ColumnProfile, key: ColumnProfile) -> bool:
    """Whether a column of another name may hold the same keys: long enough not to fit by chance."""
    return column.kind is key.kind and len(column.picture) >= 4 and abs(len(column.picture) - len(key.picture)) <= 1


def _may_be_key(column: ColumnProfile) -> bool:
    return column.kind not in _NO_KEY and column.decimals == 0 and column.filled == column.rows


def _named_like_key(name: str) -> bool:
    return name.upper().endswith(_KEY_ENDINGS)


def _names_rows(table: SampleTable, names: Sequence[str]) -> bool:
    found = {tuple(row.get(name, "") for name in names) for row in table.rows}
    return len(found) == len(table.rows) and all(all(each) for each in found)


def _numbers(row: Mapping[str, str], names: Sequence[str]) -> dict[str, Decimal]:
    found = {}
    for name in names:
        try:
            found[name] = decimal(row.get(name, ""))
        except ValueError:
            continue
    return found
