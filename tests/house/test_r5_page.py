"""docs/r5.md is what the tables say."""

from __future__ import annotations

from tests.house.r5_page import R5_PAGE, r5_page


def test_the_page_is_what_the_tables_say() -> None:
    assert R5_PAGE.read_text("utf-8") == r5_page(), "run `make docs`"
