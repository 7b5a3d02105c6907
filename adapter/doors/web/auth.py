"""Who may come in: a bearer token where the settings hold one. Routes are closed unless they are listed as open."""

from __future__ import annotations

from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from adapter.doors.web import issues
from adapter.model.issues import AdapterError
from adapter.settings import Settings

_bearer = HTTPBearer(auto_error=False, description="The token of ADAPTER_API_TOKEN; not asked for where none is set.")

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def authorised(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None
) -> None:
    """Let the request pass, or raise AdapterError API-801. The comparison takes the same time for every wrong token."""
    settings: Settings = request.app.state.settings
    if settings.api_token is None:
        return
    wanted = settings.api_token.get_secret_value().encode()
    if given is None or not compare_digest(given.credentials.encode("utf-8", "surrogateescape"), wanted):
        raise AdapterError(issues.unauthorised())


def check_exposure(host: str, settings: Settings) -> None:
    """Refuse to listen beyond this machine without a token (API-814)."""
    if host not in _LOOPBACK and settings.api_token is None:
        raise AdapterError(issues.token_needed(host))
