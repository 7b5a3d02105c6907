"""Reading what came back; every fraction stays a Decimal with the digits it has."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from adapter.counterparts.conformance.play import Exchange
from adapter.counterparts.wire import (
    HL7_ADJUDICATION,
    OUR_ADJUDICATION,
    PAYER_EXTENSION,
    Refusal,
    Resource,
    code_in,
    decode,
)


def resource_of(exchange: Exchange) -> Resource:
    """The answer as a resource; empty when it is none."""
    try:
        found = decode(exchange.got)
    except Refusal:
        return {}
    return found if isinstance(found, dict) else {}


def entries_of(exchange: Exchange) -> list[Resource]:
    """The entries of a Bundle."""
    return tables(resource_of(exchange).get("entry"))


def responses_of(exchange: Exchange) -> list[Resource]:
    """The ClaimResponses of an answer: the one, or those of a Bundle."""
    answer = resource_of(exchange)
    if answer.get("resourceType") == "ClaimResponse":
        return [answer]
    found = [entry.get("resource") for entry in tables(answer.get("entry"))]
    return [one for one in tables(found) if one.get("resourceType") == "ClaimResponse"]


def next_of(exchange: Exchange) -> str:
    """Address of the next page, empty at the last."""
    links = tables(resource_of(exchange).get("link"))
    return next((str(link.get("url", "")) for link in links if link.get("relation") == "next"), "")


def tables(value: Any) -> list[Resource]:
    """The objects of a list; nothing when it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def payer_of(response: Resource) -> str:
    """Whose answer it is."""
    found = [one.get("valueCode") for one in tables(response.get("extension")) if one.get("url") == PAYER_EXTENSION]
    return str(found[0]) if found else ""


def amount_in(money: Any) -> Decimal | None:
    """The amount of a Money in yuan with two digits, else None."""
    if not isinstance(money, dict) or money.get("currency") != "CNY":
        return None
    value = money.get("value")
    return value if isinstance(value, Decimal) and value.as_tuple().exponent == -2 else None


def benefit_of(response: Resource) -> Decimal | None:
    """``payment.amount``: what the payer bears."""
    payment = response.get("payment")
    return amount_in(payment.get("amount")) if isinstance(payment, dict) else None


def total_of(response: Resource, code: str) -> Decimal | None:
    """``total`` by category."""
    for row in tables(response.get("total")):
        category = row.get("category")
        if code in (code_in(category, HL7_ADJUDICATION), code_in(category, OUR_ADJUDICATION)):
            return amount_in(row.get("amount"))
    return None


def benefits_of(exchange: Exchange) -> dict[str, Decimal | None]:
    """Payer → what it bears."""
    return {payer_of(one): benefit_of(one) for one in responses_of(exchange)}


def settlement_ids(response: Resource) -> list[str]:
    """The payer's own numbers of an answer."""
    return [str(one.get("value")) for one in tables(response.get("identifier")) if one.get("value")]


def moneys(value: Any, path: str = "") -> Iterator[tuple[str, Resource]]:
    """Every Money in a resource, with where it stands."""
    if isinstance(value, dict):
        if "currency" in value:
            yield path, value
        for name, each in value.items():
            yield from moneys(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from moneys(each, f"{path}[{number}]")
