"""The OpenAPI document is whole and true: what a client that knows nothing else needs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from adapter.doors.web.models import CaseOut
from adapter.doors.web.window_models import WindowOut
from tests.support.service import Running

HELD = "qingshi_county-300010013"


@pytest.fixture(scope="module")
def document(stocked: Running) -> dict[str, Any]:
    found: dict[str, Any] = stocked.http.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = str(document)
    assert "$defs" not in text
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= document["components"]["schemas"].keys()


def test_what_stands_around_every_route_is_said(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        said = operation["responses"]
        if "security" in operation:
            assert {"401", "503"} <= said.keys(), path
        if "requestBody" in operation:
            assert "413" in said, path
        named = [each["name"].lower() for each in operation.get("parameters", [])]
        takes_key = method == "post" and not path.startswith("/his/") and not path.endswith("/present")
        assert ("idempotency-key" in named) == takes_key, path
        assert len(named) == len(set(named)), path
    assert "HTTPValidationError" not in str(document)


def test_refusals_under_fhir_are_resources(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        if path.startswith("/fhir/") and "security" in operation:
            for status in ("401", "503", "406"):
                assert set(operation["responses"][status]["content"]) == {
                    "application/fhir+json",
                    "application/fhir+xml",
                }, path


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("OPTIONS", "/fhir/ConceptMap/$translate", 405, "GET, POST"),
        ("GET", "/fhir/Patient/_search", 405, "POST"),
        ("DELETE", "/cases", 405, "GET"),
        ("POST", "/docs", 405, "GET"),
        ("GET", "/fhir/Patient/_history", 404, None),
        ("GET", "/fhir/Patient/%C2%84", 404, None),
    ],
)
def test_an_address_says_what_it_takes(
    stocked: Running, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = stocked.http.request(method, path)
    assert (answer.status_code, answer.headers.get("allow")) == (status, allow)


@pytest.mark.parametrize("month", ["0000-01", "２０２１-03", "2021-13"])
def test_a_month_that_is_none_is_refused(stocked: Running, month: str) -> None:
    for path in (f"/statistics/{month}", f"/clearing/basic/{month}?facility=H99990100001"):
        assert stocked.http.get(path).status_code == 422


def test_a_question_of_too_many_parameters_is_refused(stocked: Running) -> None:
    answer = stocked.http.post("/fhir/ChargeItem/_search", data={"_id": [str(number) for number in range(201)]})
    assert answer.status_code == 400


def test_a_key_tells_an_empty_actor_from_none(stocked: Running) -> None:
    asked = {"case_id": "qingshi_county-300010002", "amount": "1.00"}
    key = {"Idempotency-Key": "an-empty-actor"}
    assert stocked.http.post("/deposits/check", json=asked, headers=key).status_code == 200
    again = stocked.http.post("/deposits/check", json=asked, headers={**key, "X-Actor": ""})
    assert (again.status_code, again.json()["issues"][0]["code"]) == (422, "API-870")


def test_what_is_shown_of_a_case_is_what_is_documented(stocked: Running) -> None:
    shown = CaseOut.model_validate(stocked.http.get(f"/cases/{HELD}").json())
    assert [each.severity for each in shown.why_held] == ["error"]
    assert WindowOut.model_validate(stocked.http.get(f"/cases/{HELD}/window").json()).overrides == []
