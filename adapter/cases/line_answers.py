"""What payers said of each line, as a settled bill keeps it (支付方逐条拆分).

Where the split came with the answer, its receipt has it. Where it came before, when the lines were uploaded, the bill
keeps what was used of it: the bureau's split of every line, marked as the payer's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from adapter.model.claim import SplitBasis
from adapter.model.settlement import Payer, PayerAnswer, Settlement


def with_settled_lines(
    answers: Mapping[Payer, PayerAnswer], settlement: Settlement, leading: Collection[Payer]
) -> dict[Payer, PayerAnswer]:
    """The answers of a settlement, with the payers' lines in place that no receipt holds.

    Args:
        leading: the first payer of each call that answered. The lines belong to the one of them that comes first in
            the bill and has none by its receipt.
    """
    known = {line for answer in answers.values() for line, _ in answer.lines}
    kept = [(line, split) for line, split in settlement.splits if split.basis is SplitBasis.PAYER]
    lines = tuple((line, split) for line, split in kept if line not in known)
    order = [share.payer for share in settlement.shares if share.payer in leading and share.payer in answers]
    whose = next((payer for payer in order if not answers[payer].lines), None)
    if not lines or whose is None:
        return dict(answers)
    terms = tuple((each.line, each.terms) for each in settlement.line_differences if each.terms)
    return {**answers, whose: replace(answers[whose], lines=lines, line_terms=terms)}
