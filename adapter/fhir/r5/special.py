"""Elements that are built differently in R4 and R5, by type: what a table of names cannot say (结构不同的元素)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapter.fhir.r5.special_clinical import CLINICAL
from adapter.fhir.r5.special_kinds import Special
from adapter.fhir.r5.special_papers import PAPERS
from adapter.fhir.r5.special_reasons import REASONS
from adapter.fhir.schema.compiled import Version


def _by_definition(version: Version) -> Mapping[str, tuple[Special, ...]]:
    found: dict[str, tuple[Special, ...]] = {}
    for here, special in (*REASONS, *CLINICAL, *PAPERS):
        if special.towards == version:
            found[here] = (*found.get(here, ()), special)
    return MappingProxyType(found)


_SPECIALS: Mapping[Version, Mapping[str, tuple[Special, ...]]] = MappingProxyType(
    {"R4": _by_definition("R4"), "R5": _by_definition("R5")}
)


def specials(here: str, towards: Version) -> tuple[Special, ...]:
    """What is built differently in a type or element on its way to a version."""
    return _SPECIALS[towards].get(here, ())
