"""The HTTP face of a counterpart: the FHIR base at ``/fhir``, scripting at ``/control``, ``/health``."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.counterparts import aid
from adapter.counterparts.desk import PAGE, Desk
from adapter.counterparts.faults import FaultError, Faults, fault_of
from adapter.counterparts.state import state
from adapter.counterparts.wire import MEDIA_TYPE, Refusal, Reply, decode, encode

_JSON = ("application/fhir+json", "application/json")


def build(desk: Desk, faults: Faults) -> FastAPI:
    """The application; the faults wrap it (``Faults.around``)."""
    app = FastAPI(title=desk.assessor.seed.title, docs_url=None, redoc_url=None, openapi_url=None)
    _fhir(app, desk)
    _control(app, desk, faults)

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return _response(refusal.reply())

    return app


def _fhir(app: FastAPI, desk: Desk) -> None:
    async def posted(request: Request, work: Callable[[bytes], Reply]) -> Response:
        _admit(request, desk)
        if request.headers.get("content-type", "").partition(";")[0].strip() not in _JSON:
            raise Refusal(415, "not-supported", f"the body is to be {MEDIA_TYPE}")
        return _response(await run_in_threadpool(work, await request.body()))

    async def asked(request: Request, work: Callable[[], Reply]) -> Response:
        _admit(request, desk)
        return _response(await run_in_threadpool(work))

    @app.post("/fhir/Claim/$submit")
    async def submit(request: Request) -> Response:
        return await posted(request, desk.submit)

    @app.post("/fhir/CoverageEligibilityRequest/$submit")
    async def eligibility(request: Request) -> Response:
        return await posted(request, desk.eligibility)

    @app.post("/fhir")
    @app.post("/fhir/")
    async def transaction(request: Request) -> Response:
        return await posted(request, lambda body: aid.transaction(desk, body))

    @app.get("/fhir/ClaimResponse")
    async def search(request: Request) -> Response:
        return await asked(request, lambda: _search(desk, request))

    @app.get("/fhir/Claim/$day-total")
    async def day_total(request: Request) -> Response:
        wanted = request.query_params
        return await asked(request, lambda: desk.day_total(wanted.get("date", ""), wanted.get("provider", "")))


def _search(desk: Desk, request: Request) -> Reply:
    wanted = request.query_params
    if "request:identifier" in wanted:
        return desk.lookup(wanted["request:identifier"])
    if "created" not in wanted or "requestor:identifier" not in wanted:
        raise Refusal(400, "invalid", "ask by request:identifier, or by created and requestor:identifier")
    kept = [(name, value) for name, value in wanted.multi_items() if not name.startswith("_")]
    return desk.day_details(
        wanted["created"],
        wanted["requestor:identifier"],
        offset=_whole(wanted.get("_offset", "0"), least=0),
        size=_whole(wanted.get("_count", str(PAGE)), least=1),
        address=str(request.url.replace(query="").include_query_params(**dict(kept))),
    )


def _control(app: FastAPI, desk: Desk, faults: Faults) -> None:
    @app.get("/health")
    async def health() -> Response:
        seed = desk.assessor.seed
        told = {"status": "ok", "role": desk.role, "name": seed.name, "longest_delay_seconds": seed.longest_delay}
        return Response(encode(told), media_type="application/json")

    @app.post("/control/faults")
    async def script(request: Request) -> Response:
        rows = decode(await request.body())
        try:
            faults.script([fault_of(row) for row in rows])
        except FaultError as error:
            raise Refusal(422, "invalid", str(error)) from error
        return Response(encode({"faults": len(rows)}), media_type="application/json")

    @app.get("/control/state")
    async def told() -> Response:
        found = await run_in_threadpool(state, desk)
        return Response(encode(found | {"faults": faults.told()}), media_type="application/json")

    @app.post("/control/reset")
    async def reset() -> Response:
        await run_in_threadpool(desk.store.reset)
        faults.script([])
        return Response(status_code=204)


def _admit(request: Request, desk: Desk) -> None:
    token = desk.assessor.seed.token
    if token and request.headers.get("authorization") != f"Bearer {token}":
        raise Refusal(401, "login", "a bearer token is needed")


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, headers=dict(reply.headers), media_type=MEDIA_TYPE)


def _whole(text: str, *, least: int) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise Refusal(400, "invalid", "_offset and _count are whole numbers")
    return int(text)
