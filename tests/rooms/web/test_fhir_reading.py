"""The FHIR server over HTTP: formats, versions, searches, links; errors as OperationOutcomes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from lxml import etree

from adapter.fhir.canonical import canonical, decode
from adapter.fhir.metadata import SERVED
from adapter.fhir.search.parameters import parameters_of
from adapter.fhir.validation import validate
from adapter.fhir.xml_in import resource_of
from tests.support.service import Running

XML = "application/fhir+xml"


def read(answer: httpx.Response) -> dict[str, Any]:
    """A resource out of an answer of either format."""
    if answer.headers["content-type"].startswith(XML):
        return resource_of(etree.fromstring(answer.content))
    found: dict[str, Any] = decode(answer.content)
    return found


def some(kind: str, stocked: Running) -> dict[str, Any]:
    found = read(stocked.http.get(f"/fhir/{kind}?_count=1"))
    resource: dict[str, Any] = found["entry"][0]["resource"]
    return resource


def code_of(answer: httpx.Response) -> str:
    outcome = read(answer)
    assert outcome["resourceType"] == "OperationOutcome"
    assert validate([outcome]) == []
    [coding] = outcome["issue"][0]["details"]["coding"]
    return str(coding["code"])


@pytest.mark.parametrize("kind", ["Patient", "Encounter", "Coverage", "ChargeItem", "Account", "Task"])
def test_xml_and_json_say_the_same(stocked: Running, kind: str) -> None:
    place = f"/fhir/{kind}/{some(kind, stocked)['id']}"
    plain, marked = stocked.http.get(place), stocked.http.get(place, headers={"Accept": XML})
    assert marked.headers["content-type"] == f"{XML}; fhirVersion=4.0"
    assert canonical(read(plain)) == canonical(read(marked))


@pytest.mark.parametrize(
    ("asked", "header", "given"),
    [
        ("", "*/*", "json"),
        ("", "application/xml;q=0.9, application/fhir+json", "json"),
        ("", "application/fhir+json;q=0.1, text/xml", "xml"),
        ("", "application/fhir+json;fhirVersion=4.0", "json"),
        ("?_format=xml", "application/fhir+json", "xml"),
        ("?_format=application/fhir+json", XML, "json"),
        ("?_format=", XML, "xml"),
        ("", "application/fhir+json;q=0, */*", "xml"),
        ("", "application/fhir+json, */*;q=0", "json"),
    ],
)
def test_the_format_is_the_one_that_was_asked_for(stocked: Running, asked: str, header: str, given: str) -> None:
    answer = stocked.http.get(f"/fhir/metadata{asked}", headers={"Accept": header})
    assert (answer.status_code, given in answer.headers["content-type"]) == (200, True)


@pytest.mark.parametrize(
    ("asked", "header"),
    [
        ("", "text/html"),
        ("", "application/fhir+json; fhirVersion=5.0"),
        ("?_format=ttl", "*/*"),
        ("?_format=application/fhir%2Bjson;fhirVersion=5.0", "*/*"),
    ],
)
def test_another_format_is_not_acceptable(stocked: Running, asked: str, header: str) -> None:
    answer = stocked.http.get(f"/fhir/metadata{asked}", headers={"Accept": header})
    assert (answer.status_code, code_of(answer)) == (406, "API-850")


def test_an_error_comes_in_the_format_that_was_asked_for(stocked: Running) -> None:
    answer = stocked.http.get("/fhir/Patient/nobody", headers={"Accept": XML})
    assert answer.headers["content-type"].startswith(XML)
    assert (answer.status_code, code_of(answer)) == (404, "API-809")


def test_what_is_known_is_not_sent_again(stocked: Running) -> None:
    place = f"/fhir/Patient/{some('Patient', stocked)['id']}"
    first = stocked.http.get(place)
    for name, known in (
        ("If-None-Match", first.headers["etag"]),
        ("If-Modified-Since", first.headers["last-modified"]),
    ):
        again = stocked.http.get(place, headers={name: known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert stocked.http.get(place, headers={"If-None-Match": 'W/"99"'}).status_code == 200
    for no_date in ("soon", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"):
        assert stocked.http.get(place, headers={"If-Modified-Since": no_date}).status_code == 200


def test_versions_and_history(stocked: Running) -> None:
    name = some("Encounter", stocked)["id"]
    version = stocked.http.get(f"/fhir/Encounter/{name}").headers["etag"].strip('W/"')
    assert stocked.http.get(f"/fhir/Encounter/{name}/_history/{version}").status_code == 200
    for unknown in ("99", "x", "0"):
        assert stocked.http.get(f"/fhir/Encounter/{name}/_history/{unknown}").status_code == 404
    bundle = read(stocked.http.get(f"/fhir/Encounter/{name}/_history"))
    assert validate([bundle]) == []
    assert bundle["entry"][0]["resource"]["meta"]["versionId"] == version
    assert bundle["total"] == int(version)
    later = read(stocked.http.get(f"/fhir/Encounter/{name}/_history?_since=2999-01-01T00:00:00Z"))
    assert (later["total"], "entry" in later) == (0, False)
    assert stocked.http.get(f"/fhir/Encounter/{name}/_history?_since=soon").status_code == 400
    assert read(stocked.http.get(f"/fhir/Encounter/{name}/_history?_since=&_count=")) == bundle


def test_next_links_lead_through_everything_once(stocked: Running) -> None:
    place, seen = "/fhir/ChargeItem?_count=400&_sort=-date&_total=accurate", []
    while place:
        bundle = read(stocked.http.get(place))
        assert validate([bundle]) == []
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        following = [urlsplit(link["url"]) for link in bundle["link"] if link["relation"] == "next"]
        place = f"{following[0].path}?{following[0].query}" if following else ""
    assert len(seen) == len(set(seen)) == bundle["total"]


def test_a_page_with_what_belongs_to_it(stocked: Running) -> None:
    charge = some("ChargeItem", stocked)
    asked = {"subject": charge["subject"]["reference"], "_include": "ChargeItem:subject", "_count": "5"}
    bundle = read(stocked.http.get("/fhir/ChargeItem", params=asked))
    modes = [entry["search"]["mode"] for entry in bundle["entry"]]
    assert modes == ["match"] * 5 + ["include"]
    assert bundle["entry"][-1]["resource"]["resourceType"] == "Patient"
    assert bundle["link"][0]["url"].startswith(f"{stocked.base}/fhir/ChargeItem?subject=Patient")


def test_parts_of_resources(stocked: Running) -> None:
    bundle = read(stocked.http.get("/fhir/ChargeItem?_elements=quantity&_count=1"))
    assert "priceOverride" not in bundle["entry"][0]["resource"]
    summary = read(stocked.http.get(f"/fhir/ChargeItem/{some('ChargeItem', stocked)['id']}?_summary=true"))
    assert summary["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert validate([summary]) == []
    assert read(stocked.http.get("/fhir/ChargeItem?_summary=count")).keys() == {"resourceType", "type", "total", "link"}


def test_a_persons_data_travels_in_the_body_only(stocked: Running) -> None:
    refused = stocked.http.get("/fhir/Patient", params={"name": "测试"})
    assert (refused.status_code, code_of(refused)) == (400, "FHIR-208")
    bundle = read(stocked.http.post("/fhir/Patient/_search", data={"name": "测试", "_count": "2"}))
    assert len([entry for entry in bundle["entry"] if entry["search"]["mode"] == "match"]) == 2
    assert [link["url"] for link in bundle["link"]] == [f"{stocked.base}/fhir/Patient"]
    assert bundle["entry"][-1]["search"]["mode"] == "outcome", "there are more, and no link may say where"


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("ChargeItem?colour=red", 400, "FHIR-202"),
        ("ChargeItem?code:text=x", 400, "FHIR-203"),
        ("ChargeItem?occurrence=soon", 400, "FHIR-204"),
        ("ChargeItem?_sort=code", 400, "FHIR-207"),
        ("ChargeItem?_page=first", 400, "FHIR-209"),
        ("ChargeItem?_page=0.9999999999999999999", 400, "FHIR-209"),
        ("ChargeItem?subject.name=x", 400, "FHIR-202"),
        ("ChargeItem?reason=%00", 422, "API-803"),
        ("ChargeItem?subject:Patient.name=x", 400, "FHIR-203"),
        ("Patient?_has:ChargeItem:subject:code=x", 400, "FHIR-202"),
        ("Basic?code=x", 404, "FHIR-201"),
    ],
)
def test_what_is_wrong_with_a_search(stocked: Running, asked: str, status: int, code: str) -> None:
    answer = stocked.http.get(f"/fhir/{asked}")
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_search_by_post_is_a_form_whose_controls_count(stocked: Running) -> None:
    asked = {"identifier": "urn:x|nobody", "_format": "xml"}
    assert stocked.http.post("/fhir/Patient/_search", data=asked).headers["content-type"].startswith(XML)
    refused = stocked.http.post("/fhir/Patient/_search", json=asked)
    assert (refused.status_code, code_of(refused)) == (415, "API-898"), "else it would answer with everybody"
    form = {"content-type": "application/x-www-form-urlencoded"}
    misread = stocked.http.post("/fhir/Patient/_search", content=b'{"identifier": "nobody"}', headers=form)
    assert (misread.status_code, code_of(misread)) == (400, "FHIR-202")


def test_the_statement_says_who_may_come_in(stocked: Running) -> None:
    for base in ("/fhir", "/fhir/r5"):
        security = stocked.http.get(f"{base}/metadata").json()["rest"][0]["security"]
        assert (security["cors"], security["description"][:19]) == (False, "No token is asked f")


def test_what_is_unknown_is_left_out_where_that_is_wanted(stocked: Running) -> None:
    bundle = read(stocked.http.get("/fhir/ChargeItem?colour=red&_count=1", headers={"Prefer": "handling=lenient"}))
    assert bundle["entry"][-1]["resource"]["issue"][0]["details"]["coding"][0]["code"] == "API-852"


def test_every_parameter_of_the_statement_is_taken(stocked: Running) -> None:
    """The CapabilityStatement is made from the same definitions; each of its promises is tried."""
    values = {
        "token": "x",
        "reference": "x",
        "date": "2021",
        "string": "x",
        "quantity": "1",
        "number": "1",
        "uri": "urn:x",
    }
    statement = stocked.http.get("/fhir/metadata").json()
    types = {each["type"]: each for each in statement["rest"][0]["resource"]}
    for kind in SERVED:
        asked = {each["name"]: values[each["type"]] for each in types[kind]["searchParam"]}
        assert asked.keys() == parameters_of(kind).keys()
        answer = stocked.http.post(f"/fhir/{kind}/_search", data=asked)
        assert answer.status_code == 200, (kind, answer.text)
