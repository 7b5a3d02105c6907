"""Claims and their answers: who is asked, how lines are numbered, and that lines and totals add up.

R4 says these rules in the prose of the element definitions only, and no published validator checks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from adapter.fhir import issues
from adapter.model.issues import Issue, Severity
from adapter.model.money import ZERO, Money

Resource = Mapping[str, Any]

#: List that carries ``sequence`` → members of a line that refer to it.
_NUMBERED = {
    "careTeam": "careTeamSequence",
    "diagnosis": "diagnosisSequence",
    "procedure": "procedureSequence",
    "supportingInfo": "informationSequence",
}


def exact(value: Any) -> TypeGuard[Decimal | int]:
    """Whether a number is exact to the fen: an int, or a Decimal whose fraction divides a hundred."""
    return type(value) is int or (type(value) is Decimal and 100 % value.as_integer_ratio()[1] == 0)


def amount(money: Mapping[str, Any], place: str, prose: Severity) -> tuple[Money | None, list[Issue]]:
    """The Money value of a Money element, or the issue that it is no exact amount."""
    value = money.get("value")
    if not exact(value):
        return None, [issues.inexact_amount(place, prose)]
    return Money.yuan(value), []


def insurance(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """Exactly one insurance is focal, without an answer of its own; numbers differ (Claim.insurance)."""
    listed = resource.get("insurance", [])
    count = sum(one["focal"] for one in listed)
    if listed and count != 1:
        yield issues.focal(f"{where}.insurance", count, prose)
    for index, one in enumerate(listed):
        # In a ClaimResponse the element means the answer of another payer, in an EOB there is none.
        if one["focal"] and "claimResponse" in one:
            yield issues.focal_answered(f"{where}.insurance[{index}].claimResponse", prose)
    yield from _repeated(listed, f"{where}.insurance", prose)


def numbering(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """Numbers of lines and lists differ, and lines refer to numbers that exist."""
    items = resource.get("item", [])
    yield from _repeated(items, f"{where}.item", prose)
    for name, member in _NUMBERED.items():
        listed = resource.get(name, [])
        yield from _repeated(listed, f"{where}.{name}", prose)
        known = {one["sequence"] for one in listed}
        for index, item in enumerate(items):
            if member in item and not known.issuperset(item[member]):
                yield issues.sequence_unknown(f"{where}.item[{index}].{member}", prose)


def _repeated(listed: list[Resource], place: str, prose: Severity) -> Iterator[Issue]:
    seen: set[int] = set()
    for index, one in enumerate(listed):
        number = one.get("sequence")
        if number in seen:
            yield issues.sequence_repeated(f"{place}[{index}].sequence", prose)
        if number is not None:
            seen.add(number)


def lines(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """net = quantity × unitPrice × factor, half up to the fen, at every level (Claim.item.net)."""
    for name in ("item", "addItem"):
        for index, item in enumerate(resource.get(name, [])):
            yield from _line(item, f"{where}.{name}[{index}]", prose)


def _line(item: Resource, place: str, prose: Severity) -> Iterator[Issue]:
    for level in ("detail", "subDetail"):
        for index, inner in enumerate(item.get(level, ())):
            yield from _line(inner, f"{place}.{level}[{index}]", prose)
    if "net" not in item:
        return
    net, inexact = amount(item["net"], f"{place}.net", prose)
    yield from inexact
    if net is None or "unitPrice" not in item:
        return
    factors = (item["unitPrice"].get("value"), item.get("quantity", {}).get("value", 1), item.get("factor", 1))
    if any(type(one) is not Decimal and type(one) is not int for one in factors):
        yield issues.inexact_amount(f"{place}.unitPrice", prose)
        return
    price, quantity, factor = map(Decimal, factors)
    computed = Money.rounded(price * quantity * factor)
    if computed != net:
        yield issues.line_net(f"{place}.net", net.text, computed.text, prose)


def total(resource: Resource, where: str, prose: Severity) -> Iterator[Issue]:
    """The control total is the sum of the lines; a Claim without lines (a reversal) is left alone (Claim.total)."""
    items = resource.get("item", [])
    if not items or "total" not in resource or any("net" not in item for item in items):
        return
    said, inexact = amount(resource["total"], f"{where}.total", prose)
    yield from inexact
    nets = [amount(item["net"], where, prose)[0] for item in items]
    if said is None or None in nets:
        return
    computed = Money.total(net or ZERO for net in nets)
    if said != computed:
        yield issues.control_total(f"{where}.total", said.text, computed.text, prose)
