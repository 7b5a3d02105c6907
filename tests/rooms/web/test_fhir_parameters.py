"""Parameters: what an operation is given is read strictly; what it answers is the golden, in both formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.doors.web.fhir.parameters import given, text_of
from adapter.fhir.canonical import canonical, decode, pretty
from adapter.fhir.validation import validate
from adapter.fhir.written import from_xml
from adapter.fhir.xml_out import xml_of
from adapter.model.issues import AdapterError
from tests.support.operations import GOLDENS, answers


def test_answers_are_the_goldens_in_both_formats(tmp_path: Path) -> None:
    """``python -m tests.support.operations --write`` after a change that is meant."""
    made = dict(answers(tmp_path))
    assert set(made) == {path.stem for path in GOLDENS.glob("*.json")}
    for name, answer in made.items():
        assert pretty(answer) + b"\n" == (GOLDENS / f"{name}.json").read_bytes(), name
        assert validate([answer]) == []
        assert canonical(from_xml(xml_of(answer))) == canonical(answer)


def test_the_parts_add_up() -> None:
    listed = decode((GOLDENS / "settle.json").read_bytes())["parameter"]
    total = next(each["valueMoney"]["value"] for each in listed if each["name"] == "total")
    amounts = [each["part"][1]["valueMoney"]["value"] for each in listed if each["name"] == "share"]
    assert sum(amounts) == total


def parameters(*listed: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(listed)}


def test_what_is_given() -> None:
    found = given(
        parameters({"name": "on", "valueDate": "2021-03-05"}, {"name": "mode", "valueCode": "x"}), ("on", "mode")
    )
    assert found == {"on": "2021-03-05", "mode": "x"}
    assert given(None, ("on",)) == given({"resourceType": "Parameters"}, ("on",)) == {}
    assert text_of(found, "on") == "2021-03-05"
    assert text_of({}, "on") is None


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": {"name": "on"}},
        parameters("on"),
        parameters({"valueDate": "2021-03-05"}),
        parameters({"name": ["on"]}),
        parameters({"name": "other", "valueString": "x"}),
        parameters({"name": "on", "valueDate": "2021-03-05"}, {"name": "on", "valueDate": "2021-03-06"}),
    ],
)
def test_what_cannot_be_read(body: Any) -> None:
    with pytest.raises(AdapterError, match="API-874"):
        given(body, ("on",))


@pytest.mark.parametrize("value", [None, 5, True, "", "  ", "x" * 301, {"text": "x"}])
def test_what_is_no_text(value: Any) -> None:
    with pytest.raises(AdapterError, match="API-874"):
        text_of({"reason": value}, "reason")
    with pytest.raises(AdapterError, match="API-874"):
        text_of({}, "reason", required=True)
