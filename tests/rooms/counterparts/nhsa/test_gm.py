"""SM2, SM3, SM4 against the examples of the standards."""

from __future__ import annotations

import pytest

from adapter.counterparts.nhsa import gm

#: GM/T 0003.5 (2012), appendix A: the recommended curve's example.
PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
PUBLIC = (
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNED = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
#: GB/T 32907, appendix A.
BLOCK, CIPHER = "0123456789abcdeffedcba9876543210", "681edf34d206965e86b3e94f536e4246"


def test_sm3() -> None:
    assert gm.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm2_against_the_standards_signature() -> None:
    assert gm.public_key(PRIVATE).upper() == PUBLIC
    assert gm.sm2_verify(b"message digest", SIGNED, PUBLIC)
    assert gm.sm2_verify(b"message digest", SIGNED, f"04{PUBLIC}")
    assert not gm.sm2_verify(b"message digests", SIGNED, PUBLIC)
    assert not gm.sm2_verify(b"message digest", SIGNED[:-1] + b"\0", PUBLIC)
    assert not gm.sm2_verify(b"message digest", SIGNED[:-1], PUBLIC)
    assert not gm.sm2_verify(b"message digest", bytes(64), PUBLIC)


def test_sm2_signs_what_it_verifies() -> None:
    signature = gm.sm2_sign("住院结算".encode(), PRIVATE)
    assert gm.sm2_verify("住院结算".encode(), signature, PUBLIC)


def test_sm4_against_the_standards_block() -> None:
    sealed = gm.sm4_encrypt(bytes.fromhex(BLOCK), bytes.fromhex(BLOCK))
    assert sealed[:16].hex() == CIPHER
    assert gm.sm4_decrypt(sealed, bytes.fromhex(BLOCK)).hex() == BLOCK


@pytest.mark.parametrize("cipher", [b"", b"short", bytes(16)])
def test_sm4_says_when_a_text_is_no_cipher_of_this_key(cipher: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        gm.sm4_decrypt(cipher, bytes.fromhex(BLOCK))
