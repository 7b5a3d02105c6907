"""Who the patient is: as the hospital registered it, and as the insurer's answer has it (身份登记比对)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.fhir.elements import AnyResource, Held
from adapter.fhir.received import objects_in, text_in
from adapter.model.person import Demographics, Private

_ID_CARD = "urn:oid:2.16.156.10011.1.3"
_SEXES = frozenset({"male", "female", "other"})


def registered_as(resources: Sequence[AnyResource]) -> Demographics:
    """The hospital's own registration; what it does not hold is None."""
    held = Held.of(resources)
    numbers = (text_in(each, "subscriberId") for each in held.all("Coverage"))
    return _of(held.patient() or {}, next((number for number in numbers if number), None))


def insurer_says(body: Any) -> Demographics | None:
    """What an eligibility answer says of the person; None when it carries nobody. Never an issue: it need not."""
    found = list(_inside(body))
    patient = next((each for each in found if each.get("resourceType") == "Patient"), None)
    if patient is None:
        return None
    covers = (each for each in found if each.get("resourceType") == "Coverage")
    return _of(patient, next((number for each in covers if (number := text_in(each, "subscriberId"))), None))


def _inside(body: Any) -> list[Mapping[str, Any]]:
    """The resources of an answer, contained ones among them."""
    if not isinstance(body, Mapping):
        return []
    entries = [each["resource"] for each in objects_in(body, "entry") if isinstance(each.get("resource"), Mapping)]
    found = entries if body.get("resourceType") == "Bundle" else [body]
    return [*found, *(inner for each in found for inner in objects_in(each, "contained"))]


def _of(patient: AnyResource, insurance_number: str | None) -> Demographics:
    names = (text_in(each, "text") for each in objects_in(patient, "name") if each.get("use") != "temp")
    cards = (text_in(each, "value") for each in objects_in(patient, "identifier") if each.get("system") == _ID_CARD)
    sex, born = text_in(patient, "gender"), text_in(patient, "birthDate")
    return Demographics(
        name=_private(next((name for name in names if name), None)),
        id_number=_private(next((card for card in cards if card), None)),
        insurance_number=_private(insurance_number),
        sex=sex if sex in _SEXES else None,
        born=_private(born),
    )


def _private(text: str | None) -> Private | None:
    return None if text is None else Private(text)
