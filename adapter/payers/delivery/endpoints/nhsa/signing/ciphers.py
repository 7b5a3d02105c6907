"""Schemes with ciphers: SM2, SM4 and RSA, from two libraries that are installed with the extra ``nhsa``.

``cryptography`` gives SM4 and RSA, ``tongsuopy`` gives SM2; both are loaded when a scheme that needs them is opened.
"""

from __future__ import annotations

import importlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.fhir.canonical import decode, encode
from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoints.nhsa import setting_issues
from adapter.payers.delivery.endpoints.nhsa.hospital import Credential, Keys
from adapter.payers.delivery.endpoints.nhsa.signing.digests import sorted_pairs
from adapter.payers.delivery.endpoints.nhsa.signing.scheme import Sealed, library, register

#: The user id that the standard prescribes where none is agreed (GM/T 0009).
SM2_ID = b"1234567812345678"


@dataclass(frozen=True)
class Sm2Key:
    """A private SM2 key given as 64 hexadecimal digits. Never prints."""

    _key: Any

    def __repr__(self) -> str:
        return "Sm2Key(…)"

    @classmethod
    def of(cls, keys: Keys, name: str, scheme: str) -> Sm2Key:
        """The key of a setting. Raises AdapterError CFG-731 to -733."""
        text = keys.need(name, scheme)
        ec = library("tongsuopy.crypto.asymciphers.ec", "tongsuopy", scheme)
        try:
            return cls(ec.derive_private_key(int(text, 16), ec.SM2()))
        except (ValueError, TypeError) as error:
            raise AdapterError(setting_issues.key_unusable(name, "64 hex digits")) from error

    def sign(self, data: bytes) -> bytes:
        """Raw r‖s, 64 bytes, SM3 with SM2."""
        ec = importlib.import_module("tongsuopy.crypto.asymciphers.ec")
        hashes = importlib.import_module("tongsuopy.crypto.hashes")
        return raw_signature(self._key.sign(data, ec.ECDSA(hashes.SM3())))


def raw_signature(der: bytes) -> bytes:
    """r‖s of a signature in DER: two integers of at most 33 bytes in a short sequence."""
    r_ends = 4 + der[3]
    r, s = der[4:r_ends], der[r_ends + 2 :]
    return b"".join(int.from_bytes(part, "big").to_bytes(32, "big") for part in (r, s))


class Sm4:
    """SM4 in ECB with PKCS#7 padding, as the bureaus use it. The key is 32 hexadecimal digits, or 16 characters."""

    def __init__(self, keys: Keys, name: str, scheme: str) -> None:
        text = keys.need(name, scheme)
        self._modes = library("cryptography.hazmat.primitives.ciphers", "cryptography", scheme)
        self._algorithms = library("cryptography.hazmat.primitives.ciphers.algorithms", "cryptography", scheme)
        self._ecb = library("cryptography.hazmat.primitives.ciphers.modes", "cryptography", scheme).ECB()  # their wire
        try:
            self._key = bytes.fromhex(text) if len(text) == 32 else text.encode("ascii")
            self._cipher = self._modes.Cipher(self._algorithms.SM4(self._key), self._ecb)
        except ValueError as error:
            raise AdapterError(setting_issues.key_unusable(name, "128 bit")) from error

    def encrypt(self, data: bytes) -> bytes:
        pad = 16 - len(data) % 16
        sealing = self._cipher.encryptor()
        return bytes(sealing.update(data + bytes([pad]) * pad) + sealing.finalize())

    def decrypt(self, data: bytes) -> bytes:
        """Raises ValueError for what was not encrypted with this key."""
        opening = self._cipher.decryptor()
        plain = bytes(opening.update(data) + opening.finalize())
        pad = plain[-1] if plain else 0
        if not 1 <= pad <= 16 or plain[-pad:] != bytes([pad]) * pad:
            raise ValueError("not encrypted with this key")
        return plain[:-pad]


class Sm2Sm4:
    """OAuth2 bearer, SM4 over the input, SM2 over the plain input (Jilin).

    Keys: ``sm2_private``, ``sm4``, ``bearer``.
    """

    NAME = "sm2-sm4"

    def __init__(self, keys: Keys) -> None:
        self._sm2 = Sm2Key.of(keys, "sm2_private", self.NAME)
        self._sm4 = Sm4(keys, "sm4", self.NAME)
        self._bearer = keys.values.get("bearer", "")

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed:
        plain = encode(envelope["input"])
        signed = {
            **envelope,
            "signtype": "SM2",
            "enc_type": "SM4",
            "cainfo": b64encode(self._sm2.sign(plain)).decode(),
            "input": b64encode(self._sm4.encrypt(plain)).decode(),
        }
        headers = {"Authorization": f"Bearer {self._bearer}"} if self._bearer else {}
        return Sealed(encode(signed), headers)

    def open(self, body: bytes) -> bytes:
        """The answer with its output decrypted. One that is in the clear, or not JSON, is given back as it came."""
        try:
            found = decode(body)
        except AdapterError:
            return body
        output = found.get("output") if isinstance(found, dict) else None
        if not isinstance(output, str) or not output:
            return body
        try:
            plain = decode(self._sm4.decrypt(b64decode(output, validate=True)))
        except (ValueError, AdapterError):
            return body
        return encode({**found, "output": plain})


class Sm2Envelope:
    """SM2 over the sorted envelope without cainfo and input (a published client library). Key: ``sm2_private``."""

    NAME = "sm2-envelope"

    def __init__(self, keys: Keys) -> None:
        self._sm2 = Sm2Key.of(keys, "sm2_private", self.NAME)

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed:
        named = {**envelope, "signtype": "SM2"}
        over = sorted_pairs(named, without=frozenset({"cainfo", "input"}))
        return Sealed(encode({**named, "cainfo": b64encode(self._sm2.sign(over)).decode()}))

    def open(self, body: bytes) -> bytes:
        return body


class RsaPassword:
    """The patient's password, encrypted with the bureau's RSA key in ``cainfo`` (Chongqing, Inner Mongolia).

    Key: ``rsa_public`` (PEM). Without a password there is nothing to encrypt and cainfo stays empty.
    """

    NAME = "rsa-password"

    def __init__(self, keys: Keys) -> None:
        text = keys.need("rsa_public", self.NAME)
        serialization = library("cryptography.hazmat.primitives.serialization", "cryptography", self.NAME)
        self._padding = library("cryptography.hazmat.primitives.asymmetric.padding", "cryptography", self.NAME)
        try:
            self._key = serialization.load_pem_public_key(text.encode())
        except ValueError as error:
            raise AdapterError(setting_issues.key_unusable("rsa_public", "PEM")) from error

    def seal(self, envelope: Mapping[str, Any], *, at: datetime, credential: Credential | None) -> Sealed:
        if credential is None or not credential.password:
            return Sealed(encode(dict(envelope)))
        secret = self._key.encrypt(credential.password.encode(), self._padding.PKCS1v15())
        return Sealed(encode({**envelope, "cainfo": b64encode(secret).decode()}))

    def open(self, body: bytes) -> bytes:
        return body


for _each in (Sm2Sm4, Sm2Envelope, RsaPassword):
    register(_each.NAME, _each)
