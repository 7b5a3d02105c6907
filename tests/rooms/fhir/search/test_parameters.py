"""The search parameters are HL7's own, and the notes' list of what settlement needs is among them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapter.fhir.posted import WRITABLE, space_of
from adapter.fhir.search import build
from adapter.fhir.search.parameters import OWN_TIME, PERSONAL, parameter_number, parameters_of, searched_types
from tests.conformance.strangers import DEFINITIONS, install_node

FILES = Path(build.__file__).parent

#: What R4 lets one ask for and settlement uses.
WANTED = {
    "Coverage": "beneficiary patient payor policy-holder subscriber identifier status type class-type class-value",
    "Encounter": "identifier patient subject class status date account service-provider type location part-of length",
    "ChargeItem": "identifier patient subject context account code occurrence entered-date performing-organization "
    "requesting-organization price-override factor-override quantity service",
    "Invoice": "identifier patient subject account date issuer recipient status type totalgross totalnet participant",
    "Claim": "identifier patient provider insurer status use created priority encounter facility payee",
    "ClaimResponse": "identifier patient request insurer requestor outcome status use created disposition payment-date",
    "ExplanationOfBenefit": "identifier patient claim coverage provider encounter status created disposition",
    "Account": "identifier patient subject owner period status type name",
    "PaymentNotice": "identifier request response provider created payment-status status",
    "PaymentReconciliation": "identifier request requestor payment-issuer outcome status created",
    "CoverageEligibilityRequest": "identifier patient provider status created",
    "CoverageEligibilityResponse": "identifier patient insurer requestor request outcome status created",
    "Contract": "identifier subject patient signer status issued",
}


@pytest.mark.slow
def test_the_files_are_those_of_a_new_build() -> None:
    install_node()
    assert build.text(DEFINITIONS) == (FILES / "parameters.json").read_text("utf-8")
    assert build.summaries(DEFINITIONS) == json.loads((FILES / "summaries.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", WANTED)
def test_what_settlement_asks_for_is_offered(kind: str) -> None:
    assert set(WANTED[kind].split()) <= parameters_of(kind).keys()
    assert {"_id", "_lastUpdated", "_profile", "_tag"} <= parameters_of(kind).keys()


def test_r4_has_no_status_of_a_charge() -> None:
    assert "status" not in parameters_of("ChargeItem")


def test_no_two_parameters_share_a_number() -> None:
    names = [
        (kind, name)
        for kind in searched_types()
        for parameter in ("", *parameters_of(kind))
        for name in (parameter, f"{parameter}:identifier")
    ]
    names += [(space_of(kind), "") for kind in WRITABLE]
    assert len({parameter_number(*name) for name in names}) == len(names)


def test_a_parameter_that_reads_the_same_place_shares_its_index() -> None:
    assert parameters_of("ChargeItem")["patient"].indexed == "subject"
    assert parameters_of("Coverage")["patient"].number == parameters_of("Coverage")["beneficiary"].number


def test_times_and_personal_parameters_exist() -> None:
    for kind, name in OWN_TIME.items():
        assert parameters_of(kind)[name].kind == "date"
    for kind, names in PERSONAL.items():
        assert names & parameters_of(kind).keys()
