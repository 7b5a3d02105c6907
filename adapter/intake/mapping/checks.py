"""Checks on a row that go beyond one field: amounts, the ID number, values out of this mapping's reach (行校验)."""

from __future__ import annotations

from collections.abc import Callable

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
        try:
            stored, product = decimal(fields[amount]), decimal(fields[quantity]) * decimal(fields[price])
            if factor is not None and fields.get(factor):
                product *= decimal(fields[factor])
        except (KeyError, ValueError):
            return  # the field itself reports what is missing or cannot be read
        if product != stored and abs(product - stored) > tolerance:
            pointer = work.record.origin.pointer(amount)
            over = abs(product - stored) > limit
            work.issues.append(issues.amount_differs(pointer, work.shown(f"{stored:f}"), f"{product:f}", over))

    return check


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
