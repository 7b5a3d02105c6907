"""The stay and around it: admission, participants of a condition, how to reach an organization (就诊与机构)."""

from __future__ import annotations

from typing import Any

from adapter.fhir.r5.losses import Why
from adapter.fhir.r5.special_kinds import Carrying, Json, Named, Value, both, carried, clean, same
from adapter.fhir.r5.special_reasons import joined, parted

# -- Encounter: what R5 took out of the admission ---------------------------------------------------------------------

_BESIDE = ("dietPreference", "specialArrangement", "specialCourtesy")


def _admission(walk: Carrying, value: Value, path: str) -> Json:
    stay = value["hospitalization"]
    rest = {name: each for name, each in stay.items() if name not in _BESIDE}
    where = f"{path}.hospitalization"
    beside = {name: [same(walk, each, "CodeableConcept", where) for each in stay.get(name, ())] for name in _BESIDE}
    return clean(admission=walk.complex(rest, "Encounter.hospitalization", "Encounter.admission", where), **beside)


def _hospitalization(walk: Carrying, value: Value, path: str) -> Json:
    made = walk.complex(
        value.get("admission", {}), "Encounter.admission", "Encounter.hospitalization", f"{path}.admission"
    )
    for name in _BESIDE:
        if name in value:
            made[name] = [same(walk, each, "CodeableConcept", f"{path}.{name}") for each in value[name]]
    return clean(hospitalization=made)


# -- Condition: who wrote it down, who says so ------------------------------------------------------------------------

_ROLE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_ROLES = {"recorder": "enterer", "asserter": "informant"}


def _in_role(code: str) -> Json:
    return {"coding": [{"system": _ROLE, "code": code}]}


def _participants(walk: Carrying, value: Value, path: str) -> Json:
    found = [
        {"function": _in_role(code), "actor": same(walk, value[name], "Reference", f"{path}.{name}")}
        for name, code in _ROLES.items()
        if name in value
    ]
    return clean(participant=found)


def _recorder(walk: Carrying, value: Value, path: str) -> Json:
    out: Json = {}
    order: list[str] = []
    whole = True
    for each in value["participant"]:
        name = next((one for one, code in _ROLES.items() if each.get("function") == _in_role(code)), "")
        if not name or name in out or each.keys() != {"function", "actor"}:
            whole = False
            continue
        out[name] = same(walk, each["actor"], "Reference", f"{path}.participant")
        order.append(name)
    whole = whole and order == [name for name in _ROLES if name in out]
    return clean(**out, extension=[] if whole else carried(walk, value, "Condition", "participant", path))


def _evidence_to_r5(walk: Carrying, value: Value, path: str) -> Json:
    found: list[Json] = []
    whole = True
    for each in value["evidence"]:
        said = joined(walk, each.get("code"), each.get("detail"), f"{path}.evidence")
        whole = whole and len(said) == 1 and each.keys() <= {"code", "detail"}
        found += said
    return clean(evidence=found, extension=[] if whole else carried(walk, value, "Condition", "evidence", path))


def _evidence_to_r4(walk: Carrying, value: Value, path: str) -> Json:
    found: list[Json] = []
    whole = True
    for each in value["evidence"]:
        concepts, references, plain = parted(walk, [each], (), f"{path}.evidence")
        whole = whole and plain
        found.append(clean(code=concepts, detail=references))
    found = [each for each in found if each]
    return clean(evidence=found, extension=[] if whole else carried(walk, value, "Condition", "evidence", path))


# -- Organization and Location: how to reach them ---------------------------------------------------------------------


def _reached(walk: Carrying, value: Value, path: str) -> Json:
    """Numbers without a purpose are a contact of their own, each address another one."""
    telecom = [same(walk, each, "ContactPoint", f"{path}.telecom") for each in value.get("telecom", ())]
    made: list[Json] = [{"telecom": telecom}] if telecom else []
    made += [{"address": same(walk, each, "Address", f"{path}.address")} for each in value.get("address", ())]
    contacts = value.get("contact", [])
    if any(each.keys() in ({"telecom"}, {"address"}) for each in contacts):  # in R5 it would be one of those above
        return clean(contact=made, extension=carried(walk, value, "Organization", "contact", path, Why.NARROWER))
    made += [
        walk.complex(each, "Organization.contact", "ExtendedContactDetail", f"{path}.contact") for each in contacts
    ]
    return clean(contact=made)


def _ways(walk: Carrying, value: Value, path: str) -> Json:
    telecom: list[Any] = []
    address: list[Any] = []
    contacts: list[Json] = []
    ranks: list[int] = []
    for each in value["contact"]:
        if each.keys() == {"telecom"}:
            ranks.append(0)
            telecom += [same(walk, one, "ContactPoint", f"{path}.telecom") for one in each["telecom"]]
        elif each.keys() == {"address"}:
            ranks.append(1)
            address.append(same(walk, each["address"], "Address", f"{path}.address"))
        else:
            ranks.append(2)
            contacts.append(walk.complex(each, "ExtendedContactDetail", "Organization.contact", f"{path}.contact"))
    whole = ranks == sorted(ranks) and ranks.count(0) < 2
    rest = [] if whole else carried(walk, value, "Organization", "contact", path)
    return clean(telecom=telecom, address=address, contact=[each for each in contacts if each], extension=rest)


def _place_reached(walk: Carrying, value: Value, path: str) -> Json:
    return {
        "contact": [{"telecom": [same(walk, each, "ContactPoint", f"{path}.telecom") for each in value["telecom"]]}]
    }


def _place_ways(walk: Carrying, value: Value, path: str) -> Json:
    telecom = [
        same(walk, one, "ContactPoint", f"{path}.telecom")
        for each in value["contact"]
        for one in each.get("telecom", ())
    ]
    whole = len(value["contact"]) == 1 and value["contact"][0].keys() == {"telecom"}
    return clean(telecom=telecom, extension=[] if whole else carried(walk, value, "Location", "contact", path))


CLINICAL: tuple[Named, ...] = (
    *both("Encounter", "Encounter", ("hospitalization",), ("admission", *_BESIDE), _admission, _hospitalization),
    *both("Condition", "Condition", tuple(_ROLES), ("participant",), _participants, _recorder),
    *both("Condition", "Condition", ("evidence",), ("evidence",), _evidence_to_r5, _evidence_to_r4),
    *both("Organization", "Organization", ("telecom", "address", "contact"), ("contact",), _reached, _ways),
    *both("Location", "Location", ("telecom",), ("contact",), _place_reached, _place_ways),
)
