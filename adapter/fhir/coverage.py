"""Coverage and Organization of each payer: who stands behind the patient, in the scheme's order. 参保与付款方。

The HIS knows the basic insurance only. The Coverage of a critical-illness insurer, a commercial insurer or an aid body
is built from the scheme and the register facts. Nothing is built for the hospital's own waiver, the government's
share or the patient: they are not insurers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapter.fhir.elements import AnyResource, Held, Resource, coded, identified, payer_concept
from adapter.fhir.identity import codesystem, concept, patient_system, reference, reference_to, resource_id, system
from adapter.model.call import CallFacts
from adapter.model.person import Insurance, Person
from adapter.model.settlement import Payer, PayerAnswer, Settlement

#: Payers that a Coverage stands for.
COVERED = frozenset({Payer.BASIC, Payer.CRITICAL_ILLNESS, Payer.COMMERCIAL, Payer.MEDICAL_AID, Payer.AID_TOP_UP})

#: Payers that are aid and no insurance: they need neither lines nor diagnoses.
AID = frozenset({Payer.MEDICAL_AID, Payer.AID_TOP_UP})

#: Names for people; the wire and the rules use the code.
PAYER_NAMES = {
    Payer.BASIC: "基本医疗保险",
    Payer.CRITICAL_ILLNESS: "大病保险",
    Payer.COMMERCIAL: "商业补充保险",
    Payer.MEDICAL_AID: "医疗救助",
    Payer.AID_TOP_UP: "倾斜救助",
    Payer.HOSPITAL: "医院减免",
    Payer.GOVERNMENT: "财政兜底",
    Payer.HOUSEHOLD_TOP_UP: "家庭补助",
    Payer.EMERGENCY_FUND: "疾病应急救助基金",
    Payer.PERSONAL_ACCOUNT: "个人账户",
    Payer.THIRD_PARTY: "第三人负担",
    Payer.PATIENT: "个人负担",
}


def basic_coverage(held: Held) -> AnyResource | None:
    """The HIS's own Coverage of the basic insurance that counts for the stay, or None when the person has none.

    Where the payer changed during the stay, the one in force at its end counts; of several then, the first in order.
    """
    standing = basic_coverages(held)
    return standing[0] if standing else None


def basic_coverages(held: Held) -> list[AnyResource]:
    """The Coverages of the basic insurance in force at the end of the stay, by ``Coverage.order``.

    One that ended while the patient was still there is history. Two with the same order, or without any, contradict
    each other (``basic_in_doubt``). While the stay lasts, those count that end last.
    """
    own = [each for each in held.all("Coverage") if _is_basic(each) and each.get("status") != "entered-in-error"]
    end = (held.first("Encounter") or {}).get("period", {}).get("end")
    if end is None:
        end = max((_end_of(each) for each in own), default=_NEVER)
    return sorted((each for each in own if _in_force(each, end)), key=lambda each: int(each.get("order", _LAST)))


def basic_in_doubt(held: Held) -> AnyResource | None:
    """A Coverage of which nothing says whether it or another one counts for the stay; None where all is clear."""
    own = [each for each in held.all("Coverage") if _is_basic(each)]
    standing = basic_coverages(held)
    if own and not standing:
        return own[0]
    if len(standing) > 1 and standing[0].get("order", _LAST) == standing[1].get("order", _LAST):
        return standing[1]
    return None


#: The place of a Coverage that does not say which one it has, and the end of one that does not end.
_LAST, _NEVER = 1 << 30, "9999-12-31"


def _is_basic(coverage: AnyResource) -> bool:
    insurance = coded(coverage.get("type"), codesystem("insurance"))
    payer = coded(coverage.get("type"), codesystem("payer"))
    return payer == Payer.BASIC or (payer is None and insurance in (Insurance.RESIDENTS, Insurance.EMPLOYEES))


def _in_force(coverage: AnyResource, on: str) -> bool:
    """Whether a Coverage counts at a moment, written as the HIS's times are. A day alone counts whole."""
    end = _end_of(coverage)
    shorter = min(len(end), len(on))
    begun = str(coverage.get("period", {}).get("start", ""))[:10] <= on[:10]
    return begun and end[:shorter] >= on[:shorter]


def _end_of(coverage: AnyResource) -> str:
    return str(coverage.get("period", {}).get("end", _NEVER))


def coverage_id(source: str, payer: Payer, person: Person, held: Held) -> str:
    """Id of a payer's Coverage of this person; the HIS's own one for the basic insurance."""
    if payer is Payer.BASIC and (own := basic_coverage(held)) is not None:
        return str(own["id"])
    return resource_id(source, "Coverage", f"{payer}/{person.key}")


def coverage(source: str, payer: Payer, person: Person, held: Held) -> Resource:
    """One payer's Coverage of the person, built without any demographics.

    ``subscriberId`` is the insurance number, by which the receiver knows the person.
    """
    own = basic_coverage(held)
    built: Resource = {
        "resourceType": "Coverage",
        "id": coverage_id(source, payer, person, held),
        "identifier": [{"system": system(f"{source}/coverage"), "value": f"{payer}-{person.key}"}],
        "status": "active",
        "type": payer_concept(payer),
    }
    if payer is Payer.BASIC and person.insurance is not Insurance.NONE:
        built["type"]["coding"].append({"system": codesystem("insurance"), "code": str(person.insurance)})
    if own is not None and "subscriberId" in own:
        built["subscriberId"] = own["subscriberId"]
    built["beneficiary"] = patient_reference(source, person, held)
    built["payor"] = [reference("Organization", payer_organization_id(source, payer, held))]
    return built


def aid_coverage_for_record(built: Resource, person: Person) -> Resource:
    """The hospital's own copy of an aid Coverage also says under which register categories the person stands."""
    classes = [
        {"type": concept(codesystem("coverage-class"), "person-category"), "value": str(category)}
        for category in sorted(person.categories)
    ]
    return {**built, "class": classes} if classes else built


def payer_organization_id(source: str, payer: Payer, held: Held) -> str:
    """Id of a payer's Organization; the HIS's insurer where the HIS names one for the basic insurance."""
    if payer is Payer.BASIC:
        for payor in (basic_coverage(held) or {}).get("payor", ()):
            insurer = held.at(payor)
            if insurer is not None and insurer["resourceType"] == "Organization":
                return str(insurer["id"])
    return resource_id(source, "Organization", f"payer/{payer}")


def payer_organization(source: str, payer: Payer, held: Held) -> Resource:
    """The Organization that stands for a payer kind."""
    return {
        "resourceType": "Organization",
        "id": payer_organization_id(source, payer, held),
        "identifier": [{"system": codesystem("payer"), "value": str(payer)}],
        "active": True,
        "name": PAYER_NAMES[payer],
    }


def patient_reference(source: str, person: Person, held: Held) -> dict[str, str]:
    """Reference to the person's Patient."""
    patient = held.patient()
    if patient is not None:
        return reference_to(patient)
    return reference("Patient", resource_id(source, "Patient", person.key))


def person_key(source: str, patient: AnyResource) -> str | None:
    """The hospital's person key of a Patient, or None."""
    return identified(patient, system(patient_system(source)))


def applying(
    order: Iterable[Payer], person: Person, settlement: Settlement | None, surely: Iterable[Payer] = ()
) -> tuple[tuple[int, Payer], ...]:
    """Payers with a Coverage for this person, with their sequence in the scheme's order (1 is first).

    Insurance applies to whoever is insured, any other payer when it bears a part or is asked (``surely``).
    """
    asked = frozenset(surely)
    found = []
    for sequence, payer in enumerate(order, start=1):
        insured = payer in (Payer.BASIC, Payer.CRITICAL_ILLNESS) and person.insurance is not Insurance.NONE
        bears = settlement is not None and bool(settlement.share_of(payer))
        if payer in COVERED and (insured or bears or payer in asked):
            found.append((sequence, payer))
    return tuple(found)


def applying_to(facts: CallFacts) -> tuple[tuple[int, Payer], ...]:
    """Payers that a call's Claim lists: all that apply, those of the call and those that answered before."""
    asked = (*facts.payers, *(answer.payer for answer in facts.earlier))
    return applying(facts.order, facts.claim.person, facts.settlement, asked)


def earlier_by_payer(earlier: Sequence[PayerAnswer]) -> dict[Payer, PayerAnswer]:
    """Earlier answers by payer, in order."""
    return {answer.payer: answer for answer in earlier}
