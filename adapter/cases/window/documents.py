"""Documents in custody: take, waive, return, lose; and the list of what is held (证件收存与归还)."""

from __future__ import annotations

from typing import Any

import msgspec

from adapter.cases.reading import case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.window.desk import Desk, Done, at_desk, not_found
from adapter.cases.window.record import record_of
from adapter.fhir.window_papers import custody_task
from adapter.model.case import DocumentState
from adapter.model.reference import DocumentFact
from adapter.model.window import HeldDocument, Relation
from adapter.rules.programme import custody
from adapter.rules.programme.custody import Standing
from adapter.rules.programme.reading import read_terms

_MACHINE = "documents"


def take_document(case_id: str, shown: DocumentFact, tools: Tools, act: Act, *, keep: str | None = None) -> Done:
    """Take a paper into custody, or record that it was presented where there is nothing to hold.

    Args:
        keep: ``original`` | ``copy`` | ``none``; None: what the programme says.

    Raises:
        AdapterError: PRG-240 … PRG-243, and those of ``at_desk``.
    """
    with at_desk(case_id, tools, act, doing="document-take", zh="收存证件") as desk:
        before = desk.record.documents
        taken = custody.take(case_id, before, shown, desk.terms, keep=keep, by=act.actor.id, at=act.at)
        return _begun(desk, taken)


def waive_document(case_id: str, name: str, tools: Tools, act: Act) -> Done:
    """Let the patient off a requirement that the region lists as waivable. Raises AdapterError PRG-244."""
    with at_desk(case_id, tools, act, doing="document-waive", zh="豁免证件") as desk:
        waived = custody.waive(case_id, desk.record.documents, name, desk.terms, by=act.actor.id, at=act.at)
        return _begun(desk, waived)


def return_document(case_id: str, document: str, to: Relation, tools: Tools, act: Act) -> Done:
    """Hand a paper back. Raises AdapterError PRG-245 no such paper, PRG-246 not yet, CASE-301 not held."""
    with at_desk(case_id, tools, act, doing="document-return", zh="归还证件") as desk:
        held = _find(desk, document)
        standing = _standing(desk)
        back = custody.give_back(case_id, held, standing, desk.terms, to=to, by=act.actor.id, at=act.at)
        return _ended(desk, back)


def lose_document(case_id: str, document: str, tools: Tools, act: Act) -> Done:
    """Record that a held paper is lost. Raises AdapterError PRG-245, CASE-301 not held."""
    with at_desk(case_id, tools, act, doing="document-lose", zh="登记证件遗失") as desk:
        return _ended(desk, custody.lose(_find(desk, document), by=act.actor.id, at=act.at))


def list_documents(case_id: str, tools: Tools) -> dict[str, Any]:
    """What was taken and what is still asked for, with articles. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        row, record = case_of(tx, case_id), record_of(tx, case_id)
        scheme = tools.book.scheme(row.scheme)
        terms = read_terms(tools.book.programme(scheme.programme), scheme.settings)
        served = {each.name for each in record.documents}
        return {
            "case_id": case_id,
            "documents": [document_json(each) for each in record.documents],
            "required": [
                {"name": each.name, "zh": each.text.zh, "en": each.text.en, "cite": each.text.cite}
                for each in terms.paperwork
                if each.name not in served
            ],
            "returned_when": {
                "zh": terms.papers_returned.zh,
                "en": terms.papers_returned.en,
                "cite": terms.papers_returned.cite,
            },
        }


def document_json(document: HeldDocument) -> dict[str, Any]:
    """One paper as plain JSON values."""
    shown: dict[str, Any] = msgspec.to_builtins(document)
    return shown


def _begun(desk: Desk, document: HeldDocument) -> Done:
    """A paper's machine begins as required and moves at once."""
    desk.keep(documents=(*desk.record.documents, document))
    desk.tx.start(desk.case_id, _MACHINE, DocumentState.REQUIRED, subject=document.id, **desk.act.said)
    return _moved(desk, document)


def _ended(desk: Desk, document: HeldDocument) -> Done:
    others = (document if each.id == document.id else each for each in desk.record.documents)
    desk.keep(documents=tuple(others))
    return _moved(desk, document)


def _moved(desk: Desk, document: HeldDocument) -> Done:
    desk.tx.move(desk.case_id, _MACHINE, document.state, subject=document.id, **desk.act.said)
    desk.publish(
        custody_task(
            desk.resources,
            source=desk.row.source,
            case_id=desk.case_id,
            document=document,
            at=desk.act.at,
            test_profile=desk.scheme.test_profile,
        )
    )
    return desk.done(document_json(document))


def _find(desk: Desk, document: str) -> HeldDocument:
    found = next((each for each in desk.record.documents if each.id == document), None)
    if found is None:
        raise not_found(desk.case_id, "documents", document)
    return found


def _standing(desk: Desk) -> Standing:
    """Where the case stands, for the question whether papers may go back."""
    row = desk.row
    settlement = desk.tx.settlement(row.case_id, row.version) if row.version else None
    complete = settlement is not None and settlement.complete
    return Standing(
        stay=row.stay,
        entitlement=row.entitlement,
        part=row.patient_part,
        patient_pays=settlement.patient_pays if settlement is not None and complete else None,
    )
