"""Checks on a row that go beyond one field: amounts, the ID number, values out of this mapping's reach (行校验)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adapter.intake.mapping import issues
from adapter.intake.mapping.spec import AmountCheck, Expectation, IdCheck, ResourceSpec
from adapter.intake.mapping.transforms import decimal, id_birth_and_sex, id_number_fault
from adapter.intake.mapping.working import Fields, Working

Check = Callable[[Fields, Working], None]


def compile_checks(spec: ResourceSpec) -> tuple[Check, ...]:
    """The checks that a mapping file asks for; each notes what it finds and changes nothing."""
    found = [_expectation(each) for each in spec.expectations]
    if spec.amount_check is not None:
        found.append(_amount(spec.amount_check))
    if spec.id_check is not None:
        found.append(_id_agrees(spec.id_check))
    return tuple(found)


def _expectation(spec: Expectation) -> Check:
    column, values = spec.column, spec.values

    def check(fields: Fields, work: Working) -> None:
        text = fields.get(column)
        if text and text not in values:
            pointer = work.record.origin.pointer(column)
            work.issues.append(issues.unexpected_value(pointer, work.shown(text), spec.because_zh, spec.because_en))

    return check


def _amount(spec: AmountCheck) -> Check:
    """The stored amount is the truth; the product is only a check (booked 1.3975 × 6 = 8.39 passes at 0.01)."""
    quantity, price, amount, factor = spec.quantity, spec.price, spec.amount, spec.factor
    tolerance, limit = spec.tolerance, spec.limit

    def check(fields: Fields, work: Working) -> None:
        times = fields.get(factor, "") if factor is not None else ""
        product = _differs(fields.get(amount, ""), fields.get(quantity, ""), fields.get(price, ""), times, tolerance)
        if product is not None:
            pointer = work.record.origin.pointer(amount)
            stored = decimal(fields[amount])
            over = abs(product - stored) > limit
            work.issues.append(issues.amount_differs(pointer, work.shown(f"{stored:f}"), f"{product:f}", over))

    return check


def _differs(amount: str, quantity: str, price: str, factor: str, tolerance: Decimal) -> Decimal | None:
    """The product where it is further from the amount than the tolerance, else None."""
    try:
        product, stored = decimal(quantity) * decimal(price), decimal(amount)
        if factor:
            product *= decimal(factor)
        return None if product == stored or abs(product - stored) <= tolerance else product
    except ValueError:
        return None  # the field itself reports what cannot be read


def _id_agrees(spec: IdCheck) -> Check:
    """A valid ID number against the recorded birth date and sex; a disagreement is flagged, nothing is corrected."""
    sexes = spec.sexes.rows

    def check(fields: Fields, work: Working) -> None:
        number = fields.get(spec.number, "").upper()
        if not number or id_number_fault(number) is not None:
            return
        birth, sex = id_birth_and_sex(number)
        pointer = work.record.origin.pointer(spec.number)
        recorded = fields.get(spec.birth, "")
        if recorded and recorded[:10] != birth.isoformat():
            work.issues.append(issues.id_disagrees(pointer, "出生日期", "birth date"))
        row = sexes.get(fields.get(spec.sex, ""))
        if row is not None and row.code in ("male", "female") and row.code != sex:
            work.issues.append(issues.id_disagrees(pointer, "性别", "sex"))

    return check
