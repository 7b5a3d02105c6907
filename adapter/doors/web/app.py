"""The service as one value: routes, errors, log, worker; opened and closed with the process."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from secrets import token_hex
from typing import Protocol

import structlog
from fastapi import APIRouter, Depends, FastAPI

from adapter import __version__
from adapter.cases.tools import Tools
from adapter.doors.web import errors, logs
from adapter.doors.web.api import (
    cases,
    clearing,
    collection,
    deposits,
    differences,
    his,
    late,
    lineage,
    notices,
    parked,
    patient_part,
    payers,
    programmes,
    risks,
    statistics,
    status,
    terminology,
    verdicts,
    walk,
    window,
)
from adapter.doors.web.auth import authorised
from adapter.doors.web.context import Service
from adapter.doors.web.continuing import going_on
from adapter.doors.web.fhir import export, operations, r5, reading, subscriptions, transactions, validating, writing
from adapter.doors.web.metrics import Metrics
from adapter.doors.web.models import Problem
from adapter.doors.web.openapi import Described
from adapter.doors.web.repeated import Repeated
from adapter.doors.web.wire import Watch
from adapter.doors.web.worker import Worker
from adapter.model.listening import Standing
from adapter.settings import Settings
from adapter.wiring import long_lived, open_tools

log = structlog.get_logger(__name__)

#: Bytes of a JSON request; only exports and FHIR are larger.
JSON_LIMIT = 64 * 1024
#: Bytes of one FHIR resource that is sent, and of a transaction.
RESOURCE_LIMIT, BUNDLE_LIMIT = 1024 * 1024, 64 * 1024 * 1024

_ABOUT = (
    "Pay-after-care settlement (先诊疗后付费结算适配器): exports of a hospital's HIS in, cases settled with their "
    "payers, FHIR R4 out. Amounts in our own answers are text in yuan; FHIR decimals keep their digits. Errors list "
    "issues with code, place, Chinese and English text and what to do; under /fhir they are OperationOutcomes."
)


class Listening(Protocol):
    """Listeners that run beside the service."""

    def standing(self) -> Sequence[Standing]:
        """How each of them is."""
        ...


#: Starts listeners with the service's tools, and stops them; None where there are none.
Beside = Callable[[Tools], AbstractContextManager[Listening | None]]


def create_app(settings: Settings, *, beside: Beside | None = None) -> FastAPI:
    """The service. Nothing is opened before it starts."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.configure(settings.log_level)
        # a worker's name must not come again after a restart; in a container host and process id do
        worker_name = f"{socket.gethostname()}-{os.getpid()}-{token_hex(4)}"
        with open_tools(settings, worker=worker_name) as tools, ExitStack() as stack:
            worker = Worker(tools, metrics, settings.actor, settings.notices_at)
            listening = stack.enter_context(beside(tools)) if beside is not None else None
            standing = listening.standing if listening is not None else _nobody
            app.state.service = Service(settings, tools, worker, metrics, standing)
            metrics.watch(tools, standing)
            worker.start()
            stack.enter_context(going_on(tools, settings.actor))
            stack.enter_context(long_lived())
            if settings.api_token is None:
                log.warning("no api token is set: whoever reaches this address may use it")
            log.info("started", version=__version__, endpoints=sorted(tools.endpoints))
            try:
                yield
            finally:
                worker.stop()
                log.info("stopped")

    app = Described(
        title="adapter",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its spans name concrete addresses
    )
    app.state.settings = settings
    errors.install(app)
    app.add_middleware(Repeated, settings=settings, tools=lambda scope: scope["app"].state.service.tools)
    app.add_middleware(Watch, metrics=metrics, limit_of=lambda path: _limit_of(path, settings))
    app.include_router(status.router)
    app.include_router(reading.opened)
    app.include_router(r5.opened)
    closed = APIRouter(dependencies=[Depends(authorised)], responses={401: {"model": Problem}})
    for each in (
        his,
        deposits,
        cases,
        clearing,
        collection,
        differences,
        late,
        lineage,
        notices,
        parked,
        patient_part,
        payers,
        programmes,
        risks,
        statistics,
        terminology,
        verdicts,
        walk,
        window,
    ):
        closed.include_router(each.router)
    closed.include_router(r5.router)
    closed.include_router(export.router)
    closed.include_router(subscriptions.router)
    closed.include_router(operations.router)
    closed.include_router(validating.router)
    closed.include_router(reading.router)
    closed.include_router(writing.router)
    closed.include_router(transactions.router)
    app.include_router(closed)
    return app


def _nobody() -> tuple[Standing, ...]:
    return ()


def _limit_of(path: str, settings: Settings) -> int:
    large = path.startswith("/his/") or path.endswith("/$validate")
    if large:
        return settings.max_body_bytes
    if path in ("/fhir", "/fhir/"):
        return min(BUNDLE_LIMIT, settings.max_body_bytes)
    return RESOURCE_LIMIT if path.startswith("/fhir/") and "/$" not in path and "/_" not in path else JSON_LIMIT
