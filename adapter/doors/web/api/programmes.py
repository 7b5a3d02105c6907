"""Programmes: what their sources leave blank, and what a scheme fills in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from adapter.cases.programmes import programme_shown
from adapter.doors.web.answers import exact
from adapter.doors.web.context import ServiceNow
from adapter.doors.web.models import Problem, Shape

router = APIRouter(tags=["programmes 办法"])

_REFUSED: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 422: {"model": Problem}}


class BlankOut(Shape):
    """One blank of the source; ``value`` is null while nobody filled it in, and acts that need it are refused."""

    name: str
    needed_for: str
    zh: str
    en: str
    cite: str
    value: str | None
    set_by: str


class SwitchOut(Shape):
    """One reading that the words leave open."""

    name: str
    zh: str
    en: str
    cite: str
    one_of: list[str]
    value: str
    set_by: str


class ProgrammeOut(Shape):
    programme: str
    zh: str
    en: str
    version: str
    scheme: str
    open: int
    settings: list[BlankOut]
    switches: list[SwitchOut]


@router.get(
    "/programmes/{name}", summary="Blanks of a programme 待填设置", response_model=ProgrammeOut, responses=_REFUSED
)
def show(name: str, service: ServiceNow, scheme: str = "") -> Response:
    """Every blank with its article, and whether the scheme fills it in; then the switches."""
    return exact(programme_shown(service.tools.book, name, scheme))
