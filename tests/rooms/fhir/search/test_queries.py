"""Queries against single resources: what matches, what is refused, what is shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from adapter.fhir.search.query import Query, page_mark, parse
from adapter.fhir.search.showing import shown
from adapter.fhir.search.terms import terms_of
from adapter.model.issues import AdapterError
from adapter.model.search import NO_TIME, OrderBy

CHARGE: dict[str, Any] = {
    "resourceType": "ChargeItem",
    "id": "c1",
    "meta": {"tag": [{"system": "urn:t", "code": "TEST"}]},
    "identifier": [{"system": "urn:lines", "value": "91,00"}],
    "status": "billable",
    "code": {"coding": [{"system": "urn:items", "code": "1201"}, {"system": "urn:national", "code": "N-7"}]},
    "subject": {"reference": "Patient/p1", "identifier": {"system": "urn:patients", "value": "4711"}},
    "context": {"reference": "Encounter/e1"},
    "account": [{"reference": "Account/a1"}, {"reference": "https://elsewhere.example/fhir/Account/a9"}],
    "occurrenceDateTime": "2021-05-17T08:30:00+08:00",
    "quantity": {"value": Decimal("1.50"), "unit": "盒", "code": "BOX"},
    "priceOverride": {"value": Decimal("18.00"), "currency": "CNY"},
}
ODD: dict[str, Any] = {
    "resourceType": "ChargeItem",
    "id": "c2",
    "identifier": [{"system": "urn:a|b", "value": "c|d"}, {"value": "back\\"}],
}
ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "in-progress",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
    "period": {"start": "2021-05-10T09:00:00+08:00"},
}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"text": "测试 甲", "family": "Müller"}],
    "telecom": [{"system": "phone", "value": "13800000001"}],
    "birthDate": "1980-02",
}
ACCOUNT: dict[str, Any] = {"resourceType": "Account", "id": "a1", "status": "active", "name": "住院账户 A"}

YES = [
    (CHARGE, "_id=c1"),
    (CHARGE, "_tag=TEST"),
    (CHARGE, "identifier=urn:lines|91\\,00"),
    (CHARGE, "identifier=91\\,00"),
    (CHARGE, "identifier=urn:lines|"),
    (CHARGE, "code=1201"),
    (CHARGE, "code=nothing,N-7"),
    (CHARGE, "code=urn:national|N-7&code=urn:items|1201"),
    (CHARGE, "code:not=9999"),
    (CHARGE, "subject=Patient/p1"),
    (CHARGE, "subject=p1"),
    (CHARGE, "subject:Patient=p1"),
    (CHARGE, "subject=http://here.example/fhir/Patient/p1"),
    (CHARGE, "subject:identifier=urn:patients|4711"),
    (CHARGE, "patient=p1"),
    (CHARGE, "context=Encounter/e1"),
    (CHARGE, "account=a1"),
    (CHARGE, "account=https://elsewhere.example/fhir/Account/a9"),
    (CHARGE, "occurrence=2021"),
    (CHARGE, "occurrence=2021-05-17"),
    (CHARGE, "occurrence=2021-05-17T00:30Z"),
    (CHARGE, "occurrence=ge2021-05-17"),
    (CHARGE, "occurrence=le2021-05-17"),
    (CHARGE, "occurrence=gt2021-05-16&occurrence=lt2021-05-18"),
    (CHARGE, "occurrence=ne2021-05-16"),
    (CHARGE, "occurrence=sa2021-05-16,sa2022"),
    (CHARGE, "price-override=18"),
    (CHARGE, "price-override=18.00|urn:iso:std:iso:4217|CNY"),
    (CHARGE, "price-override=gt17.99"),
    (CHARGE, "quantity=1.5||BOX"),
    (CHARGE, "quantity=1.5||KG,1.5||BOX"),
    (CHARGE, "quantity=gt1"),  # R4: more than exactly 1
    (CHARGE, "quantity=lt2"),
    (CHARGE, "quantity=ge1.5"),
    (CHARGE, "quantity=le1.50"),
    (CHARGE, "quantity=ap2"),
    (ODD, "identifier=urn:a\\|b|c\\|d"),
    (ODD, "identifier=nothing,c\\|d"),
    (ODD, "identifier=c\\|d,nothing\\"),
    (ODD, "identifier=back\\\\,nothing"),
    (CHARGE, "identifier=&code=1201"),
    (CHARGE, "entered-date:missing=true"),
    (CHARGE, "subject:missing=false"),
    (ENCOUNTER, "date=ge2030"),
    (ENCOUNTER, "date=lt2021-05-11"),
    (ENCOUNTER, "class=IMP"),
    (ENCOUNTER, "status:not=finished"),
    (PATIENT, "name=测试"),
    (PATIENT, "family=muller"),
    (PATIENT, "name:contains=甲"),
    (PATIENT, "phone=13800000001"),
    (PATIENT, "birthdate=1980"),
    (ACCOUNT, "name:exact=住院账户 A"),
    (ACCOUNT, "period:missing=true"),
]
NO = [
    (CHARGE, "_id=c2"),
    (CHARGE, "code=urn:items|N-7"),
    (CHARGE, "code=|1201"),
    (CHARGE, "code:not=1201"),
    (CHARGE, "subject=Group/p1"),
    (CHARGE, "subject=Patient/p11"),
    (CHARGE, "subject:identifier=urn:other|4711"),
    (CHARGE, "account=a9"),
    (CHARGE, "occurrence=2021-05-16"),
    (CHARGE, "occurrence=eb2021-05-17"),
    (CHARGE, "occurrence=gt2021-05-17"),
    (CHARGE, "occurrence=lt2021-05-17"),
    (CHARGE, "price-override=18.01"),
    (CHARGE, "price-override=18.00|urn:iso:std:iso:4217|USD"),
    (CHARGE, "quantity=lt1.5"),
    (CHARGE, "quantity=gt1.5"),
    (CHARGE, "quantity=sa1.5"),
    (CHARGE, "quantity=1.5||KG,7||BOX"),
    (ODD, "identifier=urn:a|b|c|d"),
    (ODD, "identifier=back\\\\\\,nothing"),
    (CHARGE, "entered-date:missing=false"),
    (ENCOUNTER, "date=lt2021-05-10"),
    (ENCOUNTER, "date=eb2030"),
    (PATIENT, "email=13800000001"),
    (PATIENT, "name=甲"),
    (ACCOUNT, "name:exact=住院账户 a"),
    (ACCOUNT, "period=ge2000"),
    (ACCOUNT, "period=lt2100"),
]


def ask(kind: str, text: str, **how: Any) -> Query:
    base = "http://here.example/fhir"
    return parse(kind, parse_qsl(text, keep_blank_values=True), base=base, **{"in_address": False, **how})


@pytest.mark.parametrize(("resource", "text"), YES, ids=[text for _, text in YES])
def test_found(resource: dict[str, Any], text: str) -> None:
    query = ask(resource["resourceType"], text)
    assert query.criteria
    assert all(criterion.matches(resource) for criterion in query.criteria)


@pytest.mark.parametrize(("resource", "text"), NO, ids=[text for _, text in NO])
def test_not_found(resource: dict[str, Any], text: str) -> None:
    assert not all(criterion.matches(resource) for criterion in ask(resource["resourceType"], text).criteria)


REFUSED = [
    ("Basic", "code=x", "FHIR-201"),
    ("ChargeItem", "status=billable", "FHIR-202"),
    ("ChargeItem", "code:text=x", "FHIR-203"),
    ("ChargeItem", "subject:Device=x", "FHIR-203"),
    ("ChargeItem", "occurrence=yesterday", "FHIR-204"),
    ("ChargeItem", "occurrence=2021-02-30", "FHIR-204"),
    ("ChargeItem", "quantity=much", "FHIR-204"),
    ("ChargeItem", "quantity=1e99", "FHIR-204"),
    ("ChargeItem", "subject=a b", "FHIR-204"),
    ("ChargeItem", "subject:missing=maybe", "FHIR-204"),
    ("ChargeItem", "_count=some", "FHIR-204"),
    ("ChargeItem", "_summary=short", "FHIR-204"),
    ("ChargeItem", "_include=ChargeItem:code", "FHIR-204"),
    ("ChargeItem", "code=" + ",".join("x" * 101), "FHIR-205"),
    ("ChargeItem", "_sort=code", "FHIR-207"),
    ("ChargeItem", "_page=first", "FHIR-209"),
    ("ChargeItem", "_page=0.9223372036854775808", "FHIR-209"),
    ("ChargeItem", "identifier=,", "FHIR-204"),
    ("ChargeItem", "occurrence=,", "FHIR-204"),
    ("Account", "name= ", "FHIR-204"),
    ("Account", '{"name": "x"}', "FHIR-202"),
    ("Account", "name=a%00b", "FHIR-204"),  # which PostgreSQL takes in no text
    ("Task", "&".join(f"focus={','.join(f'x{n}-{m}' for m in range(100))}" for n in range(2)), "FHIR-294"),
    ("Account", "&".join(["name=" + ",".join("x" * 100)] * 6), "FHIR-294"),
]


@pytest.mark.parametrize(("kind", "text", "code"), REFUSED, ids=[f"{kind}?{text[:30]}" for kind, text, _ in REFUSED])
def test_refused(kind: str, text: str, code: str) -> None:
    with pytest.raises(AdapterError) as raised:
        ask(kind, text)
    assert [issue.code for issue in raised.value.issues] == [code]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("Patient", "name=测试甲"),
        ("Patient", "identifier=999999198301250084"),
        ("Coverage", "subscriber:identifier=urn:ids|999999198301250084"),
        ("RelatedPerson", "phone=13800000001"),
    ],
)
def test_a_persons_data_does_not_stand_in_an_address(kind: str, text: str) -> None:
    with pytest.raises(AdapterError) as raised:
        ask(kind, text, in_address=True)
    assert [issue.code for issue in raised.value.issues] == ["FHIR-208"]
    assert text.partition("=")[2] not in str(raised.value)
    assert ask(kind, text).criteria


def test_how_an_answer_is_to_look() -> None:
    query = ask("ChargeItem", "_sort=-date&_count=5000&_include=ChargeItem:subject&_revinclude:iterate=Invoice:account")
    assert (query.order, query.descending, query.count) == (OrderBy.TIME, True, 1000)
    assert [(each.parameter, each.again) for each in (*query.includes, *query.revincludes)] == [
        ("subject", False),
        ("account", True),
    ]
    assert ask("ChargeItem", "_sort=_lastUpdated").order is OrderBy.UPDATED
    assert ask("ChargeItem", f"_page={page_mark((5, -7))}").after == (5, -7)
    assert ask("ChargeItem", "colour=red", lenient=True).left_out == ("colour",)
    assert ask("ChargeItem", "999999198301250084=1", lenient=True).left_out == ("?",), "a name may be personal too"
    assert ask("ChargeItem", "code=x&_page=1.2&reason=why").said == (("code", "x"),)


def test_terms_of_what_has_no_time_and_of_what_is_not_searched() -> None:
    found = terms_of(ACCOUNT)
    assert found is not None
    assert (found.first, found.last) == (NO_TIME, NO_TIME)
    assert terms_of({"resourceType": "Basic", "id": "b"}) is None


def test_a_part_is_marked_as_a_part() -> None:
    part = shown(CHARGE, "true", ())
    assert {"status", "code", "subject", "occurrenceDateTime"} <= part.keys()
    assert "priceOverride" not in part
    assert [tag["code"] for tag in part["meta"]["tag"]] == ["TEST", "SUBSETTED"]
    assert shown(CHARGE, "false", ("quantity",)).keys() == {
        *("resourceType", "id", "meta", "quantity", "status", "code", "subject")
    }
    assert shown(CHARGE, "false", ()) == CHARGE
    assert "text" not in shown({**CHARGE, "text": {}}, "data", ())
