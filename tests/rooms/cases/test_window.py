"""Papers at the window: what acts keep, which machine they move, and what the entitlement makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.cases.tools import Tools
from adapter.cases.views import full_record
from adapter.cases.window import agreements, checks, documents
from adapter.cases.window.record import record_of
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.model.case import (
    Actor,
    AgreementState,
    DocumentState,
    EntitlementState,
    PatientPartState,
)
from adapter.model.issues import AdapterError
from adapter.model.reference import DocumentFact, DocumentKind
from adapter.model.window import AgreementKind, CheckStep, Relation, Signer
from tests.support.office import act, case_id, codes, row_of, settle_case, take_in

STAY = "300010004"  # registered poor under programme B, with all its papers in the window file
CASE = case_id(STAY)
EMERGENCY = "300010008"  # programme A, an emergency without any paper
URGENT = case_id(EMERGENCY)
CARD = DocumentFact(DocumentKind.INSURANCE_CARD)
COPY = DocumentFact(DocumentKind.ID_CARD, original=False)
HIMSELF = Signer(Relation.PATIENT)


def refusal(what: Callable[..., object], *given: Any, **more: Any) -> list[str]:
    with pytest.raises(AdapterError) as caught:
        what(*given, **more)
    return codes(caught.value)


def with_settings(tools: Tools, scheme: str, **settings: Any) -> Tools:
    """The same office, its region having chosen otherwise."""
    chosen = tools.book.scheme(scheme)
    schemes = {**tools.book.schemes, scheme: replace(chosen, settings={**chosen.settings, **settings})}
    return replace(tools, book=replace(tools.book, schemes=schemes))


def owes_nothing(tools: Tools) -> None:
    settle_case(STAY, tools)
    if row_of(STAY, tools).patient_part is not PatientPartState.PAID:
        with tools.ledger.transaction() as tx:
            tx.move(CASE, "patient-part", PatientPartState.PAID, **act(tools, "cashier").said)


@pytest.fixture
def admitted(tools: Tools, tmp_path: Path) -> Tools:
    take_in(tools, tmp_path, STAY)
    return tools


@pytest.mark.rule("A-14")
@pytest.mark.rule("B-16")
@pytest.mark.rule("B-19")
def test_a_card_is_kept_and_goes_back_once_nothing_is_owed(admitted: Tools) -> None:
    done = documents.take_document(CASE, CARD, admitted, act(admitted))
    assert (done.shown["keep"], done.shown["state"], done.shown["taken_by"]) == ("original", "held", "clerk-07")
    assert refusal(documents.take_document, CASE, CARD, admitted, act(admitted)) == ["PRG-243"]
    back = (CASE, "insurance-card", Relation.CHILD, admitted)
    assert refusal(documents.return_document, *back, act(admitted)) == ["PRG-246"]
    owes_nothing(admitted)
    shown = documents.return_document(*back, act(admitted)).shown
    assert (shown["state"], shown["to"], shown["ended_by"]) == ("returned", "child", "clerk-07")
    assert refusal(documents.return_document, *back, act(admitted)) == ["CASE-301"]
    with admitted.ledger.reading() as tx:
        assert tx.state(CASE, "documents", "insurance-card") is DocumentState.RETURNED
    assert row_of(STAY, admitted).entitlement is EntitlementState.GRANTED


def test_each_act_stands_in_the_journal_with_who_and_why(admitted: Tools) -> None:
    documents.take_document(CASE, COPY, admitted, act(admitted, "入院收证"))
    documents.lose_document(CASE, "id-card", admitted, act(admitted, "交接时遗失"))
    assert refusal(documents.lose_document, CASE, "id-card", admitted, act(admitted)) == ["CASE-301"]
    assert refusal(documents.lose_document, CASE, "id-card-7", admitted, act(admitted)) == ["PRG-245"]
    again = documents.take_document(CASE, COPY, admitted, act(admitted))
    assert again.shown["id"] == "id-card-2"
    with admitted.ledger.reading() as tx:
        moves = [
            (each.event.data["subject"], each.event.data["after"], each.event.actor.id, each.event.reason)
            for each in tx.journal(CASE)
            if each.event.kind == "machine-moved" and each.event.data["machine"] == "documents"
        ]
    assert moves[0] == ("id-card", "held", "clerk-07", "入院收证")
    assert moves[1] == ("id-card", "lost", "clerk-07", "交接时遗失")
    assert row_of(STAY, admitted).entitlement is EntitlementState.GRANTED


def test_the_service_itself_never_acts_at_the_window(admitted: Tools) -> None:
    nobody = admitted.act(Actor("adapter", "system"), "import")
    assert refusal(documents.take_document, CASE, CARD, admitted, nobody) == ["PRG-282"]
    assert refusal(documents.take_document, "nobody", CARD, admitted, act(admitted)) == ["CASE-302"]
    with admitted.ledger.reading() as tx:
        assert record_of(tx, CASE).documents == ()


@pytest.mark.rule("X-07")
def test_a_paper_is_waived_only_where_the_region_lists_it(admitted: Tools) -> None:
    waive = (CASE, "household-book")
    assert refusal(documents.waive_document, *waive, admitted, act(admitted)) == ["PRG-244"]
    region = with_settings(admitted, "test_hunan_two_calls", waivable_papers=("household-book",))
    assert documents.waive_document(*waive, region, act(region)).shown["state"] == "waived"
    assert refusal(documents.waive_document, CASE, "id-card", region, act(region)) == ["PRG-244"]


@pytest.mark.rule("X-11")
@pytest.mark.rule("Q-03")
def test_papers_under_a_plan_follow_the_region(admitted: Tools) -> None:
    documents.take_document(CASE, CARD, admitted, act(admitted))
    settle_case(STAY, admitted)
    with admitted.ledger.transaction() as tx:
        tx.move(CASE, "patient-part", PatientPartState.ON_PLAN, **act(admitted, "plan").said)
    strict = with_settings(admitted, "test_hunan_two_calls", papers_under_plan="last-instalment")
    back = (CASE, "insurance-card", Relation.PATIENT)
    assert refusal(documents.return_document, *back, strict, act(strict)) == ["PRG-246"]
    assert documents.return_document(*back, admitted, act(admitted)).shown["state"] == "returned"


@pytest.mark.rule("A-15")
@pytest.mark.rule("A-12")
@pytest.mark.rule("X-01")
def test_papers_brought_later_turn_a_provisional_stay_into_a_granted_one(tools: Tools, tmp_path: Path) -> None:
    take_in(tools, tmp_path, EMERGENCY)
    assert row_of(EMERGENCY, tools).entitlement is EntitlementState.PROVISIONAL
    documents.take_document(URGENT, CARD, tools, act(tools))
    documents.take_document(URGENT, COPY, tools, act(tools))
    book = DocumentFact(DocumentKind.HOUSEHOLD_BOOK, original=False)
    documents.take_document(URGENT, book, tools, act(tools))
    checks.record_check(URGENT, CheckStep.IDENTITY, "W007", tools, act(tools))
    offered = agreements.offer_agreement(URGENT, tools, act(tools), kind=None, version="2021-1")
    assert (offered.shown["kind"], offered.after) == ("settlement-agreement", EntitlementState.PROVISIONAL)
    done = agreements.sign_agreement(URGENT, 1, HIMSELF, tools, act(tools))
    assert (done.before, done.after) == (EntitlementState.PROVISIONAL, EntitlementState.GRANTED)
    with tools.ledger.reading() as tx:
        filed = [each for each in tx.journal(URGENT) if each.event.kind == "paper-filed"]
    assert sum(each.event.data["name"] == "assessment" for each in filed) >= 5  # every answer of the way is kept


@pytest.mark.rule("B-15")
@pytest.mark.rule("X-08")
def test_a_refused_signature_takes_the_deferral_and_no_payer(admitted: Tools) -> None:
    kinds = (CASE, admitted, act(admitted))
    wrong = AgreementKind.SETTLEMENT_AGREEMENT
    assert refusal(agreements.offer_agreement, *kinds, kind=wrong, version="1") == ["PRG-247"]
    agreements.offer_agreement(*kinds, kind=None, version="2017-1")
    done = agreements.end_agreement(CASE, 1, AgreementState.REFUSED, admitted, act(admitted, "患者选择交押金"))
    assert (done.before, done.after) == (EntitlementState.GRANTED, EntitlementState.REVOKED)
    settle_case(STAY, admitted)  # settled like any other
    assert row_of(STAY, admitted).bill == "settled"


@pytest.mark.rule("X-08")
def test_a_new_version_replaces_the_old_one_openly(admitted: Tools) -> None:
    told = act(admitted)
    agreements.offer_agreement(CASE, admitted, told, kind=None, version="2017-1")
    agreements.sign_agreement(CASE, 1, Signer(Relation.CHILD, "授权委托书 7"), admitted, told)
    again = {"kind": None, "version": "2018-1"}
    assert refusal(agreements.offer_agreement, CASE, admitted, told, **again) == ["PRG-248"]
    agreements.offer_agreement(CASE, admitted, told, kind=None, version="2018-1", replacing=True)
    assert [each["state"] for each in agreements.list_agreements(CASE, admitted)] == ["replaced", "offered"]
    agreements.sign_agreement(CASE, 2, HIMSELF, admitted, told)
    agreements.end_agreement(CASE, 2, AgreementState.FULFILLED, admitted, told)
    assert refusal(agreements.end_agreement, CASE, 2, AgreementState.BREACHED, admitted, told) == ["CASE-301"]
    assert refusal(agreements.sign_agreement, CASE, 3, HIMSELF, admitted, told) == ["PRG-245"]
    with admitted.ledger.reading() as tx:
        states = {each.subject: each.state for each in tx.states(CASE, "agreement")}
    assert states == {"1": AgreementState.REPLACED, "2": AgreementState.FULFILLED}


def test_a_breach_ends_the_deferral(admitted: Tools) -> None:
    agreements.offer_agreement(CASE, admitted, act(admitted), kind=None, version="2017-1")
    agreements.sign_agreement(CASE, 1, HIMSELF, admitted, act(admitted))
    done = agreements.end_agreement(CASE, 1, AgreementState.BREACHED, admitted, act(admitted, "分阶段费用两次未付"))
    assert done.after is EntitlementState.REVOKED


def test_every_paper_is_valid_fhir_and_names_nobody(admitted: Tools) -> None:
    documents.take_document(CASE, CARD, admitted, act(admitted))
    agreements.offer_agreement(CASE, admitted, act(admitted), kind=None, version="2017-1")
    agreements.sign_agreement(CASE, 1, Signer(Relation.SPOUSE, "授权委托书"), admitted, act(admitted))
    with admitted.ledger.reading() as tx:
        rows = tx.resources_of_case(CASE)
    made = [decode(row.body) for row in rows if row.source == "adapter"]
    assert [issue for issue in validate([decode(row.body) for row in rows]) if issue.stops] == []
    by_type = {each["resourceType"]: each for each in made}
    assert by_type["Contract"]["status"] == "executed" and len(by_type["Contract"]["signer"]) == 1  # an undertaking
    assert by_type["RelatedPerson"].keys().isdisjoint({"name", "telecom", "address"})
    tasks = [each for each in made if each["resourceType"] == "Task"]
    custody = next(each for each in tasks if each["code"]["coding"][0]["code"] == "custody")
    assert (custody["status"], custody["businessStatus"]["coding"][0]["code"]) == ("in-progress", "held")
    settle_case(STAY, admitted)
    kept = {each["resource"]["resourceType"] for each in full_record(CASE, admitted)["entry"]}
    assert {"Contract", "Task", "RelatedPerson"} <= kept


def test_the_ledger_rebuilt_from_its_journal_holds_the_same_papers(admitted: Tools) -> None:
    documents.take_document(CASE, CARD, admitted, act(admitted))
    before = documents.list_documents(CASE, admitted)
    admitted.ledger.rebuild()
    assert documents.list_documents(CASE, admitted) == before
    assert [each["name"] for each in before["required"]] == ["id-card", "household-book", "poverty-proof", "agreement"]
