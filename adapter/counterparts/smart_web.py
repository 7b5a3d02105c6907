"""Where a client finds the token endpoint, and the token endpoint itself: below the FHIR base, so faults reach them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.counterparts.smart import ALGORITHMS, NotGiven, TokenDesk
from adapter.counterparts.wire import encode


def sign_in(app: FastAPI, tokens: TokenDesk) -> None:
    """Add both to a counterpart's application."""

    @app.get("/fhir/.well-known/smart-configuration")
    async def configuration(request: Request) -> Response:
        told = {
            "token_endpoint": _token_url(request),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        }
        return Response(encode(told), media_type="application/json")

    @app.post("/fhir/auth/token")
    async def token(request: Request) -> Response:
        status, told = 200, dict[str, Any]()
        try:
            told = await run_in_threadpool(tokens.token, await request.body(), _token_url(request))
        except NotGiven as refused:
            status, told = refused.status, refused.told()
        return Response(encode(told), status, headers={"Cache-Control": "no-store"}, media_type="application/json")


def _token_url(request: Request) -> str:
    """Where the token endpoint really listens, whatever the caller's Host header says."""
    host, port = request.scope["server"]
    return f"{request.url.scheme}://{host}:{port}/fhir/auth/token"
