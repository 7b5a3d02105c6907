"""ChargeItems as charge lines: amounts, dates, links and catalogue rows. 费用明细。"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from adapter.fhir import fact_issues as issue
from adapter.fhir.elements import AnyResource, Held, day_of, identifiers, own_key
from adapter.fhir.identity import extension_url
from adapter.model.claim import ChargeLine, LineSplit, SplitBasis
from adapter.model.issues import Issue
from adapter.model.money import ZERO, Money, UnitPrice
from adapter.model.reference import ReferenceBook

#: ChargeItems that are no charge: never booked, or struck out as if they never had been.
_NO_CHARGE = frozenset({"planned", "not-billable", "aborted", "entered-in-error"})

#: Parts of the HIS's estimate as its mapping names them: 全自费, 先行自付, 自理.
_FULL, _PRE, _EXTRA = "full-self-pay", "pre-self-pay", "extra-self-pay"


def is_charge(charge: AnyResource) -> bool:
    """Whether a ChargeItem counts for the bill."""
    return charge.get("status") not in _NO_CHARGE


def charge_lines(held: Held, found: list[Issue]) -> tuple[ChargeLine, ...]:
    """The charge lines of a stay, in order; a line that cannot be read is an issue and left out."""
    charges = (each for each in held.all("ChargeItem") if is_charge(each))
    lines = (_line(each, found) for each in charges)
    return tuple(line for line in lines if line is not None)


def fee_category(charge: AnyResource) -> str:
    """Name of the fee category that the HIS books a line under (收费类别); empty where it gives none."""
    told = _extensions(charge).get(extension_url("fee-category"), {}).get("valueCoding", {})
    return str(told.get("display") or told.get("code") or "")


def refund_findings(lines: Sequence[ChargeLine]) -> list[Issue]:
    """Refunds that name no line, or one that is not there; items of which more came back than was charged."""
    charged = {line.id for line in lines if line.quantity >= 0}
    found = []
    for refund in (line for line in lines if line.quantity < 0):
        where = f"ChargeItem/{refund.id}"
        if refund.reverses is None:
            found.append(issue.refund_unlinked(where))
        elif refund.reverses not in charged:
            found.append(issue.refund_of_nothing(where))
    for code in sorted({line.code for line in lines if line.quantity < 0 or line.amount < ZERO}):
        same = [line for line in lines if line.code == code]
        quantity = sum((line.quantity for line in same), Decimal(0))
        if quantity < 0 or Money.total(line.amount for line in same) < ZERO:
            found.append(issue.refund_exceeds(f"ChargeItem/{same[-1].id}", code))
    return found


def catalogued(lines: Sequence[ChargeLine], reference: ReferenceBook, found: list[Issue]) -> tuple[ChargeLine, ...]:
    """The lines with the catalogue row in force on their day; a refund takes the day of the line it undoes.

    An item that the catalogue does not know is one issue (REF-152) with the number of its lines.
    """
    days = {line.id: line.service_date for line in lines}
    rows = [reference.item(line.code, days.get(line.reverses or "", line.service_date)) for line in lines]
    unknown: dict[str, list[ChargeLine]] = {}
    for line, row in zip(lines, rows, strict=True):
        if row is None:
            unknown.setdefault(line.code, []).append(line)
    for code, missing in unknown.items():
        first = missing[0]
        found.append(issue.item_unknown(f"ChargeItem/{first.id}.code", code, first.service_date, len(missing)))
    return tuple(replace(line, item=row) for line, row in zip(lines, rows, strict=True))


def _line(charge: AnyResource, found: list[Issue]) -> ChargeLine | None:
    where = f"ChargeItem/{charge['id']}"
    told = _extensions(charge)
    code = _code(charge)
    quantity = _decimal(charge.get("quantity", {}).get("value"))
    amount = _money(charge.get("priceOverride"))
    served = _served(charge)
    unit_price, price_usable = _unit_price(told.get(extension_url("unit-price")))
    if code is None:
        found.append(issue.element_missing(f"{where}.code"))
    if quantity is None:
        found.append(issue.amount_unusable(f"{where}.quantity"))
    if amount is None:
        found.append(issue.amount_unusable(f"{where}.priceOverride"))
    if served is None:
        found.append(issue.date_unusable(f"{where}.occurrenceDateTime"))
    if not price_usable:
        found.append(issue.amount_unusable(f"{where}.extension[unit-price]"))
    if code is None or quantity is None or amount is None or served is None or not price_usable:
        return None
    return ChargeLine(
        id=str(charge["id"]),
        row_key=own_key(charge, "charge-line") or _first_key(charge),
        code=code,
        name=str(charge["code"].get("text", code)),
        service_date=served,
        quantity=quantity,
        amount=amount,
        unit_price=unit_price,
        reverses=_reverses(told.get(extension_url("reverses"))),
        in_restriction=_flag(told.get(extension_url("restriction-met"))),
        his_split=_his_split(told.get(extension_url("his-estimate")), amount, where, found),
    )


def _extensions(element: AnyResource) -> dict[str, Mapping[str, Any]]:
    """The first extension of each url."""
    told: dict[str, Mapping[str, Any]] = {}
    for each in element.get("extension", ()):
        told.setdefault(each.get("url", ""), each)
    return told


def _code(charge: AnyResource) -> str | None:
    codings = charge.get("code", {}).get("coding", ())
    return next((str(each["code"]) for each in codings if "code" in each), None)


def _first_key(charge: AnyResource) -> str:
    return next((str(each["value"]) for each in identifiers(charge) if "value" in each), str(charge["id"]))


def _served(charge: AnyResource) -> date | None:
    text = charge.get("occurrenceDateTime") or charge.get("occurrencePeriod", {}).get("start")
    try:
        return day_of(str(text))
    except ValueError:
        return None


def _reverses(told: Mapping[str, Any] | None) -> str | None:
    """Id of the line that this one undoes, the nearest of several; by identifier or by reference."""
    if told is None:
        return None
    if "valueReference" in told:
        return str(told["valueReference"].get("reference")).rpartition("/")[2]
    value = told.get("valueIdentifier", {}).get("value")
    return str(value) if value is not None else None


def _unit_price(told: Mapping[str, Any] | None) -> tuple[UnitPrice | None, bool]:
    """The price per unit, and whether it can be used as it stands; a line without one is fine."""
    if told is None:
        return None, True
    number = _decimal(told.get("valueMoney", {}).get("value"))
    try:
        return (UnitPrice.yuan(number), True) if number is not None else (None, False)
    except ValueError:
        return None, False


def _his_split(told: Mapping[str, Any] | None, total: Money, where: str, found: list[Issue]) -> LineSplit | None:
    """The HIS's own idea of the split, an estimate: what it lets the patient bear first, the rest in scope.

    A line that the patient bears whole is full self-pay. A HIS does not tell over-limit amounts apart. An estimate that
    cannot be is left out with a warning (FHIR-179); the line itself stands.
    """
    if told is None:
        return None
    parts = {str(each.get("url")): _money(each.get("valueMoney")) for each in told.get("extension", ())}
    full, pre, extra = (parts.get(name, ZERO) for name in (_FULL, _PRE, _EXTRA))
    borne = None if full is None or extra is None else max(full, extra, key=abs)  # 自理 shows again what 自负 holds
    if borne is None or pre is None or abs(borne + pre) > abs(total):
        found.append(issue.estimate_unusable(f"{where}.extension[his-estimate]"))
        return None
    split = LineSplit(full_self_pay=borne, pre_self_pay=pre, basis=SplitBasis.HIS)
    return replace(split, in_scope=total - split.total)


def _money(value: Any) -> Money | None:
    """An amount in CNY exact to the fen, or None."""
    if not isinstance(value, Mapping) or value.get("currency") != "CNY":
        return None
    number = _decimal(value.get("value"))
    try:
        return Money.yuan(number) if number is not None else None
    except ValueError:
        return None


def _decimal(value: Any) -> Decimal | None:
    """A finite decimal or whole number, or None; never a float."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


def _flag(told: Mapping[str, Any] | None) -> bool | None:
    value = told.get("valueBoolean") if told is not None else None
    return value if isinstance(value, bool) else None
