"""The R5 base over HTTP: the same resources in R5, searched by R5's names."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from adapter.fhir.canonical import canonical, decode
from adapter.fhir.r5.convert import to_r4
from adapter.fhir.r5.metadata import SERVED_IN_R5
from adapter.fhir.schema.compiled import fits
from adapter.fhir.written import from_xml
from tests.support.service import Running

XML = "application/fhir+xml"


def sound(answer: httpx.Response) -> dict[str, Any]:
    """A resource out of an answer; it and what stands in it are whole R5."""
    written_in = answer.headers["content-type"].split(";")[0]
    found = from_xml(answer.content, "R5") if written_in == XML else decode(answer.content)
    for each in (found, *(entry["resource"] for entry in found.get("entry", ()) if "resource" in entry)):
        assert fits(each["resourceType"], each, "R5"), each
    return dict(found)


def first(kind: str, stocked: Running) -> dict[str, Any]:
    found = decode(stocked.http.get(f"/fhir/r5/{kind}?_count=1").content)
    resource: dict[str, Any] = found["entry"][0]["resource"]
    return resource


def code_of(answer: httpx.Response) -> str:
    return str(sound(answer)["issue"][0]["details"]["coding"][0]["code"])


@pytest.mark.parametrize("kind", ["Account", "ChargeItem", "Coverage", "Encounter", "Patient", "Task"])
def test_a_resource_is_the_same_in_both_versions_and_formats(stocked: Running, kind: str) -> None:
    name = first(kind, stocked)["id"]
    five = stocked.http.get(f"/fhir/r5/{kind}/{name}")
    assert five.headers["content-type"] == "application/fhir+json; fhirVersion=5.0"
    four = stocked.http.get(f"/fhir/{kind}/{name}")
    assert canonical(to_r4(sound(five))[0]) == canonical(decode(four.content))
    assert five.headers["etag"] == four.headers["etag"]
    marked = stocked.http.get(f"/fhir/r5/{kind}/{name}", headers={"Accept": f"{XML}; fhirVersion=5.0"})
    assert marked.headers["content-type"] == f"{XML}; fhirVersion=5.0"
    assert canonical(sound(marked)) == canonical(sound(five))


def test_what_r5_cannot_say_is_named_in_a_header(stocked: Running) -> None:
    stays = decode(stocked.http.get("/fhir/r5/Encounter?_count=100").content)["entry"]
    ranked = [each["resource"] for each in stays if "diagnosis" in each["resource"]]
    answer = stocked.http.get(f"/fhir/r5/Encounter/{ranked[0]['id']}")
    assert answer.headers["x-r5-losses"] == "Encounter.diagnosis.rank;carried"
    assert "x-r5-losses" not in stocked.http.get(f"/fhir/Encounter/{ranked[0]['id']}").headers


def test_the_statement_names_what_is_served(stocked: Running) -> None:
    statement = sound(stocked.http.get("/fhir/r5/metadata"))
    assert statement["fhirVersion"] == "5.0.0"
    [rest] = statement["rest"]
    assert [each["type"] for each in rest["resource"]] == list(SERVED_IN_R5)
    interactions = {tuple(code["code"] for code in each["interaction"]) for each in rest["resource"]}
    assert interactions == {("read", "vread", "history-instance", "search-type")}
    one = "/fhir/r5/{kind}/{identity}"
    assert {path for path in stocked.app.openapi()["paths"] if path.startswith("/fhir/r5")} == {
        *("/fhir/r5/metadata", "/fhir/r5/{kind}", "/fhir/r5/{kind}/_search"),
        *(one, f"{one}/_history", f"{one}/_history/{{version}}"),
    }


def test_a_search_in_r5s_names(stocked: Running) -> None:
    stay = first("ChargeItem", stocked)["encounter"]["reference"]
    asked = f"/fhir/r5/ChargeItem?encounter={stay}&_count=2&_include=ChargeItem:encounter"
    page = sound(stocked.http.get(asked))
    charges = [each["resource"] for each in page["entry"] if each["search"]["mode"] == "match"]
    assert {each["encounter"]["reference"] for each in charges} == {stay}
    along = [each["resource"] for each in page["entry"] if each["search"]["mode"] == "include"]
    assert [f"{each['resourceType']}/{each['id']}" for each in along] == [stay]
    assert all(urlsplit(each["fullUrl"]).path.startswith("/fhir/r5/") for each in page["entry"])
    links = {each["relation"]: urlsplit(each["url"]) for each in page["link"]}
    assert f"encounter={stay.replace('/', '%2F')}" in links["self"].query
    more = sound(stocked.http.get(f"{links['next'].path}?{links['next'].query}"))
    assert not {each["id"] for each in charges} & {each["resource"]["id"] for each in more["entry"]}


@pytest.mark.parametrize(
    ("five", "four"),
    [("completed", "finished"), ("in-progress", "in-progress,arrived,triaged,onleave"), ("planned", "planned")],
)
def test_codes_are_asked_for_in_r5s_words(stocked: Running, five: str, four: str) -> None:
    names = [
        [each["resource"]["id"] for each in decode(stocked.http.get(address).content).get("entry", ())]
        for address in (f"/fhir/r5/Encounter?status={five}", f"/fhir/Encounter?status={four}")
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize("status", ["finished", "arrived", "discharged"])
def test_r4s_codes_are_none_of_r5s(stocked: Running, status: str) -> None:
    assert "entry" not in sound(stocked.http.get(f"/fhir/r5/Encounter?status={status}"))


@pytest.mark.parametrize("asked", ["ChargeItem?context=Encounter/x", "Coverage?payor=Organization/x"])
def test_a_name_that_r5_does_not_have_is_refused(stocked: Running, asked: str) -> None:
    answer = stocked.http.get(f"/fhir/r5/{asked}")
    assert (answer.status_code, code_of(answer)) == (400, "FHIR-202")


def test_elements_are_r5s(stocked: Running) -> None:
    [entry] = decode(stocked.http.get("/fhir/r5/Encounter?_count=1&_elements=actualPeriod").content)["entry"]
    assert {"actualPeriod", "status"} <= entry["resource"].keys()
    assert "diagnosis" not in entry["resource"]
    for kind in ("Coverage", "Encounter", "ChargeItem", "Account"):
        for asked in ("_summary=true", "_summary=data", "_elements=identifier"):
            sound(stocked.http.get(f"/fhir/r5/{kind}?_count=5&{asked}"))


def test_versions_and_history(stocked: Running) -> None:
    name = first("Encounter", stocked)["id"]
    bundle = sound(stocked.http.get(f"/fhir/r5/Encounter/{name}/_history"))
    newest = bundle["entry"][0]["resource"]
    one = sound(stocked.http.get(f"/fhir/r5/Encounter/{name}/_history/{newest['meta']['versionId']}"))
    assert canonical(one) == canonical(newest)
    assert stocked.http.get(f"/fhir/r5/Encounter/{name}/_history/99").status_code == 404


@pytest.mark.parametrize(
    ("address", "header", "status", "code"),
    [
        ("Patient/nobody", "*/*", 404, "API-809"),
        ("Subscription/x", "*/*", 404, "API-809"),
        ("Subscription", "*/*", 404, "FHIR-201"),
        ("Patient", "application/fhir+json; fhirVersion=4.0", 406, "API-850"),
    ],
)
def test_what_is_not_there_is_said_in_r5(stocked: Running, address: str, header: str, status: int, code: str) -> None:
    answer = stocked.http.get(f"/fhir/r5/{address}", headers={"Accept": header})
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.headers["content-type"].endswith("fhirVersion=5.0")


def test_whoever_reads_stands_in_the_journal(stocked: Running) -> None:
    name = first("Patient", stocked)["id"]

    def lines() -> int:
        with stocked.app.state.service.tools.ledger.reading() as tx:
            rows = tx.journal(after=0, limit=100_000)
        return sum(row.event.actor.id == "window-3" for row in rows)

    before = lines()
    stocked.http.get(f"/fhir/r5/Patient/{name}", headers={"X-Actor": "window-3"})
    assert lines() == before + 1


def test_hl7_chinas_identifiers_where_the_hospital_wants_them(stocked: Running) -> None:
    """The guide's systems are shown and searched; the R4 base keeps ours."""
    own, guides = "urn:oid:2.16.156.10011.1.3", "urn:oid:2.16.840.1.113883.2.23.1.19.1"
    found = decode(stocked.http.get("/fhir/Patient?_count=1000").content)["entry"]
    cards = [
        (each["resource"]["id"], one["value"])
        for each in found
        for one in each["resource"]["identifier"]
        if one.get("system") == own
    ]
    name, card = cards[0]
    stocked.app.state.settings.r5_identifiers = "hl7-china"
    try:
        shown = sound(stocked.http.get(f"/fhir/r5/Patient/{name}"))
        assert {"system": guides, "value": card}.items() <= _card(shown, guides).items()
        asked = stocked.http.post(
            "/fhir/r5/Patient/_search",
            content=urlencode({"identifier": f"{guides}|{card}"}),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert [entry["resource"]["id"] for entry in sound(asked)["entry"]] == [name]
    finally:
        stocked.app.state.settings.r5_identifiers = "ours"
    assert _card(decode(stocked.http.get(f"/fhir/Patient/{name}").content), own)["value"] == card


def _card(patient: dict[str, Any], system: str) -> dict[str, Any]:
    [found] = [each for each in patient["identifier"] if each.get("system") == system]
    return dict(found)
