"""Consents to items outside the catalogue: record, withdraw, and which lines lack one (知情同意)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from adapter.cases.reading import Dossier, case_of, dossier
from adapter.cases.tools import Act, Tools
from adapter.cases.walk import expectation, roles_of
from adapter.cases.window.desk import Desk, Done, at_desk, not_found
from adapter.cases.window.record import record_of
from adapter.fhir.window_papers import consent_papers
from adapter.ledger.codec import json_text, settlement_of
from adapter.ledger.ledger import Transaction
from adapter.model.claim import LineSplit
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError, Issue, stopping
from adapter.model.reference import ItemKind
from adapter.model.settlement import Settlement
from adapter.model.window import Consent, Signer
from adapter.rules.programme.consents import consent_issues
from adapter.rules.programme.consents import record_consent as consented
from adapter.rules.programme.reading import many, read_terms

#: Name under which a window file says that there is a consent.
OUT_OF_CATALOGUE = "out-of-catalogue"


def record_consent(
    case_id: str,
    tools: Tools,
    act: Act,
    *,
    items: tuple[str, ...],
    kinds: tuple[ItemKind, ...],
    signer: Signer,
    signed_at: datetime | None,
    explained_by: str,
) -> Done:
    """Record a signed consent.

    Args:
        signed_at: None: now.

    Raises:
        AdapterError: PRG-249, PRG-250, PRG-254, PRG-255.
    """
    with at_desk(case_id, tools, act, doing="consent-record", zh="登记知情同意") as desk:
        consent = consented(
            case_id,
            desk.record.consents,
            desk.terms,
            items=items,
            kinds=kinds,
            signer=signer,
            signed_at=signed_at or act.at,
            explained_by=explained_by,
            born=desk.born,
            now=act.at,
        )
        desk.keep(consents=(*desk.record.consents, consent))
        return _published(desk, consent)


def withdraw_consent(case_id: str, number: int, tools: Tools, act: Act) -> Done:
    """The patient takes a consent back: it covers nothing that is used from the next day on. Raises PRG-245."""
    with at_desk(case_id, tools, act, doing="consent-withdraw", zh="撤回知情同意") as desk:
        found = next((each for each in desk.record.consents if each.number == number and not each.ended_at), None)
        if found is None:
            raise not_found(case_id, "consents", number)
        ended = replace(found, ended_by=act.actor.id, ended_at=act.at)
        desk.keep(consents=tuple(ended if each.number == number else each for each in desk.record.consents))
        return _published(desk, ended)


def list_consents(case_id: str, tools: Tools) -> list[dict[str, Any]]:
    """Every consent of a case, oldest first. Raises AdapterError CASE-302."""
    with tools.ledger.reading() as tx:
        case_of(tx, case_id)
        return [consent_json(each) for each in record_of(tx, case_id).consents]


def check_consents(case_id: str, tools: Tools) -> tuple[Issue, ...]:
    """Lines of a case, up to today, that lack a consent.

    Raises:
        AdapterError: CASE-302, or what keeps the case from being read.
    """
    with tools.ledger.reading() as tx:
        row = case_of(tx, case_id)
        today = local_day(tools.clock.now())
        return lacking_consents(tx, dossier(tx, case_id, max(row.version, 1), tools, estimate_on=today), tools)


def lacking_consents(tx: Transaction, case: Dossier, tools: Tools) -> tuple[Issue, ...]:
    """PRG-251 and PRG-252 of a case that was read: warnings, or errors where the scheme holds the settlement.

    What a payer counts as outside the catalogue in its trial wants a consent as much as what our rules do.
    A window file that names ``out-of-catalogue`` says that there is a consent, neither for what nor when: it counts.
    """
    terms = read_terms(tools.book.programme(case.scheme.programme), case.scheme.settings)
    file = case.feed.windows.get(case.row.stay_key)
    if not terms.consent or (file is not None and OUT_OF_CATALOGUE in file.consents):
        return ()
    roles = roles_of(tx, case, tools)
    expected = expectation(case, tools, roles, roles.observed)
    splits: Mapping[str, LineSplit] = dict((_tried(tx, case.row.case_id, expected.basis) or expected).splits)
    return consent_issues(case.claim, splits, record_of(tx, case.row.case_id).consents, terms)


def _tried(tx: Transaction, case_id: str, basis: str) -> Settlement | None:
    """What the payers made of these very facts when they were last asked, or None."""
    paper = tx.paper(case_id, "preview")
    if paper is None or paper["mode"] != "trial" or paper["basis"] != basis:
        return None
    return settlement_of(json_text(paper["settlement"]).encode())


def refuse_without_consent(tx: Transaction, case: Dossier, tools: Tools) -> None:
    """Where the scheme holds the settlement for it, refuse lines that lack a consent.

    Raises:
        AdapterError: PRG-251, PRG-252, one for each line.
    """
    if "hold" not in many(case.scheme.settings.get("consent_missing")):
        return
    found = stopping(lacking_consents(tx, case, tools))
    if found:
        raise AdapterError(*found)


def consent_json(consent: Consent) -> dict[str, Any]:
    """One consent as plain JSON values."""
    shown: dict[str, Any] = msgspec.to_builtins(consent)
    return shown


def _published(desk: Desk, consent: Consent) -> Done:
    desk.publish(
        *consent_papers(
            desk.resources,
            source=desk.row.source,
            case_id=desk.case_id,
            consent=consent,
            test_profile=desk.scheme.test_profile,
        )
    )
    return desk.done(consent_json(consent))
