"""Figures of a month."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from adapter.cases.statistics import statistics_of
from adapter.cases.statistics_shown import statistics_json
from adapter.doors.web.answers import exact
from adapter.doors.web.context import Month, ServiceNow
from adapter.doors.web.models import Problem, Shape

router = APIRouter(tags=["statistics 月报"])


class StatisticsOut(Shape):
    """A month. Amounts are text in yuan; null where there is no basis."""

    month: str = Field(examples=["2021-05"])
    as_of: str = Field(description="Day of the standings: plans, arrears, credit list.")
    recipients: list[str]
    hospitals: list[dict[str, Any]] = Field(description="Figures by name, each with count and amount.")


@router.get(
    "/statistics/{month}",
    summary="A month's figures 月报",
    response_model=StatisticsOut,
    responses={422: {"model": Problem}},
)
def show(
    month: Month,
    service: ServiceNow,
    kinds: Annotated[bool, Query(description="Also by kind of item; this reads every stay.")] = False,
) -> Response:
    """Per hospital: stays, deposits not taken, payers, plans, arrears by age, credit list, fund. No personal data."""
    return exact(statistics_json(statistics_of(date.fromisoformat(f"{month}-01"), service.tools, kinds=kinds)))
