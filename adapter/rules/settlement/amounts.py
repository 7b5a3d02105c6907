"""Amounts only: what each payer bears, in whole fen, without steps and words, for one case or for many (只算金额).

The same arithmetic serves Python integers and numpy arrays of int64: every formula stands here once, written with
``+ - *`` and the three functions of ``Ops``. What a plan says is read once for a kind of case (``Profile``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from adapter.model.claim import LineSplit, YearToDate
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.person import Category, Insurance
from adapter.model.settlement import Payer
from adapter.rules.policy.parameters import DEFAULT
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement import issues
from adapter.rules.settlement.later_terms import READERS, SHARING
from adapter.rules.settlement.position import Bill, Position
from adapter.rules.settlement.terms import Reading, Scale, Stop, Turn

#: Whole fen: an ``int``, or an array of int64.
Fen = Any


class Ops(NamedTuple):
    """What integers and arrays do differently."""

    least: Callable[[Fen, Fen], Fen]
    most: Callable[[Fen, Fen], Fen]
    either: Callable[[Any, Fen, Fen], Fen]


#: For one case.
ONE = Ops(
    lambda a, b: a if a < b else b,
    lambda a, b: a if a > b else b,
    lambda yes, a, b: a if yes else b,
)


class Profile(NamedTuple):
    """What a plan's words depend on: cases alike in all of this differ by their amounts only.

    Attributes:
        keys: what plans vary by, hospital level and insurance among them.
        admission: number of the admission in the year.
        used: year-to-date amounts that are not zero, by name; some gaps of a source do harm only then.
    """

    on: date
    insurance: Insurance
    categories: frozenset[Category]
    keys: tuple[tuple[str, str], ...]
    admission: int
    used: frozenset[str]


@dataclass(slots=True)
class Account:
    """The bill before a payer's turn, as ``position.Bill``.

    Attributes:
        wrong: whether a payer came to more than was left, or to less than nothing.
    """

    total: Fen
    full_self_pay: Fen
    over_limit: Fen
    pre_self_pay: Fen
    in_scope: Fen
    paid: Fen = 0
    paid_outside: Fen = 0
    deductible: Fen = 0
    over_cap: Fen = 0
    commercial: Fen = 0
    left: Fen = 0
    in_scope_left: Fen = 0
    outside_left: Fen = 0
    wrong: Any = False

    def stand(self, ops: Ops) -> None:
        """Work out what is left."""
        self.left = ops.most(self.total - self.paid, 0)
        self.in_scope_left = ops.least(ops.most(self.in_scope - self.paid + self.paid_outside, 0), self.left)
        outside = self.full_self_pay + self.over_limit + self.pre_self_pay
        self.outside_left = ops.least(ops.most(outside - self.paid_outside, 0), self.left)


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One payer's calculation for a profile: a run per category that its plan knows (就高不重复)."""

    payer: Payer
    runs: tuple[tuple[Turn, ...], ...]


@dataclass(frozen=True)
class Calculation:
    """All payers' calculations for one profile, in order.

    Attributes:
        scale: the largest numerator or denominator of any ratio, for the guard against overflow.
        constants: the sum of all amounts that the plans name, in fen, for the same.
        names: year-to-date amounts that are read, by full name.
    """

    layers: tuple[LayerPlan, ...]
    scale: int
    constants: int
    names: tuple[str, ...]

    def settle(self, account: Account, year: Mapping[str, Fen], ops: Ops = ONE) -> tuple[Fen, ...]:
        """What each payer bears, in order. ``account`` is used up; what is left of it is the patient's.

        Args:
            year: the person's year-to-date amounts by full name; a name that is not there is zero.
        """
        pays = []
        for layer in self.layers:
            account.stand(ops)
            best = _run(layer.runs[0], account, year, ops) if layer.runs else _Run()
            for turns in layer.runs[1:]:
                best = _better(best, _run(turns, account, year, ops), ops)
            account.wrong = account.wrong | (best.pay < 0) | (best.pay > account.left)
            pays.append(best.pay)
            _after(account, layer.payer, best, ops)
        return tuple(pays)


@dataclass(slots=True)
class _Run:
    """One payer's calculation under way, as ``position.Position``."""

    left: Fen = 0
    base: Fen = 0
    pay: Fen = 0
    deductible: Fen = 0
    over_cap: Fen = 0
    first: Fen = 0
    outside: Fen = 0


def _run(turns: Sequence[Turn], account: Account, year: Mapping[str, Fen], ops: Ops) -> _Run:
    run = _Run()
    for turn in turns:
        turn(run, account, year, ops)
    return run


def _better(one: _Run, other: _Run, ops: Ops) -> _Run:
    """The run that gives more; of equals the first."""
    more = other.pay > one.pay
    return _Run(
        **{name: ops.either(more, getattr(other, name), getattr(one, name)) for name in _Run.__slots__},
    )


def _after(account: Account, payer: Payer, run: _Run, ops: Ops) -> None:
    """The bill for the next payer."""
    if not isinstance(run.first, int) or run.first:  # else no referral rule touched it
        account.in_scope = account.in_scope - run.first
        account.pre_self_pay = account.pre_self_pay + run.first
        account.stand(ops)
    outside = ops.most(ops.least(run.outside, run.pay), run.pay - account.in_scope_left)
    account.paid = account.paid + run.pay
    account.paid_outside = account.paid_outside + outside
    if payer is Payer.COMMERCIAL:
        account.commercial = account.commercial + run.pay
    if payer is Payer.BASIC:
        room = ops.most(account.in_scope - run.pay, 0)
        account.deductible = ops.least(run.deductible, room)
        account.over_cap = ops.least(run.over_cap, room - account.deductible)


def check_supported(layers: Sequence[ResolvedLayer]) -> None:
    """Refuse plans that are not calculated here, by name.

    Raises:
        AdapterError: SET-350, a step that is not known here, or two steps of one plan that share what is left.
    """
    found = []
    for layer in layers:
        steps = layer.policy.steps
        found += [issues.batch_unsupported(layer.policy.name, step) for step in steps if step not in READERS]
        sharing = [step for step in steps if step in SHARING]
        if len(sharing) > 1:
            found.append(issues.batch_unsupported(layer.policy.name, " + ".join(sharing)))
    if found:
        raise AdapterError(*found)


def calculation(layers: Sequence[ResolvedLayer], profile: Profile) -> Calculation:
    """Read the plans for a profile.

    Raises:
        AdapterError: SET-350 as ``check_supported``; POL-2xx and NotPublished where a plan has no value for it.
    """
    check_supported(layers)
    bill = Bill(
        total=ZERO,
        sums=LineSplit(),
        on=profile.on,
        insurance=profile.insurance,
        categories=profile.categories,
        keys=dict(profile.keys),
        accrued=YearToDate(profile.on.year, (("basic.admissions", Money(100 * (profile.admission - 1))),)),
    )
    scale = Scale()
    plans = tuple(LayerPlan(layer.payer, _runs(layer, bill, profile, scale)) for layer in layers)
    return Calculation(plans, scale.ratio, scale.constants, tuple(sorted(scale.names)))


def _runs(layer: ResolvedLayer, bill: Bill, profile: Profile, scale: Scale) -> tuple[tuple[Turn, ...], ...]:
    insurance = Position.opening(bill, layer.payer, layer.policy).find("insurance")
    if insurance is not None and str(profile.insurance) not in insurance.texts:
        return ()
    known = layer.policy.keys_of("person_category")
    runs = []
    for category in sorted(str(each) for each in profile.categories if each in known) or [DEFAULT]:
        position = Position.opening(bill, layer.payer, layer.policy, category)
        reading = Reading(position, profile.used, scale)
        turns: list[Turn] = []
        for step in layer.policy.steps:
            turn = READERS[step](reading)
            if isinstance(turn, Stop):
                turns += [turn.turn] if turn.turn is not None else []
                break
            if turn is not None:
                turns.append(turn)
        runs.append(tuple(turns))
    return tuple(runs)
