"""Where a payer decided otherwise than our rules expected: a work list, closed by a person with a reason (差异)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.cases import walk_issues
from adapter.cases.reading import bill_paper, case_of
from adapter.cases.tools import Act, Tools
from adapter.ledger.codec import billed_of, claim_of
from adapter.ledger.ledger import Transaction
from adapter.ledger.rows import CaseRow
from adapter.model.case import BillState
from adapter.model.claim import ChargeLine, LineSplit
from adapter.model.issues import AdapterError
from adapter.model.money import Money
from adapter.model.settlement import LineDifference, Payer, Settlement, Share
from adapter.rules.programme.collection import require_person
from adapter.rules.settlement.explain import split_json

_STANDING = (BillState.SETTLED, BillState.SETTLED_ADVANCED)


@dataclass(frozen=True, slots=True)
class LineVariance:
    """A fee line that the payer split otherwise than we did; both splits add up to ``amount``.

    Attributes:
        line: ChargeItem id; ``code`` and ``name`` are the HIS's own, empty where the bill's facts are not kept.
        terms: how the payer classes it, in its own codes (``chrgitm_lv 02, selfpay_prop 0.1``), or empty.
    """

    line: str
    code: str
    name: str
    amount: Money
    ours: LineSplit
    theirs: LineSplit
    terms: str

    def as_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "code": self.code,
            "name": self.name,
            "amount": self.amount.text,
            "ours": split_json(self.ours),
            "theirs": split_json(self.theirs),
            "terms": self.terms,
        }


@dataclass(frozen=True, slots=True)
class Variance:
    """One payer's difference in a standing bill: in what it bears, in how it splits lines, or in both.

    Attributes:
        ours: what our rules gave; ``theirs`` what the payer decided, under its ``reference``.
        plan: the plan file whose parameters gave ours.
        closed: who closed it, when and why; None while it is open.
        lines: lines that it split otherwise.
    """

    case_id: str
    version: int
    payer: Payer
    ours: Money
    theirs: Money
    reference: str
    plan: str
    closed: dict[str, str] | None
    lines: tuple[LineVariance, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "case_id": self.case_id,
            "version": self.version,
            "payer": str(self.payer),
            "ours": self.ours.text,
            "theirs": self.theirs.text,
            "difference": (self.theirs - self.ours).text,
            "reference": self.reference,
            "plan": self.plan,
            "closed": self.closed,
            "lines": [line.as_json() for line in self.lines],
        }


def variances(tools: Tools, *, payer: Payer | None = None, closed: bool = False) -> list[Variance]:
    """Differences of all standing bills, by case: the open ones, or with ``closed`` all of them."""
    found: list[Variance] = []
    after = ""
    with tools.ledger.reading() as tx:
        while page := tx.cases(in_states={"bill": _STANDING}, after=after, limit=500):
            for row in page:
                found += [each for each in _of_case(tx, row) if payer in (None, each.payer)]
            after = page[-1].case_id
    return [each for each in found if closed or each.closed is None]


def close_variance(case_id: str, payer: Payer, tools: Tools, act: Act) -> Variance:
    """A person looked into a difference and says what it was. The bill stays as it is: the payer's amount counts.

    Raises:
        AdapterError: CASE-302, CASE-429 no open difference with that payer, PRG-282 by the service.
    """
    with tools.ledger.transaction() as tx:
        row = case_of(tx, case_id)
        require_person(case_id, act.actor, "close a variance", "处理差异")
        mine = [each for each in _of_case(tx, row) if each.payer is payer and each.closed is None]
        if row.bill not in _STANDING or not mine:
            raise AdapterError(walk_issues.no_variance(case_id, payer))
        told = {"by": act.actor.id, "at": act.at.isoformat(), "reason": act.reason, "theirs": mine[0].theirs.text}
        paper = {**(tx.paper(case_id, _paper(row.version)) or {}), str(payer): told}
        tx.file_paper(case_id, _paper(row.version), paper, **act.said)
        return next(each for each in _of_case(tx, row) if each.payer is payer)


def _of_case(tx: Transaction, row: CaseRow) -> list[Variance]:
    settlement = tx.settlement(row.case_id, row.version)
    if settlement is None:
        return []
    split = {each.payer for each in settlement.line_differences}
    shares = [share for share in settlement.shares if share.variance or share.payer in split]
    paper: dict[str, Any] = (tx.paper(row.case_id, _paper(row.version)) or {}) if shares else {}
    lines = _billed_lines(tx, row) if split else {}
    return [_variance(row, settlement, share, paper.get(str(share.payer)), lines) for share in shares]


def _variance(
    row: CaseRow,
    settlement: Settlement,
    share: Share,
    told: dict[str, str] | None,
    lines: Mapping[str, ChargeLine],
) -> Variance:
    """``told``: what a person said when the difference was closed."""
    theirs = dict(settlement.splits)
    differing = [each for each in settlement.line_differences if each.payer is share.payer]
    return Variance(
        case_id=row.case_id,
        version=row.version,
        payer=share.payer,
        ours=share.amount - share.variance,
        theirs=share.amount,
        reference=share.reference or "",
        plan=share.plan,
        closed=told if told is not None and told["theirs"] == share.amount.text else None,
        lines=tuple(_line(each, theirs[each.line], lines.get(each.line)) for each in differing),
    )


def _line(each: LineDifference, theirs: LineSplit, billed: ChargeLine | None) -> LineVariance:
    code, name = ("", "") if billed is None else (billed.code, billed.name)
    return LineVariance(each.line, code, name, theirs.total, each.ours, theirs, each.terms)


def _billed_lines(tx: Transaction, row: CaseRow) -> dict[str, ChargeLine]:
    """The lines of a bill as it was made, by ChargeItem id."""
    paper = tx.paper_bytes(row.case_id, bill_paper(row.version))
    return {} if paper is None else {line.id: line for line in claim_of(billed_of(paper)[1]).lines}


def _paper(version: int) -> str:
    return f"variances/{version}"
