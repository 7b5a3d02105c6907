"""Edges of the FHIR base: Bundles that only read, preferences that reach every door, what points to what was posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapter.fhir.canonical import decode, encode
from adapter.fhir.identity import resource_id
from tests.support.native import SOURCE, Resource, charge, resources, transaction
from tests.support.service import Running, serving, settings_for

JSON = "application/fhir+json"
WHO = {"content-type": JSON, "X-Source": SOURCE, "X-Actor": "his-1"}
NOBODY = {"content-type": JSON, "X-Actor": "reader-1"}


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with one stay taken in, and beside it what belongs to no case."""
    with serving(settings_for(tmp_path_factory.mktemp("edges"))) as running:
        assert running.http.post("/fhir", content=transaction(*resources()), headers=WHO).status_code == 200
        account = {"resourceType": "Account", "id": "A1", "status": "active", "subject": [reference("Patient/P1")]}
        alone = {"resourceType": "Encounter", "id": "E9", "status": "in-progress", "class": {"code": "IMP"}}
        lines = [charge(number, context=reference("Encounter/E9")) for number in (91, 92)]
        for each in (account, {**alone, "subject": reference("Patient/P9")}, *lines):
            written = running.http.put(f"/fhir/{each['resourceType']}/{each['id']}", content=encode(each), headers=WHO)
            assert written.status_code == 201, written.text
        yield running


def reference(to: str) -> Resource:
    return {"reference": to}


def bundle(kind: str, *entries: tuple[str, str]) -> bytes:
    listed = [{"request": {"method": method, "url": url}} for method, url in entries]
    return encode({"resourceType": "Bundle", "type": kind, "entry": listed})


def codes(answer: httpx.Response) -> list[str]:
    return [each["details"]["coding"][0]["code"] for each in decode(answer.content)["issue"]]


def names(answer: httpx.Response, mode: str) -> list[str]:
    assert answer.status_code == 200, answer.text
    entries = decode(answer.content).get("entry", ())
    found = (each["resource"] for each in entries if each["search"]["mode"] == mode)
    return sorted(f"{each['resourceType']}/{each['id']}" for each in found)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("prefer", ["return=minimal", "return=OperationOutcome"])
def test_a_bundle_that_only_reads_names_no_hospital(native: Running, kind: str, prefer: str) -> None:
    reading = (("GET", "Encounter/E1"), ("HEAD", "Patient/P1"), ("GET", "ChargeItem?context=Encounter/E1"))
    answer = native.http.post("/fhir", content=bundle(kind, *reading), headers={**NOBODY, "Prefer": prefer})
    assert answer.status_code == 200, answer.text
    told = decode(answer.content)
    assert told["type"] == f"{kind}-response"
    assert [each["response"]["status"] for each in told["entry"]] == ["200 OK"] * 3
    assert len(told["entry"][2]["resource"]["entry"]) == 3
    nothing = native.http.post("/fhir", content=bundle(kind), headers=NOBODY)
    assert decode(nothing.content) == {"resourceType": "Bundle", "type": f"{kind}-response"}


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_one_that_does_more_names_its_hospital(native: Running, kind: str, method: str) -> None:
    mixed = bundle(kind, ("GET", "Encounter/E1"), (method, "Encounter/E1"))
    answer = native.http.post("/fhir", content=mixed, headers=NOBODY)
    assert (answer.status_code, codes(answer)) == (400, ["API-854"])


def test_whoever_reads_by_a_bundle_stands_in_the_journal(native: Running) -> None:
    said = {**NOBODY, "X-Actor": "reader-2"}
    assert native.http.post("/fhir", content=bundle("batch", ("GET", "Patient/P1")), headers=said).status_code == 200
    with native.app.state.service.tools.ledger.reading() as tx:
        lines = [line.event for line in tx.journal(f"{SOURCE}-V1") if line.event.actor.id == "reader-2"]
    assert [(line.data.get("what"), line.reason) for line in lines] == [("resource-read", "read")]


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        (["handling=lenient"], 200),
        (["return=minimal", 'Handling = "Lenient"'], 200),
        (["return=minimal; handling=lenient"], 200),
        (["handling=strict, handling=lenient"], 400),
        (["something; handling=lenient"], 400),
        (['something="handling=lenient"'], 400),
        ([], 400),
    ],
)
def test_a_search_is_as_lenient_as_it_is_asked_to_be(native: Running, prefer: list[str], status: int) -> None:
    said = [*NOBODY.items(), *(("Prefer", each) for each in prefer)]
    assert native.http.get("/fhir/Patient?nothing=1", headers=said).status_code == status
    inside = native.http.post("/fhir", content=bundle("batch", ("GET", "Patient?nothing=1")), headers=said)
    assert decode(inside.content)["entry"][0]["response"]["status"].startswith(str(status))


def test_what_points_to_what_was_posted_comes_along(native: Running) -> None:
    found = native.http.get("/fhir/Encounter?_id=E9&_revinclude=ChargeItem:context&_include=Encounter:subject")
    assert names(found, "match") == ["Encounter/E9"]
    assert names(found, "include") == ["ChargeItem/C91", "ChargeItem/C92"]
    back = native.http.get(
        "/fhir/ChargeItem?_id=C91&_include=ChargeItem:context&_revinclude:iterate=ChargeItem:context"
    )
    assert names(back, "include") == ["ChargeItem/C92", "Encounter/E9"]


def test_what_points_to_a_case_comes_along_once_posted_or_not(native: Running) -> None:
    """What the case took over is shown as the case has it; what was posted and is in no case, beside it."""
    found = native.http.get(f"/fhir/Patient?_id={OURS}&_revinclude=Account:subject&_revinclude=ChargeItem:subject")
    assert names(found, "match") == [f"Patient/{OURS}"]
    along = names(found, "include")
    charges = sorted(f"ChargeItem/{resource_id(SOURCE, 'ChargeItem', f'C{number}')}" for number in (1, 2, 3))
    assert [each for each in along if each.startswith("ChargeItem/")] == sorted(
        [*charges, "ChargeItem/C91", "ChargeItem/C92"]
    )
    assert [each for each in along if each.startswith("Account/A")] == ["Account/A1"]
    assert len(along) == 7, "and the case's own account"


def test_whoever_is_shown_what_was_posted_stands_where_it_belongs(native: Running) -> None:
    for number, asked in enumerate(("Encounter?_id=E1", "Encounter?_id=E9&_revinclude=ChargeItem:context")):
        answer = native.http.get(f"/fhir/{asked}", headers={**NOBODY, "X-Actor": f"looker-{number}"})
        assert names(answer, "match")
    assert shown(native, "looker-0", f"{SOURCE}-V1") == [["Encounter/E1"]]
    assert shown(native, "looker-0", "") == []
    assert shown(native, "looker-1", "") == [["ChargeItem/C91", "ChargeItem/C92", "Encounter/E9"]]


OURS = resource_id(SOURCE, "Patient", "P1")


def shown(native: Running, actor: str, case: str) -> list[list[str]]:
    """What the journal of a case says that somebody was shown."""
    with native.app.state.service.tools.ledger.reading() as tx:
        found = [line.event for line in tx.journal(case) if line.event.actor.id == actor]
    data: list[Any] = [each.data["data"] for each in found]
    return [sorted(each["shown"]) for each in data]
