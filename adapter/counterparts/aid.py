"""Settling at the aid office: one transaction of conditional creates, the Claim last (section 6 of the wire guide)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapter.counterparts.assess import Problem
from adapter.counterparts.desk import REPLAYED, Desk
from adapter.counterparts.request import Submission, read_submission, renamed
from adapter.counterparts.wire import CLAIM_KEY, Refusal, Reply, Resource, decode, encode


def transaction(desk: Desk, body: bytes) -> Reply:
    """``POST [base]``: all entries or none. The amount is asked for later, with the look-up.

    Raises:
        Refusal: 400 not such a transaction; 409 the claim key is known with other content; 422 the claim cannot be
            adjudicated here.
    """
    bundle = decode(body)
    claim = read_submission(bundle)
    if bundle.get("type") != "transaction" or not desk.by_transaction:
        raise Refusal(
            400, "structure", "a transaction Bundle is expected here" if desk.by_transaction else "not offered"
        )
    if claim.settles is not None or claim.trial:
        raise Refusal(422, "not-supported", "trials and reversals go to Claim/$submit")
    conditions = [_condition(entry, claim) for entry in bundle["entry"]]
    if bundle["entry"][-1]["resource"].get("resourceType") != "Claim":
        raise Refusal(422, "invalid", "the Claim is the last entry")
    with desk.store.transaction():
        desk.watch(bundle)
        known = desk.known(claim, "settle")
        try:
            return _answer(desk, bundle, claim, conditions, replayed=known is not None)
        except Problem as problem:
            raise Refusal(422, "business-rule", f"{problem.code}: {problem.text}") from problem


def _answer(desk: Desk, bundle: Resource, claim: Submission, conditions: list[str], *, replayed: bool) -> Reply:
    addresses: dict[str, str] = {}
    outcomes: list[Resource] = []
    for entry, condition in zip(bundle["entry"], conditions, strict=True):
        resource = renamed(entry["resource"], addresses)
        kind = str(resource["resourceType"])
        is_claim = kind == "Claim"
        known = desk.store.resource(kind, condition)
        if known is not None and (replayed or not is_claim):
            number, status = known, "200"
        else:
            number, status = desk.store.create(kind, condition, encode(resource)), "201"
        addresses[entry["fullUrl"]] = f"{kind}/{kind.lower()}-{number}"
        outcomes.append({"response": {"status": status, "location": addresses[entry["fullUrl"]]}})
    if not replayed:
        own = read_submission(_with_own_ids(bundle, addresses))
        desk.record(replace(own, digest=claim.digest))
    answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": outcomes}
    return Reply.of(answer, headers=REPLAYED if replayed else {})


def _condition(entry: Any, claim: Submission) -> str:
    """``<system>|<value>`` of a conditional create."""
    request = entry.get("request", {})
    name, _, value = str(request.get("ifNoneExist", "")).partition("=")
    kind = entry.get("resource", {}).get("resourceType")
    if request.get("method") != "POST" or name != "identifier" or "|" not in value or "fullUrl" not in entry:
        raise Refusal(422, "invalid", f"the {kind} entry is no conditional create by identifier")
    if kind == "Claim" and value != f"{CLAIM_KEY}|{claim.key}":
        raise Refusal(422, "invalid", "the Claim's ifNoneExist is not its claim key")
    return value


def _with_own_ids(bundle: Resource, addresses: dict[str, str]) -> Resource:
    entries = []
    for entry in bundle["entry"]:
        resource = renamed(entry["resource"], addresses)
        resource["id"] = addresses[entry["fullUrl"]].partition("/")[2]
        entries.append({"resource": resource})
    return {**bundle, "entry": entries}
