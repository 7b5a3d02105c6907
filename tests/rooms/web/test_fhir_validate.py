"""$validate over HTTP: what is sent and what is kept, against R4, our rules and profiles; JSON and XML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from adapter.fhir.canonical import decode, encode
from adapter.fhir.identity import CANON
from adapter.fhir.metadata import SERVED, VALIDATED
from adapter.fhir.validation import validate
from adapter.fhir.written import from_xml
from adapter.fhir.xml_out import xml_of
from tests.support.office import case_id
from tests.support.service import Running

Json = dict[str, Any]

JSON, XML = "application/fhir+json", "application/fhir+xml"
CASE = case_id("300010002")
ENTITLEMENT = f"{CANON}/StructureDefinition/entitlement-task"


def kept(service: Running, kind: str) -> Json:
    with service.app.state.service.tools.ledger.reading() as tx:
        found: Json = decode(tx.resources_of_case(CASE, (kind,))[0].body)
    return found


def validated(service: Running, place: str, body: Any = None, kind: str = JSON, **params: str) -> httpx.Response:
    written: Callable[[Any], bytes] = xml_of if kind == XML else encode
    headers = {"Content-Type": kind, "Accept": kind}
    content = b"" if body is None else written(body)
    return service.http.post(f"/fhir/{place}/$validate", content=content, headers=headers, params=params)


def codes(answer: httpx.Response, status: int = 200) -> dict[str, str]:
    """Code and severity of each issue; none where all is well."""
    assert answer.status_code == status, answer.text
    outcome = from_xml(answer.content) if answer.headers["content-type"].startswith(XML) else decode(answer.content)
    assert outcome["resourceType"] == "OperationOutcome" and validate([outcome]) == []
    listed = [each for each in outcome["issue"] if each["code"] != "informational"]
    return {each["details"]["coding"][0]["code"]: each["severity"] for each in listed}


def errors(answer: httpx.Response) -> set[str]:
    return {code for code, severity in codes(answer).items() if severity in ("error", "fatal")}


@pytest.mark.parametrize("kind", [JSON, XML])
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_is_sent(stocked: Running, kind: str, wrapped: bool) -> None:
    def sent(resource: Json) -> Json:
        listed = [{"name": "mode", "valueCode": "create"}, {"name": "resource", "resource": resource}]
        return {"resourceType": "Parameters", "parameter": listed} if wrapped else resource

    sound = kept(stocked, "Encounter")
    assert errors(validated(stocked, "Encounter", sent(sound), kind)) == set()
    without = {name: value for name, value in sound.items() if name != "status"}
    assert errors(validated(stocked, "Encounter", sent(without), kind)) == {"FHIR-111"}


def test_a_rule_of_the_prose_warns_of_others_data(stocked: Running) -> None:
    charge = kept(stocked, "ChargeItem")
    charge["priceOverride"] = {**charge["priceOverride"], "currency": "XXXX"}
    assert codes(validated(stocked, "ChargeItem", charge)) != {}


@pytest.mark.parametrize("kind", [JSON, XML])
def test_what_is_kept_is_sound(stocked: Running, kind: str) -> None:
    task = kept(stocked, "Task")
    place = f"Task/{task['id']}"
    assert errors(validated(stocked, place, kind=kind)) == set()
    assert errors(validated(stocked, place, kind=kind, profile=ENTITLEMENT)) == set()
    by_get = stocked.http.get(f"/fhir/{place}/$validate", params={"profile": ENTITLEMENT, "reason": "验收"})
    assert errors(by_get) == set()
    with stocked.app.state.service.tools.ledger.reading() as tx:
        assert "验收" in {line.event.reason for line in tx.journal(CASE)}


def test_a_profile_that_is_asked_for(stocked: Running) -> None:
    task = kept(stocked, "Task")
    bare = {name: value for name, value in task.items() if name not in ("identifier", "meta")}
    assert errors(validated(stocked, "Task", bare)) == set()
    assert errors(validated(stocked, "Task", bare, profile=ENTITLEMENT)) == {"FHIR-226"}
    assert errors(validated(stocked, "Task", bare, profile="http://hl7.org/fhir/StructureDefinition/Task")) == set()
    assert errors(validated(stocked, "Task", bare, profile="http://nobody.example/x")) == {"API-879"}
    other = f"{CANON}/StructureDefinition/stay-invoice"
    assert errors(validated(stocked, "Task", bare, profile=other)) == {"FHIR-230"}


def test_new_content_of_a_resource(stocked: Running) -> None:
    task = kept(stocked, "Task")
    place = f"Task/{task['id']}"
    assert errors(validated(stocked, place, task)) == set()
    assert errors(validated(stocked, place, {**task, "id": "other"})) == {"API-878"}
    assert errors(validated(stocked, place, {**task, "id": "other"}, mode="profile")) == set()
    assert errors(validated(stocked, place, mode="delete")) == {"API-877"}


@pytest.mark.parametrize(
    ("place", "body", "status", "code"),
    [
        ("Encounter", None, 400, "API-876"),
        ("Encounter", {"resourceType": "Patient"}, 400, "API-876"),
        (
            "Encounter",
            {"resourceType": "Parameters", "parameter": [{"name": "code", "valueCode": "x"}]},
            400,
            "API-874",
        ),
        ("Medication", {"resourceType": "Medication"}, 404, "API-809"),
        ("Encounter/nobody", None, 404, "API-809"),
    ],
)
def test_what_cannot_be_asked(stocked: Running, place: str, body: Json | None, status: int, code: str) -> None:
    assert list(codes(validated(stocked, place, body), status)) == [code]
    assert list(codes(validated(stocked, "Encounter", kept(stocked, "Encounter"), mode="guess"), 400)) == ["API-874"]


def test_parameters_may_be_validated_themselves(stocked: Running) -> None:
    plain = {"resourceType": "Parameters", "parameter": [{"name": "code", "valueCode": "x"}]}
    assert errors(validated(stocked, "Parameters", plain)) == set()
    twice = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": plain}]}
    assert errors(validated(stocked, "Parameters", twice)) == set()


@pytest.mark.parametrize("kind", sorted(VALIDATED - set(SERVED)))
def test_types_that_are_not_kept_can_be_validated(stocked: Running, kind: str) -> None:
    assert validated(stocked, kind, {"resourceType": kind, "id": "x"}).status_code == 200


def test_a_large_bundle_is_taken(stocked: Running) -> None:
    charge = kept(stocked, "ChargeItem")
    entries = [{"fullUrl": f"{CANON}/ChargeItem/c{n}", "resource": {**charge, "id": f"c{n}"}} for n in range(300)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert len(encode(bundle)) > 64 * 1024
    assert errors(validated(stocked, "Bundle", bundle)) == set()
