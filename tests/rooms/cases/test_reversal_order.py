"""A settlement on which a later one of the same person stands, where the office wants the later one undone first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapter.cases import reverse
from adapter.cases.tools import OfficeRules, Tools
from adapter.model.case import BillState
from adapter.model.issues import AdapterError
from tests.rooms.cases.test_later_stays import EARLY, LATE
from tests.support.office import act, case_id, codes, row_of, settle_case, take_in, work


def test_last_settled_is_first_undone_where_the_office_says_so(tools: Tools, tmp_path: Path) -> None:
    strict = replace(tools, office=OfficeRules(refuse_before_later=True))
    take_in(strict, tmp_path, EARLY, LATE)
    settle_case(EARLY, strict)
    settle_case(LATE, strict)
    with pytest.raises(AdapterError) as caught:
        reverse.start_reversal(case_id(EARLY), strict, act(strict))
    assert codes(caught.value) == ["CASE-431"]
    for stay in (LATE, EARLY):
        reverse.start_reversal(case_id(stay), strict, act(strict))
        assert work(strict)
        assert row_of(stay, strict).bill is BillState.REVERSED
