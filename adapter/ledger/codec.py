"""Values ↔ JSON bytes, exactly: what is read back equals what was written. 编解码。

Money is ``{"fen": n}``, decimals and dates are text. A receipt's raw body is kept beside its JSON, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import msgspec

from adapter.model.claim import Claim
from adapter.model.issues import Issue
from adapter.model.messages import OutboundMessage, Receipt
from adapter.model.money import Money
from adapter.model.settlement import Payer, Settlement

_encoder = msgspec.json.Encoder(order="deterministic")
_settlements = msgspec.json.Decoder(Settlement)
_claims = msgspec.json.Decoder(Claim)
_receipts = msgspec.json.Decoder(Receipt)
_messages = msgspec.json.Decoder(OutboundMessage)
_payers = msgspec.json.Decoder(tuple[Payer, ...])
_issues = msgspec.json.Decoder(tuple[Issue, ...])
_amounts = msgspec.json.Decoder(tuple[tuple[str, int], ...])
_objects = msgspec.json.Decoder(dict[str, object])


_PLAIN = frozenset({str, int, bool, type(None)})


def plain(value: object, where: str = "data") -> None:
    """Let pure JSON values pass: text, whole numbers, booleans, null, lists and text-keyed maps.

    Raises:
        TypeError: anything else; above all a float, which must never come near money.
    """
    if value.__class__ in _PLAIN or isinstance(value, str | int):  # bool is an int; the words of a StrEnum are text
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{where} has a key that is not text")
            if item.__class__ not in _PLAIN:
                plain(item, f"{where}.{key}")
        return
    if isinstance(value, list | tuple):
        for item in value:
            if item.__class__ not in _PLAIN:
                plain(item, where)
        return
    raise TypeError(f"{where} is a {type(value).__name__}, which JSON here does not hold")


def json_text(value: object) -> str:
    """Plain JSON values as text with sorted keys. Raises TypeError for anything that is not plain."""
    plain(value)
    return _encoder.encode(value).decode()


def json_object(data: bytes | str) -> dict[str, object]:
    """The map that ``json_text`` wrote."""
    return _objects.decode(data)


def settlement_bytes(settlement: Settlement) -> bytes:
    return _encoder.encode(settlement)


def settlement_of(data: bytes) -> Settlement:
    """The settlement as it was saved. Raises msgspec.ValidationError when the bytes are no settlement."""
    return _settlements.decode(data)


def claim_bytes(claim: Claim) -> bytes:
    """The facts that a bill was settled on, exactly."""
    return _encoder.encode(claim)


def claim_of(data: bytes) -> Claim:
    """The facts as they were saved. Raises msgspec.ValidationError when the bytes are no claim."""
    return _claims.decode(data)


class _Billed(msgspec.Struct):
    claim: msgspec.Raw
    resources: dict[str, int]


_billed = msgspec.json.Decoder(_Billed)


def billed_of(paper: bytes) -> tuple[dict[str, int], bytes]:
    """What a bill is made from, as its paper keeps it: versions by name of resource, and the bytes of the claim."""
    read = _billed.decode(paper)
    return read.resources, bytes(read.claim)


def billed_bytes(resources: Mapping[str, int], claim: bytes) -> bytes:
    """The paper that ``billed_of`` reads."""
    return _encoder.encode(_Billed(msgspec.Raw(claim), dict(resources)))


class _Basis(msgspec.Struct):
    basis: str


_basis = msgspec.json.Decoder(_Basis)


def basis_of(paper: bytes) -> str:
    """The basis that a paper of a preview names."""
    return _basis.decode(paper).basis


def message_bytes(message: OutboundMessage) -> bytes:
    return _encoder.encode(message)


def message_of(data: bytes) -> OutboundMessage:
    return _messages.decode(data)


def receipt_bytes(receipt: Receipt) -> bytes:
    """The receipt without its raw body, which is kept on its own."""
    return _encoder.encode(replace(receipt, body=b""))


def receipt_of(data: bytes, body: bytes) -> Receipt:
    return replace(_told(data), body=body)


@lru_cache(maxsize=128)
def _told(data: bytes) -> Receipt:
    """Read once for a while: a walk looks at the answers of earlier payers after each later one."""
    return _receipts.decode(data)


def issues_data(issues: Iterable[Issue]) -> list[object]:
    """Issues as plain values, for an event."""
    return [msgspec.to_builtins(issue) for issue in issues]


def issues_of(text: str) -> tuple[Issue, ...]:
    return _issues.decode(text)


def amounts_data(amounts: Iterable[tuple[str, Money]]) -> list[object]:
    """Named amounts as plain values, in fen, for an event."""
    return [[name, amount.fen] for name, amount in amounts]


def amounts_of(text: str) -> tuple[tuple[str, Money], ...]:
    return tuple((name, Money(fen)) for name, fen in _amounts.decode(text))


def payers_of(text: str) -> tuple[Payer, ...]:
    return _payers.decode(text)
