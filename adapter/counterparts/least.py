"""Data that this receiver should not have been sent (section 8 of the wire guide); counted, never refused."""

from __future__ import annotations

from typing import Any

_PERSONAL = ("name", "telecom", "address", "photo", "contact", "maritalStatus")
_DEMOGRAPHICS = ("gender", "birthDate")
_NOT_FOR_AID = ("Encounter", "Condition", "ChargeItem", "Account")


def breaches(role: str, bundle: Any) -> list[str]:
    """``Type.element`` of what is too much for a receiver."""
    found = []
    for entry in bundle.get("entry", []):
        resource = entry.get("resource", {})
        kind = resource.get("resourceType")
        if kind == "Patient":
            unwanted = _PERSONAL + (_DEMOGRAPHICS if role == "aid" else ())
            found += [f"Patient.{name}" for name in unwanted if name in resource]
        if role != "aid":
            continue
        if kind in _NOT_FOR_AID:
            found.append(str(kind))
        if kind == "Claim":
            found += ["Claim.diagnosis"] if "diagnosis" in resource else []
            found += ["Claim.item"] if len(resource.get("item", [])) > 1 else []
        if kind == "ClaimResponse":
            found += [f"ClaimResponse.{name}" for name in ("item", "processNote") if name in resource]
    return found
