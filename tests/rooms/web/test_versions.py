"""What the R5 base answers about a kept resource that is not sound R4."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from adapter.doors.web.fhir.versions import said
from adapter.fhir.schema.compiled import fits
from adapter.model.issues import AdapterError

FLAG: dict[str, Any] = {
    "resourceType": "Flag",
    "id": "f1",
    "status": "active",
    "code": {"text": "x"},
    "subject": {"reference": "Patient/p"},
}
BROKEN = {**FLAG, "id": "f2", "code": "text where an object belongs"}


def asked(path: str) -> Request:
    app = FastAPI()
    app.state.settings = SimpleNamespace(r5_identifiers="ours")
    return Request({"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "app": app})


def test_one_that_is_not_sound_is_refused() -> None:
    with pytest.raises(AdapterError) as refused:
        said(asked("/fhir/r5/Flag/f2"), BROKEN)
    assert [(issue.code, issue.pointer) for issue in refused.value.issues] == [("FHIR-263", "Flag/f2")]
    assert said(asked("/fhir/Flag/f2"), BROKEN) == (BROKEN, {})


def test_in_a_page_an_outcome_stands_for_it() -> None:
    link = [{"relation": "self", "url": "https://h.example/fhir/r5/Flag?encounter=x"}]
    page = {"resourceType": "Bundle", "type": "searchset", "link": link}
    entries = [{"fullUrl": f"urn:x:{each['id']}", "resource": each} for each in (FLAG, BROKEN)]
    found, _ = said(asked("/fhir/r5/Flag"), {**page, "entry": entries})
    kinds = [each["resource"]["resourceType"] for each in found["entry"]]
    assert kinds == ["Flag", "OperationOutcome"]
    assert fits("Bundle", found, "R5")
