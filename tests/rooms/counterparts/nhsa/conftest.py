"""A bureau in process, a region that does what the documents say, the operator signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.nhsa_window import Window


@pytest.fixture
def window() -> Iterator[Window]:
    with Window.at() as opened:
        opened.sign_in()
        yield opened
