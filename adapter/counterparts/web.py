"""The HTTP face of a counterpart: the FHIR base at ``/fhir``, scripting at ``/control``, ``/health``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.counterparts import aid
from adapter.counterparts.bad_days import BadDays, Work
from adapter.counterparts.desk import PAGE, Desk
from adapter.counterparts.faults import FHIR_OWN, FaultError, Faults, fault_of
from adapter.counterparts.state import state
from adapter.counterparts.wire import MEDIA_TYPE, Refusal, Reply, decode, encode

if TYPE_CHECKING:
    from adapter.counterparts.smart import TokenDesk

_JSON = ("application/fhir+json", "application/json")


def build(desk: Desk, faults: Faults, tokens: TokenDesk | None = None) -> FastAPI:
    """The application; the faults wrap it (``Faults.around``). With ``tokens`` nobody comes in without one."""
    app = FastAPI(title=desk.assessor.seed.title, docs_url=None, redoc_url=None, openapi_url=None)
    days = BadDays()
    _fhir(app, desk, tokens, days)
    _control(app, desk, faults, tokens, days)

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return _response(refusal.reply())

    return app


def _fhir(app: FastAPI, desk: Desk, tokens: TokenDesk | None, days: BadDays) -> None:
    def admit(request: Request, kind: str, letter: str) -> None:
        if tokens is not None:
            tokens.admit(request.headers.get("authorization", ""), kind, letter)
        else:
            _admit(request, desk)

    async def posted(request: Request, kind: str, work: Work) -> Response:
        admit(request, kind, "c")
        if request.headers.get("content-type", "").partition(";")[0].strip() not in _JSON:
            raise Refusal(415, "not-supported", f"the body is to be {MEDIA_TYPE}")
        fault, body = request.scope.get("fault"), await request.body()
        return _response(await run_in_threadpool(days.answered, desk, fault, work, body))

    async def asked(request: Request, kind: str, work: Callable[[], Reply]) -> Response:
        admit(request, kind, "s")
        return _response(await run_in_threadpool(work))

    @app.post("/fhir/Claim/$submit")
    async def submit(request: Request) -> Response:
        return await posted(request, "Claim", Desk.submit)

    @app.post("/fhir/CoverageEligibilityRequest/$submit")
    async def eligibility(request: Request) -> Response:
        return await posted(request, "CoverageEligibilityRequest", Desk.eligibility)

    @app.post("/fhir")
    @app.post("/fhir/")
    async def transaction(request: Request) -> Response:
        return await posted(request, "Claim", aid.transaction)

    @app.get("/fhir/ClaimResponse")
    async def search(request: Request) -> Response:
        return await asked(request, "ClaimResponse", lambda: _search(desk, request))

    @app.get("/fhir/Claim/$day-total")
    async def day_total(request: Request) -> Response:
        wanted = request.query_params
        day, provider = wanted.get("date", ""), wanted.get("provider", "")
        return await asked(request, "Claim", lambda: desk.day_total(day, provider))


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


def _control(app: FastAPI, desk: Desk, faults: Faults, tokens: TokenDesk | None, days: BadDays) -> None:
    @app.get("/health")
    async def health() -> Response:
        seed = desk.assessor.seed
        told = {"status": "ok", "role": desk.role, "name": seed.name, "longest_delay_seconds": seed.longest_delay}
        return Response(encode(told), media_type="application/json")

    @app.post("/control/faults")
    async def script(request: Request) -> Response:
        rows = decode(await request.body())
        try:
            scripted = [fault_of(row, FHIR_OWN) for row in rows]
            for each in scripted:
                days.usable(each, desk)
            faults.script(scripted)
        except FaultError as error:
            raise Refusal(422, "invalid", str(error)) from error
        return Response(encode({"faults": len(rows)}), media_type="application/json")

    @app.get("/control/state")
    async def told() -> Response:
        found = await run_in_threadpool(state, desk)
        signed_in = {"tokens": tokens.given} if tokens is not None else {}
        return Response(encode(found | {"faults": faults.told()} | signed_in), media_type="application/json")

    @app.post("/control/forget-tokens")
    async def forget() -> Response:
        if tokens is not None:
            tokens.forget()
        return Response(status_code=204)

    @app.post("/control/reset")
    async def reset() -> Response:
        await run_in_threadpool(desk.store.reset)
        faults.script([])
        days.reset()
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
