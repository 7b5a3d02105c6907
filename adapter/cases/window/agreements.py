"""Agreements and undertakings: offer, sign, refuse, breach, fulfil; and the list (协议与承诺书)."""

from __future__ import annotations

from typing import Any

import msgspec

from adapter.cases.reading import case_of
from adapter.cases.tools import Act, Tools
from adapter.cases.window.desk import Desk, Done, at_desk, not_found
from adapter.cases.window.record import record_of
from adapter.fhir.window_papers import agreement_contract
from adapter.model.case import AgreementState
from adapter.model.dates import local_day
from adapter.model.window import Agreement, AgreementKind, Signer
from adapter.rules.programme import agreements as rule

_MACHINE = "agreement"


def offer_agreement(
    case_id: str, tools: Tools, act: Act, *, kind: AgreementKind | None, version: str, replacing: bool = False
) -> Done:
    """Hand an instrument out for signature.

    Args:
        kind: None: the programme's own settlement instrument.
        version: of the printed text.
        replacing: the one that stands is replaced.

    Raises:
        AdapterError: PRG-247, PRG-248, PRG-254.
    """
    with at_desk(case_id, tools, act, doing="agreement-offer", zh="出具协议") as desk:
        new, old = rule.offer(
            case_id,
            desk.record.agreements,
            rule.instruments(desk.terms, desk.collection),
            programme=desk.terms.programme,
            kind=kind,
            version=version,
            replacing=replacing,
            by=act.actor.id,
            at=act.at,
        )
        if old is not None:
            _change(desk, old)
        desk.keep(agreements=(*desk.record.agreements, new))
        desk.tx.start(case_id, _MACHINE, AgreementState.OFFERED, subject=str(new.number), **act.said)
        _publish(desk, new)
        return desk.done(agreement_json(new))


def sign_agreement(case_id: str, number: int, signer: Signer, tools: Tools, act: Act) -> Done:
    """The patient or who may sign for him signs. Raises AdapterError PRG-245, PRG-249, CASE-301 not offered."""
    with at_desk(case_id, tools, act, doing="agreement-sign", zh="签订协议") as desk:
        offered = _find(desk, number)
        signed = rule.sign(case_id, offered, signer, born=desk.born, at=act.at, on=local_day(act.at))
        _change(desk, signed)
        return desk.done(agreement_json(signed))


def end_agreement(case_id: str, number: int, state: AgreementState, tools: Tools, act: Act) -> Done:
    """Refused before it was signed; fulfilled or breached after. Raises AdapterError PRG-245, CASE-301."""
    with at_desk(case_id, tools, act, doing=f"agreement-{state}", zh="变更协议状态") as desk:
        ended = rule.end(_find(desk, number), state, by=act.actor.id, at=act.at)
        _change(desk, ended)
        return desk.done(agreement_json(ended))


def list_agreements(case_id: str, tools: Tools) -> list[dict[str, Any]]:
    """Every instrument of a case, oldest first. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        case_of(tx, case_id)
        return [agreement_json(each) for each in record_of(tx, case_id).agreements]


def agreement_json(agreement: Agreement) -> dict[str, Any]:
    """One instrument as plain JSON values."""
    shown: dict[str, Any] = msgspec.to_builtins(agreement)
    return shown


def _change(desk: Desk, agreement: Agreement) -> None:
    """Keep an instrument as it is from now on, and move its machine."""
    others = (agreement if each.number == agreement.number else each for each in desk.record.agreements)
    desk.keep(agreements=tuple(others))
    desk.tx.move(desk.case_id, _MACHINE, agreement.state, subject=str(agreement.number), **desk.act.said)
    _publish(desk, agreement)


def _publish(desk: Desk, agreement: Agreement) -> None:
    desk.publish(
        *agreement_contract(
            desk.resources,
            source=desk.row.source,
            case_id=desk.case_id,
            agreement=agreement,
            test_profile=desk.scheme.test_profile,
        )
    )


def _find(desk: Desk, number: int) -> Agreement:
    found = next((each for each in desk.record.agreements if each.number == number), None)
    if found is None:
        raise not_found(desk.case_id, "agreements", number)
    return found
