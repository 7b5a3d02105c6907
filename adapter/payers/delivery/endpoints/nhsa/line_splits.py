"""The bureau's own split of each line, as 2301 answered it, put beside what its settlement says (明细拆分).

The settlement decides who pays what; the lines say why. They are used whole or not at all: where a line's parts are not
the line, or the lines are not what the settlement counts, ours stay and a warning says so. Nothing waits for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapter.model.claim import ChargeLine, LineSplit
from adapter.model.issues import Issue
from adapter.model.money import Money
from adapter.model.settlement import PayerAnswer
from adapter.payers.delivery.endpoints.nhsa import money_issues
from adapter.payers.delivery.endpoints.nhsa.facts import Told, line_serial
from adapter.payers.delivery.endpoints.nhsa.history import SentLine


def with_line_splits(key: str, answers: Sequence[PayerAnswer], told: Told) -> tuple[PayerAnswer, ...]:
    """The answers of a trial or settlement; that of the call's first payer holds the bureau's split of the lines.

    Args:
        key: of the message that was answered.
    """
    leading = next((each for each in answers if each.payer is told.facts.payers[0]), None)
    sent = {line.id: told.visit.lines.get(line_serial(line, told.region.line_serial)) for line in _lines(told)}
    there = {line: each for line, each in sent.items() if each is not None and (each.split is not None or each.unread)}
    if leading is None or not there:
        return tuple(answers)
    doubts = _doubts(key, leading, there, told)
    if doubts:
        found = replace(leading, doubts=(*leading.doubts, *doubts))
    else:
        lines = tuple((line, each.split) for line, each in there.items() if each.split is not None)
        terms = tuple((line, each.terms) for line, each in there.items() if each.terms)
        found = replace(leading, lines=lines, line_terms=terms)
    return tuple(found if each is leading else each for each in answers)


def _lines(told: Told) -> tuple[ChargeLine, ...]:
    return told.facts.claim.lines


def _doubts(key: str, leading: PayerAnswer, there: Mapping[str, SentLine], told: Told) -> list[Issue]:
    """Why the lines cannot be used: an amount finer than a fen, parts that are not the line, sums of another bill."""
    codes = {line.id: line.code for line in _lines(told)}
    unread = [f"{codes[line]} {each.unread}" for line, each in there.items() if each.unread]
    if unread:
        return [money_issues.split_unreadable(key, len(unread), unread[0])]
    amounts = {line.id: line.amount for line in _lines(told)}
    splits = {line: each.split for line, each in there.items() if each.split is not None}
    odd = [line for line, split in splits.items() if split.total != amounts[line]]
    if odd:
        first = odd[0]
        return [money_issues.split_unbalanced(key, len(odd), codes[first], splits[first].total, amounts[first])]
    if len(splits) < len(amounts):
        return []  # it split some of them, and those alone it split otherwise or not
    differs = _against_settlement(list(splits.values()), dict(leading.amounts))
    return [] if differs is None else [money_issues.splits_differ(key, *differs)]


def _against_settlement(splits: Sequence[LineSplit], figures: Mapping[str, Money]) -> tuple[str, Money, Money] | None:
    """The first part whose Σ over the lines is not the settlement's figure, with both.

    Of what the lines have in scope the settlement may make the patient pay a part first, for the stay as a whole
    (先行自付 where care was sought elsewhere); that is no contradiction.
    """
    names = (("full-self-pay", "full_self_pay"), ("over-limit", "over_limit"))
    for figure, part in (*names, ("pre-self-pay", "pre_self_pay"), ("eligible", "in_scope")):
        lines = Money.total(getattr(split, part) for split in splits)
        settled = figures.get(figure)
        if settled is None:
            continue
        shifted = settled >= lines if part == "pre_self_pay" else settled <= lines
        if settled != lines and not (shifted and part in ("pre_self_pay", "in_scope")):
            return figure, lines, settled
    return None
