"""Receivers that answer politely and wrongly: each lie changes one thing on its way back to the conformance kit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx

from tests.support.conformance import Change
from tests.support.wire_bodies import dump, load, responses

Body = dict[str, Any]


def _json(response: httpx.Response, body: Body) -> httpx.Response:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return httpx.Response(response.status_code, headers=headers, content=dump(body), request=response.request)


def _alter(change: Callable[[httpx.Request, Body], None]) -> Change:
    """Change a readable answer in place."""

    def altered(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = load(response.content)
        change(request, body)
        return _json(response, body)

    return altered


def _claims(change: Callable[[Body], None], *, stage: str) -> Change:
    """Change every ClaimResponse of answers to one stage of ``Claim/$submit``."""

    def each(request: httpx.Request, body: Body) -> None:
        if request.url.path.endswith("Claim/$submit") and f".{stage}".encode() in request.content:
            for one in responses(body) if body["resourceType"] in ("Bundle", "ClaimResponse") else ():
                change(one)

    return _alter(each)


def _floats(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Amounts as a careless JSON library writes them: 1500.10 becomes 1500.1."""
    text = re.sub(rb'("value":-?\d+\.\d)0\b', rb"\1", response.content)
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return httpx.Response(response.status_code, headers=headers, content=text, request=request)


def _no_replay(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    headers = {name: value for name, value in response.headers.items() if name != "x-replayed"}
    return httpx.Response(response.status_code, headers=headers, content=response.content, request=request)


def _everything_is_fine(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Errors come back as 200."""
    return httpx.Response(200, headers=response.headers, content=response.content, request=request)


def _bare_errors(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Errors without an OperationOutcome."""
    if response.status_code < 400:
        return response
    body = json.dumps({"error": "no"}).encode()
    return httpx.Response(response.status_code, headers={"content-type": "application/json"}, content=body)


def _pays_a_fen_more(one: Body) -> None:
    if "payment" in one and one["payment"]["amount"]["value"]:
        one["payment"]["amount"]["value"] += load(b"0.01")


def _positive(one: Body) -> None:
    amounts = [one["payment"]["amount"]] if "payment" in one else []
    for amount in amounts + [row["amount"] for row in one.get("total", [])]:
        amount["value"] = abs(amount["value"])


def _accepts_refused(one: Body) -> None:
    one["outcome"] = "complete"


def _no_number(one: Body) -> None:
    one.pop("identifier", None)


def _line_off(one: Body) -> None:
    for item in one.get("item", []):
        item["adjudication"][-1]["amount"]["value"] += load(b"0.01")


def _forgets(request: httpx.Request, body: Body) -> None:
    if "request:identifier" in str(request.url.query.decode()).replace("%3A", ":"):
        body.pop("entry", None)


def _remembers_too_much(request: httpx.Request, body: Body) -> None:
    """A look-up that never comes back empty."""
    if "request%3Aidentifier" in str(request.url) and body.get("type") == "searchset" and "entry" not in body:
        body["entry"] = [{"resource": {"resourceType": "ClaimResponse", "status": "active"}}]


def _never_cancelled(request: httpx.Request, body: Body) -> None:
    for entry in body.get("entry", []) if request.method == "GET" else ():
        entry["resource"]["status"] = "active"


def _frozen_year(request: httpx.Request, body: Body) -> None:
    for row in body.get("insurance", []) if body["resourceType"] == "CoverageEligibilityResponse" else ():
        row.pop("item", None)


def _always_covered(request: httpx.Request, body: Body) -> None:
    for row in body.get("insurance", []) if body["resourceType"] == "CoverageEligibilityResponse" else ():
        row["inforce"] = True


def _frozen_totals(request: httpx.Request, body: Body) -> None:
    if body["resourceType"] == "Parameters":
        body["parameter"][0]["valueInteger"] = 1


def _one_page(request: httpx.Request, body: Body) -> None:
    body.pop("link", None)


def _always_new(request: httpx.Request, body: Body) -> None:
    for entry in body.get("entry", []) if body.get("type") == "transaction-response" else ():
        entry["response"]["status"] = "201"


LIES: dict[str, Change] = {
    "amounts lose a digit": _floats,
    "no replay header": _no_replay,
    "errors are 200": _everything_is_fine,
    "errors say nothing": _bare_errors,
    "pays a fen more than it says": _claims(_pays_a_fen_more, stage="settle"),
    "tries a fen more": _claims(_pays_a_fen_more, stage="trial"),
    "reversal is positive": _claims(_positive, stage="reverse"),
    "refusals are complete": _claims(_accepts_refused, stage="settle"),
    "no settlement id": _claims(_no_number, stage="settle"),
    "lines do not add up": _claims(_line_off, stage="settle"),
    "look-up is empty": _alter(_forgets),
    "look-up is never empty": _alter(_remembers_too_much),
    "look-up never cancels": _alter(_never_cancelled),
    "year stands still": _alter(_frozen_year),
    "everybody is covered": _alter(_always_covered),
    "day stands still": _alter(_frozen_totals),
    "first page only": _alter(_one_page),
    "everything is new": _alter(_always_new),
}
