"""What is said in each stage: a pure function of the facts and of what has been said so far."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapter.fhir.aid import aid_transaction, aid_trial
from adapter.fhir.canonical import decode, encode
from adapter.fhir.claim import insurance_claim
from adapter.fhir.claiming import claiming
from adapter.fhir.eligibility import eligibility_request
from adapter.fhir.reversal import reversal_claim
from adapter.fhir.transaction import in_parts, places, pointing, updating
from adapter.model.call import CallFacts
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Stage
from adapter.model.settlement import Authority, Payer
from adapter.payers.delivery import issues
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange
from adapter.payers.delivery.endpoints.fhir.definitions import CONTENT_TYPE


def next_message(
    config: EndpointConfig, stage: Stage, facts: CallFacts, so_far: Sequence[Exchange], at: datetime
) -> OutboundMessage | Done:
    """The next message of a stage (docs/wire-fhir.md, sections 2 to 6).

    ``admit`` and ``charges`` need nothing of their own here: the Claim carries the stay and its lines. Questions and
    trials may be repeated, so the moment stands in their keys; what counts has one key for ever.
    """
    if stage is Stage.ELIGIBILITY and config.form == "submit" and not so_far:
        key = f"{facts.key}.eligibility.{at:%Y%m%d%H%M%S%f}"
        return _message(
            config, facts, stage, "eligibility", key, eligibility_request(facts, created=at, key=key), effect=False
        )
    if stage is Stage.TRIAL and not so_far:
        key = f"{facts.key}.trial.{facts.settlement.basis[:12]}.{at:%Y%m%d%H%M%S%f}"
        return _message(config, facts, stage, "claim-submit", key, _trial(config, facts, key, at), effect=False)
    if stage is Stage.SETTLE:
        return _settle(config, facts, so_far, at)
    if stage is Stage.REVERSE and not so_far:
        key = f"{facts.key}.reverse"
        return _message(config, facts, stage, "claim-submit", key, reversal_claim(facts, created=at, key=key))
    return Done()


def _trial(config: EndpointConfig, facts: CallFacts, key: str, at: datetime) -> dict[str, Any]:
    if config.form == "transaction":
        return aid_trial(facts, created=at, key=key)
    return insurance_claim(facts, use="predetermination", created=at, key=key)


def _settle(
    config: EndpointConfig, facts: CallFacts, so_far: Sequence[Exchange], at: datetime
) -> OutboundMessage | Done:
    """One submission; a transaction is stored first, in parts where it must be, and its answer asked for."""
    key = f"{facts.key}.settle"
    said = {exchange.message.operation for exchange in so_far}
    if config.form == "transaction" and "transaction" not in said:
        return _transaction(config, facts, so_far, at, key)
    if not so_far:
        return _message(config, facts, Stage.SETTLE, "claim-submit", key, insurance_claim(facts, created=at, key=key))
    last = so_far[-1]
    if last.message.operation == "transaction" and last.message.payers and not last.receipt.answers:
        return _message(config, facts, Stage.SETTLE, "ask-answer", f"{key}.answer", {"ask": key}, effect=False)
    return Done()


def _transaction(
    config: EndpointConfig, facts: CallFacts, so_far: Sequence[Exchange], at: datetime, key: str
) -> OutboundMessage:
    """The next part of a transaction. Only the last one, with the Claim, counts; the others may be repeated."""
    whole = aid_transaction(facts, created=at, key=key)
    parts = in_parts(updating(whole) if config.conditional == "update" else whole, config.max_entries)
    known: dict[str, str] = {}
    for part, exchange in zip(parts, so_far, strict=False):
        stored = places(part, decode(exchange.receipt.body))
        if len(stored) < len(part["entry"]):
            raise AdapterError(issues.place_missing(exchange.message.key))
        known |= stored
    number = len(so_far)
    part = pointing(parts[number], known)
    if number < len(parts) - 1:
        return _message(config, facts, Stage.SETTLE, "transaction-part", f"{key}.part-{number + 1}", part, effect=False)
    return _message(config, facts, Stage.SETTLE, "transaction", key, part)


def _message(
    config: EndpointConfig,
    facts: CallFacts,
    stage: Stage,
    operation: str,
    key: str,
    body: dict[str, Any],
    *,
    effect: bool = True,
) -> OutboundMessage:
    said = claiming(body, sent=True) if config.claim_profiles and "resourceType" in body else body
    return OutboundMessage(
        key=key,
        case_id=facts.case_id,
        version=facts.version,
        endpoint=facts.endpoint,
        call=facts.call,
        stage=stage,
        operation=operation,
        composed=encode(said),
        content_type=CONTENT_TYPE,
        effect=effect,
        payers=() if operation == "transaction-part" else _asked(facts, stage),
        order_key=_order_key(facts) if effect else None,
    )


def _asked(facts: CallFacts, stage: Stage) -> tuple[Payer, ...]:
    """Who must answer with an amount: nobody where the payer only receives what we computed."""
    return () if stage is Stage.ELIGIBILITY or facts.authority is Authority.ADAPTER else facts.payers


def _order_key(facts: CallFacts) -> str:
    """Year-to-date amounts depend on the order in which one person's stays reach the payers."""
    return f"{facts.endpoint}/{facts.source}/{facts.claim.person.key}/{facts.claim.stay.settled_on.year}"
