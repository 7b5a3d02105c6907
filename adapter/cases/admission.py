"""Admission: may the stay pay after care, and what about a deposit (资格与押金)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapter.cases.reading import OURS, as_rows, case_of, his_resources
from adapter.cases.tools import Act, Feed, Tools
from adapter.cases.way_back import tell_eligibility
from adapter.cases.window.insurer import registration_differs
from adapter.cases.window.record import WindowRecord, decision_of, record_of, window_facts
from adapter.fhir.facts import facility_facts, person_facts
from adapter.fhir.programme_task import entitlement_task
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import DepositState, EntitlementState
from adapter.model.dates import local_day
from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money
from adapter.rules.programme import (
    AdmissionFacts,
    Assessment,
    CreditState,
    DepositAnswer,
    RefundTask,
    assess,
    check_deposit,
    deposit_arrived,
)
from adapter.rules.programme.agreements import declined_kinds


def admission_facts(
    stay_key: str,
    resources: tuple[Mapping[str, Any], ...],
    feed: Feed,
    credit: CreditState,
    record: WindowRecord,
    differs: tuple[str, ...] | None = None,
) -> tuple[AdmissionFacts, list[Issue]]:
    """What the programme may look at, and what is missing from it."""
    encounter = next(each for each in resources if each["resourceType"] == "Encounter")
    admitted = local_day(datetime.fromisoformat(encounter["period"]["start"]))
    person, found = person_facts(resources, reference=feed.reference, on=admitted)
    facility, more = facility_facts(resources, reference=feed.reference, on=admitted)
    facts = AdmissionFacts(
        stay_key=stay_key,
        admitted=admitted,
        person=person,
        facility=facility,
        registers=feed.reference.registers(person.key, admitted) if person is not None else None,
        window=window_facts(feed.windows.get(stay_key), stay_key, record),
        credit=credit,
        other_causes=frozenset(record.facts.other_causes or ()),
        decision=decision_of(record.facts),
        differs=differs,
        waived=record.waived,
        declined=declined_kinds(record.agreements),
    )
    return facts, [*found, *more]


def assess_case(tx: Transaction, case_id: str, tools: Tools, act: Act) -> tuple[Assessment, tuple[Issue, ...]]:
    """Assess the entitlement on the facts of now; a later assessment stands beside the earlier one.

    Raises:
        SettingMissing: PRG-201, one issue for each blank of the programme that the scheme leaves open.
    """
    row = case_of(tx, case_id)
    feed, scheme = tools.feed(row.source), tools.book.scheme(row.scheme)
    resources = his_resources(tx, case_id)
    differs = registration_differs(tx, case_id, resources)
    facts, found = admission_facts(row.stay_key, resources, feed, credit_of(tx, row), record_of(tx, case_id), differs)
    programme = tools.book.programme(scheme.programme)
    assessment = assess(facts, programme, local_day(act.at), scheme.settings)
    _file(tx, case_id, row.source, resources, assessment, test_profile=scheme.test_profile, act=act)
    _move_entitlement(tx, case_id, row.entitlement, assessment, act)
    _move_deposit(tx, case_id, row.deposit, assessment, act)
    more, refund = _deposits(tx, case_id, resources, assessment, act)
    tell_eligibility(tx, case_id, assessment, deposits_in(resources), refund, feed, scheme.test_profile, act)
    return assessment, (*found, *assessment.issues, *more)


def credit_of(tx: Transaction, row: CaseRow) -> CreditState:
    """Where the debtor stands on the hospital's credit list, which this ledger keeps: nobody not listed is clear."""
    paper = tx.paper("", f"credit/{row.source}/{row.person_key}")
    return CreditState.CLEAR if paper is None else CreditState(str(paper["state"]))


def may_take_deposit(tx: Transaction, case_id: str, amount: Money, tools: Tools, act: Act) -> DepositAnswer:
    """The answer before money is taken (X-18); asking is written down."""
    assessment, _ = assess_case(tx, case_id, tools, act)
    answer = check_deposit(assessment, amount, record_of(tx, case_id).deposit_let)
    asked = {"amount": amount.text, "allowed": answer.allowed, "cite": answer.cite}
    tx.note(case_id, "deposit-asked", asked, **act.said)
    return answer


def assessment_paper(assessment: Assessment) -> dict[str, object]:
    """The assessment as JSON, for the record, the doors and the way back."""
    return {
        "on": assessment.on.isoformat(),
        "programme": assessment.programme,
        "version": assessment.version,
        "state": str(assessment.state),
        "reasons": [
            {
                "code": reason.code,
                "rule": reason.rule,
                "met": str(reason.met),
                "effect": str(reason.effect),
                "zh": reason.zh,
                "en": reason.en,
                "cite": reason.cite,
                "todo_zh": reason.todo_zh,
                "todo_en": reason.todo_en,
                "review": reason.review,
            }
            for reason in assessment.reasons
        ],
        "papers": [
            {"paper": paper.name, "met": str(paper.met), "zh": paper.zh, "en": paper.en, "cite": paper.cite}
            for paper in assessment.papers
        ],
        "deposit": {
            "state": str(assessment.deposit.state),
            "zh": assessment.deposit.zh,
            "en": assessment.deposit.en,
            "cite": assessment.deposit.cite,
        },
        "changes": [
            {"zh": change.zh, "en": change.en, "cite": change.cite, "then": str(change.then)}
            for change in assessment.changes
        ],
        "third_party": str(assessment.third_party),
        "third_party_bears": assessment.third_party_bears.text,
    }


def _file(
    tx: Transaction,
    case_id: str,
    source: str,
    resources: tuple[dict[str, Any], ...],
    assessment: Assessment,
    *,
    test_profile: bool,
    act: Act,
) -> None:
    """Keep an assessment and its Task, unless it says what the last one said of the same patient."""
    patients = [f"Patient/{each['id']}" for each in resources if each["resourceType"] == "Patient"]
    paper, before = {**assessment_paper(assessment), "patients": patients}, tx.paper(case_id, "assessment")
    if before is not None and {**before, "on": ""} == {**paper, "on": ""}:
        return
    tx.file_paper(case_id, "assessment", paper, **act.said)
    task = entitlement_task(
        resources,
        source=source,
        case_id=case_id,
        programme=assessment.programme,
        state=assessment.state,
        reasons=assessment.reasons,
        decided=act.at,
        deposit=str(assessment.deposit.state),
        test_profile=test_profile,
    )
    tx.put_resources(OURS, case_id, as_rows([task]), **act.said)


def _move_entitlement(
    tx: Transaction, case_id: str, before: EntitlementState | None, assessment: Assessment, act: Act
) -> None:
    """Granted that no longer holds is revoked, from now on only; every other step follows the table.

    A doubt revokes nothing: what is merely open (a third party, a paper) stands in the assessment (X-06).
    """
    if before is None:
        tx.start(case_id, "entitlement", EntitlementState.UNASSESSED, **act.said)
        before = EntitlementState.UNASSESSED
    after = assessment.state
    if before is EntitlementState.GRANTED and after is EntitlementState.REFUSED:
        after = EntitlementState.REVOKED
    decided = before in (EntitlementState.GRANTED, EntitlementState.REFUSED)
    settled = before in (after, EntitlementState.REVOKED)
    if settled or (decided and after is EntitlementState.PROVISIONAL):
        return
    tx.move(case_id, "entitlement", after, **act.said)


def _move_deposit(tx: Transaction, case_id: str, before: DepositState | None, assessment: Assessment, act: Act) -> None:
    after = assessment.deposit.state
    if before is None:
        tx.start(case_id, "deposit", after, **act.said)
    elif before is not after and before in (DepositState.REQUIRED, DepositState.NOT_ALLOWED):
        tx.move(case_id, "deposit", after, **act.said)


def _deposits(
    tx: Transaction, case_id: str, resources: tuple[Mapping[str, Any], ...], assessment: Assessment, act: Act
) -> tuple[tuple[Issue, ...], RefundTask | None]:
    """Deposits that the feed brought: kept where required; else an issue and a task to give them back."""
    taken = deposits_in(resources)
    if taken <= ZERO:
        return (), None
    if tx.state(case_id, "deposit") in (DepositState.REQUIRED, DepositState.NOT_ALLOWED):
        tx.move(case_id, "deposit", DepositState.RECEIVED, **act.said)
    issues, task = deposit_arrived(assessment, taken, record_of(tx, case_id).deposit_let)
    if task is not None:
        tx.file_paper(case_id, "deposit-refund", _task_paper(task), **act.said)
    return issues, task


def deposits_in(resources: tuple[Mapping[str, Any], ...]) -> Money:
    """What the feed says was taken as deposits and not voided."""
    return Money.total(
        Money.yuan(Decimal(str(each["paymentAmount"]["value"])))
        for each in resources
        if each["resourceType"] == "PaymentReconciliation" and each["status"] == "active"
    )


def _task_paper(task: RefundTask) -> dict[str, object]:
    return {"amount": task.amount.text, "zh": task.zh, "en": task.en, "cite": task.cite}
