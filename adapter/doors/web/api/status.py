"""How the service is: alive, ready, figures. Open without a token, and without any data of cases."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from adapter import __version__
from adapter.cases import served
from adapter.doors.web import issues
from adapter.doors.web.answers import exact
from adapter.doors.web.context import ServiceNow
from adapter.doors.web.models import Problem, ReadyOut, UpOut
from adapter.doors.web.page import page
from adapter.model.issues import AdapterError

router = APIRouter(tags=["status 状态"])


@router.get("/health", summary="Liveness", response_model=UpOut)
def health() -> Response:
    """The process answers."""
    return exact({"status": "up", "version": __version__})


@router.get("/ready", summary="Readiness", response_model=ReadyOut, responses={503: {"model": Problem}})
def ready(service: ServiceNow) -> Response:
    """The ledger can be read, the mappings are loaded, the worker and every listener run."""
    if not service.worker.alive:
        raise AdapterError(issues.not_ready("worker"))
    if down := [f"listen.{each.kind}.{each.source}" for each in service.standing() if not each.alive]:
        raise AdapterError(*map(issues.not_ready, down))
    if not service.tools.book.schemes:
        raise AdapterError(issues.not_ready("mappings/schemes"))
    found = served.counts(service.tools)
    return exact({"status": "ready", "cases": found.cases, "schemes": len(service.tools.book.schemes)})


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(service: ServiceNow) -> Response:
    """Requests, worker, states and outbox as counts."""
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> Response:
    """Every address on one page, made from the OpenAPI document; it needs nothing from outside."""
    return Response(page(request.app.openapi()), media_type="text/html; charset=utf-8")
