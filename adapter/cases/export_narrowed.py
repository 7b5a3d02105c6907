"""Exports of some resources of a type, and of some of their elements: ``_typeFilter`` and ``_elements`` (导出条件).

A filter is a search over one type, as bulk data's second edition has it; of several over one type a resource answers
one. It is kept as text with the export, and read again by whoever writes the files. The index, which knows the newest
versions alone, is not asked: each resource is looked at as it stood at the export's moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from adapter.cases.export_issues import filter_unusable, personal_filter
from adapter.cases.searching import with_case_ids
from adapter.fhir.search.query import CONTROLS, Query, parse
from adapter.fhir.search.showing import shown
from adapter.ledger.ledger import Transaction
from adapter.model.issues import AdapterError

#: Filters of one export, at most: each resource is put to those of its type.
MOST_FILTERS = 50

#: A comma after which a new filter begins; others stand between the values of one parameter.
_NEXT = re.compile(r"(?<!\\),(?=[A-Z][A-Za-z]{0,63}\?)")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What an export takes.

    Attributes:
        filters: searches over one type, ``Encounter?status=finished``.
        elements: ``Type.element`` or ``element``, as they were named.
    """

    filters: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()


#: Everything.
WHOLE = Narrowed()


def filters_in(values: Iterable[str], base: str = "") -> tuple[str, ...]:
    r"""The filters that some ``_typeFilter`` hold, each once; our own address is taken out of references.

    >>> filters_in([r"Flag?status=active,inactive,Patient?_id=a\,B?", "Flag?_id=x"])
    ('Flag?status=active,inactive', 'Patient?_id=a\\,B?', 'Flag?_id=x')
    """
    said = (each for value in values for each in _NEXT.split(value) if each)
    return tuple(dict.fromkeys(each.replace(f"{base}/", "") if base else each for each in said))


def queries_of(filters: Sequence[str], types: Sequence[str]) -> dict[str, tuple[Query, ...]]:
    """The filters by type.

    Args:
        types: that are exported; a filter over another one is a mistake.

    Raises:
        AdapterError: FHIR-201 to FHIR-205, FHIR-294 as of a search; FHIR-299 a filter cannot be used; FHIR-300 it asks
            for a person by what is his own.
    """
    if len(filters) > MOST_FILTERS:
        raise AdapterError(filter_unusable("?", f"最多 {MOST_FILTERS} 个", f"there may be {MOST_FILTERS}"))
    found: dict[str, tuple[Query, ...]] = {}
    for each in filters:
        kind, mark, asked = each.partition("?")
        if not mark or kind not in types:
            told = "应为 类型?参数=值,类型须在导出之列", "it is Type?parameter=value, over a type that is exported"
            raise AdapterError(filter_unusable("?" if kind not in types else kind, *told))
        found[kind] = (*found.get(kind, ()), _query(kind, asked))
    return found


def _query(kind: str, asked: str) -> Query:
    pairs = parse_qsl(asked.replace("+", "%2B"), keep_blank_values=True)  # a + is a zone's more often than a space
    if any(name in CONTROLS for name, _ in pairs):
        told = "不能含控制结果的参数,如 _include、_sort", "it holds no parameters of an answer, like _include and _sort"
        raise AdapterError(filter_unusable(kind, *told))
    query = parse(kind, pairs, in_address=False)
    if query.personal:
        raise AdapterError(personal_filter(kind))
    if not query.criteria:
        raise AdapterError(filter_unusable(kind, "没有条件", "it asks for nothing"))
    return query


class Narrowing:
    """What an export takes, ready to be asked of each resource."""

    def __init__(self, narrowed: Narrowed, types: Sequence[str], tx: Transaction) -> None:
        """Raises AdapterError as ``queries_of``, where they are read otherwise now than when they were asked for."""
        queries = queries_of(narrowed.filters, types)
        self._queries = {kind: [with_case_ids(tx, each) for each in some] for kind, some in queries.items()}
        self._elements = {kind: elements_of(narrowed.elements, kind) for kind in types}

    def leaves_out(self, kind: str) -> bool:
        """Whether some resources of a type may not be taken."""
        return kind in self._queries

    def part_of(self, resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A resource as far as it is taken, with what the ledger knows of it; None where it is not."""
        kind = str(resource["resourceType"])
        queries = self._queries.get(kind)
        if queries and not any(all(each.matches(resource) for each in query.criteria) for query in queries):
            return None
        elements = self._elements.get(kind)
        return shown(resource, "false", elements) if elements else resource


def elements_of(elements: Iterable[str], kind: str) -> tuple[str, ...]:
    """The elements that are asked for of a type; none: all of them."""
    named = (each.rpartition(".") for each in elements)
    return tuple(name for of_type, _, name in named if of_type in ("", kind))
