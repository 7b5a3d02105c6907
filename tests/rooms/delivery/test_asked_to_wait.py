"""``Retry-After`` as it comes: seconds, a date, days, nonsense; and for how long an endpoint is left alone by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.model.messages import Outcome, Receipt
from adapter.payers.delivery.http import DAY, Answered, NotSent
from adapter.payers.delivery.traffic import ASKED, MOST_ASKED, Traffic, TrafficRules

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
DATE = "Mon, 02 Mar 2026 01:00:00 GMT"


def said(text: str, status: int = 503, date: str = DATE) -> Answered:
    return Answered(status, b"", {"retry-after": text, "date": date})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("9999999", DAY),
        ("9" * 5000, DAY),
        ("Mon, 02 Mar 2026 01:00:30 GMT", 30),
        ("Mon, 02 Mar 2026 00:59:30 GMT", 0),
        ("Mon, 09 Mar 2026 01:00:00 GMT", DAY),
        ("Mon, 99999999999 Mar 01:00:30 02 GMT", None),
        *((text, None) for text in ("", "-5", "1.5", "120, 120", "²", "soon", "Mon, 02 Mar 2026 01:00:30 -0000")),
    ],
)
def test_what_the_header_says(text: str, seconds: int | None) -> None:
    assert said(text).retry_after == seconds


@given(st.lists(st.sampled_from([*DATE.split(), "99999999999", "+9999", "-0000", ":", "(", "Feb", "30"]), max_size=9))
@settings(deadline=None, max_examples=150)
def test_no_text_breaks_an_answer(words: list[str]) -> None:
    for each in (said(" ".join(words)), said(DATE, date=" ".join(words))):
        assert each.retry_after is None or 0 <= each.retry_after <= DAY


@pytest.mark.parametrize(("status", "alone"), [(429, 30), (503, 30), (500, None), (408, None), (200, None)])
def test_who_means_everybody(status: int, alone: int | None) -> None:
    assert said("30", status).leave_alone == alone
    assert NotSent("no token", retry_after=30).leave_alone == 30, "without a token nothing can be sent"


@pytest.mark.parametrize(("asked", "alone"), [(30, 30), (MOST_ASKED, MOST_ASKED), (DAY, MOST_ASKED)])
@pytest.mark.parametrize("rules", [TrafficRules(), TrafficRules(breaker_failures=1)], ids=["no-breaker", "breaker"])
def test_an_endpoint_is_left_alone_as_long_as_it_asked_and_never_for_days(
    rules: TrafficRules, asked: int, alone: int
) -> None:
    receipt = Receipt(Outcome.UNKNOWN, NOW, retry_after=asked, leave_alone=asked)
    closed = Traffic({"bureau": rules}).heard("bureau", receipt, NOW)
    assert closed is not None
    assert (closed.until - NOW, closed.why) == (timedelta(seconds=alone), ASKED)


@pytest.mark.parametrize("alone", [None, 0])
def test_a_wait_of_one_message_and_a_wait_of_nothing_close_nothing(alone: int | None) -> None:
    receipt = Receipt(Outcome.UNKNOWN, NOW, retry_after=30, leave_alone=alone)
    assert Traffic().heard("bureau", receipt, NOW) is None
