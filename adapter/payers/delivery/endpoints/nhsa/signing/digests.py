"""Schemes that need no cipher: the gateways' headers and the SM3 digest. Only the standard library."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapter.fhir.canonical import canonical, encode
from adapter.payers.delivery.endpoints.nhsa.hospital import Credential, Keys
from adapter.payers.delivery.endpoints.nhsa.signing.scheme import Sealed, register


class Gateway:
    """Gateway with access key and secret key (Hunan, Jiangxi, Jiangsu): HMAC-SHA1 over the sorted header pairs.

    Keys: ``access_key``, ``secret_key``; ``api_version`` where it is not 1.0.0; ``api_prefix`` before the transaction
    number in ``_api_name``; ``timestamp_unit`` ``seconds`` for the variant that counts seconds.
    """

    NAME = "gateway-hmac-sha1"

    def __init__(self, keys: Keys) -> None:
        self._access = keys.need("access_key", self.NAME)
        self._secret = keys.need("secret_key", self.NAME).encode()
        self._version = keys.values.get("api_version", "1.0.0")
        self._prefix = keys.values.get("api_prefix", "")
        self._seconds = keys.values.get("timestamp_unit", "") == "seconds"

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed:
        stamp = int(at.timestamp())
        if not self._seconds:
            stamp = stamp * 1000 + at.microsecond // 1000
        headers = {
            "_api_name": f"{self._prefix}{envelope['infno']}",
            "_api_version": self._version,
            "_api_timestamp": str(stamp),
            "_api_access_key": self._access,
        }
        return Sealed(encode(dict(envelope)), {**headers, "_api_signature": self.signature(headers)})

    def signature(self, headers: Mapping[str, str]) -> str:
        """Base64 of HMAC-SHA1 over ``key=value`` pairs, sorted by key and joined with ``&``."""
        text = "&".join(f"{key}={headers[key]}" for key in sorted(headers))
        return b64encode(hmac.new(self._secret, text.encode(), hashlib.sha1).digest()).decode()

    def open(self, body: bytes) -> bytes:
        return body


class XTif:
    """The x-tif gateway (Guangdong, Inner Mongolia): SHA-256 of timestamp + secret + nonce + timestamp.

    Keys: ``paasid``, ``secret``; ``signature_case`` ``upper`` where the gateway wants capitals.
    """

    NAME = "x-tif"

    def __init__(self, keys: Keys) -> None:
        self._paasid = keys.need("paasid", self.NAME)
        self._secret = keys.need("secret", self.NAME)
        self._upper = keys.values.get("signature_case", "lower") == "upper"

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed:
        stamp, nonce = str(int(at.timestamp())), str(envelope["msgid"])
        headers = {
            "x-tif-paasid": self._paasid,
            "x-tif-timestamp": stamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": self.signature(stamp, nonce),
        }
        return Sealed(encode(dict(envelope)), headers)

    def signature(self, stamp: str, nonce: str) -> str:
        """Hexadecimal SHA-256; the message id serves as nonce, since it is used once."""
        found = hashlib.sha256(f"{stamp}{self._secret}{nonce}{stamp}".encode()).hexdigest()
        return found.upper() if self._upper else found

    def open(self, body: bytes) -> bytes:
        return body


class Sm3Digest:
    """SM3 digest of the input in ``cainfo`` (Guangzhou). No key.

    What exactly is hashed was not published; here it is the input as it is sent, in UTF-8.
    """

    NAME = "sm3"

    def __init__(self, keys: Keys) -> None:
        pass

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed:
        digest = sm3(encode(envelope["input"])).hex()
        return Sealed(encode({**envelope, "signtype": "SM3", "cainfo": digest}))

    def open(self, body: bytes) -> bytes:
        return body


def sm3(data: bytes) -> bytes:
    """SM3 of GB/T 32905-2016.

    >>> sm3(b"abc").hex()
    '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'
    """
    return hashlib.new("sm3", data).digest()


def sorted_pairs(envelope: Mapping[str, Any], *, without: frozenset[str]) -> bytes:
    """``key=value`` of an envelope in the order of the keys, joined with ``&``; nested values as canonical JSON."""
    pairs = []
    for key in sorted(envelope.keys() - without):
        value = envelope[key]
        text = canonical(value).decode() if isinstance(value, dict | list) else str(value)
        pairs.append(f"{key}={text}")
    return "&".join(pairs).encode()


register(Gateway.NAME, Gateway)
register(XTif.NAME, XTif)
register(Sm3Digest.NAME, Sm3Digest)
