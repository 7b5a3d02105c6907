"""What R5 wants said in elements of its own, from what the resource says; the way back takes it out again (推定值).

Nothing is made up: a required value is what R5's own definitions give for a resource that says no more than this one,
and a unit price, an extension of ours in R4, stands in R5's element for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from adapter.fhir.elements import coded
from adapter.fhir.identity import codesystem, extension_url

Json = dict[str, Any]

#: Payers of ours that are no insurance: aid is a cover of another kind.
_NO_INSURANCE = frozenset({"medical-aid", "aid-top-up"})

_PAYMENT = {"system": "http://terminology.hl7.org/CodeSystem/payment-type", "code": "payment"}
_UNKNOWN = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "unknown"}


def _kind_of_cover(coverage: Mapping[str, Any]) -> str:
    """``other`` for aid; ``self-pay`` where only persons pay; else ``insurance``."""
    if coded(coverage.get("type"), codesystem("payer")) in _NO_INSURANCE:
        return "other"
    parties = [str(each.get("party", {}).get("reference", "")) for each in coverage.get("paymentBy", ())]
    persons = bool(parties) and all(each.startswith(("Patient/", "RelatedPerson/")) for each in parties)
    return "self-pay" if persons and "insurer" not in coverage else "insurance"


def _is_order(_: Mapping[str, Any]) -> str:
    """A request of the settlement office is one that is to be carried out."""
    return "order"


def _is_payment(_: Mapping[str, Any]) -> Json:
    return {"coding": [dict(_PAYMENT)]}


def _is_not_told(_: Mapping[str, Any]) -> Json:
    return {"coding": [dict(_UNKNOWN)]}


#: R5 element, by type, and how its value follows from the R5 resource without it.
DERIVED: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = MappingProxyType(
    {
        "CommunicationRequest": ("intent", _is_order),
        "Condition": ("clinicalStatus", _is_not_told),
        "Coverage": ("kind", _kind_of_cover),
        "PaymentReconciliation": ("type", _is_payment),
    }
)


def settled(resource: Mapping[str, Any]) -> Json:
    """An R5 resource with what R5 requires, as far as it follows, and its unit price where R5 has it."""
    out = dict(resource)
    name, value = DERIVED.get(str(resource["resourceType"]), ("", None))
    if value is not None and name not in out and f"_{name}" not in out and not _in_part(out):
        out[name] = value(out)
    return _unit_price_in_its_element(out) if out["resourceType"] == "ChargeItem" else out


def _in_part(resource: Mapping[str, Any]) -> bool:
    """Whether a Coverage is shown without what its kind follows from: then nothing is better than a guess."""
    tags = resource.get("meta", {}).get("tag", ())
    shown = resource["resourceType"] != "Coverage" or "type" in resource
    return not shown and any(each.get("code") == "SUBSETTED" for each in tags)


def unsettled(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """An R5 resource without what would follow again from its R4 form."""
    name, value = DERIVED.get(str(resource["resourceType"]), ("", None))
    if value is not None and name in resource and f"_{name}" not in resource:
        rest = {each: said for each, said in resource.items() if each != name}
        return rest if resource[name] == value(rest) else resource
    return _unit_price_in_our_extension(resource) if resource["resourceType"] == "ChargeItem" else resource


_UNIT_PRICE = extension_url("unit-price")


def _unit_price_in_its_element(charge: Json) -> Json:
    """Our extension is the base component of R5's unit price; the first of the extensions, as it is written."""
    first, *rest = charge.get("extension") or [{}]
    if "unitPriceComponent" in charge or first.keys() != {"url", "valueMoney"} or first["url"] != _UNIT_PRICE:
        return charge
    charge["unitPriceComponent"] = {"type": "base", "amount": first["valueMoney"]}
    return (
        {**charge, "extension": rest} if rest else {name: each for name, each in charge.items() if name != "extension"}
    )


def _unit_price_in_our_extension(charge: Mapping[str, Any]) -> Mapping[str, Any]:
    price = charge.get("unitPriceComponent", {})
    if price.keys() != {"type", "amount"} or price["type"] != "base":
        return charge
    ours = {"url": _UNIT_PRICE, "valueMoney": price["amount"]}
    rest = {name: each for name, each in charge.items() if name != "unitPriceComponent"}
    return {**rest, "extension": [ours, *charge.get("extension", ())]}
