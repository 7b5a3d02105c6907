"""What a bill comes to: the whole stay by the oracle, less what earlier bills of the stay gave already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.counterparts import oracle
from adapter.counterparts.adjudicator import ONE, Split
from adapter.counterparts.nhsa.fees import PARTS
from adapter.counterparts.nhsa.office import NIL, Office, add
from adapter.counterparts.nhsa.refusals import Refused
from adapter.counterparts.nhsa.seed import Hospital, Person
from adapter.counterparts.nhsa.store import Line, Visit
from adapter.counterparts.oracle_facts import Facts, Offer
from adapter.model.issues import AdapterError

_INSURANCE = {"310": "employees", "390": "residents"}


@dataclass(frozen=True, slots=True)
class Worth:
    """A bill, yuan.

    Attributes:
        amounts: the four parts, ``deductible``, and ``pay.<payer>`` in the order of the payers.
        accruals: additions to the year, by ``<payer>.<accumulator>``.
        total: Σ of the four parts.
    """

    amounts: Mapping[str, Decimal]
    accruals: Mapping[str, Decimal]

    @property
    def total(self) -> Decimal:
        return sum((self.amounts[name] for name in PARTS), NIL)

    @property
    def paid(self) -> dict[str, Decimal]:
        """By payer."""
        return {name.removeprefix("pay."): amount for name, amount in self.amounts.items() if name.startswith("pay.")}


def worth(office: Office, visit: Visit, person: Person, hospital: Hospital, on: date) -> Worth:
    """What the lines that no settlement has taken come to.

    The whole stay is adjudicated on the year without this stay, and what earlier bills of it gave is taken off: a
    settlement in mid-stay changes no payer's total.

    Raises:
        Refused: nobody pays for this insurance here, or no document says.
    """
    lines = office.store.lines(visit.mdtrt_id)
    amounts, accruals = _whole(office, visit, person, hospital, on, lines)
    for earlier in office.store.standing(visit.mdtrt_id):
        add(amounts, earlier.amounts(), -1)
        add(accruals, earlier.amounts("accruals"), -1)
    return Worth(amounts, accruals)


def _whole(
    office: Office, visit: Visit, person: Person, hospital: Hospital, on: date, lines: Sequence[Line]
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    stay = Split(*(sum((line.amount(name) for line in lines), NIL) for name in PARTS))
    facts = Facts(
        on,
        _INSURANCE.get(person.insutype, person.insutype),
        office.categories(person, on),
        {"hospital_level": hospital.level, "age": ""},
        stay,
        office.used(person, on.year, visit.mdtrt_id),
    )
    left = oracle.unpaid(stay)
    paid: dict[str, Decimal] = {}
    accruals: dict[str, Decimal] = {}
    first = deductible = NIL
    for payer, plan in office.payers(person.insutype):
        try:
            offer = oracle.best_offer(facts, payer, plan, left)
        except (oracle.NotCovered, AdapterError) as error:
            raise Refused("FSI-未查询到该时间的待遇参数", system=True) from error
        oracle.bear(left, payer, offer)
        paid[f"pay.{payer}"] = offer.benefit
        if payer == "basic":
            first, deductible = offer.first, offer.deductible
        add(accruals, _accruals(payer, stay, offer))
    if not paid:
        raise Refused("FSI-该险种在本统筹区无待遇政策")
    parts = (stay.full_self_pay, stay.over_limit, stay.pre_self_pay + first, stay.in_scope - first)
    return {**dict(zip(PARTS, parts, strict=True)), "deductible": deductible, **paid}, accruals


def _accruals(payer: str, stay: Split, offer: Offer) -> dict[str, Decimal]:
    if payer == "basic":
        own = {"deductible": offer.deductible, "eligible": max(stay.in_scope - offer.first, NIL), "admissions": ONE}
    else:
        own = {"base": offer.base, "deductible": offer.deductible, "eligible": offer.base - offer.deductible}
    return {f"{payer}.{name}": amount for name, amount in {**own, "paid": offer.benefit}.items()}
