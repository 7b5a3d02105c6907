"""Laws that hold for any plan and any bill, one function each; ``bench.properties`` and the tests run them (恒等式)."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import strategies as st

from adapter.cases.finalise import entries
from adapter.cases.tools import Said
from adapter.ledger.ledger import Ledger
from adapter.model.case import Actor
from adapter.model.claim import LineSplit, YearToDate
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, Settlement
from adapter.rules.certificate.verify import verify
from adapter.rules.policy.load import layers_from
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement.adjudicate import adjudicate
from adapter.rules.settlement.certificate import certificate
from adapter.rules.settlement.coordination import Turn, coordinate
from adapter.rules.settlement.facts import read_facts
from adapter.rules.settlement.position import Bill
from bench.oracle import by_oracle
from bench.synthetic import rules

_SAID = Said(at=datetime(2022, 6, 1, tzinfo=UTC), actor=Actor("law"), reason="law")
_NUMBERS = count(1)


@cache
def _ledger() -> Ledger:
    """One ledger for all examples, gone with the process."""
    folder = TemporaryDirectory(prefix="laws-")
    atexit.register(folder.cleanup)
    return Ledger.open(f"sqlite:///{folder.name}/ledger.sqlite")


#: Payers whose plans may reach costs outside the policy range.
_BEYOND = (Payer.COMMERCIAL, Payer.HOSPITAL, Payer.GOVERNMENT, Payer.HOUSEHOLD_TOP_UP)
#: Steps by which a payer pays nothing below an amount, and much from it on.
_JUMPS = frozenset({"aid_threshold", "household"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """Plans, one kind of case, its amounts, and the amounts that the plans name."""

    layers: tuple[ResolvedLayer, ...]
    kind: rules.Kind
    sums: rules.Sums
    edges: tuple[int, ...]


def drawn(random: Random) -> Drawn:
    """Everything from one source of chance."""
    plans = rules.Plans(random)
    layers = plans.layers()
    (kind,) = rules.kinds(random, 1)
    return Drawn(layers, kind, rules.sums(random, plans.edges), tuple(plans.edges))


#: For hypothesis: it holds the chance in its hand and makes a failing example small.
ANY = st.randoms(use_true_random=False).map(drawn)


def divided(case: Drawn) -> tuple[Sequence[Turn], Bill]:
    """The real run on line sums."""
    sums, kind = case.sums, case.kind
    parts = LineSplit(Money(sums.full_self_pay), Money(sums.over_limit), Money(sums.pre_self_pay), Money(sums.in_scope))
    year = (*((name, Money(fen)) for name, fen in sums.year), ("basic.admissions", Money(100 * (kind.admission - 1))))
    bill = Bill(parts.total, parts, rules.ON, kind.insurance, kind.categories, dict(kind.keys), YearToDate(2022, year))
    turns, after, _, _ = coordinate(bill, case.layers, {}, {})
    return turns, after


def settled(case: Drawn) -> tuple[Settlement, YearToDate]:
    """The real run, whole, on four lines whose parts are the sums."""
    sums, kind = case.sums, case.kind
    parts = {
        "full_self_pay": sums.full_self_pay,
        "over_limit": sums.over_limit,
        "pre_self_pay": sums.pre_self_pay,
        "in_scope": sums.in_scope,
    }
    facts: dict[str, object] = {
        "settled_on": rules.ON.isoformat(),
        "hospital_level": dict(kind.keys)["hospital_level"],
        "person": {"insurance": str(kind.insurance), "categories": sorted(map(str, kind.categories))},
        "circumstances": {name: said for name, said in kind.keys if name not in ("hospital_level", "insurance")},
        "sums": {name: Money(fen).text for name, fen in parts.items()},
        "year_to_date": {name: Money(fen).text for name, fen in sums.year},
    }
    read = read_facts(facts)
    return adjudicate(read.claim, read.accrued, case.layers, scheme="invented", test_profile=True), read.accrued


def shares_add_up(case: Drawn) -> None:
    """Payers and patient together are the bill; the parts of the patient are the patient's."""
    found, _ = settled(case)
    assert Money.total(share.amount for share in found.shares) == found.total
    assert found.patient.total == found.patient_pays


def no_payer_leaves_its_base(case: Drawn) -> None:
    """0 ≤ what a payer bears ≤ its base, and no more than is left."""
    turns, _ = divided(case)
    for turn in turns:
        standing = turn.standing
        left = max(standing.total - standing.paid, ZERO)
        assert ZERO <= turn.pay <= left
        assert ZERO <= standing.outside <= turn.pay
        if turn.result is not None and turn.result.covered:
            assert turn.pay <= turn.result.base


def own_expense_stays_with_the_patient(case: Drawn) -> None:
    """Full self-pay is the patient's unless a payer that covers such costs is there."""
    if case.sums.in_scope < 0 or any(layer.payer in _BEYOND for layer in case.layers):
        return
    _, after = divided(case)
    assert after.total - after.paid_total >= Money(case.sums.full_self_pay)


def more_in_scope_never_lowers_the_fund(case: Drawn) -> None:
    """Where the deductible does not grow with the bill, a larger bill gives the fund no smaller part."""
    basic = case.layers[0]
    if case.sums.in_scope < 0 or "deductible_share" in basic.policy.parameters:
        return
    only = replace(case, layers=(basic,))
    larger = replace(only, sums=replace(case.sums, in_scope=case.sums.in_scope + 1 + case.sums.over_limit % 5000))
    assert divided(larger)[0][0].pay >= divided(only)[0][0].pay


def a_reversal_leaves_nothing(case: Drawn) -> None:
    """Settled and reversed in a ledger: every account is at zero, every year-to-date amount where it was."""
    found, _ = settled(case)
    case_id = f"law-{next(_NUMBERS)}"
    accruals = [replace(accrual, person_key=case_id) for accrual in found.accruals]
    with _ledger().transaction() as tx:
        tx.open_case(case_id, source="law", stay_key=case_id, person_key=case_id, scheme="law", facility="law", **_SAID)
        version = tx.new_version(case_id, **_SAID)
        if posted := entries(found):  # a bill of nothing has none
            tx.post(case_id, version, posted, **_SAID)
        tx.accumulate(accruals, case_id, version, **_SAID)
        accrued = tx.year_to_date("law", case_id, rules.ON.year)
        assert dict(accrued.amounts) == {accrual.name: accrual.amount for accrual in accruals}
        assert Money.total(tx.balances(case_id).values()) == ZERO
        tx.reverse_postings(case_id, version, **_SAID)
        tx.reverse_accruals(case_id, version, **_SAID)
        assert not any(tx.balances(case_id).values())
        assert not any(amount for _, amount in tx.year_to_date("law", case_id, rules.ON.year).amounts)


def two_equal_payers_both_count(case: Drawn) -> None:
    """A fund that pays half, and aid that pays all of the other half: the same amount twice, never once."""
    scope = max(case.sums.in_scope, 0) * 2
    found, _ = settled(replace(case, layers=_HALVES, sums=rules.Sums(case.sums.full_self_pay, 0, 0, scope, ())))
    fund, aid = found.share_of(Payer.BASIC), found.share_of(Payer.MEDICAL_AID)
    assert fund == aid == Money(scope // 2)
    assert found.patient_pays == found.total - fund - aid == Money(case.sums.full_self_pay)


def a_fen_either_side(case: Drawn) -> None:
    """At an amount that a plan names, a fen less and a fen more: the oracle agrees, and nothing jumps."""
    if not case.edges or "deductible_share" in case.layers[0].policy.parameters:
        return
    edge = case.edges[case.sums.over_limit % len(case.edges)]
    borne = []
    for fen in (edge - 1, edge, edge + 1):
        at = replace(case, sums=replace(case.sums, in_scope=fen))
        turns, after = divided(at)
        ours = (*(turn.pay.fen for turn in turns), (after.total - after.paid_total).fen)
        assert ours == by_oracle(at.layers, at.kind, at.sums)
        borne.append(sum(ours[:-1]))
    if any(_JUMPS & set(layer.policy.steps) for layer in case.layers):
        return
    for less, more in ((borne[0], borne[1]), (borne[1], borne[2])):
        assert -1 <= more - less <= 2


def every_certificate_verifies(case: Drawn) -> None:
    """The independent checker finds nothing."""
    found, _ = settled(case)
    assert verify(certificate(found)) == []


_HALVES = layers_from(
    [
        {
            "policy": "halves/basic",
            "payer": "basic",
            "steps": ("in_scope", "ratio"),
            "parameters": {"ratio": {"value": "0.5", "as": "ratio", "cite": "invented"}},
        },
        {
            "policy": "halves/medical_aid",
            "payer": "medical-aid",
            "steps": ("in_scope_left", "ratio"),
            "parameters": {"ratio": {"value": "1", "as": "ratio", "cite": "invented"}},
        },
    ]
)

LAWS: Mapping[str, Callable[[Drawn], None]] = {
    law.__name__: law
    for law in (
        shares_add_up,
        no_payer_leaves_its_base,
        own_expense_stays_with_the_patient,
        more_in_scope_never_lowers_the_fund,
        a_reversal_leaves_nothing,
        two_equal_payers_both_count,
        a_fen_either_side,
        every_certificate_verifies,
    )
}
