"""Signing what the kit sends, a second writing of section 5 of docs/wire-nhsa.md; four of its schemes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.counterparts.nhsa import gm
from adapter.counterparts.wire import encode

Envelope = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signer:
    """One hospital's key pair at one gateway.

    Attributes:
        key: access key or account.
    """

    scheme: str
    key: str = ""
    secret: str = field(default="", repr=False)

    def signed(self, envelope: Envelope, *, wrong: bool = False) -> tuple[Envelope, dict[str, str]]:
        """The envelope and the headers that go with it; ``wrong``: under another secret."""
        secret = f"{self.secret}-wrong" if wrong else self.secret
        match self.scheme:
            case "gateway-hmac-sha1":
                return envelope, self._gateway(envelope, secret)
            case "x-tif":
                return envelope, self._x_tif(secret)
            case "sm3":
                digest = gm.sm3(encode(envelope["input"]) + secret.encode()).hex()
                return {**envelope, "signtype": "SM3", "cainfo": digest}, {}
            case _:
                return envelope, {}

    def _gateway(self, envelope: Envelope, secret: str) -> dict[str, str]:
        pairs = {
            "_api_access_key": self.key,
            "_api_name": str(envelope["infno"]),
            "_api_timestamp": str(time.time_ns() // 1_000_000),
            "_api_version": "1.0.0",
        }
        text = "&".join(f"{name}={pairs[name]}" for name in sorted(pairs))
        mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
        return {**pairs, "_api_signature": base64.b64encode(mac).decode()}

    def _x_tif(self, secret: str) -> dict[str, str]:
        moment, nonce = str(int(time.time())), secrets.token_hex(8)
        return {
            "x-tif-paasid": self.key,
            "x-tif-timestamp": moment,
            "x-tif-nonce": nonce,
            "x-tif-signature": hashlib.sha256(f"{moment}{secret}{nonce}{moment}".encode()).hexdigest(),
        }
