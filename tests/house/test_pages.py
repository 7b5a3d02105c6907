"""Docs say what the code says: every issue code, each with both languages and a hint, and none used twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.house.pages import ISSUES_PAGE, PREFIXES, Coded, coded_issues, issues_page

ISSUES = coded_issues()


def test_the_issue_page_is_what_the_code_says() -> None:
    assert ISSUES_PAGE.read_text("utf-8") == issues_page(), "run `make docs`"


def test_no_code_has_two_meanings() -> None:
    assert [code for code, n in Counter(coded.code for coded in ISSUES).items() if n > 1] == []


@pytest.mark.parametrize("coded", ISSUES, ids=lambda c: c.code)
def test_an_issue_speaks_both_languages_and_says_what_to_do(coded: Coded) -> None:
    assert coded.code.split("-")[0] in PREFIXES
    assert coded.zh and coded.en
    if coded.severity in ("fatal", "error"):
        assert coded.hint_zh and coded.hint_en
