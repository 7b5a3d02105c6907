"""One small hand-made case for tests of any room: resources as the mapping emits them, its claim and its settlement.

    claim = make_claim()                        # registered poor, 4 lines, one of them refunded to nothing
    settlement = make_settlement(claim)         # basic 300.00, critical illness 0.00, aid 150.00, patient 103.39
    facts = make_call(payers=(Payer.BASIC, Payer.CRITICAL_ILLNESS))

Invented persons; division 9999xx does not exist. Everything personal that must never leave stands in ``SECRETS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from adapter.fhir.facts import claim_facts
from adapter.fhir.identity import codesystem, extension_url, reference, resource_id, system
from adapter.model.call import CallFacts
from adapter.model.claim import Claim, LineSplit, YearToDate
from adapter.model.dates import Period
from adapter.model.money import ZERO, Money
from adapter.model.person import Category
from adapter.model.reference import (
    CatalogueItem,
    Cause,
    DiagnosisEntry,
    Facility,
    FacilityKind,
    ItemClass,
    ItemKind,
    Level,
    Ownership,
    RegisterEntry,
    WindowFacts,
)
from adapter.model.settlement import (
    Authority,
    Explanation,
    PatientParts,
    Payer,
    PayerAnswer,
    Settlement,
    Share,
    Step,
)

SOURCE = "qingshi_county"
CASE = f"{SOURCE}-300012345"
ORDER = (Payer.BASIC, Payer.CRITICAL_ILLNESS, Payer.MEDICAL_AID)
CHINA = timezone(timedelta(hours=8))
CREATED = datetime(2021, 3, 12, 11, 0, tzinfo=CHINA)

#: What stands in the resources and may stand in no message to anybody.
SECRETS = ("测试甲", "999999198001010011", "示例路1号", "13800000000", "B0098765", "0020210001", "测试乙")

_ALWAYS = Period(date(2010, 1, 1))


def ids(entity: str, key: str) -> str:
    """The id that the mapping gives."""
    return resource_id(SOURCE, entity, key)


@dataclass
class Book:
    """A ReferenceBook to write into."""

    facilities: dict[str, Facility] = field(default_factory=dict)
    items: dict[str, CatalogueItem] = field(default_factory=dict)
    diagnoses: dict[str, DiagnosisEntry] = field(default_factory=dict)
    entries: list[RegisterEntry] = field(default_factory=list)

    def facility(self, code: str, on: date) -> Facility | None:
        found = self.facilities.get(code)
        return found if found is not None and on in found.valid else None

    def item(self, code: str, on: date) -> CatalogueItem | None:
        found = self.items.get(code)
        return found if found is not None and on in found.valid else None

    def diagnosis(self, code: str, on: date) -> DiagnosisEntry | None:
        found = self.diagnoses.get(code)
        return found if found is not None and on in found.valid else None

    def registers(self, person_key: str, on: date) -> tuple[RegisterEntry, ...]:
        return tuple(each for each in self.entries if each.person_key == person_key and on in each.valid)


def make_book() -> Book:
    """Reference facts for every code of the case."""
    facility = Facility(
        code="999901001",
        name="清石县人民医院",
        kind=FacilityKind.COUNTY_GENERAL,
        level=Level.SECONDARY,
        ownership=Ownership.PUBLIC,
        county="999901",
        valid=_ALWAYS,
        national_code="H99990100001",
        programme_start=date(2017, 11, 1),
    )
    items = (
        CatalogueItem("1201", "二级护理", ItemKind.SERVICE, ItemClass.A, _ALWAYS, "001201000020000-120100002"),
        CatalogueItem("3102", "阿莫西林胶囊", ItemKind.DRUG, ItemClass.A, _ALWAYS, "XA02BCA211A012010100154"),
        CatalogueItem("3105", "注射用奥美拉唑钠", ItemKind.DRUG, ItemClass.B, _ALWAYS, self_share=Decimal("0.10")),
        CatalogueItem("2102", "生化全套", ItemKind.SERVICE, ItemClass.A, _ALWAYS),
    )
    return Book(
        facilities={facility.code: facility, "H99990100001": facility},
        items={item.code: item for item in items},
        diagnoses={"3301": DiagnosisEntry("3301", "社区获得性肺炎", "J18.900", "医保版2.0", _ALWAYS)},
        entries=[RegisterEntry("88001", Category.REGISTERED_POOR, "示例县扶贫办", Period(date(2014, 6, 1)))],
    )


def make_window(**changes: Any) -> WindowFacts:
    """What was taken at the window."""
    return WindowFacts(**{"stay_key": "300012345", "cause": Cause.ILLNESS, "third_party": False, **changes})


def charge(key: str, code: str, day: str, quantity: str, price: str, amount: str, **more: Any) -> dict[str, Any]:
    """One fee line as the mapping emits it."""
    unit = {"value": Decimal(price), "currency": "CNY"}
    built = {
        "resourceType": "ChargeItem",
        "id": ids("ChargeItem", key),
        "extension": [{"url": extension_url("unit-price"), "valueMoney": unit}],
        "identifier": [{"system": system(f"{SOURCE}/charge-line"), "value": key}],
        "status": "billable",
        "code": {"coding": [{"system": codesystem(f"{SOURCE}/item"), "code": code}], "text": f"项目{code}"},
        "subject": reference("Patient", ids("Patient", "88001")),
        "context": reference("Encounter", ids("Encounter", "300012345")),
        "occurrenceDateTime": f"{day}T00:00:00+08:00",
        "quantity": {"value": Decimal(quantity)},
        "priceOverride": {"value": Decimal(amount), "currency": "CNY"},
    }
    if "reverses" in more:
        undone = {"system": system("charge-item"), "value": ids("ChargeItem", more.pop("reverses"))}
        built["extension"].append({"url": extension_url("reverses"), "valueIdentifier": undone})
    return {**built, **more}


def make_charges() -> list[dict[str, Any]]:
    """Nursing 18.00, capsules whose price × quantity is rounded, a drug refunded in part, a test refunded whole."""
    return [
        charge("900000123", "1201", "2021-03-06", "1", "18.0000", "18.00"),
        charge("900000124", "3102", "2021-03-06", "6", "1.3975", "8.39"),
        charge("900000125", "3105", "2021-03-07", "20", "28.6500", "573.00"),
        charge("900000126", "2102", "2021-03-07", "1", "148.0000", "148.00"),
        charge("900000127", "2102", "2021-03-08", "-1", "148.0000", "-148.00", reverses="900000126"),
        # booked 46.00, not 45.84
        charge("900000128", "3105", "2021-03-09", "-1.6", "28.6500", "-46.00", reverses="900000125"),
    ]


def make_resources(charges: Sequence[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """The HIS-side resources of the stay, personal data and all."""
    patient, encounter = ids("Patient", "88001"), ids("Encounter", "300012345")
    hospital, insurer = ids("Organization", "999901001"), ids("Organization", "999901-YBJ")
    in_scope = {"system": codesystem("diagnosis-use")}
    return [
        {
            "resourceType": "Organization",
            "id": hospital,
            "identifier": [{"system": system("facility"), "value": "H99990100001"}],
            "active": True,
            "name": "清石县人民医院",
        },
        {
            "resourceType": "Organization",
            "id": insurer,
            "identifier": [{"system": system("insurer"), "value": "999901-YBJ"}],
            "active": True,
            "name": "清石县医疗保障局",
        },
        {
            "resourceType": "Patient",
            "id": patient,
            "identifier": [
                {"system": system(f"{SOURCE}/patient"), "value": "88001"},
                {"system": "urn:oid:2.16.156.10011.1.13", "value": "B0098765"},
                {"system": "urn:oid:2.16.156.10011.1.3", "value": "999999198001010011"},
            ],
            "name": [{"text": "测试甲"}],
            "telecom": [{"system": "phone", "value": "13800000000"}],
            "gender": "male",
            "birthDate": "1980-01-01",
            "address": [{"text": "示例路1号"}],
            "contact": [{"name": {"text": "测试乙"}}],
        },
        {
            "resourceType": "Encounter",
            "id": encounter,
            "identifier": [
                {"system": system(f"{SOURCE}/stay"), "value": "300012345"},
                {"system": "urn:oid:2.16.156.10011.1.12", "value": "0020210001"},
            ],
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": reference("Patient", patient),
            "period": {"start": "2021-03-05T14:30:00+08:00", "end": "2021-03-12T10:05:00+08:00"},
            "diagnosis": [
                {
                    "condition": reference("Condition", ids("Condition", "admission")),
                    "use": {"coding": [{**in_scope, "code": "admission"}]},
                },
                {
                    "condition": reference("Condition", ids("Condition", "principal")),
                    "use": {"coding": [{**in_scope, "code": "principal"}]},
                    "rank": 1,
                },
            ],
            "account": [reference("Account", ids("Account", "300012345"))],
            "serviceProvider": reference("Organization", hospital),
        },
        *(
            {
                "resourceType": "Condition",
                "id": ids("Condition", key),
                "code": {
                    "coding": [{"system": codesystem(f"{SOURCE}/diagnosis"), "code": "3301"}],
                    "text": "测试甲的诊断说明",
                },
                "subject": reference("Patient", patient),
                "encounter": reference("Encounter", encounter),
            }
            for key in ("admission", "principal")
        ),
        {
            "resourceType": "Coverage",
            "id": ids("Coverage", "300012345"),
            "extension": [{"url": extension_url("insured-area"), "valueCode": "999901"}],
            "identifier": [{"system": system(f"{SOURCE}/coverage"), "value": "300012345"}],
            "status": "active",
            "type": {
                "coding": [
                    {"system": codesystem("payer"), "code": "basic"},
                    {"system": codesystem("insurance"), "code": "residents"},
                ]
            },
            "subscriberId": "T00000001",
            "beneficiary": reference("Patient", patient),
            "payor": [reference("Organization", insurer)],
        },
        {
            "resourceType": "Account",
            "id": ids("Account", "300012345"),
            "identifier": [{"system": system(f"{SOURCE}/account"), "value": "300012345"}],
            "status": "active",
            "subject": [reference("Patient", patient)],
            "coverage": [{"coverage": reference("Coverage", ids("Coverage", "300012345")), "priority": 1}],
            "guarantor": [{"party": reference("Patient", patient)}],
        },
        *(make_charges() if charges is None else charges),
    ]


def make_claim(
    charges: Sequence[dict[str, Any]] | None = None, *, book: Book | None = None, window: WindowFacts | None = None
) -> Claim:
    """The case's claim, read from its resources. Bill total ¥553.39."""
    claim, issues = claim_facts(
        make_resources(charges),
        case_id=CASE,
        version=1,
        reference=book or make_book(),
        window=window or make_window(),
    )
    assert claim is not None, issues
    return claim


def make_settlement(
    claim: Claim | None = None,
    *,
    authorities: dict[Payer, Authority] | None = None,
    amounts: dict[Payer, str] | None = None,
    test_profile: bool = True,
) -> Settlement:
    """A settlement with chosen amounts: basic 300.00, critical illness 0.00, aid 150.00, the patient the rest."""
    claim = claim or make_claim()
    given = {Payer.BASIC: "300.00", Payer.CRITICAL_ILLNESS: "0.00", Payer.MEDICAL_AID: "150.00", **(amounts or {})}
    shares = [
        Share(
            payer=payer,
            amount=Money.yuan(amount),
            authority=(authorities or {}).get(payer, Authority.PAYER),
            plan=f"test/{payer}",
            cite="测试方案 第一条",
            reference=f"SETL-{payer}",
        )
        for payer, amount in given.items()
    ]
    rest = claim.total - Money.total(share.amount for share in shares)
    shares.append(Share(Payer.PATIENT, rest, Authority.ADAPTER, "", ""))
    because = Explanation("起付标准500元,本次扣500元", "deductible 500.00, taken 500.00", "测试方案 第一条")
    return Settlement(
        case_id=claim.case_id,
        version=claim.version,
        scheme="test_hunan_two_calls",
        on=claim.stay.settled_on,
        total=claim.total,
        shares=tuple(shares),
        steps=(Step(Payer.BASIC, "deductible", Money.yuan("500.00"), ZERO, because),),
        patient=PatientParts(deductible=rest),
        splits=tuple((line.id, LineSplit(in_scope=line.amount)) for line in claim.lines),
        accrued=YearToDate(claim.stay.settled_on.year),
        accruals=(),
        rules=("test/basic 2020-01-01",),
        basis="0" * 64,
        complete=True,
        test_profile=test_profile,
    )


def make_answer(payer: Payer, amount: str, **figures: str) -> PayerAnswer:
    """A payer's answer; figures by wire code with ``_`` for ``-``."""
    named = tuple((name.replace("_", "-"), Money.yuan(value)) for name, value in figures.items())
    return PayerAnswer(payer, Money.yuan(amount), f"SETL-{payer}", named, steps=("第一步", "第二步"))


def make_call(
    payers: tuple[Payer, ...] = (Payer.BASIC, Payer.CRITICAL_ILLNESS),
    *,
    call: str = "insurance",
    endpoint: str = "bureau",
    authority: Authority = Authority.PAYER,
    earlier: tuple[PayerAnswer, ...] = (),
    claim: Claim | None = None,
    settlement: Settlement | None = None,
    resources: Sequence[dict[str, Any]] | None = None,
    test_profile: bool = True,
) -> CallFacts:
    """One call of the case."""
    claim = claim or make_claim()
    return CallFacts(
        case_id=CASE,
        version=1,
        source=SOURCE,
        call=call,
        endpoint=endpoint,
        payers=payers,
        order=ORDER,
        authority=authority,
        claim=claim,
        settlement=settlement or make_settlement(claim, test_profile=test_profile),
        resources=tuple(resources or make_resources()),
        earlier=earlier,
        test_profile=test_profile,
    )


def make_aid_call(**changes: Any) -> CallFacts:
    """The aid office's call, after basic insurance and critical illness have answered."""
    earlier = (
        make_answer(Payer.BASIC, "300.00", eligible="500.00", deductible="200.00"),
        make_answer(Payer.CRITICAL_ILLNESS, "0.00"),
    )
    named = {"payers": (Payer.MEDICAL_AID,), "call": "aid", "endpoint": "civil-affairs", "earlier": earlier}
    return make_call(**{**named, **changes})
