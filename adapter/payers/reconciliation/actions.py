"""What a person does about each kind of difference (处理办法)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.model.messages import Difference, DifferenceKind


@dataclass(frozen=True, slots=True)
class Action:
    """The next thing to do, and the command that helps, or an empty text."""

    zh: str
    en: str
    command: str


_SHOW, _OPEN = "adapter outbox show {key}", "adapter outbox list --unfinished"

ACTIONS: Mapping[DifferenceKind, Action] = {
    DifferenceKind.MISSING: Action(
        "请对方查该笔;对方确无记录的,冲销后重新结算",
        "have the payer look for it; if it holds none, reverse the case and settle again",
        _SHOW,
    ),
    DifferenceKind.UNEXPECTED: Action(
        "查发件箱有无结果未知的报文;本院确未办理的,请对方撤销",
        "look for a message of unknown effect; what the hospital never settled, the payer cancels",
        _OPEN,
    ),
    DifferenceKind.SHORT: Action(
        "与对方当时的答复核对:答复与本院一致的请对方更正;否则冲销后重新结算",
        "compare with the payer's own answer: if it is ours the payer corrects its books, else reverse and settle",
        _SHOW,
    ),
    DifferenceKind.OVER: Action(
        "与对方当时的答复核对,请对方更正;多记的金额不得入账",
        "compare with the payer's own answer and have its books corrected; the surplus is not booked here",
        _SHOW,
    ),
    DifferenceKind.AMOUNT: Action(
        "对方只说金额不符:请对方告知其金额,再与当时的答复核对",
        "the payer only says that the amounts differ: ask for its amount and compare with its answer",
        _SHOW,
    ),
    DifferenceKind.DUPLICATE: Action(
        "请对方撤销重复的一笔;本院不冲销",
        "the payer cancels the second one; nothing is reversed here",
        _SHOW,
    ),
    DifferenceKind.WRONG_DAY: Action(
        "金额不因此改变:与对方商定归入哪一日、哪一期清算",
        "no amount changes: agree with the payer on which day and clearing month it counts",
        "adapter reconcile {endpoint} {other_day} --facility {facility}",
    ),
    DifferenceKind.TOTAL: Action(
        "对方合计与其明细不符:请对方更正对账单后重新对账",
        "the payer's total is not the sum of its details: have the statement corrected, then compare again",
        "adapter reconcile {endpoint} {day} --facility {facility}",
    ),
}


def action_for(difference: Difference, **where: str) -> Action:
    """What to do about a difference.

    Args:
        where: ``endpoint``, ``facility`` and ``day`` of the comparison.
    """
    known, other = ACTIONS[difference.kind], difference.other_day
    of_bureau = difference.key.startswith("msgid:")
    template = _OPEN if of_bureau else known.command
    command = template.format(key=difference.key, other_day=other.isoformat() if other else "", **where)
    return Action(known.zh, known.en, command)
