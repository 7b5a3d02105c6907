"""Agreements: settlement agreement or undertaking, repayment undertaking, stage agreement (协议与承诺书)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from adapter.model.case import AgreementState
from adapter.model.issues import AdapterError
from adapter.model.reference import DocumentKind
from adapter.model.window import Agreement, AgreementKind, Signer
from adapter.rules.programme import window_issues as said
from adapter.rules.programme.collection import CollectionTerms
from adapter.rules.programme.signing import signer_issues
from adapter.rules.programme.terms import Terms, Text

#: Of the instruments that collection knows, the clause that brings each.
_BY_CLAUSE: Mapping[str, AgreementKind] = {
    "instalments": AgreementKind.REPAYMENT_UNDERTAKING,
    "staging": AgreementKind.STAGING_AGREEMENT,
}

_STANDS = frozenset({AgreementState.OFFERED, AgreementState.SIGNED})


def instruments(terms: Terms, collection: CollectionTerms) -> dict[AgreementKind, Text]:
    """The instruments that a programme has, its own settlement instrument first."""
    found = {
        AgreementKind(proof.kind): paperwork.text
        for paperwork in terms.paperwork
        for proof in paperwork.proofs
        if proof.kind in (DocumentKind.SETTLEMENT_AGREEMENT, DocumentKind.SETTLEMENT_UNDERTAKING)
    }
    return found | {kind: collection.clauses[name] for name, kind in _BY_CLAUSE.items() if name in collection.clauses}


def offer(
    case_id: str,
    before: Sequence[Agreement],
    known: Mapping[AgreementKind, Text],
    *,
    programme: str,
    kind: AgreementKind | None,
    version: str,
    replacing: bool,
    by: str,
    at: datetime,
) -> tuple[Agreement, Agreement | None]:
    """Hand an instrument out for signature; with it, the one that it replaces as it is from now on.

    Args:
        kind: None: the programme's own settlement instrument.

    Raises:
        AdapterError: PRG-247 not an instrument of this programme, PRG-248 one stands and is not replaced, PRG-254.

    Source: 县区方案2021 三(三); 永卫计发〔2017〕67号 三(一)–(三).
    """
    chosen = kind or next(iter(known), None)
    if chosen is None or chosen not in known:
        raise AdapterError(said.instrument_unknown(case_id, str(kind or "?"), programme, ", ".join(known)))
    if not version.strip():
        raise AdapterError(
            said.fact_incomplete(case_id, "agreement", "未登记文书版本", "the version of the text is missing")
        )
    old = standing_one(before, chosen)
    if old is not None and not replacing:
        raise AdapterError(said.agreement_standing(case_id, chosen, str(old.number)))
    text = known[chosen]
    new = Agreement(
        number=len(before) + 1,
        kind=chosen,
        version=version,
        state=AgreementState.OFFERED,
        offered_by=by,
        offered_at=at,
        zh=text.zh,
        en=text.en,
        cite=text.cite,
    )
    return new, end(old, AgreementState.REPLACED, by=by, at=at) if old is not None else None


def standing_one(agreements: Sequence[Agreement], kind: AgreementKind) -> Agreement | None:
    """The offered or signed instrument of a kind, or None."""
    return next((each for each in agreements if each.kind is kind and each.state in _STANDS), None)


def sign(case_id: str, agreement: Agreement, signer: Signer, *, born: date | None, at: datetime, on: date) -> Agreement:
    """The patient's side signs. Raises AdapterError PRG-249 when this signer may not."""
    found = signer_issues(case_id, f"agreements/{agreement.number}", signer, born, on)
    if found:
        raise AdapterError(*found)
    return replace(agreement, state=AgreementState.SIGNED, signer=signer, signed_at=at)


def end(agreement: Agreement, state: AgreementState, *, by: str, at: datetime) -> Agreement:
    """Fulfilled, breached, refused or replaced, by a named person."""
    return replace(agreement, state=state, ended_by=by, ended_at=at)


def signed_kinds(agreements: Sequence[Agreement]) -> frozenset[DocumentKind]:
    """Settlement instruments that were signed and not broken, as papers of the checklist."""
    return _newest(agreements, AgreementState.SIGNED, AgreementState.FULFILLED)


def declined_kinds(agreements: Sequence[Agreement]) -> frozenset[DocumentKind]:
    """Settlement instruments whose newest one was refused or broken."""
    return _newest(agreements, AgreementState.REFUSED, AgreementState.BREACHED)


def _newest(agreements: Sequence[Agreement], *states: AgreementState) -> frozenset[DocumentKind]:
    newest = {each.kind: each for each in agreements}
    papers = {kind.value: kind for kind in DocumentKind}
    return frozenset(papers[kind] for kind, each in newest.items() if each.state in states and kind in papers)
