"""A hospital that speaks FHIR over HTTP; $translate; the work list of codes; lineage as JSON and as Provenance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapter.doors.web.models import LineageOut, TakenOut, UnmappedPage
from adapter.fhir.canonical import decode, encode
from adapter.fhir.validation import validate
from adapter.fhir.written import from_xml
from adapter.fhir.xml_out import xml_of
from tests.support.native import SOURCE, bundle, charge, ndjson, resources, xml
from tests.support.service import Running, serving, settings_for

CANON = "https://pay-after-care.example/fhir"
JSON, XML = "application/fhir+json", "application/fhir+xml"
TRANSLATE = "/fhir/ConceptMap/$translate"


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that has taken one Bundle in."""
    with serving(settings_for(tmp_path_factory.mktemp("native"))) as running:
        assert send(running.http, bundle(*resources(), charge(5, "9.90", code={"coding": [{"code": "NEW"}]})))
        yield running


def send(http: httpx.Client, body: bytes, kind: str = JSON, **params: str) -> TakenOut:
    answer = http.post(f"/his/{SOURCE}", content=body, params=params, headers={"content-type": kind})
    assert answer.status_code == 200, answer.text
    return TakenOut.model_validate(answer.json())


@pytest.mark.parametrize(
    ("body", "kind", "suffix"),
    [
        (bundle(*resources()), JSON, ".json"),
        (bundle(*resources()), f"{JSON}; fhirVersion=4.0; charset=utf-8", ".json"),
        (ndjson(*resources()), "application/fhir+ndjson", ".ndjson"),
        (xml(*resources()), "application/fhir+xml", ".xml"),
    ],
)
def test_fhir_needs_no_file_name(native: Running, body: bytes, kind: str, suffix: str) -> None:
    taken = send(native.http, body, kind, dry_run="true")
    assert [stay.stay_key for stay in taken.stays] == ["V1"]
    (name,) = taken.files
    assert name.startswith("fhir-") and name.endswith(suffix)
    assert send(native.http, body, kind, dry_run="true").files == [name]


def test_any_other_body_still_needs_one(native: Running) -> None:
    answer = native.http.post(f"/his/{SOURCE}", content=b"{}", headers={"content-type": "application/json"})
    assert answer.status_code == 422 and answer.json()["issues"][0]["code"] == "API-805"


def codes_of(found: dict[str, Any]) -> list[str]:
    assert found["resourceType"] == "Parameters" and validate([found]) == []
    parts = [each["part"] for each in found["parameter"] if each["name"] == "match"]
    return [part["valueCoding"]["code"] for each in parts for part in each if part["name"] == "concept"]


def translated(http: httpx.Client, status: int = 200, **params: str) -> dict[str, Any]:
    answer = http.get(TRANSLATE, params=params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith(JSON)
    found: dict[str, Any] = decode(answer.content)
    return found


@pytest.mark.parametrize(
    ("table", "code", "answers"),
    [
        ("qingshi_county/item", "1101", ["009900000110100-990110100"]),
        ("qingshi_county/diagnosis", "3301", ["J18.900"]),
        ("qingshi_county/insurance", "2000", ["residents"]),
        ("qingshi_county/hospital-level", "999901001", ["secondary"]),
        ("qingshi_county/insurance", "02000", []),
        ("qingshi_county/item", "x1101", []),
    ],
)
def test_codes_are_translated_exactly(native: Running, table: str, code: str, answers: list[str]) -> None:
    found = translated(native.http, system=f"{CANON}/CodeSystem/{table}", code=code)
    assert codes_of(found) == answers
    assert found["parameter"][0] == {"name": "result", "valueBoolean": bool(answers)}
    url = f"{CANON}/ConceptMap/{table}".replace("_", "-").replace("county/", "county-")
    assert codes_of(translated(native.http, url=url, code=code)) == answers


def test_the_hospitals_own_system_may_be_named(native: Running) -> None:
    system = "https://fhir.tianhu.example/cs/insurance-type"
    assert codes_of(translated(native.http, system=system, code="20")) == ["residents"]
    assert codes_of(translated(native.http, system="https://fhir.tianhu.example/cs/charge-item", code="T2101")) != []


def test_reverse_leads_from_our_code_to_the_hospitals(native: Running) -> None:
    asked = {"system": f"{CANON}/CodeSystem/insurance", "code": "residents", "reverse": "true"}
    url = f"{CANON}/ConceptMap/tianhu-county-insurance"
    assert codes_of(translated(native.http, **asked, url=url)) == ["20"]
    theirs = f"{CANON}/CodeSystem/tianhu_county/insurance"
    assert codes_of(translated(native.http, **asked, targetsystem=theirs)) == ["20"]


def post(http: httpx.Client, *parameters: dict[str, Any]) -> httpx.Response:
    body = encode({"resourceType": "Parameters", "parameter": list(parameters)})
    return http.post(TRANSLATE, content=body, headers={"content-type": JSON})


def test_parameters_as_a_body(native: Running) -> None:
    system = f"{CANON}/CodeSystem/tianhu_county/insurance"
    coding = {"system": system, "code": "10"}
    for asked in (
        [{"name": "coding", "valueCoding": coding}],
        [{"name": "code", "valueCode": "10"}, {"name": "system", "valueUri": system}],
        [{"name": "codeableConcept", "valueCodeableConcept": {"coding": [{**coding, "code": "no"}, coding]}}],
        [{"name": "coding", "valueCoding": coding}, {"name": "reverse", "valueBoolean": False}],
    ):
        answer = post(native.http, *asked)
        assert answer.status_code == 200 and codes_of(decode(answer.content)) == ["employees"]


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"system": f"{CANON}/CodeSystem/tianhu_county/insurance"}, 400, "API-830"),
        ({"code": "10"}, 404, "API-831"),
        ({"code": "10", "system": "http://loinc.org"}, 404, "API-831"),
        ({"code": "10", "url": f"{CANON}/ConceptMap/tianhu-county-insurance", "date": "soon"}, 400, "API-830"),
        ({"code": "10", "url": f"{CANON}/ConceptMap/tianhu-county-insurance", "dependency": "x"}, 400, "API-830"),
    ],
)
def test_a_question_that_cannot_be_answered(native: Running, params: dict[str, str], status: int, code: str) -> None:
    found = translated(native.http, status, **params)
    assert found["resourceType"] == "OperationOutcome"
    assert found["issue"][0]["details"]["coding"][0]["code"] == code


def test_bodies_that_are_no_question(native: Running) -> None:
    for asked in ([], [{"name": "nonsense"}], [{"name": "code", "valueCode": "1"}] * 2):
        assert post(native.http, *asked).status_code == 400
    reverse = {"name": "reverse", "valueString": "yes"}
    assert post(native.http, {"name": "code", "valueCode": "1"}, reverse).status_code == 400
    assert native.http.post(TRANSLATE, content=b"[]").status_code == 400


def test_the_work_list_of_codes(native: Running) -> None:
    answer = native.http.get("/codes/unmapped", params={"source": SOURCE})
    (only,) = UnmappedPage.model_validate(answer.json()).codes
    assert (only.kind, only.code, only.amount, only.stays) == ("item", "NEW", "9.90", 1)
    assert native.http.get("/codes/unmapped", params={"source": "yunxi_county"}).json() == {"codes": []}


def test_a_translation_in_xml(native: Running) -> None:
    system = f"{CANON}/CodeSystem/tianhu_county/insurance"
    listed = [{"name": "code", "valueCode": "10"}, {"name": "system", "valueUri": system}]
    body = xml_of({"resourceType": "Parameters", "parameter": listed})
    answer = native.http.post(TRANSLATE, content=body, headers={"content-type": XML, "accept": XML})
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{XML}; fhirVersion=4.0")
    assert codes_of(from_xml(answer.content)) == ["employees"]
    asked = {"system": system, "code": "10", "_format": "xml"}
    assert native.http.get(TRANSLATE, params=asked).content == answer.content
    refused = native.http.get(TRANSLATE, params={"_format": "xml"})
    assert (refused.status_code, from_xml(refused.content)["resourceType"]) == (400, "OperationOutcome")
    assert native.http.get(TRANSLATE, params=asked | {"_format": "ttl"}).status_code == 406
    assert native.http.post(TRANSLATE, content=body, headers={"content-type": "text/csv"}).status_code == 415


def test_lineage_both_ways_and_as_provenance(native: Running) -> None:
    case = f"/cases/{SOURCE}-V1/lineage"
    found = LineageOut.model_validate(native.http.get(case, params={"path": "ChargeItem.priceOverride.value"}).json())
    assert len(found.elements) == 4
    assert all(each.sources[0].pointer.endswith(".priceOverride.value") for each in found.elements)
    touched = LineageOut.model_validate(native.http.get(case, params={"field": "Patient.name[0].text"}).json())
    assert [each.path for each in touched.elements] == ["Patient.name[0].text"]
    assert "测试某" not in native.http.get(case).text
    answer = native.http.get(case, headers={"accept": JSON})
    made = decode(answer.content)
    assert answer.headers["content-type"].startswith(JSON) and made["type"] == "searchset"
    assert validate([made]) == [] and made["total"] == len(made["entry"]) > 50
    assert from_xml(native.http.get(case, headers={"accept": XML}).content) == made
    with native.app.state.service.tools.ledger.reading() as tx:
        noted = [line.event for line in tx.journal(f"{SOURCE}-V1") if line.event.data.get("what") == "lineage-read"]
    assert len(noted) == 5 and noted[0].data["data"] == {"path": "ChargeItem.priceOverride.value", "field": ""}


def test_lineage_of_nothing(native: Running) -> None:
    assert native.http.get("/cases/nobody-1/lineage").status_code == 404
    wrong = native.http.get(f"/cases/{SOURCE}-V1/lineage", params={"path": "Device.status"})
    assert wrong.status_code == 422 and wrong.json()["issues"][0]["code"] == "MAP-131"
