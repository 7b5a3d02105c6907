"""Amounts only, one claim at a time, from its lines: what ``adjudicate`` gives, without steps and words (快速测算)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from adapter.model.claim import ChargeLine, Claim, LineSplit, YearToDate
from adapter.model.issues import AdapterError
from adapter.model.money import Money, UnitPrice
from adapter.model.reference import CatalogueItem, ItemClass, Level
from adapter.model.settlement import Payer
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement import issues
from adapter.rules.settlement.accumulators import ONE_ADMISSION
from adapter.rules.settlement.adjudicate import check_claim
from adapter.rules.settlement.amounts import Account, Calculation, Profile, calculation
from adapter.rules.settlement.scope import (
    WHOLE_LINE,
    SplitRule,
    share_of_item,
    split_lines,
    split_rule,
    sums_of,
    without_third_party,
)

_NONE = Decimal(0)


class Amounts(NamedTuple):
    """What each payer bears, in the order of the layers, and the patient."""

    pays: tuple[tuple[Payer, Money], ...]
    patient: Money


class _Terms(NamedTuple):
    """A catalogue row at one hospital level.

    Attributes:
        item: kept, so that its identity stays its own.
        plain: all of it is in scope, whatever the line says.
        own: the patient pays all of it.
        part, below: what the patient pays first, as two integers; None where nobody says.
        limit: 1/10000 yuan a unit, or None.
    """

    item: CatalogueItem
    plain: bool
    own: bool
    restricted: bool
    part: int | None
    below: int
    limit: int | None


class Quick:
    """Plans made ready for claims that come one by one; what was read for one serves the next of its kind."""

    def __init__(self, layers: Sequence[ResolvedLayer]) -> None:
        self._layers = tuple(layers)
        self._known: dict[Profile, tuple[Calculation, SplitRule]] = {}
        self._terms: dict[Level, dict[int, _Terms]] = {level: {} for level in Level}

    def amounts(self, claim: Claim, accrued: YearToDate) -> Amounts:
        """What ``adjudicate`` gives for these facts, without any payer's answer.

        Raises:
            AdapterError: as ``adjudicate``; SET-350 for a step that is not known here; NotPublished where a source
                prints no value that this stay needs.
        """
        stay, person = claim.stay, claim.person
        if claim.third_party or accrued.year != stay.settled_on.year:
            check_claim(claim, accrued, self._layers, {})
        level = stay.facility.level
        profile = Profile(
            stay.settled_on,
            person.insurance,
            person.categories,
            (*claim.circumstances, ("hospital_level", str(level)), ("insurance", str(person.insurance))),
            accrued.get("basic.admissions").fen // ONE_ADMISSION.fen + 1 if accrued.amounts else 1,
            frozenset([name for name, amount in accrued.amounts if amount.fen]),
        )
        known = self._known.get(profile)
        if known is None:
            known = self._known[profile] = self._read(profile)
        calculated, rule = known
        full, over, pre, scope = self._sums(claim, level, rule)
        if claim.third_party:
            left = without_third_party(LineSplit(Money(full), Money(over), Money(pre), Money(scope)), claim.third_party)
            full, over, pre, scope = (
                each.fen for each in (left.full_self_pay, left.over_limit, left.pre_self_pay, left.in_scope)
            )
        account = Account(full + over + pre + scope, full, over, pre, scope)
        pays = calculated.settle(account, {name: amount.fen for name, amount in accrued.amounts})
        if account.wrong:
            raise AdapterError(issues.share_out_of_range(str(pays), Money(account.paid), Money(account.total)))
        payers = [layer.payer for layer in calculated.layers]
        borne = tuple([(payer, Money(fen)) for payer, fen in zip(payers, pays, strict=True)])
        return Amounts(borne, Money(account.total - account.paid))

    def _read(self, profile: Profile) -> tuple[Calculation, SplitRule]:
        rule = split_rule(self._layers, profile.on, dict(profile.keys))
        return calculation(self._layers, profile), rule

    def _sums(self, claim: Claim, level: Level, rule: SplitRule) -> tuple[int, int, int, int]:
        """The four parts of all lines, in fen; each line rounded by itself."""
        full = over = pre = scope = 0
        known, whole = self._terms[level], rule.pre_self_pay_on == WHOLE_LINE
        lines = claim.lines
        undone = [line for line in lines if line.reverses is not None]
        left = _what_is_left(lines, undone) if undone else {}
        if left is None:
            return self._one_by_one(claim, level, rule)
        for line in lines:
            item = line.item
            if item is None:
                return self._one_by_one(claim, level, rule)
            fen, quantity = line.amount.fen, line.quantity
            if left and line.id in left:
                fen, quantity = left[line.id]
                if not fen and not quantity:
                    continue
            terms = known.get(id(item)) or self._terms_of(item, level, rule)
            _, plain, own, restricted, part, below, limit = terms
            if plain:
                scope += fen
                continue
            if own or (restricted and not line.in_restriction):
                if restricted and line.in_restriction is None:
                    return self._one_by_one(claim, level, rule)
                full += fen
                continue
            within = fen
            if limit is not None:
                number, units = quantity.as_integer_ratio()
                most = (limit * abs(number) * 2 + units * 100) // (units * 200)
                if fen > most or -fen > most:
                    within = most if fen > 0 else -most
                    over += fen - within
            if part == 0:
                scope += within
                continue
            if part is None:
                return self._one_by_one(claim, level, rule)
            base = fen if whole else within
            first = min((abs(base) * part * 2 + below) // (below * 2), abs(within))
            if base < 0:
                first = -first
            pre += first
            scope += within - first
        return full, over, pre, scope

    def _terms_of(self, item: CatalogueItem, level: Level, rule: SplitRule) -> _Terms:
        share, limit = share_of_item(item, rule), item.price_limit(level)
        part, below = (None, 1) if share is None else share.as_integer_ratio()
        found = _Terms(
            item,
            item.item_class is not ItemClass.C and not item.restricted and part == 0 and limit is None,
            item.item_class is ItemClass.C,
            item.restricted,
            part,
            below,
            None if limit is None else UnitPrice.yuan(limit).tenth_mils,
        )
        if item.self_share is not None or item.item_class is not ItemClass.B:  # else the rule of a day decides
            self._terms[level][id(item)] = found
        return found

    def _one_by_one(self, claim: Claim, level: Level, rule: SplitRule) -> tuple[int, int, int, int]:
        """Lines that somebody must be told about, and estimates of the HIS."""
        splits, _ = split_lines(claim.lines, level, rule)
        sums = sums_of(splits)
        return sums.full_self_pay.fen, sums.over_limit.fen, sums.pre_self_pay.fen, sums.in_scope.fen


def _what_is_left(lines: Sequence[ChargeLine], undone: Sequence[ChargeLine]) -> dict[str, tuple[int, Decimal]] | None:
    """What refunds leave of each charge, by its id, and nothing for the refunds; the parts of a chain add up to that.

    None where a chain is odd: it goes round, or gives back more than there was.
    """
    by_id = {line.id: line for line in lines}
    left: dict[str, tuple[int, Decimal]] = {}
    for refund in undone:
        charge, hops = refund, 0
        while charge.reverses is not None and charge.reverses in by_id:
            charge, hops = by_id[charge.reverses], hops + 1
            if hops > len(undone):
                return None
        if charge is not refund:
            fen, quantity = left.get(charge.id) or (charge.amount.fen, charge.quantity)
            left[charge.id] = (fen + refund.amount.fen, quantity + refund.quantity)
            left[refund.id] = (0, _NONE)
    if any(by_id[name].amount.fen * fen < 0 for name, (fen, _) in left.items()):
        return None
    return left
