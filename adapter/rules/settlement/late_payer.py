"""医后救助: a payer that pays after the bill was closed; a new version of the bill, everybody else as before."""

from __future__ import annotations

from dataclasses import replace

from adapter.model.claim import LineSplit
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Accrual, Authority, Explanation, Payer, Settlement, Share, Standing, Step
from adapter.rules.settlement import fact_issues as issues
from adapter.rules.settlement.adjudicate import patient_step

#: Whose amount cannot come late: the fund settles anew, the others are no payers of this kind.
NEVER_LATE = frozenset({Payer.BASIC, Payer.PERSONAL_ACCOUNT, Payer.THIRD_PARTY, Payer.PATIENT})


def with_late_payer(
    settlement: Settlement, payer: Payer, amount: Money, reference: str, cite: str, *, person_key: str, version: int
) -> Settlement:
    """The next bill version: the late payer bears ``amount`` of what the patient bore (GC-32, trap 14).

    It comes last, so no other payer's base changes. A payer that stood on the bill with nothing moves to the end; one
    that paid already must be the last, and pays so much more.

    Args:
        amount: CNY, above zero, at most what the patient bears.
        reference: the payer's own number of the payment.
        cite: the document or notice that grants it.

    Raises:
        AdapterError: SET-337 a payer that cannot be late; SET-338 an amount out of range; SET-339 it paid before
            others did.
    """
    if payer in NEVER_LATE:
        raise AdapterError(issues.never_late(payer))
    if not ZERO < amount <= settlement.patient_pays:
        raise AdapterError(issues.late_amount_out_of_range(payer, amount, settlement.patient_pays))
    before = settlement.share_of(payer)
    if before and settlement.standings[-1].payer is not payer:
        raise AdapterError(issues.late_payer_in_between(payer, before))
    earlier = next((share.reference for share in settlement.shares if share.payer is payer and before), None)
    told = reference if earlier is None else f"{earlier}; {reference}"
    kept = tuple(each for each in settlement.standings if each.payer is not payer)
    standing = _last(settlement, kept, payer, before + amount)
    patient = settlement.patient_pays - amount
    with_before = (f",连同此前{before}共{before + amount}", f", with {before} before: {before + amount}")
    more_zh, more_en = with_before if before else ("", "")
    because = Explanation(f"结算后到账{amount}{more_zh}", f"paid after the bill was closed: {amount}{more_en}", cite)
    answer = Step(payer, "payer-answer", before + amount, ZERO, because, (), (("left", "0"),))
    others = tuple(step for step in settlement.steps if step.payer not in (payer, Payer.PATIENT))
    shares = tuple(share for share in settlement.shares if share.payer not in (payer, Payer.PATIENT))
    patients = next(share for share in settlement.shares if share.payer is Payer.PATIENT)
    return replace(
        settlement,
        version=version,
        shares=(
            *shares,
            Share(payer, before + amount, Authority.PAYER, "", cite, reference=told),
            replace(patients, amount=patient),
        ),
        steps=(*others, answer, patient_step(standing.total, standing.total - patient)),
        patient=replace(settlement.patient, relieved=settlement.patient.relieved - amount),
        accruals=_accrued(settlement, payer, before + amount, person_key),
        not_modelled=tuple(each for each in settlement.not_modelled if each is not payer),
        standings=(*kept, standing),
    )


def _last(settlement: Settlement, earlier: tuple[Standing, ...], payer: Payer, pays: Money) -> Standing:
    """The bill as all others left it."""
    parts = settlement.patient
    total = settlement.total - settlement.share_of(Payer.THIRD_PARTY)
    paid = Money.total(each.pays for each in earlier)
    outside = Money.total(each.outside for each in earlier)
    in_scope = total - parts.full_self_pay - parts.over_limit - parts.pre_self_pay
    sums = LineSplit(parts.full_self_pay, parts.over_limit, parts.pre_self_pay, in_scope)
    left = max(total - paid, ZERO)
    in_scope_left = min(max(in_scope - paid + outside, ZERO), left)
    beyond = max(pays - in_scope_left, ZERO)
    return Standing(payer, total, sums, paid, outside, parts.deductible, parts.over_cap, pays, beyond)


def _accrued(settlement: Settlement, payer: Payer, pays: Money, person_key: str) -> tuple[Accrual, ...]:
    name = f"{payer}.paid"
    others = tuple(each for each in settlement.accruals if each.name != name)
    return (*others, Accrual(person_key, settlement.accrued.year, name, pays))
