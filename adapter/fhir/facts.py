"""From resources to claim facts: the one place that digs through nested JSON. 结算事实。

Read from the HIS-side resources of one stay (``<source>`` is the feed; CANON as in identity.py):

- Patient: identifier ``CANON/sid/<source>/patient``; extension ``home-area`` where the domicile is known.
- Encounter: identifier ``CANON/sid/<source>/stay``; ``period``, ``status``, ``serviceProvider``, ``diagnosis``.
- Organization of the hospital: identifier ``CANON/sid/<source>/facility`` or ``CANON/sid/facility``.
- Coverage of the basic insurance: ``type`` in ``CANON/CodeSystem/insurance``; extension ``insured-area``.
- Condition: ``code`` with the local key, or ICD-10; ``Encounter.diagnosis.use`` says which one is principal.
- ChargeItem: ``code.coding[0]``, ``occurrence[x]``, ``quantity.value``, ``priceOverride`` (the line's total);
  extensions ``unit-price``, ``reverses``, ``his-estimate``, ``restriction-met``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from adapter.fhir import fact_issues as issue
from adapter.fhir.charge_facts import catalogued, charge_lines, refund_findings
from adapter.fhir.coverage import basic_coverage, basic_in_doubt
from adapter.fhir.elements import AnyResource, Held, coded, identifiers, own_key, value_of
from adapter.fhir.identity import codesystem
from adapter.fhir.least import ICD10, principal_condition, principal_first
from adapter.model.claim import ChargeLine, Claim, Stay
from adapter.model.dates import HOSPITAL_ZONE, local_day
from adapter.model.issues import Issue, stopping
from adapter.model.money import ZERO, Money
from adapter.model.person import Category, Insurance, Person
from adapter.model.reference import Cause, Facility, ReferenceBook, WindowFacts

#: 居民身份证, 18 characters.
_ID_NUMBER = re.compile(r"\d{17}[\dXx]", re.ASCII)
_ID_CARD = "urn:oid:2.16.156.10011.1.3"

#: Causes behind which another person may stand who must bear a part.
_OTHERS_MAY_BE_LIABLE = frozenset(
    {Cause.TRAFFIC_ACCIDENT, Cause.ACCIDENTAL_INJURY, Cause.MEDICAL_ACCIDENT, Cause.FIGHTING}
)


def claim_facts(
    resources: Sequence[AnyResource],
    *,
    case_id: str,
    version: int,
    reference: ReferenceBook,
    window: WindowFacts | None,
    estimate_on: date | None = None,
) -> tuple[Claim | None, list[Issue]]:
    """The facts that settlement reads, and every issue found, in one go.

    Args:
        resources: the HIS-side resources of one stay.
        reference: dated facts; what it does not know becomes an issue, never a default.
        window: what was established at the window; None when nothing was taken.
        estimate_on: rule date of an estimate while the patient is still in hospital; not for settling.

    Returns:
        The claim, its register categories being those of ``stay.settled_on``, or None when an issue holds it; and the
        issues REF-151 … REF-159, FHIR-171 … FHIR-181, FHIR-195 … FHIR-198.
    """
    reading = _Reading(Held.of(resources), reference, window)
    stay = reading.stay(estimate_on)
    person = reading.person(stay.settled_on if stay is not None else None)
    lines = reading.lines()
    third_party = reading.third_party()
    if stay is None or person is None or stopping(reading.found):
        return None, reading.found
    return Claim(case_id, version, stay, person, lines, third_party), reading.found


def person_facts(
    resources: Sequence[AnyResource], *, reference: ReferenceBook, on: date
) -> tuple[Person | None, list[Issue]]:
    """The person alone, with the register categories in force on a day: the admission date for an entitlement."""
    reading = _Reading(Held.of(resources), reference, None)
    return reading.person(on), reading.found


def facility_facts(
    resources: Sequence[AnyResource], *, reference: ReferenceBook, on: date
) -> tuple[Facility | None, list[Issue]]:
    """The hospital alone, as the policies see it on a day."""
    reading = _Reading(Held.of(resources), reference, None)
    return reading.facility(on), reading.found


def diagnosis_facts(
    resources: Sequence[AnyResource], *, reference: ReferenceBook, on: date
) -> tuple[str | None, list[Issue]]:
    """ICD-10 of the principal diagnosis, of a patient still in hospital that of the admission; None when not known."""
    reading = _Reading(Held.of(resources), reference, None)
    return reading.diagnosis(next(iter(principal_first(reading.held)), None), on), reading.found


@dataclass
class _Reading:
    """One pass over the resources of a stay; ``found`` collects what is wrong with them."""

    held: Held
    reference: ReferenceBook
    window: WindowFacts | None
    found: list[Issue] = field(default_factory=list)

    def stay(self, estimate_on: date | None) -> Stay | None:
        """The stay with its facility and rule date."""
        encounter = self._required("Encounter")
        if encounter is None:
            return None
        where = f"Encounter/{encounter['id']}"
        key = own_key(encounter, "stay")
        if key is None:
            self.found.append(issue.element_missing(f"{where}.identifier"))
        admitted = self.moment_of("start")
        if admitted is None:
            self.found.append(issue.date_unusable(f"{where}.period.start"))
        discharged = self.moment_of("end") if encounter.get("status") == "finished" else None
        settled_on = self._settled_on(discharged) or estimate_on
        if settled_on is None:
            self.found.append(issue.settlement_day_unknown(f"{where}.period.end"))
        facility = self.facility(settled_on or (local_day(admitted) if admitted is not None else None))
        diagnosis = self._principal_diagnosis(settled_on)
        if self.window is None:
            self.found.append(issue.window_facts_missing(where))
        if key is None or admitted is None or settled_on is None or facility is None:
            return None
        return Stay(
            key=key,
            admitted=admitted,
            discharged=discharged,
            settled_on=settled_on,
            facility=facility,
            principal_diagnosis=diagnosis,
            emergency=self.window is not None and self.window.emergency is True,
            cause=self.window.cause if self.window is not None else None,
        )

    def moment_of(self, end: str) -> datetime | None:
        """``Encounter.period`` start or end as a moment with zone, or None; a mere day is its first moment there."""
        text = str((self.held.first("Encounter") or {}).get("period", {}).get(end))
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        if len(text) == len("2021-03-05"):
            return at.replace(tzinfo=HOSPITAL_ZONE)
        return at if at.tzinfo is not None else None

    def _settled_on(self, discharged: datetime | None) -> date | None:
        if self.window is not None and self.window.settled_on is not None:
            return self.window.settled_on
        return local_day(discharged) if discharged is not None else None

    def facility(self, on: date | None) -> Facility | None:
        """The hospital that gave the care, by its own key or its national code."""
        encounter = self.held.first("Encounter") or {}
        where = f"Encounter/{encounter.get('id')}.serviceProvider"
        codes = _facility_codes(self.held, encounter)
        if not codes:
            self.found.append(issue.element_missing(where))
        if not codes or on is None:
            return None
        known = (self.reference.facility(code, on) for code in codes)
        facility = next((each for each in known if each is not None), None)
        if facility is None:
            self.found.append(issue.facility_unknown(where, codes[0], on))
        return facility

    def _principal_diagnosis(self, on: date | None) -> str | None:
        """ICD-10 of the principal discharge diagnosis."""
        condition = principal_condition(self.held)
        if condition is None:
            encounter = self.held.first("Encounter") or {}
            self.found.append(issue.principal_diagnosis_missing(f"Encounter/{encounter.get('id')}.diagnosis"))
            return None
        return self.diagnosis(condition, on)

    def diagnosis(self, condition: AnyResource | None, on: date | None) -> str | None:
        """ICD-10 of one diagnosis: from the record itself, else through the diagnosis table."""
        if condition is None:
            return None
        icd10 = coded(condition.get("code"), ICD10)
        codings = condition.get("code", {}).get("coding", ())
        local = next((str(each["code"]) for each in codings if "code" in each), None)
        where = f"Condition/{condition['id']}.code"
        if icd10 is not None or local is None or on is None:
            if icd10 is None and local is None:
                told = bool(condition.get("code", {}).get("text"))
                self.found.append(issue.diagnosis_text_only(where) if told else issue.element_missing(where))
            return icd10
        entry = self.reference.diagnosis(local, on)
        if entry is None:
            self.found.append(issue.diagnosis_unknown(where, local, on))
            return None
        return entry.icd10

    def person(self, on: date | None) -> Person | None:
        """The person with insurance and the register categories in force on ``on``."""
        patient = self.held.patient()
        if patient is None:
            self.found.append(issue.resource_missing("Patient"))
            return None
        key = own_key(patient, "patient")
        if key is None:
            self.found.append(issue.element_missing(f"Patient/{patient['id']}.identifier"))
        if unnamed(patient):
            self.found.append(issue.patient_unnamed(f"Patient/{patient['id']}.name"))
        coverage = basic_coverage(self.held)
        doubtful = basic_in_doubt(self.held)
        if doubtful is not None:
            self.found.append(issue.coverage_in_doubt(f"Coverage/{doubtful['id']}.period"))
            return None
        insurance = self._insurance(coverage, f"Patient/{patient['id']}")
        if coverage is not None and _is_id_number(coverage.get("subscriberId"), patient):
            self.found.append(issue.id_number_as_insurance_number(f"Coverage/{coverage['id']}.subscriberId"))
        if key is None or insurance is None:
            return None
        return Person(
            key=key,
            insurance=insurance,
            insured_area=_text(value_of(coverage or {}, "insured-area")),
            home_area=_text(value_of(patient, "home-area")),
            categories=self._categories(key, on),
        )

    def _insurance(self, coverage: AnyResource | None, patient: str) -> Insurance | None:
        if coverage is not None:
            kind = coded(coverage.get("type"), codesystem("insurance"))
            if kind in tuple(Insurance):
                return Insurance(kind)
        unknown = coverage or next(iter(self.held.all("Coverage")), None)
        if unknown is not None and not _self_pay(unknown):
            self.found.append(issue.coverage_unknown(f"Coverage/{unknown['id']}.type"))
            return None
        if unknown is None:
            self.found.append(issue.insurance_missing(patient))
        return Insurance.NONE

    def _categories(self, key: str, on: date | None) -> frozenset[Category]:
        if on is None:
            return frozenset()
        return frozenset(entry.category for entry in self.reference.registers(key, on))

    def lines(self) -> tuple[ChargeLine, ...]:
        """The charge lines with their catalogue rows."""
        read = charge_lines(self.held, self.found)
        if not read and not stopping(self.found):
            encounter = self.held.first("Encounter") or {}
            self.found.append(issue.nothing_charged(f"Encounter/{encounter.get('id')}"))
        self.found += refund_findings(read)
        self._outside(read)
        return catalogued(read, self.reference, self.found)

    def _outside(self, lines: Sequence[ChargeLine]) -> None:
        """Lines served before the admission or after the discharge: they count, and are told (急诊留观转住院)."""
        over = (self.held.first("Encounter") or {}).get("status") == "finished"
        admitted, discharged = self.moment_of("start"), self.moment_of("end") if over else None
        begin = local_day(admitted) if admitted is not None else date.min
        end = local_day(discharged) if discharged is not None else date.max
        outside = [line for line in lines if line.quantity > 0 and not begin <= line.service_date <= end]
        if outside:
            self.found.append(issue.served_outside(f"ChargeItem/{outside[0].id}.occurrence", len(outside)))

    def third_party(self) -> Money:
        """What a liable third party bears; asked for where the cause suggests one."""
        facts = self.window
        if facts is None:
            return ZERO
        where = f"window/{facts.stay_key}.third_party"
        if facts.third_party is None and facts.cause in _OTHERS_MAY_BE_LIABLE:
            self.found.append(issue.third_party_unknown(where, facts.cause))
        if facts.third_party and facts.third_party_amount is None:
            self.found.append(issue.third_party_amount_missing(f"{where}_amount"))
        return facts.third_party_amount or ZERO if facts.third_party else ZERO

    def _required(self, kind: str) -> AnyResource | None:
        resource = self.held.first(kind)
        if resource is None:
            self.found.append(issue.resource_missing(kind))
        return resource


def unnamed(patient: AnyResource) -> bool:
    """Whether a Patient stands for somebody whose identity nobody knows yet (无名氏)."""
    return any(each.get("use") == "temp" for each in (*patient.get("name", ()), *identifiers(patient)))


def _facility_codes(held: Held, encounter: AnyResource) -> list[str]:
    """The hospital's codes: of the Organization that serviceProvider names, or named by it directly."""
    provider = encounter.get("serviceProvider", {})
    organization = held.at(provider) or {}
    named = (*identifiers(organization), *identifiers(provider))
    return [str(each["value"]) for each in named if str(each.get("system")).endswith("/facility") and "value" in each]


def _self_pay(coverage: AnyResource) -> bool:
    """Whether a Coverage only says that the person pays alone."""
    return coded(coverage.get("type"), codesystem("insurance")) in (Insurance.NONE, "self-pay")


def _is_id_number(number: object, patient: AnyResource) -> bool:
    """Whether an insurance number is the person's ID number, which never leaves the hospital."""
    text = str(number)
    return bool(_ID_NUMBER.fullmatch(text)) or text in {
        str(each.get("value")) for each in identifiers(patient) if each.get("system") == _ID_CARD
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
