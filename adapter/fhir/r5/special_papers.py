"""Money and papers: who pays a cover, what overrides a price, what a consent permits (费用与文书)."""

from __future__ import annotations

from adapter.fhir.r5.adapt import referred
from adapter.fhir.r5.carried import url_of
from adapter.fhir.r5.special_kinds import Carrying, Json, Named, Value, both, carried, clean, same

# -- Coverage: the insurer, and others who pay ------------------------------------------------------------------------

_PERSONS = frozenset({"Patient", "RelatedPerson"})

#: Carries R5's parties that pay, where R4 cannot say all of them; as many as payors: none of these is an insurer.
_PARTIES = url_of("Coverage.paymentBy", "R5")


def _insurer(walk: Carrying, value: Value, path: str) -> Json:
    """The first payor is the insurer unless it is a person; the others are parties that pay."""
    payors = [same(walk, each, "Reference", f"{path}.payor") for each in value["payor"]]
    carrying = sum(each.get("url") == _PARTIES for each in value.get("extension", ()))
    insured = bool(payors) and referred(payors[0]) not in _PERSONS and carrying < len(payors)
    parties = payors[1:] if insured else payors
    return clean(insurer=payors[0] if insured else None, paymentBy=[{"party": each} for each in parties])


def _payors(walk: Carrying, value: Value, path: str) -> Json:
    found = [same(walk, value["insurer"], "Reference", f"{path}.insurer")] if "insurer" in value else []
    parties = value.get("paymentBy", [])
    found += [same(walk, each["party"], "Reference", f"{path}.paymentBy") for each in parties if "party" in each]
    whole = all(each.keys() == {"party"} for each in parties)
    if "insurer" not in value and parties:
        whole = whole and referred(parties[0]["party"]) in _PERSONS
    return clean(payor=found, extension=[] if whole else carried(walk, value, "Coverage", "paymentBy", path))


# -- ChargeItem: the total price --------------------------------------------------------------------------------------


def _total(walk: Carrying, value: Value, path: str) -> Json:
    """R4's override is of the total, so it is the base component of R5's total price."""
    amount = value.get("priceOverride")
    made = clean(amount=same(walk, amount, "Money", f"{path}.priceOverride") if amount else None)
    if "factorOverride" in value:
        made["factor"] = value["factorOverride"]
    if beside := walk.beside(value.get("_factorOverride"), f"{path}.factorOverride"):
        made["_factor"] = beside
    return {"totalPriceComponent": {"type": "base", **made}} if made else {}


def _override(walk: Carrying, value: Value, path: str) -> Json:
    total = value["totalPriceComponent"]
    out: Json = {}
    if "amount" in total:
        out["priceOverride"] = same(walk, total["amount"], "Money", f"{path}.totalPriceComponent.amount")
    if "factor" in total:
        out["factorOverride"] = total["factor"]
    if beside := walk.beside(total.get("_factor"), f"{path}.totalPriceComponent.factor"):
        out["_factorOverride"] = beside
    whole = total.get("type") == "base" and total.keys() <= {"type", "amount", "factor", "_factor"} and bool(out)
    return {**out, "extension": [] if whole else carried(walk, value, "ChargeItem", "totalPriceComponent", path)}


# -- Consent: the decision, and what it is about ----------------------------------------------------------------------

_PROVISION = "Consent.provision"


def _decision(walk: Carrying, value: Value, path: str) -> Json:
    """What R4's outermost provision permits or denies is R5's decision; the rest of it says about what."""
    outer = value["provision"]
    where = f"{path}.provision"
    rest = {name: each for name, each in outer.items() if name not in ("type", "_type")}
    about = walk.complex(rest, _PROVISION, _PROVISION, where)
    beside = walk.beside(outer.get("_type"), where)
    return clean(decision=outer.get("type"), _decision=beside, provision=[about] if about else [])


def _provision(walk: Carrying, value: Value, path: str) -> Json:
    provisions = value.get("provision", [])
    where = f"{path}.provision"
    made = clean(type=value.get("decision"), _type=walk.beside(value.get("_decision"), f"{path}.decision"))
    if provisions:
        made |= walk.complex(provisions[0], _PROVISION, _PROVISION, where)
    whole = len(provisions) < 2
    return clean(provision=made, extension=[] if whole else carried(walk, value, "Consent", "provision", path))


def _basis(walk: Carrying, value: Value, path: str) -> Json:
    """One policy with its address alone is R5's basis; everything else is carried."""
    policies = value["policy"]
    uri = policies[0].get("uri")
    whole = len(policies) == 1 and policies[0].keys() == {"uri"}
    return clean(
        policyBasis={"url": uri} if uri else None,
        extension=[] if whole else carried(walk, value, "Consent", "policy", path),
    )


def _policy(walk: Carrying, value: Value, path: str) -> Json:
    basis = value["policyBasis"]
    url = basis.get("url")
    whole = basis.keys() == {"url"}
    return clean(
        policy=[{"uri": url}] if url else [],
        extension=[] if whole else carried(walk, value, "Consent", "policyBasis", path),
    )


# -- Account: the account that it is part of --------------------------------------------------------------------------

_PARENT: Json = {"coding": [{"system": "http://hl7.org/fhir/account-relationship", "code": "parent"}]}


def _related(walk: Carrying, value: Value, path: str) -> Json:
    account = same(walk, value["partOf"], "Reference", f"{path}.partOf")
    return {"relatedAccount": [{"relationship": _PARENT, "account": account}]}


def _part_of(walk: Carrying, value: Value, path: str) -> Json:
    related = value["relatedAccount"]
    parents = [each for each in related if each.get("relationship") == _PARENT and "account" in each]
    whole = len(related) == len(parents) == 1 and related[0].keys() == {"relationship", "account"}
    return clean(
        partOf=same(walk, parents[0]["account"], "Reference", f"{path}.relatedAccount") if parents else None,
        extension=[] if whole else carried(walk, value, "Account", "relatedAccount", path),
    )


PAPERS: tuple[Named, ...] = (
    *both("Account", "Account", ("partOf",), ("relatedAccount",), _related, _part_of),
    *both("ChargeItem", "ChargeItem", ("priceOverride", "factorOverride"), ("totalPriceComponent",), _total, _override),
    *both("Consent", "Consent", ("provision",), ("decision", "provision"), _decision, _provision),
    *both("Consent", "Consent", ("policy",), ("policyBasis",), _basis, _policy),
    *both("Coverage", "Coverage", ("payor",), ("insurer", "paymentBy"), _insurer, _payors),
)
