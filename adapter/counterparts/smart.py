"""Tokens of a counterpart: SMART Backend Services as its own office would run it, off unless clients are named (令牌)。

A proof is good once: signed by a key that the client registered, for this token endpoint, for five minutes at most.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from adapter.counterparts.wire import Refusal

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS384", "ES384")
_MOST_SECONDS = 300
_SCOPE = re.compile(r"system/(\*|[A-Za-z]+)\.(c?r?u?d?s?)")


class NotGiven(Exception):
    """No token: an error of RFC 6749, 5.2, with words for a person."""

    def __init__(self, error: str, words: str) -> None:
        super().__init__(words)
        self.error, self.words = error, words

    @property
    def status(self) -> int:
        return 401 if self.error == "invalid_client" else 400

    def told(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.words}


@dataclass(frozen=True, slots=True)
class Client:
    """Who may ask, with the public keys that were registered and the most that may be asked for."""

    keys: KeySet
    scope: frozenset[str]


@dataclass
class TokenDesk:
    """Gives tokens and knows those it gave. Everything is in memory: a restart takes every token back."""

    clients: Mapping[str, Client]
    token_seconds: int = _MOST_SECONDS
    now: Callable[[], float] = time.time
    given: int = 0
    _tokens: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def token(self, body: bytes, token_url: str) -> dict[str, Any]:
        """``POST [token endpoint]``, a form. Raises NotGiven."""
        form = _form(body)
        if form.get("grant_type") != "client_credentials":
            raise NotGiven("unsupported_grant_type", "client_credentials only")
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            raise NotGiven("invalid_client", "a signed client_assertion is needed")
        with self._lock:
            client = self._proven(form["client_assertion"], token_url)
            wanted = frozenset(form.get("scope", "").split())
            if not wanted or not wanted <= client.scope:
                raise NotGiven("invalid_scope", "ask for what was registered")
            value = secrets.token_urlsafe(32)
            self._tokens[value] = (self.now() + self.token_seconds, wanted)
            self.given += 1
        told = {"access_token": value, "token_type": "bearer", "expires_in": self.token_seconds}
        return {**told, "scope": " ".join(sorted(wanted))}

    def admit(self, authorization: str, kind: str, letter: str) -> None:
        """Let a request in that shows a token good for it.

        Raises:
            Refusal: 401 without a token that is good now; 403 where its scope does not reach.
        """
        name, _, value = authorization.partition(" ")
        with self._lock:
            until, scope = self._tokens.get(value, (0.0, frozenset[str]()))
        if name.lower() != "bearer" or not value:
            raise Refusal(401, "login", "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
        if until <= self.now():
            challenge = 'Bearer error="invalid_token"'
            raise Refusal(401, "expired", "the token is unknown or has ended", {"WWW-Authenticate": challenge})
        if not any(_reaches(each, kind, letter) for each in scope):
            challenge = 'Bearer error="insufficient_scope"'
            raise Refusal(403, "forbidden", f"{kind}.{letter} is not in scope", {"WWW-Authenticate": challenge})

    def forget(self) -> None:
        """Take every token back."""
        with self._lock:
            self._tokens.clear()

    def _proven(self, assertion: str, token_url: str) -> Client:
        now = self.now()
        try:
            header = jws.extract_compact(assertion.encode()).headers()
            client_id = str(json.loads(jws.extract_compact(assertion.encode()).payload)["iss"])
            client = self.clients[client_id]
            key = client.keys.get_by_kid(str(header["kid"]))
            claims = jwt.decode(assertion, key, algorithms=list(ALGORITHMS)).claims
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise NotGiven(
                "invalid_client", f"the proof is not signed by a registered key: {type(error).__name__}"
            ) from None
        audience, exp, jti = claims.get("aud"), claims.get("exp"), claims.get("jti")
        if claims.get("sub") != client_id:
            raise NotGiven("invalid_client", "iss and sub differ")
        if token_url not in (audience if isinstance(audience, list) else [audience]):
            raise NotGiven("invalid_client", "aud is not this token endpoint")
        if isinstance(exp, bool) or not isinstance(exp, int) or not now < exp <= now + _MOST_SECONDS:
            raise NotGiven("invalid_client", "exp has passed, or is more than five minutes away")
        if not isinstance(jti, str) or not jti or self._seen.get((client_id, jti), 0.0) > now:
            raise NotGiven("invalid_client", "jti is missing, or was used before")
        self._seen = {known: until for known, until in self._seen.items() if until > now}
        self._seen[client_id, jti] = exp
        return client


def load_clients(path: Path) -> TokenDesk:
    """Read who may ask: ``{"token_seconds": 300, "clients": {"<id>": {"scope": "…", "jwks": {"keys": […]}}}}``.

    Raises:
        ValueError: the file cannot be used; the text names it.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        clients = {
            str(client_id): Client(
                KeySet([_public(key) for key in row["jwks"]["keys"]]), frozenset(row["scope"].split())
            )
            for client_id, row in content["clients"].items()
        }
        return TokenDesk(clients, token_seconds=int(content.get("token_seconds", _MOST_SECONDS)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, JoseError) as error:
        raise ValueError(f"{path.name}: {type(error).__name__} {error}") from error


def _public(key: Mapping[str, Any]) -> RSAKey | ECKey:
    if "d" in key or "kid" not in key or key["kty"] not in ("RSA", "EC"):
        raise ValueError("public keys with a kid are registered")
    return RSAKey.import_key(dict(key)) if key["kty"] == "RSA" else ECKey.import_key(dict(key))


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True)
    except ValueError as error:
        raise NotGiven("invalid_request", "a form is expected") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotGiven("invalid_request", "a parameter is given twice")
    return found


def _reaches(scope: str, kind: str, letter: str) -> bool:
    found = _SCOPE.fullmatch(scope)
    return found is not None and found[1] in ("*", kind) and letter in found[2]
