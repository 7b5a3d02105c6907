"""The HTTP face of the bureau: transactions at ``/nhsa`` and below, scripting at ``/control``, ``/health``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.counterparts.faults import Fault, FaultError, Faults, fault_of
from adapter.counterparts.nhsa import dress, signing
from adapter.counterparts.nhsa.bureau import Bureau
from adapter.counterparts.nhsa.faults import OWN, PREFIX, gateway_answer, odd_of
from adapter.counterparts.nhsa.office import Call
from adapter.counterparts.nhsa.refusals import Refused, TurnedAway
from adapter.counterparts.nhsa.state import state
from adapter.counterparts.wire import Refusal, decode, encode

_JSON = "application/json;charset=UTF-8"


def build(bureau: Bureau, faults: Faults) -> FastAPI:
    """The application; the faults wrap it (``Faults.around``)."""
    app = FastAPI(title=bureau.office.seed.name, docs_url=None, redoc_url=None, openapi_url=None)
    counter = _Counter(bureau)

    @app.post(PREFIX)
    @app.post(PREFIX + "/{rest:path}")
    async def transact(request: Request) -> Response:
        text, file = await _parts(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await run_in_threadpool(
            counter.answer, request.url.path, headers, text, file, request.scope.get("fault")
        )

    _control(app, bureau, faults)
    return app


async def _parts(request: Request) -> tuple[bytes, bytes | None]:
    """The envelope, and the file part of a multipart call."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await request.body(), None
    async with request.form() as form:
        envelope, file = form.get("jsonStr"), form.get("file")
        text = envelope if isinstance(envelope, str) else ""
        return text.encode("utf-8"), None if file is None or isinstance(file, str) else await file.read()


@dataclass
class _Counter:
    """One call after the other, gateway first; remembers its last answer for ``stale``."""

    bureau: Bureau
    last: list[Response] = field(default_factory=list)

    def answer(
        self, path: str, headers: dict[str, str], text: bytes, file: bytes | None, fault: Fault | None
    ) -> Response:
        given = self._answer(path, headers, text, file, fault)
        if fault and fault.do == "stale" and self.last:
            given = self.last[-1]
        self.last[:] = [given]
        return given

    def _answer(
        self, path: str, headers: dict[str, str], text: bytes, file: bytes | None, fault: Fault | None
    ) -> Response:
        office, do = self.bureau.office, fault.do if fault else ""
        gateway = office.region.gateway
        now = office.now(fault.seconds if fault and do == "clock-skew" else 0.0)
        try:
            if do == "wrong-signature":
                raise TurnedAway(500 if gateway.scheme == "x-tif" else 401, 401, "签名错误")
            if fault and do == "maintenance":
                raise TurnedAway(fault.status, fault.status, fault.text or "系统维护中，请稍后再试")
            envelope = _envelope(text)
            given = signing.check(gateway, path, headers, envelope, now)
        except TurnedAway as refusal:
            body = encode(gateway_answer(gateway, refusal.code, refusal.text))
            return Response(body, refusal.status, media_type=_JSON)
        if fault and do == "rule-change":
            self._change_rules(fault.text)
        call = Call(str(envelope.get("infno", "")), str(envelope.get("msgid", "")), envelope, given, now, fault, file)
        return self._transacted(call)

    def _transacted(self, call: Call) -> Response:
        region = self.bureau.office.region
        odd = region.oddities | odd_of(call.fault)
        told = dress.Arrival(self.bureau.office.store.next_seq("messages"), call.now, odd)
        try:
            done = self.bureau.serve(call)
        except Refused as refusal:
            return _envelope_response(dress.failed(region, refusal, told), odd)
        if done.file:
            disposition = {"content-disposition": f'attachment; filename="{done.file[0]}"'}
            return Response(done.file[1], media_type="application/octet-stream", headers=disposition)
        return _envelope_response(signing.seal(region.gateway, dress.answered(region, done.output, told)), odd)

    def _change_rules(self, text: str) -> None:
        payer, _, plan = text.partition("=")
        store = self.bureau.office.store
        with store.transaction():
            store.note(f"plan.{payer}", plan)


def _envelope(text: bytes) -> dict[str, Any]:
    try:
        found = decode(text)
    except Refusal as error:
        raise TurnedAway(400, 400, "请求报文不是有效的JSON") from error
    if not isinstance(found, dict):
        raise TurnedAway(400, 400, "请求报文格式错误")
    return found


def _envelope_response(answer: dict[str, Any], odd: frozenset[str]) -> Response:
    body = encode(answer)
    if "broken-characters" in odd:
        body = body.decode("utf-8").encode("gb18030")
    return Response(body, media_type=_JSON)


def _control(app: FastAPI, bureau: Bureau, faults: Faults) -> None:
    @app.get("/health")
    async def health() -> Response:
        region = bureau.office.region
        told = {"status": "ok", "role": "nhsa-bureau", "name": bureau.office.seed.name, "region": region.name}
        return _told(told | {"longest_delay_seconds": region.longest_delay})

    @app.post("/control/faults")
    async def script(request: Request) -> Response:
        try:
            rows = [fault_of(row, OWN) for row in json.loads(await request.body())]
            for row in rows:
                _usable(bureau, row)
        except (FaultError, ValueError) as error:
            return Response(encode({"error": str(error)}), 422, media_type=_JSON)
        faults.script(rows)
        return _told({"faults": len(rows)})

    @app.get("/control/state")
    async def told() -> Response:
        found = await run_in_threadpool(state, bureau.office)
        return _told(found | {"faults": faults.told()})

    @app.post("/control/reset")
    async def reset() -> Response:
        await run_in_threadpool(bureau.office.store.reset)
        faults.script([])
        return Response(status_code=204)


def _usable(bureau: Bureau, fault: Fault) -> None:
    """Raises FaultError for a text that the fault cannot work with."""
    payer, _, plan = fault.text.partition("=")
    if fault.do == "rule-change" and (not payer or plan not in bureau.office.plans.at_hand):
        raise FaultError("rule-change: text is <payer>=<plan>, the plan among the plan files given")
    if fault.do == "odd" and set(fault.text.split()) != odd_of(fault):
        raise FaultError("odd: text names oddities of docs/counterparts.md")


def _told(found: Any) -> Response:
    return Response(encode(found), media_type="application/json")
