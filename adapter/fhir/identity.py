"""Ids, references and names: the same row gives the same id today and next year (标识).

Nothing here ever sees an identity card or insurance number; keys are the hospital's own row keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha1
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

#: The project's canonical base; it names things and is never fetched.
CANON = "https://pay-after-care.example/fhir"

HL7 = "http://terminology.hl7.org/CodeSystem"
CLAIM_TYPE = f"{HL7}/claim-type"
PROCESS_PRIORITY = f"{HL7}/processpriority"
ADJUDICATION = f"{HL7}/adjudication"
PAYMENT_TYPE = f"{HL7}/ex-paymenttype"
RELATED_CLAIM = f"{HL7}/ex-relatedclaimrelationship"
CURRENCY = "urn:iso:std:iso:4217"

#: What every resource of a test profile carries in ``meta.tag``.
TEST_PROFILE_DISPLAY = "TEST PROFILE – no place's rule"


def resource_id(source: str, entity: str, row_key: str) -> str:
    """Stable resource id from source, entity and row key.

    >>> resource_id("qingshi_county", "Encounter", "300012345")
    '2a3f8a87-a14e-5583-9283-98669e0ba06f'
    """
    return ids_of(source, entity)(row_key)


#: What the first digit of a UUID's fourth group becomes, for the variant of RFC 4122.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


@lru_cache(maxsize=256)
def ids_of(source: str, entity: str) -> Callable[[str], str]:
    """``resource_id`` for one source and entity. It is UUID 5, with what all its names share hashed only once."""
    shared = _shared(source, entity)

    def of(row_key: str) -> str:
        hashed = shared.copy()
        hashed.update(row_key.encode())
        name = hashed.hexdigest()
        return f"{name[:8]}-{name[8:12]}-5{name[13:16]}-{_VARIANT[name[16]]}{name[17:20]}-{name[20:32]}"

    return of


def _shared(source: str, entity: str) -> HASH:
    return sha1(NAMESPACE_URL.bytes + f"{CANON}/{source}/{entity}/".encode(), usedforsecurity=False)


#: Where the hex digits of a UUID stand in its text, and where each is taken from the hash.
_BLANK = b"________-____-5___-v___-____________"
_PLACES = tuple((at, at - _BLANK.count(b"-", 0, at)) for at in range(len(_BLANK)) if _BLANK[at : at + 1] == b"_")
_VARIANTS = bytes.maketrans("".join(_VARIANT).encode(), "".join(_VARIANT.values()).encode())


def ids_of_many(source: str, entity: str) -> Callable[[Sequence[bytes]], list[bytes]]:
    """As ``ids_of``, for many row keys in UTF-8 at a time: digit by digit for all of them, which costs a fraction."""
    shared = _shared(source, entity)

    def of(row_keys: Sequence[bytes]) -> list[bytes]:
        hashes = []
        for row_key in row_keys:
            hashed = shared.copy()
            hashed.update(row_key)
            hashes.append(hashed.digest())
        digits = b"".join(hashes).hex().encode()
        text = bytearray(_BLANK * len(hashes))
        for at, its in _PLACES:
            text[at::36] = digits[its::40]
        text[_BLANK.index(b"v") :: 36] = digits[16::40].translate(_VARIANTS)
        ids = bytes(text)
        return [ids[at : at + 36] for at in range(0, len(ids), 36)]

    return of


def system(name: str) -> str:
    """Identifier system: ``system("claim")`` → ``CANON/sid/claim``."""
    return f"{CANON}/sid/{name}"


def codesystem(name: str) -> str:
    """Code system of the project: ``codesystem("payer")`` → ``CANON/CodeSystem/payer``."""
    return f"{CANON}/CodeSystem/{name}"


def extension_url(name: str) -> str:
    """Extension of the project: ``CANON/StructureDefinition/<name>``."""
    return f"{CANON}/StructureDefinition/{name}"


def full_url(resource_type: str, resource_id: str) -> str:
    """``Bundle.entry.fullUrl`` of a resource."""
    return f"{CANON}/{resource_type}/{resource_id}"


def reference(resource_type: str, resource_id: str) -> dict[str, str]:
    """A relative reference: ``{"reference": "Type/id"}``."""
    return {"reference": f"{resource_type}/{resource_id}"}


def reference_to(resource: Mapping[str, Any]) -> dict[str, str]:
    """A relative reference to a resource that we hold."""
    return reference(str(resource["resourceType"]), str(resource["id"]))


def identifier(name: str, value: str) -> dict[str, str]:
    """An identifier of one of the project's systems (``name`` as in ``system``)."""
    return {"system": system(name), "value": value}


def patient_system(source: str) -> str:
    """Name of the person-key system of a source, for ``system`` and ``identifier``.

    >>> patient_system("qingshi_county")
    'qingshi_county/patient'
    """
    return f"{source}/patient"


def concept(code_system: str, code: str, display: str | None = None) -> dict[str, Any]:
    """A CodeableConcept with one coding."""
    coding = {"system": code_system, "code": code}
    if display is not None:
        coding["display"] = display
    return {"coding": [coding]}


def profile_tag() -> dict[str, str]:
    """The tag of everything that a test profile computed."""
    return {"system": codesystem("tags"), "code": "test-profile", "display": TEST_PROFILE_DISPLAY}
