"""docs/rules.md is honest: every row once, every *done* shown by a test, every module there."""

from __future__ import annotations

import re

import pytest

from adapter.rules.policy.load import load_book
from adapter.rules.programme import missing_settings
from adapter.rules.programme.reading import read_terms
from tests.support.rules import FILES_OF, PAGE, ROOT, ROW, ROWS, state_of


def test_every_row_stands_once() -> None:
    wanted = [f"A-{n:02}" for n in range(1, 41)] + [f"B-{n:02}" for n in range(1, 33)]
    wanted += [f"X-{n:02}" for n in range(1, 19)]
    wanted += [f"T-{n:02}" for n in range(1, 29)] + [f"Q-{n:02}" for n in range(1, 11)]
    assert [row for row, _ in ROW.findall(PAGE.read_text("utf-8"))] == wanted


def test_done_means_that_a_test_shows_it() -> None:
    shown = FILES_OF.keys()
    done = {row for row in ROWS if state_of(row) == "done"}
    assert done <= shown, f"no test is marked for {sorted(done - shown)}"
    assert not {row for row in shown if state_of(row) in ("later", "not software")}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_modules_that_exist(row: str) -> None:
    where = ROWS[row][-1]
    for path in re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", where):
        assert (ROOT / "adapter" / path).exists(), path
    if state_of(row) in ("done", "part", "not software"):
        assert where


def test_every_scheme_fills_in_what_admission_needs() -> None:
    """And names no setting or switch that its programme does not have."""
    book = load_book(ROOT / "mappings")
    assert book.schemes
    for scheme in book.schemes.values():
        programme = book.programme(scheme.programme)
        assert missing_settings(programme, scheme.settings, "admission") == ()
        assert read_terms(programme, scheme.settings).effective_from <= scheme.valid.start
