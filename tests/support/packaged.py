"""What the builders write, resource by resource, for the examples of the FHIR package and for looking at its promises.

Everything is made by the code that makes it in service, out of the one small case of ``tests.support.cases``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from adapter.counterparts.answers import eligibility
from adapter.fhir.clearing import money_received
from adapter.fhir.collection import (
    collection_task,
    credit_flag,
    payment_resources,
    plan_contract,
    reminder_request,
)
from adapter.fhir.communication import Taken, Told, communication, communication_request
from adapter.fhir.programme_task import entitlement_task
from adapter.fhir.window_papers import agreement_contract, consent_papers, custody_task
from adapter.model.case import AgreementState, DocumentState, EntitlementState, PlanState
from adapter.model.money import Money
from adapter.model.reference import DocumentKind, ItemKind
from adapter.model.window import Agreement, AgreementKind, Consent, HeldDocument, Relation, Signer
from adapter.rules.programme.reasons import Met
from tests.conformance.written import in_the_record, on_the_wire
from tests.rooms.fhir.test_wire_claim import BUILDERS
from tests.support.cases import CASE, CREATED, SOURCE, make_resources

CITE = "县区方案2021 三(一)"
_CASE: dict[str, Any] = {"source": SOURCE, "case_id": CASE, "test_profile": False}


def bundles() -> Iterator[tuple[str, dict[str, Any]]]:
    """Bundles of the wire and of the record, by name."""
    yield from on_the_wire()
    for name, resource in in_the_record():
        if resource["resourceType"] == "Bundle":
            yield name, resource


def papers() -> Iterator[tuple[str, dict[str, Any]]]:
    """What people do at the window and after it: one resource each, by name."""
    for name, written in (*_decision(), *_window(), *_money(), *_notices()):
        for number, resource in enumerate(written):
            yield f"{name}-{number}" if number else name, resource


def _decision() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    class Reason:
        code, met, cite = "document:insurance-card", Met.NOT_MET, CITE
        zh, en = "未出示医保卡", "no insurance card shown"

    yield (
        "task-entitlement",
        [
            entitlement_task(
                make_resources(),
                **_CASE,
                programme="county-plan-2021",
                state=EntitlementState.PROVISIONAL,
                reasons=[Reason()],
                decided=CREATED,
                deposit="required",
                deposit_amount=Money.yuan("1000.00"),
            )
        ],
    )


def _window() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    paper = HeldDocument(
        *("insurance-card", "insurance-card", DocumentKind.INSURANCE_CARD, True, "original"),
        *(DocumentState.HELD, "N0001", CREATED, CITE),
    )
    held = make_resources()
    yield "task-custody", [custody_task(held, **_CASE, document=paper, at=CREATED)]
    agreement = Agreement(
        *(1, AgreementKind.SETTLEMENT_AGREEMENT, "2021-1", AgreementState.SIGNED, "N0001", CREATED),
        *("住院治疗费用结算协议书", "agreement on settling the stay", CITE),
        signer=Signer(Relation.SPOUSE),
        signed_at=CREATED,
    )
    *_, contract = agreement_contract(held, **_CASE, agreement=agreement)
    yield "contract-agreement", [contract]
    consent = Consent(1, ("3105",), (ItemKind.DRUG,), Signer(Relation.PATIENT), CREATED, "D0001", CITE)
    yield "consent-outside-catalogue", list(consent_papers(held, **_CASE, consent=consent))


def _money() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    held = make_resources()
    paid: dict[str, Any] = {**_CASE, "method": "cash", "at": CREATED}
    received, notice = payment_resources(held, **paid, amount=Money.yuan("103.39"), receipt="SJ-0001", cleared=True)
    yield "payment-received", [received]
    yield "payment-notice", [notice]
    refund, _ = payment_resources(held, **paid, amount=Money.yuan("-3.39"), receipt="SJ-0002", cleared=False)
    yield "payment-refund", [refund]
    rows = [(date(2021, 4, 12), Money.yuan("50.00")), (date(2021, 5, 12), Money.yuan("53.39"))]
    yield (
        "contract-plan",
        [
            plan_contract(
                held, **_CASE, version=1, state=PlanState.SIGNED, signed=date(2021, 3, 12), rows=rows, cite=CITE
            )
        ],
    )
    yield (
        "clearing-month",
        [
            money_received(
                book="bureau/2021-03",
                endpoint="bureau",
                facility="H99990100001",
                month=date(2021, 3, 1),
                reference="BF-2021-03",
                cash=Money.yuan("270.00"),
                parts=[("basic", Money.yuan("300.00")), ("retained", Money.yuan("-30.00"))],
                at=CREATED,
                test_profile=False,
            )
        ],
    )
    yield (
        "task-collection",
        [collection_task(held, **_CASE, code="collection", text=CITE, amount=Money.yuan("103.39"), at=CREATED)],
    )
    flag = credit_flag(held, **_CASE, debtor="patient", listed=True, start=date(2021, 9, 1), end=None)
    if flag is not None:
        yield "flag-credit", [flag]


def _notices() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    held = make_resources()
    told = Told(SOURCE, CASE, "estimate", "estimate", "应告知", "to be told", CITE, CREATED, False)
    yield "communication-request", [communication_request(held, told, "paper", taken=True)]
    yield "communication", [communication(held, told, Taken("patient", "paper", CREATED, "N0001"))]
    yield (
        "communication-reminder",
        [reminder_request(held, **_CASE, number="1", text=CITE, at=CREATED)],
    )


def year_of_the_insurer() -> dict[str, Any]:
    """What the simulated bureau answers to our question about the year."""
    asked = next(
        entry["resource"]
        for entry in BUILDERS["eligibility"]()["entry"]
        if entry["resource"]["resourceType"] == "CoverageEligibilityRequest"
    )
    used = {"basic.deductible": Decimal("200.00"), "basic.paid": Decimal("300.00")}
    return eligibility(asked, in_force=True, used=used, payers=["basic"], created=asked["created"])
