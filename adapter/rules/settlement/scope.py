"""甲 · 乙 · 丙: split every line into full self-pay, over-limit, pre-self-pay and policy range (明细拆分)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from adapter.model.claim import ChargeLine, LineSplit, SplitBasis
from adapter.model.issues import AdapterError, Issue, stopping
from adapter.model.money import ZERO, Money, UnitPrice, half_up
from adapter.model.reference import CatalogueItem, ItemClass, Level
from adapter.rules.policy.scheme import ResolvedLayer
from adapter.rules.settlement import issues
from adapter.rules.settlement.item_terms import AT, LevelTerms, within_scope

WITHIN_LIMIT = "within-limit"
WHOLE_LINE = "whole-line"
_NO_SHARE = Decimal(0)


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How lines are split in this place and year.

    Attributes:
        pre_self_pay_on: ``within-limit``: the 乙 share is taken on the amount within the price limit (default);
            ``whole-line``: on the whole line. The published fields leave it open (Q-05).
        class_b_share: share of a 乙 item that carries none of its own; None: such a line is an issue.
    """

    pre_self_pay_on: str = WITHIN_LIMIT
    class_b_share: Decimal | None = None


def split_rule(layers: Sequence[ResolvedLayer], on: date, keys: Mapping[str, str]) -> SplitRule:
    """The rule that the first plan with such parameters gives; the adapter's default where none does."""
    basis, share = WITHIN_LIMIT, None
    for layer in reversed(layers):
        found = layer.policy.find("pre_self_pay_on", on, keys)
        basis = found.text if found is not None else basis
        default = layer.policy.find("class_b_share", on, keys)
        share = default.decimal if default is not None else share
    return SplitRule(basis, share)


def split_lines(
    lines: Sequence[ChargeLine], level: Level, rule: SplitRule
) -> tuple[dict[str, LineSplit], tuple[Issue, ...]]:
    """Split all lines. A refund splits like the line it undoes, so that both net to zero exactly.

    Refunds are taken in the order of service date and id; each gets what its line loses by it. Amounts round half
    up per line, then add.

    Returns:
        The split by line id, and warnings.

    Raises:
        AdapterError: SET-303, 309, 310, 317: one issue for each line that cannot be split.
    """
    found: list[Issue] = []
    known = AT[level]
    roots, chains = _chains(lines, found)
    splits: dict[str, LineSplit] = {}
    tied: dict[str, LineSplit] = {}
    for line in lines:
        name, item = line.id, line.item
        if name in roots:
            if chain := chains.pop(roots[name], None):  # all of it, where its first line stands
                _split_chain(chain, known, rule, tied, found)
            splits[name] = tied[name]
            continue
        usual = None if item is None else (known.get(id(item)) or known.read(item)).splits
        if usual is None:
            splits[name] = _split(line, line.amount, line.quantity, known, rule, found)
        else:
            splits[name] = usual[line.amount.fen]
    if stopping(found):
        raise AdapterError(*found)
    return splits, tuple(found)


def _chains(lines: Sequence[ChargeLine], found: list[Issue]) -> tuple[dict[str, str], dict[str, list[ChargeLine]]]:
    """Lines that undo or are undone: the charge that each goes back to, by id, and what goes back to each charge.

    A chain begins with its charge; the refunds follow as they stand on the bill.
    """
    undone = {line.reverses for line in lines} - {None}
    if not undone:
        return {}, {}
    tied = {line.id: line for line in lines if line.reverses is not None or line.id in undone}
    roots = {line.id: _root(line, tied, found) for line in tied.values()}
    chains: dict[str, list[ChargeLine]] = {root: [tied[root]] for root in roots.values()}
    for line in tied.values():
        if line.id != roots[line.id]:
            chains[roots[line.id]].append(line)
    return roots, chains


def _root(line: ChargeLine, by_id: Mapping[str, ChargeLine], found: list[Issue]) -> str:
    """The charge that a refund (or the undoing of a refund) goes back to, as far as it is on this bill."""
    seen = {line.id}
    while line.reverses is not None and line.reverses in by_id:
        line = by_id[line.reverses]
        if line.id in seen:
            found.append(issues.refund_loop(line.id))
            return line.id
        seen.add(line.id)
    return line.id


def _split_chain(
    chain: Sequence[ChargeLine], known: LevelTerms, rule: SplitRule, splits: dict[str, LineSplit], found: list[Issue]
) -> None:
    """Each refund gets the difference that it makes to the split of what is left of the charge."""
    charge, *refunds = chain
    amount, quantity = charge.amount, charge.quantity
    before = splits[charge.id] = _split(charge, amount, quantity, known, rule, found)
    for refund in sorted(refunds, key=lambda line: (line.service_date, line.id)):
        amount, quantity = amount + refund.amount, quantity + refund.quantity
        after = _split(charge, amount, quantity, known, rule, [])
        splits[refund.id] = _difference(after, before)
        before = after
    if refunds and amount.fen * charge.amount.fen < 0:
        found.append(issues.refund_exceeds(charge.id))


def _split(
    line: ChargeLine, amount: Money, quantity: Decimal, known: LevelTerms, rule: SplitRule, found: list[Issue]
) -> LineSplit:
    """Split an amount by the line's catalogue row."""
    item = line.item
    if item is None:
        return _his_estimate(line, amount, found)
    terms = known.get(id(item)) or known.read(item)
    if terms.splits is not None:
        return terms.splits[amount.fen]
    if terms.restricted and line.in_restriction is None:
        found.append(issues.restriction_unknown(line.id))
    if terms.outside or (terms.restricted and not line.in_restriction):
        return LineSplit(amount)
    part, below = terms.part, terms.below
    if part is None:
        part, below = _default_share(line, rule, found).as_integer_ratio()
    within = amount if terms.limit is None else _within_limit(terms.limit, amount, quantity)
    over = ZERO if within is amount else amount - within
    return within_scope(within, part, below, over, amount.fen if rule.pre_self_pay_on == WHOLE_LINE else within.fen)


def _default_share(line: ChargeLine, rule: SplitRule, found: list[Issue]) -> Decimal:
    """The share of a row that carries none of its own."""
    share = None if line.item is None else share_of_item(line.item, rule)
    if share is None:
        found.append(issues.self_share_missing(line.id))
    return share or _NO_SHARE


def share_of_item(item: CatalogueItem, rule: SplitRule) -> Decimal | None:
    """An item's own share wins over any default of its class (S64)."""
    if item.self_share is not None:
        return item.self_share
    return rule.class_b_share if item.item_class is ItemClass.B else _NO_SHARE


def _within_limit(limit: UnitPrice, amount: Money, quantity: Decimal) -> Money:
    """The part of an amount that the price limit × quantity allows; a refund mirrors a charge."""
    number, below = _ratio(quantity)
    most, fen = half_up(limit.tenth_mils * abs(number), below * 100), amount.fen
    if -most <= fen <= most:
        return amount
    return Money(most if fen > 0 else -most)


#: A quantity as two integers: bills bring the same few dozen.
_ratio = lru_cache(maxsize=1024)(Decimal.as_integer_ratio)


def _his_estimate(line: ChargeLine, amount: Money, found: list[Issue]) -> LineSplit:
    """The HIS's own figures, where there is no catalogue row: an estimate, and marked so."""
    his = line.his_split
    if his is None or his.total != line.amount:
        found.append(issues.line_not_in_catalogue(line.id))
        return LineSplit(full_self_pay=amount, basis=SplitBasis.HIS)
    if amount == line.amount:
        found.append(issues.split_is_estimate(line.id))
        return LineSplit(his.full_self_pay, his.over_limit, his.pre_self_pay, his.in_scope, SplitBasis.HIS)
    share = Decimal(amount.fen) / Decimal(line.amount.fen) if line.amount else _NO_SHARE
    over, pre, scope = (part.share(share) for part in (his.over_limit, his.pre_self_pay, his.in_scope))
    return LineSplit(amount - over - pre - scope, over, pre, scope, SplitBasis.HIS)


def _difference(after: LineSplit, before: LineSplit) -> LineSplit:
    return LineSplit(
        after.full_self_pay - before.full_self_pay,
        after.over_limit - before.over_limit,
        after.pre_self_pay - before.pre_self_pay,
        after.in_scope - before.in_scope,
        before.basis,
    )


def sums_of(splits: Mapping[str, LineSplit]) -> LineSplit:
    """The four parts of all lines together; they add up to the bill."""
    full = over = pre = scope = 0
    for split in splits.values():
        full += split.full_self_pay.fen
        over += split.over_limit.fen
        pre += split.pre_self_pay.fen
        scope += split.in_scope.fen
    return LineSplit(Money(full), Money(over), Money(pre), Money(scope))


def without_third_party(sums: LineSplit, amount: Money) -> LineSplit:
    """Take a third party's part out, policy range first: the funds never bear what another must.

    Source: 社会保险法第三十条.
    """
    if not amount:
        return sums
    left, parts = amount, []
    for part in (sums.in_scope, sums.pre_self_pay, sums.over_limit):
        taken = min(max(part, ZERO), left)
        parts.append(part - taken)
        left -= taken
    in_scope, pre, over = parts
    return LineSplit(sums.full_self_pay - left, over, pre, in_scope, sums.basis)
