"""Rows that came at several times become the rows of a stay as they are now (增量行归并). Pure.

Of everything that was ever said of one row key, the content with the highest order key counts: the table's version
column where it has one, else arrival. So the end state is a function of the set of contents, however they came. Two
contents at one highest order key are a conflict, which holds every stay that either of them names until a later
content decides. A row belongs to the stay that its newest content names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from adapter.intake.readers import row_issues as issues
from adapter.model.issues import Issue
from adapter.model.source import KeptRow, Origin, SourceRecord, TableShape

#: Between the columns of a row key.
KEY_SEPARATOR = "\x1f"

Tables = dict[str, Sequence[SourceRecord]]


def order_of_version(version: str) -> tuple[int, str]:
    """How versions compare: numbers by size, times that are all written alike by time."""
    return (len(version), version)


def rows_now(
    source: str, stay_key: str, contents: Iterable[KeptRow], tables: Mapping[str, TableShape]
) -> tuple[Tables, tuple[Issue, ...]]:
    """The rows of a stay as they are now, and the conflicts that hold it.

    Args:
        contents: every content of every row that ever belonged to the stay, in any order.
        tables: shapes by name; rows of a table that the mapping does not have any more are left out.
    """
    of_row: defaultdict[tuple[str, str], list[KeptRow]] = defaultdict(list)
    for content in contents:
        if content.table in tables:
            of_row[content.table, content.row_key].append(content)
    found: defaultdict[str, list[SourceRecord]] = defaultdict(list)
    conflicts: list[Issue] = []
    for table, key in sorted(of_row, key=lambda each: (each[0], len(each[1]), each[1])):
        newest = _newest(of_row[table, key], tables[table].version)
        first, *others = newest
        if others and any(each.stay_key == stay_key for each in newest):
            conflicts.append(issues.conflicting_versions(_pointer(first), [_pointer(each) for each in others]))
        if first.stay_key == stay_key:
            found[table].append(SourceRecord(Origin(source, first.file, table, first.number), first.fields))
    return dict(found), tuple(conflicts)


def _newest(contents: Sequence[KeptRow], version: str) -> list[KeptRow]:
    """Of one row, the contents at the highest order key, each once: more than one is a conflict."""
    highest = max(_order(each, version) for each in contents)
    at_highest = sorted((each for each in contents if _order(each, version) == highest), key=_place)
    return sorted({_text(each): each for each in reversed(at_highest)}.values(), key=_text)


def _order(content: KeptRow, version: str) -> tuple[int, str]:
    return order_of_version(content.fields.get(version, "")) if version else (0, content.arrived)


def _place(content: KeptRow) -> tuple[str, str, int]:
    return (content.arrived, content.file, content.number)


def _text(content: KeptRow) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(content.fields.items()))


def _pointer(content: KeptRow) -> str:
    return f"{content.file}#{content.number}"
