"""Bulk export over HTTP, as HL7's bulk data guide says: asked for, looked after, fetched, ended."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.cases import export_files
from adapter.cases.export_files import EXPORTED, OF_PATIENTS
from adapter.doors.web.fhir.export import NDJSON
from adapter.fhir.canonical import canonical, decode
from adapter.fhir.validation import validate
from tests.support.service import EXPORT, Running, serving, settings_for

ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exporting")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Running]:
    exports = {"folder": folder / "out", "file_lines": 300, "unfinished": 50}
    with serving(settings_for(folder, api_token="t", exports=exports)) as running:
        running.http.headers["Authorization"] = "Bearer t"
        assert running.take_in(EXPORT).status_code == 200
        yield running


def manifest(service: Running, started: httpx.Response) -> dict[str, Any]:
    """Ask until it is finished, as a client would."""
    assert started.status_code == 202, started.text
    place, end = started.headers["content-location"], time.monotonic() + 30
    while (answer := service.http.get(place)).status_code == 202:
        assert "resources written" in answer.headers["x-progress"] and int(answer.headers["retry-after"])
        assert time.monotonic() < end
        time.sleep(0.05)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    left = parsedate_to_datetime(answer.headers["expires"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    found: dict[str, Any] = decode(answer.content)
    return found


def fetched(service: Running, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for each in listed:
        answer = service.http.get(each["url"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, NDJSON)
        lines = [decode(line) for line in answer.content.splitlines()]
        assert (len(lines), {line["resourceType"] for line in lines}) == (each["count"], {each["type"]})
        found += lines
    return found


def code_of(answer: httpx.Response) -> str:
    outcome = decode(answer.content)
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["details"]["coding"][0]["code"])


def test_everything_comes_out_once_and_as_it_is_read(service: Running, folder: Path) -> None:
    told = manifest(service, service.http.get("/fhir/$export", headers=ASYNC))
    assert told["requiresAccessToken"] is True and told["error"] == [] and told["deleted"] == []
    assert told["request"] == f"{service.base}/fhir/$export"
    resources = fetched(service, told["output"])
    names = [(each["resourceType"], each["id"]) for each in resources]
    assert len(names) == len(set(names))
    for kind in EXPORTED:
        counted = decode(service.http.get(f"/fhir/{kind}?_summary=count").content)["total"]
        assert sum(name == kind for name, _ in names) == counted
    assert sum(each["type"] == "ChargeItem" for each in told["output"]) > 1  # 300 lines a file
    assert [issue for issue in validate(resources, sending=False) if issue.severity == "error"] == []
    kind, name = names[-1]
    assert canonical(resources[-1]) == canonical(decode(service.http.get(f"/fhir/{kind}/{name}").content))


def test_by_type_by_moment_and_by_post(service: Running) -> None:
    first = manifest(service, service.http.get("/fhir/Patient/$export?_type=Patient,Encounter", headers=ASYNC))
    assert {each["type"] for each in first["output"]} == {"Patient", "Encounter"}
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueString": "Patient"},
            {"name": "_type", "valueString": "Account"},
            {"name": "_since", "valueInstant": first["transactionTime"]},
            {"name": "_outputFormat", "valueString": NDJSON},
        ],
    }
    later = manifest(service, service.http.post("/fhir/Patient/$export", json=parameters, headers=ASYNC))
    assert later["output"] == []
    of_patients = manifest(service, service.http.post("/fhir/Patient/$export", headers=ASYNC))
    assert {each["type"] for each in of_patients["output"]} <= set(OF_PATIENTS)


def test_asked_twice_under_one_key_it_is_one_export(service: Running) -> None:
    key = {**ASYNC, "Idempotency-Key": "export-1"}
    first, again = (service.http.post("/fhir/$export", headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["content-location"] == first.headers["content-location"]
    assert ("idempotent-replayed" in first.headers, "idempotent-replayed" in again.headers) == (False, True)
    manifest(service, again)
    for token in ("", "Bearer wrong"):  # what was answered is shown to nobody who may not come in
        refused = service.http.post("/fhir/$export", headers={**key, "Authorization": token})
        assert (refused.status_code, code_of(refused)) == (401, "API-801")


def test_what_is_preferred_is_understood_however_it_is_written(service: Running) -> None:
    for said in (["Respond-Async"], ["respond-async", "handling=lenient"], ["handling = lenient; respond-async"]):
        preferred = [("Prefer", each) for each in said]
        found = service.http.get("/fhir/$export?_type=Patient", headers=[*preferred, ("Accept", ASYNC["Accept"])])
        assert found.status_code == 202, said
        asked = [
            {"name": "includeAssociatedData", "valueCode": "LatestProvenanceResources"},
            {"name": "_type", "valueString": "Task"},
        ]
        body = {"resourceType": "Parameters", "parameter": asked}
        found = service.http.post("/fhir/$export", json=body, headers=preferred)
        lenient = any("lenient" in each for each in said)
        assert (found.status_code, lenient) == (202, True) or (code_of(found), lenient) == ("API-884", False), said


@pytest.mark.parametrize("prefer", ["respond-async", "respond-async, handling=lenient"])
def test_some_patients_never_become_all_of_them(service: Running, prefer: str) -> None:
    asked = {"name": "patient", "valueReference": {"reference": "Patient/p1"}}
    body = {"resourceType": "Parameters", "parameter": [asked]}
    refused = service.http.post("/fhir/Patient/$export", json=body, headers={**ASYNC, "Prefer": prefer})
    assert (refused.status_code, code_of(refused)) == (400, "API-884")


def test_a_part_of_a_file(service: Running) -> None:
    told = manifest(service, service.http.get("/fhir/$export?_type=Patient", headers=ASYNC))
    whole = service.http.get(told["output"][0]["url"]).content
    part = service.http.get(told["output"][0]["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    for token in ("", "Bearer wrong"):
        refused = service.http.get(told["output"][0]["url"], headers={"Authorization": token})
        assert (refused.status_code, code_of(refused)) == (401, "API-801")


def test_a_full_disk_is_said(service: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/some/where")

    monkeypatch.setattr(export_files._Written, "write", full)
    place = service.http.get("/fhir/$export?_type=Patient", headers=ASYNC).headers["content-location"]
    end = time.monotonic() + 30
    while (answer := service.http.get(place)).status_code == 202 and time.monotonic() < end:
        time.sleep(0.05)
    assert (answer.status_code, code_of(answer)) == (500, "CASE-467")
    assert "ENOSPC" in answer.text and "/some/where" not in answer.text
    while (left := (folder / "out" / place.rpartition("/")[2]).exists()) and time.monotonic() < end:
        time.sleep(0.05)  # it is said first, then deleted
    assert not left


def test_one_that_is_ended_is_gone(service: Running, folder: Path) -> None:
    started = service.http.get("/fhir/$export?_type=Patient", headers=ASYNC)
    told = manifest(service, started)
    place = started.headers["content-location"]
    assert service.http.delete(place).status_code == 202
    for address in (place, told["output"][0]["url"]):
        gone = service.http.get(address)
        assert (gone.status_code, code_of(gone)) == (404, "CASE-469")
    assert not (folder / "out" / place.rpartition("/")[2]).exists()


@pytest.mark.parametrize(
    ("asked", "headers", "status", "code"),
    [
        ("", {}, 400, "API-883"),
        ("?_type=Nothing", ASYNC, 400, "API-884"),
        ("?_type=Subscription", ASYNC, 400, "API-884"),
        ("?_since=2021-05-17", ASYNC, 400, "API-884"),
        ("?_since=2021-99-17T00:00:00Z", ASYNC, 400, "API-884"),
        ("?_outputFormat=text/csv", ASYNC, 400, "API-884"),
        ("?includeAssociatedData=LatestProvenanceResources", ASYNC, 400, "API-884"),
        ("?organizeOutputBy=Patient", ASYNC, 400, "API-884"),
        ("", {**ASYNC, "Accept": "text/html"}, 406, "API-850"),
        ("/0123456789abcdef0123456789abcdef", {}, 404, "CASE-469"),
        ("/0123456789abcdef0123456789abcdef/Patient-1.ndjson", {}, 404, "CASE-469"),
        ("/0123456789abcdef0123456789abcdef/..%2f..%2fadapter.db", {}, 404, "API-812"),
        ("/nothing", {}, 422, "API-803"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    service: Running, asked: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = service.http.get(f"/fhir/$export{asked}", headers=headers)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_what_is_not_understood_is_left_out_where_that_is_asked_for(service: Running) -> None:
    lenient = {**ASYNC, "Prefer": "respond-async, handling=lenient"}
    told = manifest(service, service.http.get("/fhir/$export?_type=Patient,Nothing&unknown=id", headers=lenient))
    assert {each["type"] for each in told["output"]} == {"Patient"}


def test_some_of_a_type_and_some_of_its_elements(service: Running) -> None:
    """As HL7's guide writes it, encoded once; references may be by our own address, and a type without one is whole."""
    first = decode(service.http.get("/fhir/Encounter?_count=1&_elements=subject").content)["entry"][0]["resource"]
    person = f"{service.base}/fhir/{first['subject']['reference']}"
    stays = decode(service.http.get("/fhir/Encounter", params={"subject": person}).content)["entry"]
    whole = decode(service.http.get("/fhir/Account?_summary=count").content)["total"]
    filters = f"Encounter?subject={person}&status=finished,in-progress,Encounter?_id=nobody"
    asked = {"_type": "Encounter,Account", "_typeFilter": filters, "_elements": "Encounter.period"}
    told = manifest(service, service.http.get("/fhir/Patient/$export", params=asked, headers=ASYNC))
    found = fetched(service, told["output"])
    ids = [each["id"] for each in found if each["resourceType"] == "Encounter"]
    assert (ids, len(found) - len(ids)) == (sorted(each["resource"]["id"] for each in stays), whole)
    for each in found:
        in_part = any(tag["code"] == "SUBSETTED" for tag in each["meta"].get("tag", ()))
        assert in_part is (each["resourceType"] == "Encounter") is ("subject" not in each)
    assert whole > len(ids) > 0


def test_filters_by_post_are_refused_where_they_are_wrong(service: Running) -> None:
    for prefer in ("respond-async", "respond-async, handling=lenient"):
        for asked, code in (("Patient?family=x", "FHIR-300"), ("Patient?shoe=43", "FHIR-202"), ("Patient", "FHIR-299")):
            body = {"resourceType": "Parameters", "parameter": [{"name": "_typeFilter", "valueString": asked}]}
            refused = service.http.post("/fhir/$export", json=body, headers={**ASYNC, "Prefer": prefer})
            assert (refused.status_code, code_of(refused)) == (400, code), "less would be left out than was asked for"


def test_there_is_no_export_of_a_group_and_the_statement_says_so(service: Running) -> None:
    for method in ("GET", "POST"):
        refused = service.http.request(method, "/fhir/Group/g1/$export", headers=ASYNC)
        issue = decode(refused.content)["issue"][0]
        assert (refused.status_code, code_of(refused), issue["code"]) == (404, "API-899", "not-supported")
    (rest,) = decode(service.http.get("/fhir/metadata").content)["rest"]
    assert "Group" not in [each["type"] for each in rest["resource"]]
    (whole,) = rest["operation"]
    patient = next(each for each in rest["resource"] if each["type"] == "Patient")
    (of_patients,) = (each for each in patient["operation"] if each["name"] == "export")
    assert "no export of a Group" in whole["documentation"] == of_patients["documentation"]
