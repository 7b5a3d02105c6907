"""A payer's own split of the lines, whichever dialect brings it, beside ours: listed, and closed by a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.cases import settle
from adapter.cases.line_answers import with_settled_lines
from adapter.cases.replay import replay
from adapter.cases.variances import close_variance, variances
from adapter.doors.web.api.walk import VariancesOut
from adapter.model.money import Money
from adapter.model.settlement import Payer, PayerAnswer
from tests.support.bad_days import STAY, bad_day
from tests.support.office import act, case_id, settlement_of, take_in

CASE = case_id(STAY)
Y = Money.yuan


@pytest.mark.parametrize("kind", ["fhir", "nhsa-coastal"])
def test_a_refund_that_the_bureau_rounds_by_itself_is_a_variance_of_that_line(kind: str, tmp_path: Path) -> None:
    """28.65 × 3 taken back: we split what is left of the line (−8.59), bureaus the refund alone (−8.60)."""
    with bad_day(kind, tmp_path) as day:
        assert not take_in(day.tools, tmp_path, STAY).stopped
        day.try_it()
        with day.tools.ledger.reading() as tx:
            tried = settle.preview_of(tx, CASE)
        assert tried is not None and len(tried.settlement.line_differences) == 1, "the trial shows it"
        day.settle()
        (found,) = variances(day.tools)
        assert (found.payer, found.ours, found.theirs) == (Payer.BASIC, Y("423.60"), Y("423.61"))
        (line,) = found.lines
        assert (line.code, line.name, line.amount) == ("3105", "注射用奥美拉唑钠", Y("-85.95"))
        assert (line.ours.pre_self_pay, line.theirs.pre_self_pay) == (Y("-8.59"), Y("-8.60"))
        assert bool(line.terms) is (kind != "fhir")
        told = VariancesOut.model_validate({"variances": [found.as_json()]})
        assert told.variances[0].lines[0].theirs.in_scope == "-77.35"
        assert [each.issues for each in replay(CASE, day.tools)] == [()]
        closed = close_variance(CASE, Payer.BASIC, day.tools, act(day.tools, "退费按单笔取整"))
        assert (variances(day.tools), variances(day.tools, closed=True)) == ([], [closed])


def test_lines_go_back_to_whom_no_receipt_gives_any(tmp_path: Path) -> None:
    with bad_day("nhsa-inland", tmp_path) as day:
        assert not take_in(day.tools, tmp_path, STAY).stopped
        day.try_it()
        day.settle()
        bill = settlement_of(STAY, day.tools, 1)
        given = {payer: PayerAnswer(payer, bill.share_of(payer), "R") for payer in (Payer.MEDICAL_AID, Payer.BASIC)}
        found = with_settled_lines(given, bill, {Payer.MEDICAL_AID, Payer.BASIC})
        assert (found[Payer.BASIC].lines, found[Payer.MEDICAL_AID].lines) == (bill.splits, ())
        assert [line for line, _ in found[Payer.BASIC].line_terms] == [each.line for each in bill.line_differences]
        assert with_settled_lines(found, bill, {Payer.MEDICAL_AID, Payer.BASIC}) == found
        assert with_settled_lines(given, bill, ()) == given
