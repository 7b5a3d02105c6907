"""SM2 signatures and SM4, written from GB/T 32918 and GB/T 32907 for a counterpart: plain and slow, for tests.

No secret worth keeping is ever given to it: nothing here runs in constant time.
"""

from __future__ import annotations

import hashlib

_P = int("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF", 16)
_A = _P - 3
_B = int("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93", 16)
_N = int("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123", 16)
_G = (
    int("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7", 16),
    int("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0", 16),
)
#: The user id that GM/T 0009 gives where none is agreed.
_USER = b"1234567812345678"

Point = tuple[int, int] | None


def sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


def public_key(private: int) -> str:
    """The public key as hexadecimal x‖y."""
    point = _times(private, _G)
    assert point is not None
    return f"{point[0]:064x}{point[1]:064x}"


def sm2_sign(message: bytes, private: int) -> bytes:
    """r‖s over SM3(Z‖message); the nonce is derived from both, so equal calls give equal signatures."""
    digest = _digest(message, public_key(private))
    nonce = int.from_bytes(sm3(private.to_bytes(32, "big") + digest.to_bytes(32, "big")), "big") % (_N - 1) + 1
    point = _times(nonce, _G)
    assert point is not None
    r = (digest + point[0]) % _N
    s = pow(1 + private, -1, _N) * (nonce - r * private) % _N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sm2_verify(message: bytes, signature: bytes, public: str) -> bool:
    """Whether r‖s is the key's signature; ``public`` is hexadecimal x‖y, with or without its leading 04."""
    if len(signature) != 64:
        return False
    public = public[2:] if len(public) == 130 else public
    key = (int(public[:64], 16), int(public[64:], 16))
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % _N
    if not (0 < r < _N and 0 < s < _N and t):
        return False
    point = _add(_times(s, _G), _times(t, key))
    return point is not None and (_digest(message, public) + point[0]) % _N == r


def _digest(message: bytes, public: str) -> int:
    curve = b"".join(value.to_bytes(32, "big") for value in (_A, _B, *_G))
    z = sm3((len(_USER) * 8).to_bytes(2, "big") + _USER + curve + bytes.fromhex(public))
    return int.from_bytes(sm3(z + message), "big")


def _add(one: Point, two: Point) -> Point:
    if one is None or two is None:
        return one or two
    if one[0] == two[0] and (one[1] + two[1]) % _P == 0:
        return None
    if one == two:
        slope = (3 * one[0] * one[0] + _A) * pow(2 * one[1], -1, _P)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, _P)
    x = (slope * slope - one[0] - two[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _times(factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        if factor & 1:
            total = _add(total, point)
        point, factor = _add(point, point), factor >> 1
    return total


_BOX = bytes.fromhex(
    "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa441326498606999c4250f491ef987a33540b43edcfac62"
    "e4b31ca9c908e89580df94fa758f3fa64707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35"
    "1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89eeabf8ad240c738b5a3f7f2cef96115a1"
    "e0ae5da49b341a55ad933230f58cb1e31df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51"
    "8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b08969974a0c96777e65b9f109c56ec684"
    "18f07dec3adc4d2079ee5f3ed7cb3948"
)
_FAMILY = (0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC)
_CONSTANTS = tuple(
    sum(((4 * number + place) * 7 % 256) << (24 - 8 * place) for place in range(4)) for number in range(32)
)


def _turn(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & 0xFFFFFFFF


def _boxed(word: int) -> int:
    return int.from_bytes(bytes(_BOX[byte] for byte in word.to_bytes(4, "big")), "big")


def _rounds(key: bytes) -> list[int]:
    words = [int.from_bytes(key[at : at + 4], "big") ^ _FAMILY[at // 4] for at in range(0, 16, 4)]
    for number in range(32):
        mixed = _boxed(words[-3] ^ words[-2] ^ words[-1] ^ _CONSTANTS[number])
        words.append(words[-4] ^ mixed ^ _turn(mixed, 13) ^ _turn(mixed, 23))
    return words[4:]


def _block(block: bytes, rounds: list[int]) -> bytes:
    words = [int.from_bytes(block[at : at + 4], "big") for at in range(0, 16, 4)]
    for key in rounds:
        mixed = _boxed(words[1] ^ words[2] ^ words[3] ^ key)
        mixed ^= _turn(mixed, 2) ^ _turn(mixed, 10) ^ _turn(mixed, 18) ^ _turn(mixed, 24)
        words = [*words[1:], words[0] ^ mixed]
    return b"".join(word.to_bytes(4, "big") for word in reversed(words))


def sm4_encrypt(plain: bytes, key: bytes) -> bytes:
    """SM4 in ECB with PKCS#7 padding."""
    fill = 16 - len(plain) % 16
    padded, rounds = plain + bytes([fill]) * fill, _rounds(key)
    return b"".join(_block(padded[at : at + 16], rounds) for at in range(0, len(padded), 16))


def sm4_decrypt(cipher: bytes, key: bytes) -> bytes:
    """The opposite. Raises ValueError where the padding shows another key or a broken text."""
    if not cipher or len(cipher) % 16:
        raise ValueError("not whole blocks")
    rounds = _rounds(key)[::-1]
    padded = b"".join(_block(cipher[at : at + 16], rounds) for at in range(0, len(cipher), 16))
    fill = padded[-1]
    if not 0 < fill <= 16 or padded[-fill:] != bytes([fill]) * fill:
        raise ValueError("padding")
    return padded[:-fill]
