"""A counterpart whose package asks for it gets resources that name their profile; everybody else gets them as ever."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import decode
from adapter.fhir.identity import extension_url
from adapter.fhir.profiles import load_profiles
from adapter.fhir.profiles.check import profile_findings
from adapter.model.call import CallFacts
from adapter.model.dates import SystemClock
from adapter.model.messages import OutboundMessage, Outcome, Receipt, Stage
from adapter.payers.delivery.endpoint import EndpointConfig, Exchange
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from tests.support.cases import make_aid_call, make_call

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
PROFILES = load_profiles(Path(__file__).parents[4] / "mappings" / "profiles")
SAID = [
    (form, make(), stage)
    for form, make, stages in (
        ("submit", make_call, (Stage.ELIGIBILITY, Stage.TRIAL, Stage.SETTLE)),
        ("transaction", make_aid_call, (Stage.TRIAL, Stage.SETTLE)),
    )
    for stage in stages
]


def composed(form: str, facts: CallFacts, stage: Stage, *, claim_profiles: bool) -> dict[str, Any]:
    config = EndpointConfig(
        "bureau", "fhir", "https://x.example", form=form, simulator=True, claim_profiles=claim_profiles
    )
    message = FhirEndpoint(config, SystemClock()).next(stage, facts, (), NOW)
    assert isinstance(message, OutboundMessage)
    return decode(message.composed)


def unclaimed(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without what it claims."""
    rest = {key: value for key, value in resource.items() if key != "meta"}
    meta = {key: value for key, value in resource.get("meta", {}).items() if key != "profile"}
    if "entry" in rest:
        rest["entry"] = [{**entry, "resource": unclaimed(entry["resource"])} for entry in rest["entry"]]
    return {**rest, **({"meta": meta} if meta else {})}


@pytest.mark.parametrize(("form", "facts", "stage"), SAID, ids=[f"{form}-{stage}" for form, _, stage in SAID])
def test_claimed_profiles_are_kept_and_change_nothing_else(form: str, facts: CallFacts, stage: Stage) -> None:
    plain = composed(form, facts, stage, claim_profiles=False)
    named = composed(form, facts, stage, claim_profiles=True)
    inside = [entry["resource"] for entry in named["entry"]]
    assert plain == unclaimed(plain) == unclaimed(named)
    claims = {each["resourceType"]: each["meta"]["profile"] for each in inside if "profile" in each.get("meta", {})}
    assert claims["Patient"] == [extension_url("least-patient")]
    assert claims["Coverage"] == [extension_url("payer-coverage")]
    for each in (named, *inside):
        assert [str(issue) for issue in profile_findings(each, PROFILES)] == []


def test_a_reversal_names_its_profile_too() -> None:
    said = composed("submit", make_call(), Stage.REVERSE, claim_profiles=True)
    [claim] = [entry["resource"] for entry in said["entry"] if entry["resource"]["resourceType"] == "Claim"]
    assert claim["meta"]["profile"] == [extension_url("payer-claim")]


def test_a_word_of_our_own_has_nothing_to_name() -> None:
    """That an answer is asked for travels in the address; its note is no resource."""
    config = EndpointConfig("aid", "fhir", "https://x.example", form="transaction", simulator=True, claim_profiles=True)
    payer = FhirEndpoint(config, SystemClock())
    first = payer.next(Stage.SETTLE, make_aid_call(), (), NOW)
    assert isinstance(first, OutboundMessage)
    stored = Exchange(first, Receipt(Outcome.ACCEPTED, NOW, body=b"{}"))
    asked = payer.next(Stage.SETTLE, make_aid_call(), (stored,), NOW)
    assert isinstance(asked, OutboundMessage) and decode(asked.composed) == {"ask": first.key}
