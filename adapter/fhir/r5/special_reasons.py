"""A concept and a reference side by side in R4 are one CodeableReference in R5: reasons, products (编码与引用合并)."""

from __future__ import annotations

from typing import Any

from adapter.fhir.r5.adapt import referred
from adapter.fhir.r5.plan import members
from adapter.fhir.r5.special_kinds import Carrying, Json, Named, Value, both, carried, clean, listed, same

_CONCEPT, _REFERENCE = "CodeableConcept", "Reference"


#: Concepts, references, and whether that is all.
Parted = tuple[list[Json], list[Json], bool]


def _targets(here: str, reference: str) -> tuple[str, ...]:
    return members(here, "R4")[reference].targets


def joined(walk: Carrying, concepts: Any, references: Any, path: str) -> list[Json]:
    """Concepts, then references, as CodeableReferences."""
    made = [{"concept": same(walk, each, _CONCEPT, path)} for each in listed(concepts)]
    return made + [{"reference": same(walk, each, _REFERENCE, path)} for each in listed(references)]


def parted(walk: Carrying, found: list[Json], targets: tuple[str, ...], path: str) -> Parted:
    """CodeableReferences as concepts and references, and whether ``joined`` makes the same of them again.

    Args:
        targets: types that R4's reference may point to; others are not made.
    """
    taken = [
        each for each in found if "reference" in each and (not targets or referred(each["reference"]) in ("", *targets))
    ]
    concepts = [same(walk, each["concept"], _CONCEPT, path) for each in found if "concept" in each]
    references = [same(walk, each["reference"], _REFERENCE, path) for each in taken]
    one_each = all(each.keys() in ({"concept"}, {"reference"}) for each in found)
    kinds = ["reference" in each for each in found]
    return concepts, references, one_each and kinds == sorted(kinds) and len(taken) == sum(kinds)


def _pair(here: str, concept: str, reference: str, new: str, *, several: bool = True) -> tuple[Named, Named]:
    """Two elements that R5 has as one.

    Args:
        several: whether R4's elements are lists.
    """

    def to_r5(walk: Carrying, value: Value, path: str) -> Json:
        return clean(**{new: joined(walk, value.get(concept), value.get(reference), f"{path}.{new}")})

    def to_r4(walk: Carrying, value: Value, path: str) -> Json:
        concepts, references, whole = parted(walk, value.get(new, []), _targets(here, reference), f"{path}.{new}")
        out: Json = {concept: concepts, reference: references}
        if not several:
            whole = whole and len(concepts) < 2 and len(references) < 2
            if here == "ChargeItem":  # R4's product is a choice: one of them
                whole, references = whole and not (concepts and references), [] if concepts else references
            out = {concept: concepts[0] if concepts else None, reference: references[0] if references else None}
        return clean(**out, extension=[] if whole else carried(walk, value, here, new, path))

    return both(here, here, (concept, reference), (new,), to_r5, to_r4)


# -- Encounter: a reason with its use ---------------------------------------------------------------------------------


def _encounter_to_r5(walk: Carrying, value: Value, path: str) -> Json:
    found = joined(walk, value.get("reasonCode"), value.get("reasonReference"), f"{path}.reason")
    return clean(reason=[{"value": [each]} for each in found])


def _encounter_to_r4(walk: Carrying, value: Value, path: str) -> Json:
    reasons = value.get("reason", [])
    plain = all(each.keys() == {"value"} and len(each["value"]) == 1 for each in reasons)
    every = [one for each in reasons for one in each.get("value", ())]
    concepts, references, whole = parted(walk, every, _targets("Encounter", "reasonReference"), f"{path}.reason")
    rest = [] if plain and whole else carried(walk, value, "Encounter", "reason", path)
    return clean(reasonCode=concepts, reasonReference=references, extension=rest)


# -- Contract: a reason in words as well ------------------------------------------------------------------------------

_ACTION = "Contract.term.action"


def _action_to_r5(walk: Carrying, value: Value, path: str) -> Json:
    found = joined(walk, value.get("reasonCode"), value.get("reasonReference"), f"{path}.reason")
    return clean(reason=found, extension=carried(walk, value, _ACTION, "reason", path))


def _action_to_r4(walk: Carrying, value: Value, path: str) -> Json:
    concepts, references, whole = parted(
        walk, value.get("reason", []), _targets(_ACTION, "reasonReference"), f"{path}.reason"
    )
    rest = [] if whole else carried(walk, value, _ACTION, "reason", path)
    return clean(reasonCode=concepts, reasonReference=references, extension=rest)


# -- Claim lines: a site and its parts --------------------------------------------------------------------------------


def _site(here: str) -> tuple[Named, Named]:
    """``bodySite`` with ``subSite`` beside it, which R5 puts into one."""

    def to_r5(walk: Carrying, value: Value, path: str) -> Json:
        if "bodySite" not in value:
            return {"extension": carried(walk, value, here, "subSite", path)}
        site = {"concept": same(walk, value["bodySite"], _CONCEPT, f"{path}.bodySite")}
        parts = [same(walk, each, _CONCEPT, f"{path}.subSite") for each in value.get("subSite", ())]
        return {"bodySite": [clean(site=[site], subSite=parts)]}

    def to_r4(walk: Carrying, value: Value, path: str) -> Json:
        first = value["bodySite"][0]
        sites = [each["concept"] for each in first.get("site", ()) if "concept" in each]
        whole = len(value["bodySite"]) == 1 and first.keys() <= {"site", "subSite"} and len(first.get("site", ())) == 1
        whole = whole and first["site"][0].keys() == {"concept"}
        return clean(
            bodySite=same(walk, sites[0], _CONCEPT, f"{path}.bodySite") if sites else None,
            subSite=[same(walk, each, _CONCEPT, f"{path}.subSite") for each in first.get("subSite", ()) if sites],
            extension=[] if whole else carried(walk, value, here, "bodySite", path),
        )

    return both(here, here, ("bodySite", "subSite"), ("bodySite",), to_r5, to_r4)


REASONS: tuple[Named, ...] = (
    *_pair("ChargeItem", "productCodeableConcept", "productReference", "product", several=False),
    *_pair("Communication", "reasonCode", "reasonReference", "reason"),
    *_pair("CommunicationRequest", "reasonCode", "reasonReference", "reason"),
    *_pair("Procedure", "complication", "complicationDetail", "complication"),
    *_pair("Procedure", "reasonCode", "reasonReference", "reason"),
    *_pair("Procedure", "usedCode", "usedReference", "used"),
    *_pair("Task", "reasonCode", "reasonReference", "reason", several=False),
    *both("Encounter", "Encounter", ("reasonCode", "reasonReference"), ("reason",), _encounter_to_r5, _encounter_to_r4),
    *both(_ACTION, _ACTION, ("reason", "reasonCode", "reasonReference"), ("reason",), _action_to_r5, _action_to_r4),
    *(
        each
        for here in ("Claim.item", "ClaimResponse.addItem", "ExplanationOfBenefit.addItem", "ExplanationOfBenefit.item")
        for each in _site(here)
    ),
)
