"""Small pieces that every resource is made of: money, moments, extensions, look-ups. 元素。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from adapter.fhir.identity import CANON, CURRENCY, codesystem, extension_url, full_url, identifier, profile_tag
from adapter.model.dates import HOSPITAL_ZONE
from adapter.model.money import Money, UnitPrice

Resource = dict[str, Any]
AnyResource = Mapping[str, Any]

_FEN = Decimal("0.01")


def money(amount: Money) -> dict[str, Any]:
    """``{"value": 12.30, "currency": "CNY"}`` with two decimals."""
    return {"value": _yuan(amount.fen), "currency": "CNY"}


@lru_cache(maxsize=1 << 14)
def _yuan(fen: int) -> Decimal:
    return Money(fen).decimal


def price(unit: UnitPrice) -> dict[str, Any]:
    """A unit price: two decimals, up to four where it has them."""
    return {"value": _yuan_per_unit(unit.tenth_mils), "currency": "CNY"}


@lru_cache(maxsize=1 << 14)
def _yuan_per_unit(tenth_mils: int) -> Decimal:
    exact = UnitPrice(tenth_mils).decimal
    whole_fen = exact.quantize(_FEN)
    return whole_fen if whole_fen == exact else exact.normalize()


def yuan_quantity(amount: Money) -> dict[str, Any]:
    """A Quantity in yuan, where FHIR has no Money (``supportingInfo.valueQuantity``)."""
    return {"value": amount.decimal, "unit": "CNY", "system": CURRENCY, "code": "CNY"}


def moment(at: datetime, zone: ZoneInfo = HOSPITAL_ZONE) -> str:
    """A dateTime in hospital time, to the second. Raises ValueError for a moment without a zone."""
    if at.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return at.astimezone(zone).replace(microsecond=0).isoformat()


def day_of(text: str, zone: ZoneInfo = HOSPITAL_ZONE) -> date:
    """The hospital's calendar day of a FHIR date or dateTime. Raises ValueError for anything less than a day."""
    if len(text) == 10:
        return date.fromisoformat(text)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a dateTime needs its zone")
    return at.astimezone(zone).date()


def extension(name: str, **value: Any) -> dict[str, Any]:
    """One of the project's extensions: ``extension("payer", valueCode="basic")``."""
    return {"url": extension_url(name), **value}


def extension_of(element: AnyResource, name: str) -> Mapping[str, Any] | None:
    """The first extension of that name, or None; inside an extension the plain name is its url."""
    urls = (extension_url(name), name)
    return next((each for each in element.get("extension", ()) if each.get("url") in urls), None)


def value_of(element: AnyResource, name: str) -> Any:
    """The value of the first extension of that name, whatever its type, or None."""
    found = extension_of(element, name) or {}
    return next((value for key, value in found.items() if key.startswith("value")), None)


def identified(resource: AnyResource, system_url: str) -> str | None:
    """The value of the resource's identifier in a system, or None."""
    return next(
        (str(each["value"]) for each in identifiers(resource) if each.get("system") == system_url and "value" in each),
        None,
    )


def own_key(resource: AnyResource, kind: str) -> str | None:
    """The hospital's own key of a resource: its identifier in ``CANON/sid/<source>/<kind>``, or None."""
    for each in identifiers(resource):
        name = str(each.get("system", ""))
        if name.startswith(f"{CANON}/sid/") and name.endswith(f"/{kind}") and each.get("value"):
            return str(each["value"])
    return None


def identifiers(resource: AnyResource) -> Sequence[Mapping[str, Any]]:
    """The identifiers of a resource as a list (Bundle and a few others have a single one)."""
    found = resource.get("identifier", ())
    return (found,) if isinstance(found, Mapping) else found


def coded(concept: AnyResource | None, system_url: str) -> str | None:
    """The code of a CodeableConcept in a system, or None."""
    for coding in (concept or {}).get("coding", ()):
        if coding.get("system") == system_url and "code" in coding:
            return str(coding["code"])
    return None


def payer_concept(payer: str) -> dict[str, Any]:
    """The payer kind as a CodeableConcept."""
    return {"coding": [{"system": codesystem("payer"), "code": payer}]}


def case_identifier(case_id: str) -> dict[str, str]:
    """The case (one stay) as an identifier."""
    return identifier("case", case_id)


def tagged(resource: Resource, test_profile: bool) -> Resource:
    """The resource, marked as a test profile's where it is one."""
    if test_profile:
        meta = dict(resource.get("meta", {}))
        meta["tag"] = [*(tag for tag in meta.get("tag", ()) if tag != profile_tag()), profile_tag()]
        return {"resourceType": resource["resourceType"], **_head(resource), "meta": meta, **_rest(resource)}
    return resource


def _head(resource: Resource) -> Resource:
    return {"id": resource["id"]} if "id" in resource else {}


def _rest(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key not in ("resourceType", "id", "meta")}


@dataclass(frozen=True, slots=True)
class Held:
    """The resources of one case, to look things up in."""

    resources: tuple[AnyResource, ...]
    _by_reference: dict[str, AnyResource] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table = {f"{each['resourceType']}/{each['id']}": each for each in self.resources}
        object.__setattr__(self, "_by_reference", table)

    @classmethod
    def of(cls, resources: Iterable[AnyResource]) -> Held:
        return cls(tuple(resources))

    def all(self, resource_type: str) -> tuple[AnyResource, ...]:
        """All resources of a type, in order."""
        return tuple(each for each in self.resources if each["resourceType"] == resource_type)

    def first(self, resource_type: str) -> AnyResource | None:
        """The first resource of a type, or None."""
        return next(iter(self.all(resource_type)), None)

    def patient(self) -> AnyResource | None:
        """Whose stay this is: the Patient that the Encounter names. A newborn on the mother's stay is another one."""
        stay = self.first("Encounter") or {}
        return self.at(stay.get("subject")) or self.first("Patient")

    def at(self, reference: AnyResource | None) -> AnyResource | None:
        """What a reference points to, when it is among these resources."""
        return self._by_reference.get(str((reference or {}).get("reference")))


def collection(resources: Iterable[Resource]) -> Resource:
    """A Bundle ``collection`` with relative references; a resource named twice is sent once."""
    entries: dict[str, Resource] = {}
    for resource in resources:
        entries.setdefault(full_url(resource["resourceType"], resource["id"]), resource)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries.items()],
    }
