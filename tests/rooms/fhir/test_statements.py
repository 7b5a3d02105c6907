"""The entitlement Task and the CapabilityStatement."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from adapter.fhir.identity import codesystem, extension_url
from adapter.fhir.metadata import SERVED, VALIDATED, capability_statement
from adapter.fhir.programme_task import entitlement_task
from adapter.fhir.validation import validate
from adapter.model.case import EntitlementState
from adapter.model.money import Money
from tests.support.cases import CASE, CREATED, SOURCE, ids, make_resources


@dataclass(frozen=True)
class Reason:
    code: str = "document:insurance-card"
    met: str = "not-met"
    zh: str = "未出示医保卡"
    en: str = "no insurance card shown"
    cite: str = "县区方案2021 三(一)"


def task(**more: Any) -> dict[str, Any]:
    given = {
        "source": SOURCE,
        "case_id": CASE,
        "programme": "county-plan-2021",
        "state": EntitlementState.PROVISIONAL,
        "reasons": [Reason()],
        "decided": CREATED,
    }
    return entitlement_task(make_resources(), **{**given, **more})


def test_decision_with_its_reasons() -> None:
    built = task(deposit="required", deposit_amount=Money.yuan("1000.00"), test_profile=True)
    assert validate([built]) == []
    get_fhir_model_class("Task").model_validate(built)
    assert built["meta"]["profile"] == [extension_url("entitlement-task")]
    assert built["meta"]["tag"][0]["code"] == "test-profile"
    assert built["businessStatus"]["coding"][0] == {"system": codesystem("entitlement-state"), "code": "provisional"}
    assert built["for"] == {"reference": f"Patient/{ids('Patient', '88001')}"}
    assert built["focus"] == {"reference": f"Encounter/{ids('Encounter', '300012345')}"}
    assert built["owner"] == {"reference": f"Organization/{ids('Organization', '999901001')}"}
    reason, deposit, amount = built["output"]
    assert reason["type"]["text"] == "县区方案2021 三(一)"
    assert reason["valueCodeableConcept"]["coding"][0]["code"] == "not-met"
    assert reason["valueCodeableConcept"]["text"] == "未出示医保卡 / no insurance card shown"
    assert deposit["valueCodeableConcept"]["coding"][0]["code"] == "required"
    assert amount["valueMoney"] == {"value": Money.yuan("1000.00").decimal, "currency": "CNY"}


@pytest.mark.parametrize("state", EntitlementState)
def test_every_state_can_be_said(state: EntitlementState) -> None:
    built = task(state=state, reasons=[])
    assert validate([built]) == []
    assert "output" not in built


def test_a_later_assessment_stands_beside_the_first() -> None:
    assert task(number=1)["id"] == task()["id"] != task(number=2)["id"]


@pytest.mark.parametrize(
    ("base", "token"), [(None, None), ("https://hospital.example/fhir", False), ("https://hospital.example/fhir", True)]
)
def test_capability_statement(base: str | None, token: bool | None) -> None:
    built = capability_statement(version="0.1.0", released=date(2025, 1, 2), base=base, token=token)
    assert validate([built]) == []
    said = built["rest"][0]["security"]["description"]
    assert ("Bearer" in said, "No token" in said) == (token is not False, token is False)
    get_fhir_model_class("CapabilityStatement").model_validate(built)
    assert built["fhirVersion"] == "4.0.1"
    assert [each["type"] for each in built["rest"][0]["resource"]] == [*SERVED, *sorted(VALIDATED - set(SERVED))]
    assert built["implementation"].get("url") == base
