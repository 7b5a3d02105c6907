"""The service on the wire: SOAP at ``/services/MedicalAid``, scripting at ``/control``, ``/health``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from lxml import etree
from starlette.types import Scope

from adapter.counterparts.aid_xml.bad_days import OWN, BadDays
from adapter.counterparts.aid_xml.service import METHODS, Answer, Service
from adapter.counterparts.faults import Call, Fault, FaultError, Faults, Wire, fault_of
from adapter.counterparts.wire import Refusal, decode, encode

PATH = "/services/MedicalAid"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
COOKIE = "JSESSIONID"
MEDIA_TYPE = "text/xml; charset=utf-8"
OPERATIONS = frozenset({"login", *METHODS})

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


class SoapFault(Exception):
    """The request is no call of this service; nothing was done."""


def soap_wire() -> Wire:
    """How the faults see this dialect: the operation is the last part of the path, the key is the header's."""
    return Wire(prefix=PATH, call=_call, doubled=lambda body: body + body, refused=_refused, further=OWN)


def build(service: Service, faults: Faults) -> FastAPI:
    """The application; the faults wrap it (``Faults.around``)."""
    app = FastAPI(title=service.seed.title, docs_url=None, redoc_url=None, openapi_url=None)
    days = BadDays()
    _control(app, service, faults, days)

    @app.post(PATH)
    async def called(request: Request) -> Response:
        body, session = await request.body(), request.cookies.get(COOKIE, "")
        fault = request.scope.get("fault")
        try:
            operation, answer = await run_in_threadpool(
                days.answered, service, fault, lambda today: _answered(today, body, session)
            )
        except SoapFault as fault:
            return Response(_fault(str(fault)), 500, media_type=MEDIA_TYPE)
        response = Response(_told(operation, answer, service.seed.namespace), media_type=MEDIA_TYPE)
        if answer.session:
            response.set_cookie(COOKIE, answer.session, path="/")
        return response

    return app


def _control(app: FastAPI, service: Service, faults: Faults, days: BadDays) -> None:
    @app.get("/health")
    async def health() -> Response:
        seed = service.seed
        told = {"status": "ok", "role": "aid-xml", "name": seed.name, "longest_delay_seconds": seed.longest_delay}
        return Response(encode(told), media_type="application/json")

    @app.post("/control/faults")
    async def script(request: Request) -> Response:
        try:
            rows = decode(await request.body())
            scripted = [fault_of(row, OWN) for row in rows]
            for each in scripted:
                days.usable(each)
            faults.script(scripted)
        except (FaultError, Refusal) as error:
            return Response(str(error), 422)
        return Response(encode({"faults": len(rows)}), media_type="application/json")

    @app.get("/control/state")
    async def told() -> Response:
        found = await run_in_threadpool(service.state)
        return Response(encode(found | {"faults": faults.told()}), media_type="application/json")

    @app.post("/control/sessions/end")
    async def ended() -> Response:
        await run_in_threadpool(service.store.close_sessions)
        return Response(status_code=204)

    @app.post("/control/reset")
    async def reset() -> Response:
        await run_in_threadpool(service.store.reset)
        faults.script([])
        days.reset()
        return Response(status_code=204)


def _answered(service: Service, body: bytes, session: str) -> tuple[str, Answer]:
    operation, content = _read(body, service.seed.namespace)
    try:
        return operation, service.call(operation, content, session)
    except (KeyError, TypeError, ArithmeticError) as error:
        return operation, Answer("0000X", {}, type(error).__name__)


def _read(body: bytes, namespace: str) -> tuple[str, Mapping[str, Any]]:
    element = _operation_in(body)
    if element is None:
        raise SoapFault("not a SOAP message")
    name = etree.QName(element)
    if name.namespace != namespace or name.localname not in OPERATIONS:
        raise SoapFault("the operation is not known here")
    return name.localname, _content(element)


def _content(element: etree._Element) -> dict[str, Any]:
    """Elements as a table; what stands more than once is a list."""
    found: dict[str, Any] = {}
    for child in element:
        value: Any = _content(child) if len(child) else (child.text or "")
        name = etree.QName(child).localname
        found[name] = [*_listed(found[name]), value] if name in found else value
    return found


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _operation_in(body: bytes) -> etree._Element | None:
    try:
        root = etree.fromstring(body, _PARSER)
    except etree.XMLSyntaxError:
        return None
    within = root.find(f"{{{SOAP}}}Body")
    return None if within is None else next(iter(within), None)


def _call(scope: Scope, body: bytes) -> Call:
    """An unreadable body has no operation and no key; the application says what is wrong with it."""
    element = _operation_in(body)
    if element is None:
        return Call(scope["method"], scope["path"], "")
    header = element.getroottree().getroot().find(f"{{{SOAP}}}Header")
    keys = [str(each.get("key", "")) for each in header] if header is not None else []
    return Call(scope["method"], f"{scope['path']}/{etree.QName(element).localname}", "".join(keys[:1]))


def _refused(fault: Fault) -> tuple[str, bytes]:
    return MEDIA_TYPE, _fault(fault.text or "scripted")


def _fault(text: str) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    fault = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
    etree.SubElement(fault, "faultcode").text = "soapenv:Server"
    etree.SubElement(fault, "faultstring").text = text
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _told(operation: str, answer: Answer, namespace: str) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    response = etree.SubElement(body, f"{{{namespace}}}{operation}Response", nsmap={"ns": namespace})
    row = etree.SubElement(response, f"{{{namespace}}}return")
    told = {"returnCode": answer.code, "returnCodeDes": answer.words, **answer.fields}
    for name, text in told.items():
        etree.SubElement(row, f"{{{namespace}}}{name}").text = text
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
