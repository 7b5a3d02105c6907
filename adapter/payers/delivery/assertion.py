"""The signed proof of who asks for a token: ``private_key_jwt`` of SMART Backend Services (客户端断言).

Source: HL7 SMART App Launch 2.2, "Client Authentication: Asymmetric" (https://hl7.org/fhir/smart-app-launch/
client-confidential-asymmetric.html); RFC 7523 section 3.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from adapter.model.issues import AdapterError
from adapter.payers.delivery import oauth_issues as issues

#: How long a proof is good: at most five minutes are allowed, and the other side's clock may differ from ours.
LIFE = timedelta(minutes=3)
#: Algorithms of SMART, with the kind of key that each takes; RSA of at least 2048 bits, EC on P-384.
_KINDS: dict[str, Literal["RSA", "EC"]] = {"RS384": "RSA", "ES384": "EC"}
ALGORITHMS = tuple(_KINDS)
_LEAST_BITS, _CURVE = 2048, "P-384"


class Signer:
    """Signs who we are. The key never leaves it."""

    def __init__(self, client_id: str, key: RSAKey | ECKey, *, kid: str, alg: str) -> None:
        self._client_id, self._key, self._kid, self._alg = client_id, key, kid, alg

    def sign(self, audience: str, at: datetime) -> str:
        """A proof for one token endpoint and one use.

        Args:
            audience: address of the token endpoint.
            at: this moment.
        """
        header = {"alg": self._alg, "kid": self._kid, "typ": "JWT"}
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": audience,
            "exp": int((at + LIFE).timestamp()),
            "jti": secrets.token_urlsafe(24),
        }
        return jwt.encode(header, claims, self._key, algorithms=[self._alg])

    def public(self) -> dict[str, object]:
        """What the payer registers: the public half as a JWK, with ``kid`` and ``alg``."""
        return {**self._key.as_dict(private=False), "kid": self._kid, "alg": self._alg, "use": "sig"}


def load_signer(place: str, *, client_id: str, key: Path, kid: str | None, alg: str) -> Signer:
    """Read a private key, PEM without a pass phrase or JWK.

    Args:
        place: setting that an issue names.
        kid: as the payer registered the key; None: the JWK's own, else its thumbprint (RFC 7638).
        alg: ``RS384`` or ``ES384``.

    Raises:
        AdapterError: CFG-750.
    """
    kind = _KINDS[alg]
    try:
        text = key.read_text("utf-8")
        data = json.loads(text) if text.lstrip().startswith("{") else text
        found = RSAKey.import_key(data) if kind == "RSA" else ECKey.import_key(data)
    except (OSError, ValueError, TypeError, KeyError, JoseError) as error:
        raise AdapterError(issues.key_unusable(place, type(error).__name__)) from None
    if not found.is_private:
        raise AdapterError(issues.key_unusable(place, "a public key"))
    if isinstance(found, RSAKey) and found.raw_value.key_size < _LEAST_BITS:
        raise AdapterError(issues.key_unusable(place, f"RSA, fewer than {_LEAST_BITS} bits"))
    if isinstance(found, ECKey) and found.curve_name != _CURVE:
        raise AdapterError(issues.key_unusable(place, f"EC, not on {_CURVE}"))
    return Signer(client_id, found, kid=kid or found.kid or found.thumbprint(), alg=alg)
