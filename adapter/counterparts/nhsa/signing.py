"""What the gateway checks before a transaction begins: address, signature, time; six schemes, one per region.

No bureau has published what exactly it signs. Where the sources leave it open, the choice made here is written at the
scheme: compact JSON as it was sent, values sorted by name and joined as ``name=value`` with ``&``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from adapter.counterparts.nhsa import gm
from adapter.counterparts.nhsa.refusals import TurnedAway
from adapter.counterparts.nhsa.region import Gateway
from adapter.counterparts.wire import Refusal, decode, encode
from adapter.model.dates import HOSPITAL_ZONE

Headers = Mapping[str, str]
Envelope = Mapping[str, Any]


def check(gateway: Gateway, path: str, headers: Headers, envelope: Envelope, now: datetime) -> Mapping[str, Any]:
    """The input in the clear.

    Raises:
        TurnedAway: another address, a missing header, a time too far off, a wrong signature.
    """
    if gateway.address == "infno" and path.rpartition("/")[2] != str(envelope.get("infno")):
        raise TurnedAway(404, 404, "接口不存在")
    return _SCHEMES[gateway.scheme](gateway, headers, envelope, now)


def seal(gateway: Gateway, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as the scheme sends it: encrypted and signed where requests are."""
    if gateway.scheme != "sm2-sm4" or not answer.get("output"):
        return answer
    plain = encode(answer["output"])
    return {
        **answer,
        "output": base64.b64encode(gm.sm4_encrypt(plain, bytes.fromhex(gateway.secret))).decode(),
        "cainfo": base64.b64encode(gm.sm2_sign(plain, int(gateway.private_key, 16))).decode(),
        "signtype": "SM2",
        "enc_type": "SM4",
    }


def _wrong(gateway: Gateway, text: str) -> TurnedAway:
    return TurnedAway(500, 400001, text) if gateway.scheme == "x-tif" else TurnedAway(401, 401, text)


def _header(gateway: Gateway, headers: Headers, name: str) -> str:
    found = headers.get(name, "")
    if not found:
        raise _wrong(gateway, f"缺少请求头{name}")
    return found


def _timely(gateway: Gateway, text: str, now: datetime, unit: int) -> None:
    if not (text.isascii() and text.isdigit()):
        raise _wrong(gateway, "时间戳格式错误")
    if abs(int(text) / unit - now.replace(tzinfo=HOSPITAL_ZONE).timestamp()) > gateway.window:
        raise _wrong(gateway, "请求时间戳已过期")


def _clear(envelope: Envelope) -> Mapping[str, Any]:
    """The input as an object; some regions send it as JSON text."""
    given = envelope.get("input")
    if isinstance(given, str):
        try:
            given = decode(given.encode("utf-8"))
        except Refusal as error:
            raise TurnedAway(400, 400, "input格式错误") from error
    return given if isinstance(given, dict) else {}


def _none(gateway: Gateway, headers: Headers, envelope: Envelope, now: datetime) -> Mapping[str, Any]:
    return _clear(envelope)


def _ak_sk(gateway: Gateway, headers: Headers, envelope: Envelope, now: datetime) -> Mapping[str, Any]:
    """Base64 of HMAC-SHA1 under the secret, over the four other headers sorted and joined."""
    names = ("_api_access_key", "_api_name", "_api_timestamp", "_api_version")
    given = {name: _header(gateway, headers, name) for name in names}
    told = _header(gateway, headers, "_api_signature")
    _timely(gateway, given["_api_timestamp"], now, 1000 if gateway.timestamp == "milliseconds" else 1)
    if given["_api_access_key"] != gateway.key:
        raise _wrong(gateway, "用户不存在")
    text = "&".join(f"{name}={given[name]}" for name in sorted(names))
    digest = hmac.new(gateway.secret.encode(), text.encode("utf-8"), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), told):
        raise _wrong(gateway, "签名错误")
    return _clear(envelope)


def _x_tif(gateway: Gateway, headers: Headers, envelope: Envelope, now: datetime) -> Mapping[str, Any]:
    """Hexadecimal SHA-256 of timestamp + secret + nonce + timestamp; the case is the region's."""
    account = _header(gateway, headers, "x-tif-paasid")
    moment, nonce = _header(gateway, headers, "x-tif-timestamp"), _header(gateway, headers, "x-tif-nonce")
    told = _header(gateway, headers, "x-tif-signature")
    _timely(gateway, moment, now, 1)
    digest = hashlib.sha256(f"{moment}{gateway.secret}{nonce}{moment}".encode()).hexdigest()
    allowed = {"lower": {digest}, "upper": {digest.upper()}, "any": {digest, digest.upper()}}[gateway.case]
    if account != gateway.key or told not in allowed:
        raise _wrong(gateway, "签名错误")
    return _clear(envelope)


def _sm3(gateway: Gateway, headers: Headers, envelope: Envelope, now: datetime) -> Mapping[str, Any]:
    """cainfo is the hexadecimal SM3 of the input's compact JSON followed by the secret."""
    digest = gm.sm3(encode(envelope.get("input")) + gateway.secret.encode()).hex()
    if envelope.get("signtype") != "SM3" or str(envelope.get("cainfo")).lower() != digest:
        raise _wrong(gateway, "签名错误")
    return _clear(envelope)


def _sm2_sm4(gateway: Gateway, headers: Headers, envelope: Envelope, now: datetime) -> Mapping[str, Any]:
    """Bearer token; input is Base64 of SM4-ECB; cainfo is Base64 of r‖s over the plain input."""
    if headers.get("authorization") != f"Bearer {gateway.key}":
        raise _wrong(gateway, "令牌无效")
    try:
        plain = gm.sm4_decrypt(_base64(envelope.get("input")), bytes.fromhex(gateway.secret))
        signature = _base64(envelope.get("cainfo"))
    except ValueError as error:
        raise _wrong(gateway, "解密失败") from error
    if not gm.sm2_verify(plain, signature, gateway.public_key):
        raise _wrong(gateway, "签名错误")
    return _clear({"input": plain.decode("utf-8", "replace")})


def _sm2_envelope(gateway: Gateway, headers: Headers, envelope: Envelope, now: datetime) -> Mapping[str, Any]:
    """cainfo is Base64 of r‖s over the envelope without cainfo and input, sorted and joined, empty values left out."""
    try:
        signature = _base64(envelope.get("cainfo"))
    except ValueError as error:
        raise _wrong(gateway, "签名错误") from error
    kept = {name: value for name, value in envelope.items() if name not in ("cainfo", "input") and value}
    text = "&".join(f"{name}={kept[name]}" for name in sorted(kept))
    if not gm.sm2_verify(text.encode("utf-8"), signature, gateway.public_key):
        raise _wrong(gateway, "签名错误")
    return _clear(envelope)


def _base64(value: Any) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error as error:
        raise ValueError("not Base64") from error


_SCHEMES: Mapping[str, Callable[[Gateway, Headers, Envelope, datetime], Mapping[str, Any]]] = {
    "none": _none,
    "ak-sk": _ak_sk,
    "x-tif": _x_tif,
    "sm3": _sm3,
    "sm2-sm4": _sm2_sm4,
    "sm2-envelope": _sm2_envelope,
}
