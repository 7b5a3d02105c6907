"""The adapter's own dialect at this counter: two sides written apart from each other walk a whole stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
import pytest

from adapter.model.messages import OutboundMessage, Outcome, Stage
from tests.support.nhsa import ADDRESS, Answers, Talk, dialect, talk
from tests.support.nhsa_window import Window

REGIONS = ("test_inland", "test_coastal")
BEFORE = (Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL)


@contextmanager
def meeting(region: str) -> Iterator[tuple[Window, Talk]]:
    """The hospital's conversation, answered by the bureau."""
    with Window.at(region, clock="claim") as window:

        def answer(request: httpx.Request) -> httpx.Response:
            object.__setattr__(window.bureau.office, "seconds", lambda: spoken.clock.now().timestamp())
            path = request.url.path.replace(httpx.URL(ADDRESS).path, "/nhsa")
            given = window.client.post(path, content=request.content, headers=dict(request.headers))
            return httpx.Response(given.status_code, content=given.content, headers=given.headers)

        with talk(cast("Answers", answer), spoken=dialect(region)) as spoken:
            yield window, spoken


def paid(window: Window) -> dict[str, Any]:
    return dict(window.state()["paid"])


@pytest.mark.parametrize("region", REGIONS)
def test_a_whole_stay_and_back(region: str) -> None:
    with meeting(region) as (window, hospital):
        hospital.settled()
        receipt = hospital.said[-1].receipt
        assert {answer.payer: answer.amount.text for answer in receipt.answers} == paid(window)
        assert receipt.reference in window.state()["settlements"].values()
        hospital.through(Stage.REVERSE)
        assert (window.state()["settled"], window.state()["refunded"]) == (0, 1)
        assert window.state()["repeated_msgids"] == {}


@pytest.mark.parametrize(("processed", "found"), [(True, Outcome.ACCEPTED), (False, Outcome.NOT_SEEN)])
def test_a_lost_settlement_is_found_where_lines_show_it(processed: bool, found: Outcome) -> None:
    with meeting("test_inland") as (window, hospital):
        settle = _lost(window, hospital, processed=processed)
        hospital.later(5)
        assert hospital.endpoint.lookup(settle).outcome is found
        assert window.state()["settled"] == int(processed)


@pytest.mark.parametrize("processed", [True, False])
def test_where_nothing_shows_it_the_effect_stays_unknown(processed: bool) -> None:
    with meeting("test_coastal") as (window, hospital):
        settle = _lost(window, hospital, processed=processed)
        hospital.later(5)
        assert hospital.endpoint.lookup(settle).outcome is Outcome.UNKNOWN


def _lost(window: Window, hospital: Talk, *, processed: bool) -> OutboundMessage:
    """The 2304 whose answer did not come."""
    hospital.through(*BEFORE)
    while True:
        message = hospital.next(Stage.SETTLE)
        assert isinstance(message, OutboundMessage)
        if message.operation == "2304":
            break
        hospital.take(message)
    window.script({"match": {"stage": "settle"}, "do": "status", "status": 504, "processed": processed})
    assert hospital.endpoint.deliver(message).outcome is Outcome.UNKNOWN
    return message
