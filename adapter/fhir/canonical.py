"""One stable JSON form, for the wire, for hashing and for goldens.

Decimals keep their digits: ``1.10`` stays ``1.10`` and 18 digits survive, because R4 says that the precision of a
decimal is significant. Numbers with a point or an exponent are read as ``Decimal``, whole numbers as ``int``.
"""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from typing import Any

import msgspec

from adapter.fhir.issues import not_a_number, not_json, number_out_of_reach, repeated_key
from adapter.model.issues import AdapterError

_COMPACT = msgspec.json.Encoder(decimal_format="number")
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)

#: Numbers beyond 10^±this have no meaning here, and a few bytes of one would keep a processor busy for minutes.
REACH = 40

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


def encode(obj: Any) -> bytes:
    """Compact JSON in the order of the dicts, UTF-8, decimals digit for digit.

    Raises:
        AdapterError: FHIR-103, a Decimal is NaN or infinite.
    """
    return _finite(_COMPACT.encode(obj))


def pretty(obj: Any) -> bytes:
    """As ``encode``, with line breaks and indents, for people.

    Raises:
        AdapterError: FHIR-103, a Decimal is NaN or infinite.
    """
    return msgspec.json.format(encode(obj), indent=2)


def canonical(obj: Any) -> bytes:
    """The one form that is hashed and compared: keys sorted, no white space, UTF-8.

    Raises:
        AdapterError: FHIR-103, a Decimal is NaN or infinite.
    """
    return _finite(_SORTED.encode(obj))


def digest(obj: Any) -> str:
    """SHA-256 of the canonical form, 64 hex digits."""
    return digest_of(canonical(obj))


def digest_of(canonical_form: bytes) -> str:
    """As ``digest``, of a canonical form that is at hand."""
    return hashlib.sha256(canonical_form).hexdigest()


def decode(data: bytes) -> Any:
    """Read JSON: numbers with a point or exponent as ``Decimal``, whole ones as ``int``.

    Raises:
        AdapterError: FHIR-101 not well-formed (NaN and Infinity among it), FHIR-102 a key stands twice in one object,
            FHIR-293 a number is out of reach.
    """
    try:
        value = _CAREFUL.decode(data)
        _refuse_repeated_keys(data, value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AdapterError(not_json(_reason(error))) from error
    return value


def reread(data: bytes) -> Any:
    """Read back what ``canonical`` or ``encode`` wrote: as ``decode``, without looking for keys that stand twice."""
    return _DECODER.decode(data)


def _within_reach(text: str) -> Decimal:
    number = Decimal(text)
    if not -REACH < number.adjusted() < REACH:
        raise AdapterError(number_out_of_reach(REACH))
    return number


_CAREFUL = msgspec.json.Decoder(float_hook=_within_reach)


def _reason(error: Exception) -> str:
    """The parser's words, which name a byte offset and never the text itself."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)


def _finite(text: bytes) -> bytes:
    # the hot path: from the right, CPython looks for these words in half the time
    if text.rfind(b"NaN") >= 0 or text.rfind(b"Infinity") >= 0:  # perhaps only inside a string
        outside = _STRING.sub(b"", text)
        if b"NaN" in outside or b"Infinity" in outside:
            raise AdapterError(not_a_number())
    return text


def _refuse_repeated_keys(data: bytes, value: Any) -> None:
    """The decoder keeps the last of two equal keys. A key that vanished took its colon with it, so the text and the
    value written again hold equally many colons exactly when no key stands twice: two C scans, no walk in Python.
    A colon written as an escape would upset the count, so such a text is read again the slow way.
    """
    if rb"\u003" not in data and data.count(b":") == _COMPACT.encode(value).count(b":"):
        return
    json.loads(data, object_pairs_hook=_once_each, parse_float=str, parse_int=str)


def _once_each(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise AdapterError(repeated_key(key if key.isascii() and key.isalnum() and len(key) <= 40 else "…"))
        seen.add(key)
