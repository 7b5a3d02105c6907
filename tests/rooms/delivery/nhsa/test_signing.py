"""Signing schemes against published vectors, and what they leave alone."""

from __future__ import annotations

import hashlib
import hmac
import sys
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapter.fhir.canonical import decode, encode
from adapter.model.issues import AdapterError
from adapter.model.messages import OutboundMessage, Outcome, Stage
from adapter.payers.delivery.endpoint import EndpointConfig, deliver_safely
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from adapter.payers.delivery.endpoints.nhsa.hospital import Credential, Hospital, Keys
from adapter.payers.delivery.endpoints.nhsa.signing.ciphers import Sm2Key, Sm4, raw_signature
from adapter.payers.delivery.endpoints.nhsa.signing.digests import Gateway, XTif, sm3, sorted_pairs
from adapter.payers.delivery.endpoints.nhsa.signing.scheme import open_scheme, register, scheme_names
from tests.support.nhsa import ADDRESS, HOSPITAL, KEYS, changed_region, friendly, stay_facts, talk
from tests.support.office import TestClock, codes

AT = datetime(2026, 3, 2, 1, 0, 0, 250_000, tzinfo=UTC)
ENVELOPE: dict[str, Any] = {
    "infno": "2304",
    "msgid": "H99990100001202603020900000001",
    "cainfo": "",
    "input": {"data": {"psn_no": "1"}},
}
#: Key pair and signature over "message digest" of the example on the recommended curve (GM/T 0003.5, appendix A.2).
PRIVATE = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
SIGNED = (
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
)
#: Key, plain text and cipher text of GB/T 32907-2016, appendix A.1.
SM4_KEY, SM4_CIPHER = "0123456789abcdeffedcba9876543210", "681edf34d206965e86b3e94f536e4246"


def test_the_six_schemes_and_none_are_there() -> None:
    six = {"gateway-hmac-sha1", "x-tif", "sm2-sm4", "sm2-envelope", "sm3", "rsa-password"}
    assert set(scheme_names()) >= six | {"none"}


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        ("abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_as_the_standard_prints_it(text: str, digest: str) -> None:
    assert sm3(text.encode()).hex() == digest


def test_hmac_sha1_as_rfc_2202_prints_it() -> None:
    """Test case 2 of the RFC: key ``Jefe``; the pairs are written so that they give its text."""
    signer = Gateway(Keys({"access_key": "a", "secret_key": "Jefe"}))
    want = b64decode("7/zfauXrL6LSdBbV8YTfnCWafHk=")  # effcdf6ae5eb2fa2d27416d5f184df9c259a7c79
    assert hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha1).digest() == want
    text = b"_api_name=2304&_api_timestamp=1"
    again = hmac.new(b"Jefe", text, hashlib.sha1).digest()
    assert b64decode(signer.signature({"_api_timestamp": "1", "_api_name": "2304"})) == again


def test_the_gateway_signs_its_headers_and_leaves_the_body() -> None:
    keys = {"access_key": "ak", "secret_key": "sk", "api_prefix": "fsi"}
    sealed = open_scheme("gateway-hmac-sha1", Keys(keys)).seal(ENVELOPE, at=AT, credential=None)
    assert sealed.body == encode(ENVELOPE)
    assert sealed.headers["_api_name"] == "fsi2304"
    assert sealed.headers["_api_timestamp"] == str(int(AT.timestamp())) + "250"
    seconds = open_scheme("gateway-hmac-sha1", Keys({**keys, "timestamp_unit": "seconds"}))
    assert seconds.seal(ENVELOPE, at=AT, credential=None).headers["_api_timestamp"] == str(int(AT.timestamp()))


@pytest.mark.parametrize("case", ["lower", "upper"])
def test_x_tif_hashes_time_secret_nonce_time(case: str) -> None:
    signer = XTif(Keys({"paasid": "p", "secret": "s", "signature_case": case}))
    headers = signer.seal(ENVELOPE, at=AT, credential=None).headers
    stamp, nonce = headers["x-tif-timestamp"], headers["x-tif-nonce"]
    wanted = hashlib.sha256(f"{stamp}s{nonce}{stamp}".encode()).hexdigest()
    assert headers["x-tif-signature"] == (wanted.upper() if case == "upper" else wanted)
    assert stamp == str(int(AT.timestamp()))


def test_the_sm3_scheme_digests_the_input() -> None:
    body = decode(open_scheme("sm3", Keys()).seal(ENVELOPE, at=AT, credential=None).body)
    assert (body["signtype"], body["cainfo"]) == ("SM3", sm3(encode(ENVELOPE["input"])).hex())


def test_pairs_are_sorted_and_nested_values_canonical() -> None:
    assert sorted_pairs({"b": {"y": 1, "x": 2}, "a": "1", "cainfo": "?"}, without=frozenset({"cainfo"})) == (
        b'a=1&b={"x":2,"y":1}'
    )


def test_sm4_as_the_standard_prints_it() -> None:
    cipher = Sm4(Keys({"sm4": SM4_KEY}), "sm4", "test")
    assert cipher.encrypt(bytes.fromhex(SM4_KEY))[:16].hex() == SM4_CIPHER
    for plain in (b"", b"x" * 15, b"x" * 16, "医保".encode()):
        assert cipher.decrypt(cipher.encrypt(plain)) == plain
    with pytest.raises(ValueError, match="key"):
        cipher.decrypt(bytes(16))


def test_sm2_signs_what_the_standards_key_verifies() -> None:
    from tongsuopy.crypto import hashes
    from tongsuopy.crypto.asymciphers import ec

    public = ec.derive_private_key(int(PRIVATE, 16), ec.SM2()).public_key()
    printed = der(bytes.fromhex("".join(SIGNED)))
    assert raw_signature(printed).hex().upper() == "".join(SIGNED)
    public.verify(printed, b"message digest", ec.ECDSA(hashes.SM3()))
    raw = Sm2Key.of(Keys({"k": PRIVATE}), "k", "test").sign(b"message digest")
    assert len(raw) == 64
    public.verify(der(raw), b"message digest", ec.ECDSA(hashes.SM3()))


def der(raw: bytes) -> bytes:
    """r‖s as the sequence of two integers that a library wants."""
    parts = [(b"\0" if part[0] > 127 else b"") + part for part in (raw[:32].lstrip(b"\0"), raw[32:].lstrip(b"\0"))]
    inner = b"".join(bytes([2, len(part)]) + part for part in parts)
    return bytes([0x30, len(inner)]) + inner


def test_the_sm2_sm4_scheme_seals_and_opens() -> None:
    keys = Keys({"sm2_private": PRIVATE, "sm4": SM4_KEY, "bearer": "token"})
    scheme = open_scheme("sm2-sm4", keys)
    sealed = scheme.seal(ENVELOPE, at=AT, credential=None)
    body = decode(sealed.body)
    assert (body["signtype"], body["enc_type"]) == ("SM2", "SM4")
    assert b"psn_no" not in sealed.body
    assert sealed.headers == {"Authorization": "Bearer token"}
    plain = Sm4(keys, "sm4", "test").decrypt(b64decode(body["input"]))
    assert decode(plain) == ENVELOPE["input"]
    answer = encode({"infcode": 0, "output": body["input"]})
    assert decode(scheme.open(answer))["output"] == ENVELOPE["input"]
    for clear in (b"<html>", encode({"infcode": -1}), encode({"infcode": 0, "output": "no cipher"})):
        assert scheme.open(clear) == clear


def test_the_sm2_envelope_scheme_signs_all_but_input_and_cainfo() -> None:
    scheme = open_scheme("sm2-envelope", Keys({"sm2_private": PRIVATE}))
    body = decode(scheme.seal(ENVELOPE, at=AT, credential=None).body)
    assert len(b64decode(body["cainfo"])) == 64
    assert body["input"] == ENVELOPE["input"]


def test_the_password_travels_encrypted_and_only_when_there_is_one() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    private = rsa.generate_private_key(65537, 2048)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    scheme = open_scheme("rsa-password", Keys({"rsa_public": pem.decode()}))
    sealed = scheme.seal(ENVELOPE, at=AT, credential=Credential(password="123456"))
    cipher = b64decode(decode(sealed.body)["cainfo"])
    assert private.decrypt(cipher, padding.PKCS1v15()) == b"123456"
    assert b"123456" not in sealed.body
    assert decode(scheme.seal(ENVELOPE, at=AT, credential=None).body)["cainfo"] == ""


@pytest.mark.parametrize(
    ("scheme", "keys", "code"),
    [
        ("nonsense", {}, "CFG-734"),
        ("x-tif", {"paasid": "p"}, "CFG-731"),
        ("gateway-hmac-sha1", {}, "CFG-731"),
    ],
)
def test_settings_that_do_not_do_are_named(scheme: str, keys: dict[str, str], code: str) -> None:
    with pytest.raises(AdapterError) as caught:
        open_scheme(scheme, Keys(keys))
    assert codes(caught.value) == [code]


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tongsuopy.crypto.asymciphers.ec", None)
    with pytest.raises(AdapterError) as caught:
        open_scheme("sm2-envelope", Keys({"sm2_private": PRIVATE}))
    assert codes(caught.value) == ["CFG-733"]


def test_a_bad_key_is_named_and_not_shown() -> None:
    with pytest.raises(AdapterError) as caught:
        open_scheme("rsa-password", Keys({"rsa_public": "not-a-key-7391"}))
    assert codes(caught.value) == ["CFG-732"]
    assert "7391" not in str(caught.value)


def test_secrets_do_not_print() -> None:
    shown = repr(Keys({"secret_key": "hush-1"})) + repr(Credential("hush-2", "hush-3", "hush-4"))
    assert "hush" not in shown


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="x-tif"):
        register("x-tif", XTif)


# -- the window --------------------------------------------------------------------------------------------------------


def at_the_window(shown: Credential | None, **region: Any) -> NhsaEndpoint:
    config = EndpointConfig("bureau", "nhsa", ADDRESS, simulator=True, timeout=2)
    spoken = changed_region("test_inland", **region)
    return NhsaEndpoint(config, TestClock(), dialect=spoken, hospital=HOSPITAL, keys=KEYS, window=lambda _: shown)


def test_what_needs_a_credential_waits_and_is_not_sent() -> None:
    answers = friendly(stay_facts())
    for shown in (None, Credential("token-from-the-phone", card_sn="CS1")):
        endpoint = at_the_window(shown, credential="01")
        with talk(answers) as said:
            said.endpoint = endpoint
            message = said.next(Stage.ELIGIBILITY)
            assert isinstance(message, OutboundMessage)
            assert b"token-from-the-phone" not in message.composed
            receipt = endpoint.deliver(message)
        if shown is None:
            assert (receipt.outcome, receipt.sent, codes(receipt)) == (Outcome.NOT_SEEN, False, ["DEL-543"])
            assert answers.asked == []
        else:
            assert receipt.outcome is Outcome.ACCEPTED
            sent = answers.asked[0]["input"]["data"]
            assert (sent["mdtrt_cert_type"], sent["mdtrt_cert_no"]) == ("01", "token-from-the-phone")
            assert sent["card_sn"] == "CS1"


@pytest.mark.parametrize(("home", "waits"), [("999901", True), ("110101", False)])
def test_a_password_is_needed_at_home_and_not_across_provinces(home: str, waits: bool) -> None:
    answers = friendly(stay_facts())
    with talk(answers) as said:
        said.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL)
        said.take(message_of(said.next(Stage.SETTLE)))
        settle = message_of(said.next(Stage.SETTLE))
        endpoint = at_the_window(None, password_for=("2304",))
        body = decode(settle.composed) | {"insuplc_admdvs": home}
        receipt = endpoint.deliver(replace(settle, composed=encode(body)))
    assert (codes(receipt) == ["DEL-543"]) is waits


def test_what_waited_at_the_window_goes_out_when_the_password_is_there() -> None:
    """It was leased before and never sent: a bureau that cannot be asked is no obstacle."""
    answers = friendly(stay_facts())
    with talk(answers) as said:
        said.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL)
        said.take(message_of(said.next(Stage.SETTLE)))
        settle = replace(message_of(said.next(Stage.SETTLE)), attempts=1)
        endpoint = at_the_window(Credential(password="1"), password_for=("2304",), lines_by_visit=False)
        assert deliver_safely(settle, endpoint, said.clock.now()).outcome is Outcome.ACCEPTED
    assert answers.numbers()[-1] == "2304"


def message_of(found: Any) -> OutboundMessage:
    assert isinstance(found, OutboundMessage)
    return found


def test_a_test_region_speaks_with_simulators_only() -> None:
    config = EndpointConfig("bureau", "nhsa", ADDRESS, simulator=False)
    with pytest.raises(AdapterError) as caught:
        NhsaEndpoint(config, TestClock(), dialect=changed_region("test_inland"), hospital=HOSPITAL)
    assert codes(caught.value) == ["DEL-554"]


def test_an_endpoint_without_its_hospital_is_refused() -> None:
    config = EndpointConfig("bureau", "nhsa", ADDRESS, simulator=True)
    with pytest.raises(AdapterError) as caught:
        nobody = Hospital("", "医院", "", "1", "a")
        NhsaEndpoint(config, TestClock(), dialect=changed_region("test_inland"), hospital=nobody)
    assert codes(caught.value) == ["CFG-735", "CFG-735"]
