"""Create, update, transaction and batch over HTTP: statuses, headers, formats, refusals, one effect."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from lxml import etree

from adapter.fhir.canonical import decode, encode
from adapter.fhir.identity import resource_id
from adapter.fhir.validation import validate
from adapter.fhir.xml_in import resource_of
from adapter.fhir.xml_out import xml_of
from tests.support.native import SOURCE, Resource, charge, resources, transaction
from tests.support.service import Running, serving, settings_for

JSON = "application/fhir+json"
XML = "application/fhir+xml"
WHO = {"content-type": JSON, "X-Source": SOURCE, "X-Actor": "his-1"}


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose hospital speaks FHIR and has written one stay."""
    with serving(settings_for(tmp_path_factory.mktemp("native"))) as running:
        answer = running.http.post("/fhir", content=transaction(*resources()), headers=WHO)
        assert answer.status_code == 200, answer.text
        yield running


def send(native: Running, method: str, path: str, resource: Any, status: int, **headers: str) -> httpx.Response:
    said = {**WHO, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = native.http.request(method, path, content=encode(resource), headers=said)
    assert answer.status_code == status, answer.text
    return answer


def read(answer: httpx.Response) -> Resource:
    found: Resource
    if answer.headers["content-type"].startswith(XML):
        found = resource_of(etree.fromstring(answer.content))
    else:
        found = decode(answer.content)
    assert [issue for issue in validate([found], sending=False) if issue.stops] == []
    return found


def code_of(answer: httpx.Response) -> str:
    outcome = read(answer)
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["details"]["coding"][0]["code"])


def patient(number: int, **more: Any) -> Resource:
    named = {"resourceType": "Patient", "identifier": [{"system": "urn:x:person", "value": f"N{number}"}]}
    return {**named, "gender": "female", **more}


def bundle(kind: str, *entries: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method: str, url: str, resource: Resource | None = None, **request: Any) -> Resource:
    held = {} if resource is None else {"resource": resource}
    return {**held, "request": {"method": method, "url": url, **request}}


def test_a_created_resource_is_read_back_at_its_location(native: Running) -> None:
    made = send(native, "POST", "/fhir/Patient", patient(1), 201)
    at = made.headers["location"]
    assert at.startswith(f"{native.base}/fhir/Patient/") and at.endswith("/_history/1")
    assert made.headers["etag"] == 'W/"1"' and made.headers["last-modified"].endswith("GMT")
    found = read(native.http.get(at))
    assert found == read(made) and {**found, **patient(1)} == found
    place = at.partition("/_history")[0]
    assert read(native.http.get(place)) == found
    assert read(native.http.get("/fhir/Patient?identifier=urn:x:person|N1"))["entry"][0]["fullUrl"] == place


def test_an_update_needs_the_present_version_where_it_names_one(native: Running) -> None:
    made = send(native, "PUT", "/fhir/Organization/O1", {"resourceType": "Organization", "id": "O1", "name": "甲"}, 201)
    assert made.headers["location"] == f"{native.base}/fhir/Organization/O1/_history/1"
    newer = {"resourceType": "Organization", "id": "O1", "name": "乙"}
    again = send(native, "PUT", "/fhir/Organization/O1", newer, 200, If_Match='W/"1"')
    assert again.headers["etag"] == 'W/"2"'
    stale = send(native, "PUT", "/fhir/Organization/O1", {**newer, "name": "丙"}, 412, If_Match='W/"1"')
    assert code_of(stale) == "FHIR-287"
    assert code_of(send(native, "PUT", "/fhir/Organization/O1", newer, 400, If_Match="soon")) == "API-859"
    assert code_of(send(native, "PUT", "/fhir/Organization/O1", newer, 412, If_None_Match="*")) == "FHIR-292"
    assert code_of(send(native, "PUT", "/fhir/Organization/O1", newer, 400, If_None_Match='W/"9"')) == "API-859"
    versions = read(native.http.get("/fhir/Organization/O1/_history"))
    assert [each["resource"]["name"] for each in versions["entry"]] == ["乙", "甲"]
    first = native.http.get("/fhir/Organization/O1/_history/1")
    assert (first.headers["etag"], read(first)["name"]) == ('W/"1"', "甲")
    assert native.http.get("/fhir/Organization/O1/_history/3").status_code == 404
    card = send(native, "POST", "/fhir/ChargeItem", charge(140), 201).headers["location"]
    assert native.http.get(card.replace("_history/1", "_history/2")).status_code == 404


@pytest.mark.parametrize(
    ("prefer", "holds"),
    [("return=minimal", ""), ("return=representation", "ChargeItem"), ("return=OperationOutcome", "OperationOutcome")],
)
def test_prefer(native: Running, prefer: str, holds: str) -> None:
    number = {"": 20, "ChargeItem": 21, "OperationOutcome": 22}[holds]
    answer = send(native, "PUT", f"/fhir/ChargeItem/C{number}", charge(number), 201, Prefer=prefer)
    assert (read(answer)["resourceType"] if answer.content else "") == holds
    early = charge(number + 10, context={"reference": "Encounter/not-yet"})
    waiting = send(native, "PUT", f"/fhir/ChargeItem/C{number + 10}", early, 201, Prefer=prefer)
    assert waiting.headers.get("x-issues") == ("SRC-175" if holds else None)
    if holds == "OperationOutcome":
        assert code_of(waiting) == "SRC-175"


def test_what_was_answered_at_once_is_taken_in_right_after(native: Running) -> None:
    send(native, "PUT", "/fhir/ChargeItem/C40", charge(40, "7.77"), 201, Prefer="return=minimal")
    found = f"/fhir/ChargeItem/{resource_id(SOURCE, 'ChargeItem', 'C40')}"
    send(native, "PUT", "/fhir/ChargeItem/C41", charge(41), 201)  # its answer comes after the other was taken in
    for _ in range(200):
        if (answer := native.http.get(found)).status_code == 200:
            break
    assert answer.status_code == 200


def test_xml_in_and_out(native: Running) -> None:
    sent = {**charge(50, "8.80"), "meta": {"profile": ["urn:x"]}}
    said = {**WHO, "content-type": XML, "accept": XML}
    made = native.http.put("/fhir/ChargeItem/C50", content=xml_of(sent), headers=said)
    assert (made.status_code, made.headers["content-type"]) == (201, f"{XML}; fhirVersion=4.0")
    assert str(read(made)["priceOverride"]["value"]) == "8.80"
    assert b'"value":8.80' in native.http.get("/fhir/ChargeItem/C50").content
    wrong = native.http.put("/fhir/ChargeItem/C50", content=b"<ChargeItem", headers=said)
    assert wrong.status_code in (400, 422) and read(wrong)["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_no_entity_comes_in_with_xml(native: Running, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE Patient [<!ENTITY e "female">]>'
    sent = f'{head}<Patient xmlns="http://hl7.org/fhir"><gender value="&e;"/></Patient>'.encode(encoding)
    answer = native.http.post("/fhir/Patient", content=sent, headers={**WHO, "content-type": XML})
    assert (answer.status_code, code_of(answer)) == (422, "FHIR-236")


@pytest.mark.parametrize("number", ["1e999999", "1e999990", "-1e-999999"])
def test_no_number_keeps_the_service_busy(native: Running, number: str) -> None:
    sent = encode(charge(55)).replace(b'"quantity":{"value":1}', f'"quantity":{{"value":{number}}}'.encode())
    answer = native.http.put("/fhir/ChargeItem/C55", content=sent, headers=WHO)
    assert (answer.status_code, code_of(answer)) == (422, "FHIR-293")
    marked = xml_of(charge(55)).replace(
        b'<quantity><value value="1"/>', f'<quantity><value value="{number}"/>'.encode()
    )
    answer = native.http.put("/fhir/ChargeItem/C55", content=marked, headers={**WHO, "content-type": XML})
    assert answer.status_code == 422


def test_conditions_over_http(native: Running) -> None:
    known = "identifier=urn:x:person|N60"
    first = send(native, "POST", "/fhir/Patient", patient(60), 201, If_None_Exist=known)
    again = send(native, "POST", "/fhir/Patient", patient(60), 200, If_None_Exist=known)
    assert first.headers["location"] == again.headers["location"]
    changed = send(native, "PUT", f"/fhir/Patient?{known}", patient(60, gender="male"), 200)
    assert changed.headers["etag"] == 'W/"2"'
    send(native, "PUT", "/fhir/Patient?identifier=urn:x:person|N61", patient(61), 201)
    send(native, "POST", "/fhir/Patient", patient(60), 201)
    several = send(native, "POST", "/fhir/Patient", patient(60), 412, If_None_Exist=known)
    assert code_of(several) == "FHIR-286"
    assert code_of(send(native, "POST", "/fhir/Patient", patient(62), 400, If_None_Exist="?")) == "API-859"
    assert code_of(send(native, "PUT", "/fhir/Patient", patient(62), 400)) == "API-859"
    card = "/fhir/Patient?identifier=urn:x:card|999999197005060011"
    assert code_of(send(native, "PUT", card, patient(62), 400)).startswith("FHIR-20")  # not in an address
    unknown = send(native, "POST", "/fhir/Patient", patient(62), 400, If_None_Exist="no-such=1")
    assert code_of(unknown).startswith("FHIR-20")


def test_parallel_identical_conditional_creates_make_one_resource(native: Running) -> None:
    said = {**WHO, "If-None-Exist": "identifier=urn:x:person|N70"}

    def create(_: int) -> tuple[int, str]:
        answer = httpx.post(f"{native.base}/fhir/Patient", content=encode(patient(70)), headers=said, timeout=60)
        return answer.status_code, answer.headers["location"]

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(create, range(6)))
    assert sorted(status for status, _ in found) == [200] * 5 + [201]
    assert len({place for _, place in found}) == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PATCH", "/fhir/ChargeItem/C1", 405, "API-858"),
        ("DELETE", "/fhir/ChargeItem/C1", 405, "API-858"),
        ("POST", "/fhir/Invoice", 405, "API-857"),
        ("PUT", "/fhir/Claim/x", 405, "API-857"),
        ("POST", "/fhir/Basic", 404, "API-809"),
        ("POST", "/fhir/Patient", 400, "FHIR-283"),
        ("PUT", "/fhir/ChargeItem/other", 400, "FHIR-283"),
        ("POST", "/fhir", 400, "FHIR-284"),
    ],
)
def test_what_is_not_done(native: Running, method: str, path: str, status: int, code: str) -> None:
    answer = send(native, method, path, charge(1), status)
    assert code_of(answer) == code
    assert ("allow" in answer.headers) is (status == 405)


def test_whose_it_is_must_be_said(native: Running) -> None:
    answer = native.http.post("/fhir/Patient", content=encode(patient(80)))
    assert (answer.status_code, code_of(answer)) == (400, "API-854")
    assert code_of(send(native, "POST", "/fhir/Patient", patient(80), 422, X_Source="qingshi_county")) == "API-856"
    assert code_of(send(native, "POST", "/fhir/Patient", patient(80), 404, X_Source="nobody")) == "MAP-112"


def test_sent_twice_under_one_key_is_done_once(native: Running) -> None:
    first = send(native, "POST", "/fhir/Patient", patient(90), 201, Idempotency_Key="k-90")
    again = send(native, "POST", "/fhir/Patient", patient(90), 201, Idempotency_Key="k-90")
    assert again.headers["idempotent-replayed"] == "true"
    assert first.headers["location"] == again.headers["location"]


def test_a_transaction_answers_entry_by_entry(native: Running) -> None:
    sent = bundle(
        "transaction",
        {**entry("POST", "Patient", patient(100), ifNoneExist="identifier=urn:x:person|N100"), "fullUrl": "urn:uuid:a"},
        entry("PUT", "Account/A100", {"resourceType": "Account", "id": "A100", "status": "active",
                                     "subject": [{"reference": "urn:uuid:a"}]}),
        entry("GET", "Patient?identifier=urn:x:person|N100"),
        entry("GET", "Account/A100"),
        entry("GET", "Account/nobody"),
    )  # fmt: skip
    answer = read(send(native, "POST", "/fhir", sent, 200))
    assert answer["type"] == "transaction-response"
    statuses = [each["response"]["status"] for each in answer["entry"]]
    assert statuses == ["201 Created", "201 Created", "200 OK", "200 OK", "404 Not Found"]
    place = answer["entry"][0]["response"]["location"].removeprefix(f"{native.base}/fhir/").partition("/_h")[0]
    assert answer["entry"][3]["resource"]["subject"] == [{"reference": place}]
    assert answer["entry"][2]["resource"]["entry"][0]["resource"]["id"] == place.partition("/")[2]
    again = read(send(native, "POST", "/fhir", sent, 200, Prefer="return=representation"))
    assert [each["response"]["status"] for each in again["entry"][:2]] == ["200 OK", "200 OK"]
    assert again["entry"][1]["resource"]["id"] == "A100"
    nothing = {"resourceType": "Bundle", "type": "transaction"}
    assert decode(send(native, "POST", "/fhir", nothing, 200).content) == {**nothing, "type": "transaction-response"}


def test_what_a_bundle_may_read(native: Running) -> None:
    account = {"resourceType": "Account", "id": "A130", "status": "active", "name": "甲"}
    send(native, "PUT", "/fhir/Account/A130", account, 201)
    urls = ("Account/A130?_elements=status", "Account/A130/_history", "Account/none/_history", "metadata")
    sent = bundle("batch", *(entry("GET", url) for url in urls), entry("HEAD", "Account/A130"))
    part, history, nobody, never, head = read(send(native, "POST", "/fhir", sent, 200))["entry"]
    assert "name" not in part["resource"] and history["resource"]["total"] == 1
    assert [each["response"]["status"][:3] for each in (nobody, never, head)] == ["404", "404", "200"]
    assert head["response"]["etag"] == 'W/"1"' and "resource" not in head
    again = send(native, "PUT", "/fhir/Account/A130", part["resource"], 400)
    assert code_of(again) == "FHIR-295", "a part is not written over the whole"


def test_a_transaction_that_is_wrong_does_nothing(native: Running) -> None:
    wrong = bundle(
        "transaction",
        entry("PUT", "Organization/O110", {"resourceType": "Organization", "id": "O110", "name": "甲"}),
        entry("DELETE", "ChargeItem/C1"),
    )
    answer = send(native, "POST", "/fhir", wrong, 405)
    assert code_of(answer) == "API-858"
    assert read(answer)["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert native.http.get("/fhir/Organization/O110").status_code == 404


def test_of_a_batch_each_entry_stands_for_itself(native: Running) -> None:
    organization = {"resourceType": "Organization", "id": "O120", "name": "甲"}
    sent = bundle(
        "batch",
        entry("PUT", "Organization/O120", organization),
        entry("PUT", "ChargeItem/C120", {**charge(120), "status": "bogus"}),
        entry("DELETE", "ChargeItem/C1"),
        entry("PUT", "ChargeItem/C121", charge(121, "1.21")),
        entry("PUT", "Organization/O120", organization, ifMatch='W/"7"'),
        {"resource": organization},
    )
    answer = read(send(native, "POST", "/fhir", sent, 200, Prefer="return=minimal"))
    statuses = [each["response"]["status"][:3] for each in answer["entry"]]
    assert (answer["type"], statuses) == ("batch-response", ["201", "422", "405", "201", "412", "400"])
    assert read(native.http.get("/fhir/Organization/O120"))["name"] == "甲"


def test_a_search_understands_both_ids(native: Running) -> None:
    ours = resource_id(SOURCE, "Encounter", "E1")
    for asked in (f"Encounter/{ours}", "Encounter/E1"):
        found = read(native.http.get(f"/fhir/ChargeItem?context={asked}&_total=accurate&_include=ChargeItem:context"))
        assert found["total"] >= 3
        assert {
            each["resource"]["context"]["reference"] for each in found["entry"] if "context" in each["resource"]
        } == {f"Encounter/{ours}"}
    page = native.http.get("/fhir/r5/ChargeItem?encounter=Encounter/E1&_count=1").json()
    [following] = [link["url"] for link in page["link"] if link["relation"] == "next"]
    assert "/fhir/r5/ChargeItem?encounter=" in following and native.http.get(following).status_code == 200
    assert native.http.get("/fhir/Encounter/E1").json()["subject"] == {"reference": "Patient/P1"}
    assert native.http.get(f"/fhir/Encounter/{ours}").json()["id"] == ours
    for each in ("E1", ours):
        assert native.http.post(f"/fhir/Encounter/{each}/$check-entitlement").status_code == 200


def test_the_journal_says_who_wrote_and_who_read(native: Running) -> None:
    send(native, "PUT", "/fhir/ChargeItem/C130?reason=correction", charge(130), 201)
    native.http.get("/fhir/ChargeItem/C130", headers={"X-Actor": "dr-wang"})
    with native.app.state.service.tools.ledger.reading() as tx:
        lines = [line.event for line in tx.journal("")]
        read_ = [line.event for line in tx.journal(f"{SOURCE}-V1") if line.event.data.get("what") == "resource-read"]
    wrote = [each for each in lines if each.kind == "resources-recorded" and "C130" in str(each.data)]
    assert (wrote[0].actor.id, wrote[0].reason) == ("his-1", "correction")
    assert read_[-1].actor.id == "dr-wang"
