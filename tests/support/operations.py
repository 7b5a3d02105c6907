"""Answers of the operations on a stay, at a moment that stands still: goldens that strangers' validators judge too.

python -m tests.support.operations --write     # the goldens anew; say in the commit why they changed
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapter.cases import reverse, settle
from adapter.cases.operations import bill_now, check_entitlement
from adapter.cases.window.daily_bill import bill_on
from adapter.cases.window.notices import run_notices
from adapter.doors.web.fhir.parameters import bill_answer, daily_bill_answer, entitlement_answer
from adapter.fhir.canonical import pretty
from tests.support.office import CLERK, ROOT, TestClock, act, case_id, office, take_in, work
from tests.support.payers import fake_payers

GOLDENS = ROOT / "fixtures" / "operations" / "expected"

Json = dict[str, Any]

_STAY, _ON_WARD, _DAY = case_id("300010002"), case_id("300010008"), date(2023, 2, 18)


def answers(folder: Path) -> Iterator[tuple[str, Json]]:
    """Name and Parameters of each answer, from admission to reversal; a daily bill of another stay."""
    clock = TestClock()
    with office(folder, fake_payers(clock).endpoints, clock=clock) as tools:
        take_in(tools, folder, "300010002", "300010008")
        yield "check-entitlement", entitlement_answer(check_entitlement(_STAY, tools, act(tools)))
        settle.start_trial(_STAY, tools, act(tools))
        yield "preview-running", bill_answer(bill_now(_STAY, tools))
        assert work(tools)
        yield "preview-trial", bill_answer(bill_now(_STAY, tools))
        settle.start_settlement(_STAY, tools, act(tools))
        assert work(tools)
        yield "settle", bill_answer(bill_now(_STAY, tools))
        reverse.start_reversal(_STAY, tools, act(tools))
        assert work(tools)
        yield "reverse", bill_answer(bill_now(_STAY, tools))
        list(run_notices(tools, CLERK, on=_DAY))
        yield "daily-bill", daily_bill_answer(bill_on(_ON_WARD, _DAY, tools, act(tools)))


def write_goldens() -> None:
    GOLDENS.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        for name, answer in answers(Path(folder)):
            (GOLDENS / f"{name}.json").write_bytes(pretty(answer) + b"\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    write_goldens()
