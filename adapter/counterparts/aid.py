"""Settling at the aid office: one transaction of conditional creates, the Claim last (section 6 of the wire guide)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from adapter.counterparts.assess import Problem
from adapter.counterparts.desk import REPLAYED, Desk
from adapter.counterparts.request import digest_of, read_submission, renamed
from adapter.counterparts.wire import CLAIM_KEY, Refusal, Reply, Resource, decode, encode

_OURS = re.compile(r"[A-Z][A-Za-z]+/[a-z]+-[0-9]{1,15}")


def transaction(desk: Desk, body: bytes) -> Reply:
    """``POST [base]``: all entries or none. The amount is asked for later, with the look-up.

    A Bundle without a Claim only stores what a later one refers to (section 6, in parts).

    Raises:
        Refusal: 400 not such a transaction; 409 the claim key is known with other content; 422 the claim cannot be
            adjudicated here, or there are too many entries.
    """
    bundle = decode(body)
    if not isinstance(bundle, dict) or bundle.get("type") != "transaction" or not desk.by_transaction:
        raise Refusal(
            400, "structure", "a transaction Bundle is expected here" if desk.by_transaction else "not offered"
        )
    entries = bundle.get("entry", [])
    if desk.max_entries is not None and len(entries) > desk.max_entries:
        raise Refusal(422, "too-costly", f"a transaction may have {desk.max_entries} entries")
    conditions = [_condition(entry) for entry in entries]
    with desk.store.transaction():
        desk.watch(bundle)
        if entries and not any(entry["resource"]["resourceType"] == "Claim" for entry in entries):
            return _replied(_placed(desk, bundle, conditions, {}))
        return _claimed(desk, bundle, conditions)


def _claimed(desk: Desk, bundle: Resource, conditions: list[Condition]) -> Reply:
    """A transaction with the Claim, of which earlier parts may have stored what it refers to."""
    claim = read_submission(_completed(desk, bundle))
    claim = replace(claim, digest=digest_of(bundle))
    if claim.settles is not None or claim.trial:
        raise Refusal(422, "not-supported", "trials and reversals go to Claim/$submit")
    if conditions[-1].kind != "Claim":
        raise Refusal(422, "invalid", "the Claim is the last entry")
    if conditions[-1].identifier != f"{CLAIM_KEY}|{claim.key}" or conditions[-1].update:
        raise Refusal(422, "invalid", "the Claim's ifNoneExist is not its claim key")
    replayed = desk.known(claim, "settle") is not None
    addresses: dict[str, str] = {}
    outcomes = _placed(desk, bundle, conditions, addresses, again=not replayed)
    if not replayed:
        try:
            own = read_submission(_completed(desk, _with_own_ids(bundle, addresses)))
            desk.record(replace(own, digest=claim.digest))
        except Problem as problem:
            raise Refusal(422, "business-rule", f"{problem.code}: {problem.text}") from problem
    return _replied(outcomes, replayed=replayed)


def _replied(outcomes: list[Resource], *, replayed: bool = False) -> Reply:
    answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": outcomes}
    return Reply.of(answer, headers=REPLAYED if replayed else {})


def _placed(
    desk: Desk, bundle: Resource, conditions: list[Condition], addresses: dict[str, str], *, again: bool = False
) -> list[Resource]:
    """Store every entry that is not there, bring up to date what is to be; ``again`` stores a Claim in any case."""
    outcomes: list[Resource] = []
    for entry, condition in zip(bundle["entry"], conditions, strict=True):
        body = encode(renamed(entry["resource"], addresses))
        known = desk.store.resource(condition.kind, condition.identifier)
        if known is None or (again and condition.kind == "Claim"):
            number, status = desk.store.create(condition.kind, condition.identifier, body), "201"
        else:
            number, status = known, "200"
            if condition.update:
                desk.store.update(number, body)
        addresses[entry["fullUrl"]] = f"{condition.kind}/{condition.kind.lower()}-{number}"
        outcomes.append({"response": {"status": status, "location": addresses[entry["fullUrl"]]}})
    return outcomes


@dataclass(frozen=True, slots=True)
class Condition:
    """When an entry is stored: no resource of the type has this identifier (``<system>|<value>``), or it is updated."""

    kind: str
    identifier: str
    update: bool


def _condition(entry: Any) -> Condition:
    """A conditional create or update."""
    request = entry.get("request", {})
    kind = str(entry.get("resource", {}).get("resourceType"))
    update = request.get("method") == "PUT"
    wanted = str(request.get("url", "")).removeprefix(f"{kind}?") if update else str(request.get("ifNoneExist", ""))
    name, _, value = wanted.partition("=")
    if request.get("method") not in ("POST", "PUT") or name != "identifier" or "|" not in value:
        raise Refusal(422, "invalid", f"the {kind} entry is no conditional create or update by identifier")
    if "fullUrl" not in entry:
        raise Refusal(422, "invalid", f"the {kind} entry has no fullUrl")
    return Condition(kind, value, update)


def _completed(desk: Desk, bundle: Resource) -> Resource:
    """The Bundle with what it refers to at the places where earlier transactions stored it."""
    entries = list(bundle["entry"])
    there = {f"{entry['resource'].get('resourceType')}/{entry['resource'].get('id')}" for entry in entries}
    open_ = sorted(_references(entries) - there)
    while open_:
        place = open_.pop()
        kind, _, number = place.partition("/")
        body = desk.store.stored(kind, int(number.removeprefix(f"{kind.lower()}-")))
        if body is None:
            raise Refusal(422, "not-found", f"{place} is not here")
        resource = {**decode(body), "id": number}
        entries.append({"resource": resource})
        there.add(place)
        open_ += sorted(_references(resource) - there - set(open_))
    return {**bundle, "entry": entries}


def _references(value: Any) -> set[str]:
    """Every place of ours (``Patient/patient-7``) that a value refers to."""
    if isinstance(value, list):
        return set[str]().union(*map(_references, value))
    if not isinstance(value, dict):
        return set()
    here = {value["reference"]} if _OURS.fullmatch(str(value.get("reference", ""))) else set()
    return set[str](here).union(*map(_references, value.values()))


def _with_own_ids(bundle: Resource, addresses: dict[str, str]) -> Resource:
    entries = []
    for entry in bundle["entry"]:
        resource = renamed(entry["resource"], addresses)
        resource["id"] = addresses[entry["fullUrl"]].partition("/")[2]
        entries.append({"resource": resource})
    return {**bundle, "entry": entries}
