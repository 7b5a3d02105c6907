"""The search parameters that are offered, by resource type: HL7's, read from parameters.json (检索参数)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from types import MappingProxyType
from typing import Any

#: The change that asks for every index to be made anew.
EDITION = 1

#: Of each type, the parameter whose value is the resource's own time: searches are ordered by it.
OWN_TIME: Mapping[str, str] = MappingProxyType(
    {
        "Account": "period",
        "AuditEvent": "date",
        "ChargeItem": "occurrence",
        "Claim": "created",
        "ClaimResponse": "created",
        "Communication": "sent",
        "CommunicationRequest": "authored",
        "Condition": "recorded-date",
        "Consent": "date",
        "Contract": "issued",
        "CoverageEligibilityRequest": "created",
        "CoverageEligibilityResponse": "created",
        "DocumentReference": "date",
        "Encounter": "date",
        "ExplanationOfBenefit": "created",
        "Invoice": "date",
        "PaymentNotice": "created",
        "PaymentReconciliation": "created",
        "Procedure": "date",
        "Provenance": "recorded",
        "Task": "authored-on",
    }
)

#: Values of these are a person's own: they travel in the body of a search (POST …/_search), never in an address.
PERSONAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        kind: frozenset(
            {
                *("address", "address-city", "address-postalcode", "birthdate", "death-date", "email", "family"),
                *("given", "name", "phone", "telecom"),
            }
        )
        for kind in ("Patient", "Practitioner", "RelatedPerson")
    }
)


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a resource that a parameter reads.

    Attributes:
        path: names of elements from the resource down.
        target: only references to this type count.
        only: only values with this in them count (``system`` = ``phone``).
    """

    path: tuple[str, ...]
    target: str | None = None
    only: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one type.

    Attributes:
        kind: ``token``, ``reference``, ``date``, ``string``, ``quantity``, ``number`` or ``uri``.
        targets: types that a reference may point to.
        indexed: the parameter under whose number the values stand: ``patient`` reads the same place as ``subject``.
        url: HL7's definition.
    """

    type: str
    name: str
    kind: str
    places: tuple[Where, ...]
    targets: tuple[str, ...]
    indexed: str
    url: str

    @property
    def number(self) -> int:
        """The number under which the index keeps its values."""
        return parameter_number(self.type, self.indexed)

    @property
    def is_own_time(self) -> bool:
        return OWN_TIME.get(self.type) == self.name


def parameter_number(kind: str, name: str) -> int:
    """The number of a parameter; a test holds them all different."""
    return zlib.crc32(f"{kind}.{name}".encode())


def value_number(text: str) -> int:
    """The number of a value, 64 bits with sign."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


#: For every type: its id, when it was last written, its tags and profiles.
_GENERAL: tuple[tuple[str, str, str], ...] = (
    ("_id", "token", "id"),
    ("_lastUpdated", "date", "meta.lastUpdated"),
    ("_profile", "uri", "meta.profile"),
    ("_tag", "token", "meta.tag"),
)


@cache
def parameters_of(kind: str) -> Mapping[str, Parameter]:
    """Every parameter of a type by name; empty for a type that cannot be searched."""
    rows = _published().get(kind)
    if rows is None:
        return MappingProxyType({})
    found = {
        name: Parameter(
            kind,
            name,
            shape,
            (Where(tuple(path.split("."))),),
            (),
            name,
            f"http://hl7.org/fhir/SearchParameter/Resource-{name.removeprefix('_')}",
        )
        for name, shape, path in _GENERAL
    }
    plain: dict[tuple[str, tuple[tuple[str, ...], ...]], str] = {}
    read = [_read(kind, row) for row in rows]
    for each in read:
        if not any(place.target for place in each.places):
            plain.setdefault((each.kind, tuple(place.path for place in each.places)), each.name)
    for each in read:
        same = plain.get((each.kind, tuple(place.path for place in each.places)), each.name)
        found[each.name] = Parameter(each.type, each.name, each.kind, each.places, each.targets, same, each.url)
    return MappingProxyType(found)


def searched_types() -> tuple[str, ...]:
    """The types that can be searched."""
    return tuple(_published())


@cache
def _published() -> dict[str, list[dict[str, Any]]]:
    text = files("adapter.fhir.search").joinpath("parameters.json").read_text(encoding="utf-8")
    rows: dict[str, list[dict[str, Any]]] = json.loads(text)
    return rows


def _read(kind: str, row: dict[str, Any]) -> Parameter:
    places = []
    for each in row["paths"]:
        only = next(iter(each["where"].items())) if "where" in each else None
        places.append(Where(tuple(each["path"].split(".")), each.get("target"), only))
    name = row["name"]
    return Parameter(kind, name, row["type"], tuple(places), tuple(row.get("targets", ())), name, row["url"])
