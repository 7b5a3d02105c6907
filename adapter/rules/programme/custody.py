"""Custody: which papers the hospital holds, as what, and when they go back (证件保管与归还)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapter.model.case import DocumentState, EntitlementState, PatientPartState, StayState
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.reference import DocumentFact, DocumentKind
from adapter.model.window import HeldDocument, Relation
from adapter.rules.programme import window_issues as said
from adapter.rules.programme.documents import NAMES
from adapter.rules.programme.terms import Paperwork, Proof, Terms

#: Instruments are offered and signed (agreements.py); they are not taken over the counter.
_INSTRUMENTS = frozenset({DocumentKind.SETTLEMENT_AGREEMENT, DocumentKind.SETTLEMENT_UNDERTAKING})

#: The patient owes nothing more, or nobody asks him for it any longer.
_CLEAR = frozenset(
    {
        PatientPartState.PAID,
        PatientPartState.REFUND_DUE,
        PatientPartState.REFUNDED,
        PatientPartState.RECOVERED,
        PatientPartState.WRITTEN_OFF,
    }
)
_OVER = frozenset({StayState.WARD_DISCHARGED, StayState.CLOSED})
_VOID = frozenset({StayState.CANCELLED, StayState.ENTERED_IN_ERROR})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands when somebody asks for the papers.

    Attributes:
        patient_pays: of the settled bill; None while there is none.
    """

    stay: StayState | None
    entitlement: EntitlementState | None
    part: PatientPartState | None
    patient_pays: Money | None


@dataclass(frozen=True, slots=True)
class ReturnAnswer:
    """May the papers go back now, and under which article."""

    allowed: bool
    zh: str
    en: str
    cite: str


def take(
    case_id: str,
    before: Sequence[HeldDocument],
    shown: DocumentFact,
    terms: Terms,
    *,
    keep: str | None,
    by: str,
    at: datetime,
) -> HeldDocument:
    """Take a paper over the counter: held, or presented where there is nothing to hold.

    Args:
        keep: ``original`` | ``copy`` | ``none``; None: what the programme says.

    Raises:
        AdapterError: PRG-240 not asked for, PRG-241 more than may be kept, PRG-242 half a proof, PRG-243 held already.

    Source: 县区方案2021 三(三); 永卫计发〔2017〕67号 三(一).
    """
    paperwork, proof = _asked(case_id, shown.kind, terms)
    cite = paperwork.custody_cite
    if proof.two_step and not (shown.issuer and shown.confirmed_by):
        zh, en = NAMES[shown.kind]
        raise AdapterError(
            said.half_proven(
                case_id, shown.kind, f"{zh}须有开具单位和盖章单位", f"{en} needs its issuer and its seal", cite
            )
        )
    kept = proof.keep if keep is None else keep
    if kept not in ("none", proof.keep) or (kept == "original" and not shown.original):
        most = proof.keep if shown.original or proof.keep != "original" else "none"
        raise AdapterError(said.keeps_too_much(case_id, shown.kind, kept, most, cite))
    standing = next((each for each in before if each.kind is shown.kind and each.state is DocumentState.HELD), None)
    if standing is not None:
        raise AdapterError(said.held_already(case_id, shown.kind, standing.id))
    return HeldDocument(
        id=_next_id(before, str(shown.kind)),
        name=paperwork.name,
        kind=shown.kind,
        original=shown.original,
        keep=kept,
        state=DocumentState.PRESENTED if kept == "none" else DocumentState.HELD,
        taken_by=by,
        taken_at=at,
        cite=cite,
        issuer=shown.issuer,
        confirmed_by=shown.confirmed_by,
        year=shown.year,
    )


def waive(
    case_id: str, before: Sequence[HeldDocument], name: str, terms: Terms, *, by: str, at: datetime
) -> HeldDocument:
    """Let a patient off a paper, where the region lists it as waivable (switch ``waivable_papers``).

    Raises:
        AdapterError: PRG-244; neither source knows a waiver, so none is assumed.
    """
    paperwork = next((each for each in terms.paperwork if each.name == name), None)
    if paperwork is None or name not in terms.switches.get("waivable_papers", ()):
        raise AdapterError(said.not_waivable(case_id, name, terms.programme))
    kind = paperwork.proofs[0].kind
    id_ = _next_id(before, str(kind))
    return HeldDocument(
        id_, name, kind, False, "none", DocumentState.WAIVED, taken_by=by, taken_at=at, cite=paperwork.text.cite
    )


def return_answer(standing: Standing, terms: Terms) -> ReturnAnswer:
    """May the papers go back? After the patient's part is settled; under a plan as the switch says (Q-03).

    A refused deferral secures nothing, so its papers go back at once.

    Source: 县区方案2021 三(三); 永卫计发〔2017〕67号 三(二).
    """
    when = terms.papers_returned
    if standing.entitlement is EntitlementState.REFUSED:
        cite = terms.deposit_refused.text.cite
        return ReturnAnswer(True, "不享受先诊疗后付费,证件应予归还", "nothing is deferred: the papers go back", cite)
    if standing.stay in _VOID:
        return ReturnAnswer(True, "住院登记已撤销", "the admission was withdrawn", when.cite)
    if standing.stay not in _OVER:
        return ReturnAnswer(False, "患者尚未出院", "the stay is not over", when.cite)
    if standing.part in _CLEAR:
        return ReturnAnswer(True, when.zh, when.en, when.cite)
    if standing.part is PatientPartState.OPEN and standing.patient_pays is not None and not standing.patient_pays:
        return ReturnAnswer(True, "个人无应付费用", "the patient owes nothing", when.cite)
    if standing.part is PatientPartState.ON_PLAN:
        return _under_plan(terms)
    return ReturnAnswer(False, "个人应付尚未结清", "the patient's part is not settled", when.cite)


def _under_plan(terms: Terms) -> ReturnAnswer:
    """B says nothing about papers under a plan; the region may choose, the default is at discharge (X-11)."""
    cite = f"{terms.papers_returned.cite};Q-03"
    if terms.switch("papers_under_plan") == "discharge":
        return ReturnAnswer(True, "已签订还款计划,出院时归还", "a plan is signed: they go back at discharge", cite)
    return ReturnAnswer(False, "还款计划尚未履行完毕", "the plan's last instalment is still due", cite)


def give_back(
    case_id: str, document: HeldDocument, standing: Standing, terms: Terms, *, to: Relation, by: str, at: datetime
) -> HeldDocument:
    """Return a paper. Raises AdapterError PRG-246 while it may not go back yet."""
    answer = return_answer(standing, terms)
    if not answer.allowed:
        raise AdapterError(said.not_to_be_returned(case_id, document.id, answer.zh, answer.en, answer.cite))
    return replace(document, state=DocumentState.RETURNED, ended_by=by, ended_at=at, to=to, cite=answer.cite)


def lose(document: HeldDocument, *, by: str, at: datetime) -> HeldDocument:
    """Record that a held paper is lost; what the patient showed stays shown."""
    return replace(document, state=DocumentState.LOST, ended_by=by, ended_at=at)


def _asked(case_id: str, kind: DocumentKind, terms: Terms) -> tuple[Paperwork, Proof]:
    """The requirement that a kind of paper serves. Raises AdapterError PRG-240."""
    if kind not in _INSTRUMENTS:
        for paperwork in terms.paperwork:
            for proof in paperwork.proofs:
                if proof.kind is kind:
                    return paperwork, proof
    raise AdapterError(said.paper_not_asked(case_id, kind, terms.programme))


def _next_id(before: Sequence[HeldDocument], kind: str) -> str:
    count = sum(each.kind == kind for each in before)
    return kind if count == 0 else f"{kind}-{count + 1}"
