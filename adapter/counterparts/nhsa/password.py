"""The patient's password (凭证密码) in cainfo: Base64 of RSA with PKCS#1 v1.5 padding, under the bureau's key."""

from __future__ import annotations

import base64
import binascii

from adapter.counterparts.nhsa.office import Call


def opened(modulus: str, exponent: str, call: Call) -> str | None:
    """The password that a call carries, or None where there is none that this key opens."""
    try:
        cipher = base64.b64decode(call.said("cainfo"), validate=True)
    except binascii.Error:
        return None
    size = len(modulus) // 2
    if len(cipher) != size:
        return None
    plain = pow(int.from_bytes(cipher, "big"), int(exponent, 16), int(modulus, 16)).to_bytes(size, "big")
    filler, _, text = plain[2:].partition(b"\0")
    if plain[:2] != b"\0\2" or len(filler) < 8:
        return None
    return text.decode("utf-8", "replace")
