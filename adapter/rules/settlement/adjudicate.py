"""From a claim to a settlement: split the lines, let every payer have its turn, account for every fen (结算)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain

from adapter.model.claim import ChargeLine, Claim, YearToDate
from adapter.model.issues import AdapterError, Issue
from adapter.model.kept import Kept
from adapter.model.money import SAID, TEXTS, ZERO, Money
from adapter.model.reference import Level
from adapter.model.settlement import (
    Accrual,
    Authority,
    Explanation,
    PatientParts,
    Payer,
    PayerAnswer,
    Settlement,
    Share,
    Step,
)
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement import fact_issues, issues
from adapter.rules.settlement.accumulators import accruals_of
from adapter.rules.settlement.coordination import Turn, check_layers, coordinate, line_differences
from adapter.rules.settlement.item_terms import AT
from adapter.rules.settlement.position import Bill, pairs
from adapter.rules.settlement.scope import split_lines, split_rule, sums_of, without_third_party

_THIRD_PARTY_CITE = "社会保险法第三十条"
_PATIENT_CITE = "费用总额减各方负担 (total less every payer)"


def adjudicate(
    claim: Claim,
    accrued: YearToDate,
    layers: Sequence[ResolvedLayer],
    *,
    scheme: str,
    test_profile: bool,
    answers: Mapping[Payer, PayerAnswer] | None = None,
    authorities: Mapping[Payer, Authority] | None = None,
) -> Settlement:
    """Divide a bill among its payers and the patient.

    Args:
        claim: the facts; ``claim.stay.settled_on`` is the rule date.
        accrued: the person's year-to-date amounts before this stay, of the rule date's year.
        layers: payers with their plans, in the order in which they bear.
        answers: what payers have said; each replaces our expectation, and later bases follow from it.
        authorities: who decides each payer's amount; a payer that the adapter decides needs no answer.

    Raises:
        PolicyNotInForce: POL-201, no document covers the rule date.
        AdapterError: SET-3xx, with one issue for everything that stands in the way.
    """
    answers, authorities = answers or {}, authorities or {}
    check_claim(claim, accrued, layers, answers)
    stay, on, total = claim.stay, claim.stay.settled_on, claim.total
    keys = {
        **dict(claim.circumstances),
        "hospital_level": str(stay.facility.level),
        "insurance": str(claim.person.insurance),
    }
    splits, warnings = split_lines(claim.lines, stay.facility.level, split_rule(layers, on, keys))
    bill = Bill(
        total=total - claim.third_party,
        sums=without_third_party(sums_of(splits), claim.third_party),
        on=on,
        insurance=claim.person.insurance,
        categories=claim.person.categories,
        keys=keys,
        accrued=accrued,
    )
    turns, after, divided, more = coordinate(bill, layers, answers, splits)
    decided = all(turn.answer is not None or _authority(turn, authorities) is Authority.ADAPTER for turn in turns)
    open_layers = tuple(turn.layer.payer for turn in turns if turn.open and turn.answer is None)
    complete = decided and not open_layers
    return Settlement(
        case_id=claim.case_id,
        version=claim.version,
        scheme=scheme,
        on=on,
        total=total,
        shares=_shares(claim, total, turns, authorities, complete),
        steps=_steps(claim, turns, after),
        patient=patient_parts(after),
        splits=tuple(divided.items()),
        accrued=accrued,
        accruals=_accruals(claim, turns),
        rules=_rules(layers),
        basis=basis_of(claim, accrued, layers, scheme),
        complete=complete,
        test_profile=test_profile or any(layer.policy.test_profile for layer in layers),
        not_modelled=open_layers,
        issues=(*_below_zero(total), *warnings, *more),
        standings=tuple(turn.standing for turn in turns),
        line_differences=line_differences(turns, splits) if answers else (),
    )


def patient_parts(bill: Bill) -> PatientParts:
    """What makes up the patient's part: the four parts of the bill, the range shared as basic insurance left it.

    ``relieved`` is what later payers (and a basic payer beyond the range) take off; the parts add up to the patient.
    """
    sums = bill.sums
    basic = sum([amount.fen for payer, amount in bill.paid if payer is Payer.BASIC])
    shared = sums.in_scope.fen - min(basic, max(sums.in_scope.fen, 0))
    return PatientParts(
        full_self_pay=sums.full_self_pay,
        over_limit=sums.over_limit,
        pre_self_pay=sums.pre_self_pay,
        deductible=bill.deductible,
        coinsurance=Money(shared - bill.deductible.fen - bill.over_cap.fen),
        over_cap=bill.over_cap,
        relieved=Money(bill.total.fen - bill.paid_total.fen - bill.outside.fen - shared),
    )


def basis_of(claim: Claim, accrued: YearToDate, layers: Sequence[ResolvedLayer], scheme: str) -> str:
    """Hash of claim, year-to-date amounts and rule versions; a preview and its settlement share it.

    The payers' answers are left out: they are what a settlement adds to its preview.
    """
    stay, person = claim.stay, claim.person
    parts: list[object] = [
        scheme,
        claim.case_id,
        claim.version,
        claim.third_party,
        sorted(claim.circumstances),
        stay.key,
        stay.settled_on,
        stay.facility.code,
        stay.facility.level,
        person.key,
        person.insurance,
        sorted(person.categories),
        accrued.year,
        sorted((name, amount.fen) for name, amount in accrued.amounts if amount),
        _rules(layers),
    ]
    marks = (*map(str, parts), *sorted(_line_marks(claim.lines, stay.facility.level)))
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()


def _line_marks(lines: Sequence[ChargeLine], level: Level) -> list[str]:
    """Everything about each line that its split depends on."""
    marks, known, days, quantities = [], AT[level], _DAYS, _QUANTITIES
    for line in lines:
        item, met, reverses = line.item, line.in_restriction, line.reverses
        if item is None:
            rest = f"{reverses!s}||{met!s}|{_estimate(line)}"
        elif reverses is None and met is None:
            rest = (known.get(id(item)) or known.read(item)).usual
        else:
            rest = f"{reverses!s}|{(known.get(id(item)) or known.read(item)).mark}|{met!s}|"
        marks.append(
            f"{line.id}|{line.code}|{days[line.service_date]}|{quantities[line.quantity]}|{line.amount.fen}|{rest}"
        )
    return marks


def _estimate(line: ChargeLine) -> str:
    his = line.his_split
    if his is None:
        return ""
    return f"{his.full_self_pay.fen}|{his.over_limit.fen}|{his.pre_self_pay.fen}|{his.in_scope.fen}"


#: How days and quantities are said. Equal quantities look alike, however many zeros they were written with.
_DAYS: Mapping[date, str] = Kept(str, 1024)
_QUANTITIES: Mapping[Decimal, str] = Kept(lambda quantity: str(quantity.normalize()), 1024)


def check_claim(
    claim: Claim, accrued: YearToDate, layers: Sequence[ResolvedLayer], answers: Mapping[Payer, PayerAnswer]
) -> None:
    """Refuse what cannot be adjudicated. Raises AdapterError with one issue for everything that stands in the way."""
    check_layers(layers)
    found: list[Issue] = []
    if accrued.year != claim.stay.settled_on.year:
        found.append(issues.year_differs(accrued.year, claim.stay.settled_on))
    if claim.third_party and not ZERO <= claim.third_party <= max(claim.total, ZERO):
        found.append(issues.third_party_out_of_range(claim.third_party, claim.total))
    known = {layer.payer for layer in layers}
    found += [issues.payer_not_in_scheme(payer) for payer in answers if payer not in known]
    if found:
        raise AdapterError(*found)


def _below_zero(total: Money) -> tuple[Issue, ...]:
    return (fact_issues.total_below_zero(total),) if total < ZERO else ()


def _authority(turn: Turn, authorities: Mapping[Payer, Authority]) -> Authority:
    """Who decided a payer's amount, as far as it is decided."""
    declared = authorities.get(turn.layer.payer)
    if turn.answer is not None:
        return declared if declared in (Authority.PAYER, Authority.OBSERVED) else Authority.PAYER
    computed = declared is Authority.ADAPTER and turn.result is not None
    return Authority.ADAPTER if computed else Authority.EXPECTED


def _shares(
    claim: Claim, total: Money, turns: Sequence[Turn], authorities: Mapping[Payer, Authority], complete: bool
) -> tuple[Share, ...]:
    shares = []
    if claim.third_party:
        shares.append(Share(Payer.THIRD_PARTY, claim.third_party, Authority.ADAPTER, "", _THIRD_PARTY_CITE))
    for turn in turns:
        policy = turn.layer.policy
        shares.append(
            Share(
                payer=turn.layer.payer,
                amount=turn.pay,
                authority=_authority(turn, authorities),
                plan=policy.name,
                cite=turn.steps[-1].because.cite if turn.steps else policy.document.id,
                expected=turn.expected,
                reference=None if turn.answer is None else turn.answer.reference,
            )
        )
    patient = total - Money.total([share.amount for share in shares])
    decided = Authority.ADAPTER if complete else Authority.EXPECTED
    shares.append(Share(Payer.PATIENT, patient, decided, "", _PATIENT_CITE))
    return tuple(shares)


def _steps(claim: Claim, turns: Sequence[Turn], bill: Bill) -> tuple[Step, ...]:
    steps = []
    if claim.third_party:
        because = Explanation(
            zh=f"第三人负担{claim.third_party},先行扣除,不参与计算",
            en=f"a third party bears {claim.third_party}: taken out first, not adjudicated",
            cite=_THIRD_PARTY_CITE,
        )
        steps.append(
            Step(
                Payer.THIRD_PARTY,
                "third-party",
                claim.third_party,
                bill.total,
                because,
                inputs=(("total", claim.total.text),),
                checks=(("left", "total - amount"),),
                sources=(("total", "bill.total"),),
            )
        )
    steps += [step for turn in turns for step in turn.steps]
    return (*steps, patient_step(bill.total, bill.paid_total))


def patient_step(total: Money, paid: Money) -> Step:
    """The last line of every settlement; ``total`` is the bill without a third party's part."""
    patient = total - paid
    bill, borne, left = SAID[total.fen], SAID[paid.fen], SAID[patient.fen]
    because = Explanation(
        zh=f"个人负担 = {bill} − 各方合计{borne} = {left}",
        en=f"patient = {bill} − payers together {borne} = {left}",
        cite=_PATIENT_CITE,
    )
    inputs = (("total", TEXTS[total.fen]), ("paid", TEXTS[paid.fen]))
    return Step(Payer.PATIENT, "patient", patient, ZERO, because, inputs, _PATIENT_CHECKS, _PATIENT_SOURCES)


_PATIENT_CHECKS = pairs(amount="total - paid", left="0")
_PATIENT_SOURCES = pairs(paid="bill.paid")


def _accruals(claim: Claim, turns: Sequence[Turn]) -> tuple[Accrual, ...]:
    year = claim.stay.settled_on.year
    person = claim.person.key
    found = [accruals_of(each.result, each.layer.payer, each.pay, each.answer, person, year) for each in turns]
    return tuple(chain.from_iterable(found))


def _rules(layers: Sequence[ResolvedLayer]) -> tuple[str, ...]:
    """``plan@version`` of every layer, in order."""
    return tuple([f"{layer.policy.name}@{layer.policy.version}" for layer in layers])
